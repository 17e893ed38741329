using System.Management.Automation;
using System.Text;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The snapshots of a job as a user sees them.</summary>
public sealed class SnapshotCmdletTests : EndToEndTest
{
    [Fact]
    public void Snapshots_are_listed_with_what_a_run_would_prune_now_and_nothing_is_changed()
    {
        Put("rsync/2020-01-01/", "complete", "photos");
        Put("rsync/2020-01-02/", "complete", "photos");
        Put("rsync/2020-01-03/", "incomplete", "photos");
        Put("rsync/2020-01-04/", "complete", "another");
        Server.Store.Put(BucketName, "rsync/2020-01-05/a.txt", "by hand"u8);
        string job = WriteJob(("options.rsync.syncToS3.s3Prefix", "rsync/{yyyy-MM-dd}/"), ("options.rsync.syncToS3.keepLast", 2));
        IReadOnlyList<string> before = Server.Store.Keys(BucketName);

        PSObject[] listed = [.. List(job)];

        Assert.Equal(
            ["rsync/2020-01-03/ False True", "rsync/2020-01-02/ True False", "rsync/2020-01-01/ True True"],
            listed.Select(item => $"{item.Text("KeyPrefix")} {item.Text("IsComplete")} {item.Text("IsExpired")}"));
        Assert.Equal((7, 8), (listed[1].Number("Objects"), listed[1].Number("Bytes")));
        Assert.Equal(before, Server.Store.Keys(BucketName));
        BackupWell(job);
        Assert.Equal(["True", "True"], List(job).Select(item => item.Text("IsComplete")));
        Assert.Equal(["False", "False"], List(job).Select(item => item.Text("IsExpired")));
    }

    [Fact]
    public void A_job_without_date_tokens_has_none() => Assert.Empty(List(WriteJob()));

    [Fact]
    public void A_bucket_that_is_not_there_is_an_error()
    {
        string job = WriteJob(("options.rsync.syncToS3.s3Prefix", "rsync/{yyyy-MM-dd}/"), ("destination.bucket", "there-is-none"));

        Assert.Equal(["S3BucketNotFound"], Session.Run("param($Path) Get-BackupSnapshot $Path @keys", job).ErrorIds());
    }

    private IEnumerable<PSObject> List(string job) => Session.Run("param($Path) Get-BackupSnapshot $Path @keys", job).ThrowOnError().Objects;

    // With a time and objects that fit it: others count for nothing.
    private void Put(string prefix, string status, string job)
    {
        string date = prefix.Split('/')[1];
        Server.Store.Put(BucketName, prefix + ".rsyncs3backup-snapshot.json", Encoding.UTF8.GetBytes($$"""
            { "status": "{{status}}", "job": "{{job}}", "time": "{{date}}T12:00:00Z", "objects": 7, "bytes": 8, "moduleVersion": "1.0.0" }
            """));
        for (int i = 0; i < 7; i++)
            Server.Store.Put(BucketName, $"{prefix}{i}.txt", "x"u8);
    }
}
