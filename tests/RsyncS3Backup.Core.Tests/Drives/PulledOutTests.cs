using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Rsync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Drives;

/// <summary>Drives that go away, or fail, in the middle of a run: a clear error, nothing else lost, and the next run heals.</summary>
public sealed class PulledOutTests : RestoreHarness
{
    private int pulledOut;

    [SkippableFact]
    public async Task A_mirror_that_goes_away_while_rsync_writes_fails_the_run_and_costs_nothing_in_S3()
    {
        // The folder of the drive is the mirror itself, so that something is there when the drive is not.
        using LoopDrive drive = LoopDrive.Mount("ext4", Mirror);
        FillSource();
        await RunAsync();
        string[] before = [.. ReadBucket().Keys];
        Write("changed", "otherwise");
        File.Delete(Files["source/gone"]);

        RsyncStageResult failed = await Stage1Async(RsyncThatEndsWith($"umount --lazy '{Mirror}'"));
        S3SyncStageResult alone = await SyncAsync();

        Assert.Equal("DestinationNotMounted", failed.Error?.Id);
        Assert.Contains("its drive is not there any more", failed.Error!.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Mirror));
        Assert.Equal(("MirrorMissing", BackupExitCode.Refused), (alone.Error?.Id, alone.Error?.ExitCode));
        Assert.Equal(before, ReadBucket().Keys);
        await HealAsync(drive);
    }

    [SkippableFact]
    public async Task A_mirror_that_goes_away_while_it_is_sent_costs_nothing_in_S3()
    {
        using LoopDrive drive = LoopDrive.Mount("ext4", Mirror);
        FillSource();
        await RunAsync();
        Write("changed", "otherwise");
        File.Delete(Files["source/gone"]);
        await MirrorAsync();

        // The moment at which the first request for the changed file comes.
        FaultRule pulls = Server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = "changed",
            Kind = FaultKind.InternalError,
            When = _ =>
            {
                drive.PullOut();
                return false;
            },
        });
        S3SyncStageResult sent = await SyncAsync();
        Server.Faults.Remove(pulls);

        Assert.Equal("MirrorMissing", sent.Error?.Id);
        Assert.Contains("went away while it was sent", sent.Error!.Message);
        Assert.Equal(0, sent.Deleted);
        Assert.Equal(["changed", "folder/kept", "gone"], ReadBucket().Keys.Order(StringComparer.Ordinal));
        await HealAsync(drive);
    }

    [SkippableFact]
    public async Task A_source_that_goes_away_while_rsync_reads_costs_nothing_in_the_mirror()
    {
        using LoopDrive drive = LoopDrive.Mount("ext4", Source);
        FillSource();
        await RunAsync();
        File.Delete(Files["source/gone"]);

        RsyncStageResult failed = await Stage1Async(RsyncThatEndsWith($"umount --lazy '{Source}'"));

        Assert.Equal("SourceNotMounted", failed.Error?.Id);
        Assert.True(File.Exists(Files["mirror/gone"]) && File.Exists(Files["mirror/changed"]));
        await HealAsync(drive);
    }

    [SkippableFact]
    public async Task A_destination_that_goes_away_fails_the_restore_and_the_next_one_goes_on()
    {
        using LoopDrive drive = LoopDrive.Mount("ext4", Target);
        FillSource();
        await RunAsync();
        FaultRule pulls = Server.Faults.Add(new FaultRule
        {
            Operation = "GetObject",
            Kind = FaultKind.InternalError,
            When = _ =>
            {
                if (Interlocked.Exchange(ref pulledOut, 1) == 0)
                    drive.PullOut();
                return false;
            },
        });

        RestoreResult failed = await RestoreAsync(Restore());
        Server.Faults.Remove(pulls);
        string[] beneath = [.. Directory.EnumerateFileSystemEntries(Target)];
        drive.PlugIn();
        RestoreResult again = await RestoreAsync(Restore());

        Assert.Equal("RestoreDestinationUnusable", failed.Error?.Id);
        Assert.Contains("its drive is not there any more", failed.Error!.Message);
        Assert.Empty(beneath);
        Assert.True(again.Error is null, again.Error?.Message);
        Assert.Equal(["changed", "folder", "folder/kept", "gone"], Restored());
    }

    [SkippableFact]
    public async Task A_drive_that_cannot_read_costs_only_what_it_cannot_read()
    {
        using LoopDrive drive = LoopDrive.Mount("ext4", Mirror);
        FillSource();
        await RunAsync();
        File.WriteAllBytes(Files["source/large"], new byte[6 << 20]);
        Write("new", "new");
        File.Delete(Files["source/gone"]);
        await MirrorAsync();

        drive.CutAfter(2 << 20, Path.Combine(Mirror, "large"));
        S3SyncStageResult sent = await SyncAsync();
        RestoreResult restored = await RestoreAsync(Restore(BackupCopy.Local));
        drive.Mend();

        Assert.Equal((1L, 0L), (sent.Failed, sent.Deleted));
        Assert.Contains("Input/output error", sent.FailedItems[0].Message);
        Assert.Equal(["changed", "folder/kept", "gone", "new"], ReadBucket().Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("RestoreIncomplete", 1L), (restored.Error?.Id, restored.Failed));
        Assert.EndsWith("/large", restored.FailedItems[0].Target);
        Assert.Equal("as it was", File.ReadAllText(Path.Combine(Target, "changed")));
        await HealAsync(drive: null);
    }

    private void FillSource()
    {
        Write("changed", "as it was");
        Write("gone", "gone");
        Write("folder/kept", "kept");
    }

    private async Task<RsyncStageResult> Stage1Async(string rsync)
    {
        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        RsyncStageRequest request = new() { Sources = [new BackupSource { Path = Source }], Options = Rsync with { RsyncPath = rsync } };
        return await RsyncStage.RunAsync(request, context, CancellationToken.None);
    }

    private string RsyncThatEndsWith(string command)
    {
        string path = Files.File("rsync-that", $"""
            #!/bin/sh
            rsync "$@"
            code=$?
            [ "$1" = --version ] || {command}
            exit $code
            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private async Task HealAsync(LoopDrive? drive)
    {
        drive?.PlugIn();
        S3SyncStageResult healed = await RunAsync();
        Assert.True(healed.Error is null, healed.Error?.Message);
        AssertMirrored("healed");
        Assert.Equal(ReadTree(Source).Keys.Order(StringComparer.Ordinal), ReadTree(Mirror).Keys.Order(StringComparer.Ordinal));
    }
}
