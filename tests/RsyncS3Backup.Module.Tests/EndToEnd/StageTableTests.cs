using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>What each stage does when the other one succeeds, fails or is off: the table that users rely on.</summary>
public sealed class StageTableTests : EndToEndTest
{
    [Fact]
    public void Both_stages_succeed()
    {
        PSObject result = BackupWell(WriteJob());

        Assert.Equal(Files(Source), Files(Mirror));
        Assert.Equal(Files(Source), Objects());
        Assert.Equal(("Succeeded", "Succeeded", "Succeeded"), Statuses(result));
        Assert.Equal((0, 0), (result.ExitCode(), Session.Host.ExitCode));
        // And the marker that says whose the prefix is.
        Assert.Equal((3L + 1L, 0L), (Server.Requests["PutObject"], result.Number("Stage2.Failed")));
        Assert.Equal(Server.Requests.Total, result.Number("Stage2.Requests.Total"));
    }

    [Fact]
    public void A_refused_stage_1_leaves_mirror_and_bucket_and_sends_no_request()
    {
        BackupWell(WriteJob());
        SortedDictionary<string, string> before = Tree(Mirror);
        SortedDictionary<string, string> objects = Objects();
        Directory.Move(Source, Folder.File("unmounted"));
        Server.Requests.Reset();

        SessionResult run = Backup(WriteJob());

        PSObject result = Assert.Single(run.Objects);
        Assert.Equal(("Failed", "Failed", "Skipped"), Statuses(result));
        Assert.Contains("SourceMissing", result.Text("Stage2.SkippedReason"), StringComparison.Ordinal);
        Assert.Equal(["SourceMissing"], run.ErrorIds());
        Assert.Equal((3, 3), (result.ExitCode(), Session.Host.ExitCode));
        Assert.Equal(0, Server.Requests.Total);
        Assert.Equal(before, Tree(Mirror));
        Assert.Equal(objects, Objects());
    }

    [Fact]
    public void An_rsync_that_fails_half_way_leaves_the_bucket_and_sends_no_request()
    {
        BackupWell(WriteJob());
        WriteFile("source/new.txt", "new");
        Server.Requests.Reset();
        string broken = WriteScript("broken-rsync", """[ "$1" = --version ] && exec rsync --version; rsync "$@"; exit 12""");

        SessionResult run = Backup(WriteJob(("options.rsync.rsyncPath", broken)));

        PSObject result = Assert.Single(run.Objects);
        Assert.Equal(("Failed", "Failed", "Skipped"), Statuses(result));
        Assert.Equal(["RsyncProtocolError"], run.ErrorIds());
        Assert.Equal((1, 1), (result.ExitCode(), Session.Host.ExitCode));
        Assert.Equal(12, result.Read("Stage1.RsyncExitCode"));
        Assert.Equal(0, Server.Requests.Total);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("the next run", "param($Path, $Failed) Invoke-RsyncToS3Backup $Path @keys")]
    [InlineData("stage 2 alone", "param($Path, $Failed) Invoke-S3SyncStage -ConfigPath $Path @keys")]
    [InlineData("the failed run's stage 1", "param($Path, $Failed) $Failed.Stage1 | Invoke-S3SyncStage @keys")]
    public void A_failed_stage_2_leaves_the_mirror_and_is_retried_by(string what, string retry)
    {
        string job = WriteJob();
        FaultRule fault = Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        SessionResult run = Backup(job);
        Server.Faults.Remove(fault);

        PSObject failed = Assert.Single(run.Objects);
        Assert.Equal(("Failed", "Succeeded", "Failed"), Statuses(failed));
        Assert.Equal((2, 2), (failed.ExitCode(), Session.Host.ExitCode));
        Assert.Equal(Files(Source), Files(Mirror));
        Assert.Empty(Objects());

        PSObject retried = Assert.Single(Session.Run(retry, job, failed).ThrowOnError().Objects);

        Assert.True(retried.Text("Status") == "Succeeded", what);
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    public void A_file_that_fails_in_stage_2_is_named_and_sent_by_the_next_run()
    {
        string job = WriteJob();
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.AccessDenied,
            Operation = "PutObject",
            KeyContains = "b.txt",
            Times = int.MaxValue,
        });

        SessionResult run = Backup(job);
        Server.Faults.Clear();

        PSObject failed = Assert.Single(run.Objects);
        Assert.Equal(["S3AccessDenied", "S3PartialTransfer"], run.ErrorIds());
        Assert.Equal(Path.Combine(Mirror, "sub", "b.txt"), run.Errors[0].TargetObject);
        Assert.Equal((1L, 2L), (failed.Number("Stage2.Failed"), failed.Number("Stage2.Created")));
        Assert.Equal(2, failed.ExitCode());
        Assert.Equal(1, BackupWell(job).Number("Stage2.Created"));
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    public void A_disabled_stage_2_is_skipped_and_that_is_no_failure()
    {
        PSObject result = BackupWell(WriteJob(("options.rsync.syncToS3.enabled", false), ("destination", null)));

        Assert.Equal(("Succeeded", "Succeeded", "Skipped"), Statuses(result));
        Assert.Contains("local only", result.Text("Stage2.SkippedReason"), StringComparison.Ordinal);
        Assert.Equal((0, 0), (result.ExitCode(), Session.Host.ExitCode));
        Assert.Equal(Files(Source), Files(Mirror));
        Assert.Equal(0, Server.Requests.Total);
    }

    [Fact]
    public void Without_changes_nothing_is_uploaded_or_deleted()
    {
        string job = WriteJob();
        BackupWell(job);
        Server.Requests.Reset();

        PSObject result = BackupWell(job);

        Assert.Equal("Journal", result.Text("Stage2.SyncMode"));
        Assert.Equal(0, Server.Requests.Total);
        Assert.Equal((0L, 0L, 0L), (result.Number("Stage1.Created"), result.Number("Stage1.Updated"), result.Number("Stage1.MetadataChanged")));
        Assert.Equal(result.Number("Stage2.Total"), result.Number("Stage2.Unchanged"));
        Assert.Equal(result.Number("Stage1.Total"), result.Number("Stage1.Unchanged"));
    }

    [Fact]
    public void Only_changes_are_uploaded()
    {
        string job = WriteJob();
        BackupWell(job);
        WriteFile("source/sub/b.txt", "changed");
        WriteFile("source/new.txt", "new");

        PSObject result = BackupWell(job);

        Assert.Equal([Prefix + "new.txt", Prefix + "sub/b.txt"], Server.GetRequestLog()
            .Where(request => request.Operation == "PutObject").Skip(3 + 1).Select(request => request.Key!).Order(StringComparer.Ordinal));
        Assert.Equal((1L, 1L), (result.Number("Stage1.Created"), result.Number("Stage1.Updated")));
        Assert.Equal((1L, 1L), (result.Number("Stage2.Created"), result.Number("Stage2.Updated")));
        Assert.Equal(Files(Source), Objects());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(false, false, true, true)]
    [InlineData(false, true, true, true)]
    [InlineData(true, false, false, true)]
    [InlineData(true, true, false, false)]
    public void A_file_gone_from_the_source_stays_where_deletion_is_off(
        bool deletesFromMirror, bool deletesFromBucket, bool isInMirror, bool isInBucket)
    {
        string job = WriteJob(
            ("options.rsync.deleteExtraneous", deletesFromMirror), ("options.rsync.syncToS3.deleteFromS3", deletesFromBucket));
        BackupWell(job);
        File.Delete(Path.Combine(Source, "a.txt"));

        PSObject result = BackupWell(job);

        Assert.Equal((isInMirror, isInBucket), (File.Exists(Path.Combine(Mirror, "a.txt")), Objects().ContainsKey("a.txt")));
        Assert.Equal(isInMirror ? 0L : 1L, result.Number("Stage1.Deleted"));
        Assert.Equal(isInBucket ? 0L : 1L, result.Number("Stage2.Deleted"));
    }

    [Fact]
    public void Two_cmdlets_in_a_pipeline_do_what_the_one_does()
    {
        Server.Store.CreateBucket("by-pipeline");
        PSObject one = BackupWell(WriteJob());
        string job = WriteJob(("destination.bucket", "by-pipeline"), ("options.rsync.localDestination", Folder.File("other-mirror")));
        SessionResult piped = Session.Run(
            "param($Path) Invoke-RsyncStage -ConfigPath $Path | ForEach-Object { $_; $_ | Invoke-S3SyncStage @keys }", job).ThrowOnError();

        PSObject stage1 = piped.Objects[0];
        PSObject stage2 = piped.Objects[1];
        Assert.Equal(Describe(BucketName), Describe("by-pipeline"));
        string[] counts = ["Created", "Updated", "MetadataChanged", "Deleted", "Unchanged", "Failed", "Total", "TotalBytes", "TransferredBytes"];
        Assert.Equal(counts.Select(count => one.Number("Stage1." + count)), counts.Select(stage1.Number));
        Assert.Equal(counts.Select(count => one.Number("Stage2." + count)), counts.Select(stage2.Number));
        // And the look at the bucket while stage 1 runs, which stage 1 alone knows nothing of.
        string[] requests = ["Put", "Copy", "List", "Head", "Delete"];
        Assert.Equal(requests.Select(type => one.Number("Stage2.Requests." + type)), requests.Select(type => stage2.Number("Requests." + type)));
        Assert.Equal(one.Number("Stage2.Requests.Get"), stage2.Number("Requests.Get") + 1);
        Assert.Equal((stage1.Text("RunId"), stage1.Text("LogPath")), (stage2.Text("RunId"), stage2.Text("LogPath")));
        Assert.Equal((one.Text("RunId"), one.Text("LogPath")), (one.Text("Stage2.RunId"), one.Text("Stage1.LogPath")));
        string log = File.ReadAllText(stage2.Text("LogPath"));
        Assert.Contains("Stage 1 Succeeded", log, StringComparison.Ordinal);
        Assert.Contains("Stage 2 Succeeded", log, StringComparison.Ordinal);
    }

    [Fact]
    public void The_pipeline_works_from_parameters_alone()
    {
        SessionResult piped = Session.Run(
            """
            param($Source, $Mirror, $Bucket, $Endpoint)
            Invoke-RsyncStage -Source $Source -Destination $Mirror |
                Invoke-S3SyncStage -BucketName $Bucket -KeyPrefix rsync/photos/ -EndpointUrl $Endpoint @keys
            """,
            Source, Mirror, BucketName, Server.Endpoint.ToString()).ThrowOnError();

        Assert.Equal("Succeeded", Assert.Single(piped.Objects).Text("Status"));
        Assert.Equal(Files(Source), Objects());
    }

    [Theory]
    [InlineData("param($Path, $Missing) Invoke-RsyncStage -ConfigPath $Path -ErrorAction SilentlyContinue | Invoke-S3SyncStage @keys")]
    [InlineData("""
        param($Path, $Missing) Invoke-RsyncStage $Missing $Missing-mirror -ErrorAction SilentlyContinue |
            Invoke-S3SyncStage -BucketName my-backups -EndpointUrl http://127.0.0.1:9 -KeyPrefix a/ @keys
        """)]
    public void A_failed_stage_1_piped_into_stage_2_runs_nothing(string script)
    {
        BackupWell(WriteJob());
        SortedDictionary<string, string> objects = Objects();
        Directory.Delete(Source, recursive: true);
        Server.Requests.Reset();

        SessionResult piped = Session.Run(script, WriteJob(), Source);

        PSObject stage2 = Assert.Single(piped.Objects);
        Assert.Equal("Skipped", stage2.Text("Status"));
        Assert.Contains("SourceMissing", stage2.Text("SkippedReason"), StringComparison.Ordinal);
        Assert.Equal(0, Server.Requests.Total);
        Assert.Equal(objects, Objects());
    }

    private static (string Run, string Stage1, string Stage2) Statuses(PSObject result) =>
        (result.Text("Status"), result.Text("Stage1.Status"), result.Text("Stage2.Status"));

    // But for the marker, in which each mirror is another one.
    private IEnumerable<string> Describe(string bucket) => Server.Store.Objects(bucket).Where(item => !item.Key.EndsWith(".rsyncs3backup.json", StringComparison.Ordinal)).Select(item =>
        $"{item.Key} {item.ETag} {item.StorageClass} {item.ChecksumAlgorithm} "
        + string.Join(", ", item.Metadata.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}")));
}
