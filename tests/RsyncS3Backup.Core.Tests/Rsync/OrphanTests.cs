using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Journal;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>An rsync that hangs when our process is killed.</summary>
[Collection(FakeRsync.Collection)]
public sealed class OrphanTests : RsyncStageHarness
{
    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task An_rsync_that_hangs_ends_when_our_process_is_killed()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux tells a process that its parent died.");
        using StageProcess stage = await StartAsync($"echo ready; exec sleep 7655.{Environment.ProcessId}");

        stage.Kill();
        await GoneAsync($"7655.{Environment.ProcessId}");

        Assert.NotEqual(0, await stage.WaitAsync());
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task While_an_rsync_outlives_our_process_no_run_starts_and_its_journal_is_not_taken_for_ended()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "finds processes in /proc");
        string number = $"7656.{Environment.ProcessId}";
        using StageProcess stage = await StartAsync($"trap '' TERM; echo ready; exec sleep {number}");
        IReadOnlyList<int> left = stage.Children;
        stage.Kill();
        Assert.NotEqual(0, await stage.WaitAsync());
        Options = Options with { RsyncPath = FakeRsync.Make(Files, $"echo run >> '{Files["runs"]}'").Path };

        RsyncStageResult refused = await RunAsync(Request, grace: TimeSpan.FromMilliseconds(10));

        Assert.Equal(("JobAlreadyRunning", BackupExitCode.AlreadyRunning), (refused.Error?.Id, refused.Error?.ExitCode));
        Assert.False(File.Exists(Files["runs"]));
        Assert.False(PendingChanges.Open(JobName, Mirror).RequiresWalk);
        Assert.Equal(1, left.Count(StageProcess.Kill));
        await GoneAsync(number);
        Assert.True(PendingChanges.Open(JobName, Mirror).RequiresWalk);
        Options = Options with { RsyncPath = null };
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task A_run_waits_for_an_earlier_one_that_is_about_to_end()
    {
        Files.File("source/a");
        using RunContext earlier = RunContext.Start(JobName, SilentObserver.Instance);
        ChangeJournal journal = ChangeJournal.Start(JobName, earlier.RunId, Mirror, keepsEarlier: true);
        Observer = new RecordingObserver { OnVerbose = EndWhenWaitedFor };

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);

        Assert.True(journal.Handle.IsClosed);

        void EndWhenWaitedFor(string message)
        {
            if (message.StartsWith("Waiting for", StringComparison.Ordinal))
                journal.End(isComplete: true, 0);
        }
    }

    [Fact]
    public async Task Somebody_who_reads_an_earlier_runs_changes_keeps_no_run_from_starting()
    {
        Files.File("source/a");
        using IEnumerator<BackupChange> changes = (await RunAsync()).GetChanges().GetEnumerator();
        Assert.True(changes.MoveNext());

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Request, grace: TimeSpan.Zero)).Status);
    }

    private async Task<StageProcess> StartAsync(string body)
    {
        Files.File("source/a");
        string configuration = Files.File("job.json", JsonSerializer.Serialize(new
        {
            name = JobName,
            backupType = "rsync-to-s3",
            sources = new[] { new { path = Source } },
            options = new { rsync = new { localDestination = Mirror, rsyncPath = FakeRsync.Make(Files, body).Path } },
            destination = new { bucket = "none", region = "us-east-1" },
        }));
        StageProcess stage = StageProcess.Start(configuration);
        await stage.WaitForAsync("ready");
        return stage;
    }

    private static async Task GoneAsync(string commandLine)
    {
        using CancellationTokenSource tooLong = new(TimeSpan.FromMinutes(2));
        while (RsyncStageTests.ProcessesMentioning(commandLine).Count > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), tooLong.Token);
    }
}
