using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Runs;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>What is known to fail in stage 2 is told while stage 1 runs.</summary>
public sealed class BucketLookTests : RestoreHarness
{
    [Theory]
    [InlineData("no-such-bucket", null, "no-such-bucket")]
    [InlineData(BucketName, "another secret", "secret key")]
    public async Task On_a_first_run_what_will_fail_is_told_at_once_and_stage_1_runs_all_the_same(string bucket, string? secret, string told)
    {
        Write("a.txt", "alpha");

        BackupResult result = await RunAsync(
            Job with { Destination = Destination with { Bucket = bucket } }, new S3Credentials(Server.AccessKey, secret ?? Server.SecretKey));

        Assert.Equal((BackupStatus.Succeeded, BackupStatus.Failed), (result.Stage1.Status, result.Stage2.Status));
        Assert.Contains(told, Assert.Single(
            Observer.Warnings, text => text.StartsWith("Stage 1 goes on, but stage 2 will fail", StringComparison.Ordinal)));
        Assert.Equal("alpha", await File.ReadAllTextAsync(Path.Combine(Mirror, "a.txt")));
    }

    [Fact]
    public async Task The_bucket_is_looked_at_on_a_first_run_and_after_a_failed_stage_2_and_else_never()
    {
        Write("a.txt", "alpha");
        Assert.True(BucketLook.IsDue(JobName));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Job)).Status);
        Assert.False(BucketLook.IsDue(JobName));
        long requests = Server.Requests.Total;

        BackupResult unchanged = await RunAsync(Job);
        Assert.Equal((0L, requests), (unchanged.Stage2.Requests.Total, Server.Requests.Total));

        Write("b.txt", "beta");
        Server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        Assert.Equal(BackupStatus.Failed, (await RunAsync(Job)).Status);
        Assert.True(BucketLook.IsDue(JobName));
        Server.Faults.Clear();
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Job)).Status);
        Assert.Empty(Observer.Warnings);
    }

    private Task<BackupResult> RunAsync(BackupConfiguration job, S3Credentials? credentials = null)
    {
        BackupRunOptions options = new()
        {
            Credentials = credentials ?? new S3Credentials(Server.AccessKey, Server.SecretKey),
            // A busy machine may take longer for an answer than for a small stage 1.
            LookPatience = TimeSpan.FromMinutes(2),
        };
        return BackupRunner.RunAsync(job, options, Observer, CancellationToken.None);
    }
}
