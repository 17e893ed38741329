using System.Globalization;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Journal;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

[Collection(FakeRsync.Collection)]
public sealed class JobLockTests : LocalJob
{
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Of_two_processes_that_race_for_a_lock_a_thousand_times_each_time_exactly_one_wins()
    {
        using StageProcess first = StageProcess.StartForLock("race", Name);
        using StageProcess second = StageProcess.StartForLock("race", Name);
        await first.WaitForAsync("ready");
        await second.WaitForAsync("ready");
        int wonByFirst = 0;

        for (int round = 0; round < 1000; round++)
        {
            string[] answers = round % 2 == 0
                ? await Task.WhenAll(first.SayAsync("try"), second.SayAsync("try"))
                : [.. (await Task.WhenAll(second.SayAsync("try"), first.SayAsync("try"))).Reverse()];
            Assert.True(answers is ["won", "lost"] or ["lost", "won"], $"round {round}: {string.Join(", ", answers)}");
            wonByFirst += answers[0] == "won" ? 1 : 0;
            await Task.WhenAll(first.SayAsync("release"), second.SayAsync("release"));
        }

        // Told first in turns, so that neither can be the one that is always first.
        Assert.InRange(wonByFirst, 1, 999);
    }

    [Theory]
    [InlineData("{ no json")]
    [InlineData("[1]")]
    [InlineData("{ \"processId\": \"none\" }")]
    public async Task A_holder_that_cannot_be_read_holds_the_lock_all_the_same(string content)
    {
        using JobLock held = Hold();
        File.WriteAllText(Path.Combine(StatePath, "run.lock.json"), content);

        BackupResult result = await RunAsync();

        Assert.Equal("JobAlreadyRunning", result.Error?.Id);
        Assert.Contains("another process holds its lock", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_file_that_is_a_folder_is_a_warning_and_the_run_does_its_work()
    {
        Directory.CreateDirectory(Path.Combine(StatePath, "run.lock"));

        BackupResult result = await RunAsync();

        Assert.NotEqual(BackupStatus.Failed, result.Status);
        Assert.True(File.Exists(MirroredFile));
        Assert.Contains(Observer.Warnings, warning => warning.StartsWith("No lock can be taken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_killed_process_holds_no_lock()
    {
        using StageProcess holder = StageProcess.StartForLock("hold", Name);
        await holder.WaitForAsync("held, effective: True");
        Assert.Null(JobLock.TryTake(Name, "run", DateTimeOffset.Now));
        Assert.Equal(holder.Id, JobLock.Holder(Name)?.ProcessId);

        holder.Kill();
        await holder.WaitAsync();

        Assert.Null(JobLock.Holder(Name));
        using JobLock? taken = JobLock.TryTake(Name, "run", DateTimeOffset.Now);
        Assert.Equal(Environment.ProcessId, JobLock.Holder(Name)?.ProcessId);
    }

    [Fact]
    public async Task A_second_run_ends_with_an_error_that_names_the_first_ones_process_and_start()
    {
        using JobLock held = Hold();
        DateTimeOffset started = JobLock.Holder(Name)!.Started.ToLocalTime();

        BackupResult result = await RunAsync();

        Assert.Equal(("JobAlreadyRunning", BackupExitCode.AlreadyRunning), (result.Error?.Id, result.ExitCode));
        Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName}", result.Error!.Message, StringComparison.Ordinal);
        Assert.Contains(started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), result.Error.Message, StringComparison.Ordinal);
        Assert.Equal((BackupStatus.Skipped, BackupStatus.Skipped, BackupStatus.Skipped), (result.Status, result.Stage1.Status, result.Stage2.Status));
        Assert.Equal(result.Error.Message, result.Stage1.SkippedReason);
        Assert.False(Directory.Exists(Files["mirror"]));
    }

    [Fact]
    public async Task Stages_that_run_alone_are_refused_as_well()
    {
        using JobLock held = Hold();
        BackupConfiguration withStage2 = WithStage2(Configuration);

        RsyncStageResult stage1 = await BackupRunner.RunStage1Async(
            RsyncStageRequestOf(withStage2), Name, new BackupRunOptions(), Observer, CancellationToken.None);
        S3SyncStageResult stage2 = await BackupRunner.RunStage2Async(withStage2, null, new BackupRunOptions(), Observer, CancellationToken.None);
        BackupResult skipping = await BackupRunner.RunAsync(withStage2, new BackupRunOptions { SkipStage1 = true }, Observer, CancellationToken.None);

        Assert.Equal(
            ("JobAlreadyRunning", "JobAlreadyRunning", "JobAlreadyRunning", BackupExitCode.AlreadyRunning),
            (stage1.Error?.Id, stage2.Error?.Id, skipping.Stage2.Error?.Id, skipping.ExitCode));
        Assert.Equal((BackupStatus.Skipped, BackupStatus.Skipped, BackupStatus.Skipped), (stage1.Status, stage2.Status, skipping.Status));
    }

    [Fact]
    public async Task A_run_that_waits_starts_when_the_other_one_ends()
    {
        JobLock held = Hold();
        RecordingObserver observer = new() { OnVerbose = EndWhenWaitedFor };

        BackupResult result = await BackupRunner.RunAsync(
            Configuration, new BackupRunOptions { WaitForLock = TimeSpan.FromMinutes(5) }, observer, CancellationToken.None);

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Contains(observer.VerboseMessages, message => message.Contains($"process {Environment.ProcessId} on", StringComparison.Ordinal));

        void EndWhenWaitedFor(string message)
        {
            if (message.StartsWith("Waiting for another run", StringComparison.Ordinal))
                held.Dispose();
        }
    }

    [Fact]
    public async Task A_run_that_has_waited_long_enough_is_refused()
    {
        using JobLock held = Hold();

        BackupResult result = await RunAsync(new BackupRunOptions { WaitForLock = TimeSpan.FromMilliseconds(150) });

        Assert.Equal("JobAlreadyRunning", result.Error?.Id);
    }

    [Fact]
    public async Task A_run_that_waits_can_be_stopped()
    {
        using JobLock held = Hold();
        using CancellationTokenSource stop = new();
        RecordingObserver observer = new() { OnVerbose = message => StopAt(message, "Waiting for another run", stop) };

        BackupResult result = await BackupRunner.RunAsync(
            Configuration, new BackupRunOptions { WaitForLock = TimeSpan.FromMinutes(5) }, observer, stop.Token);

        Assert.Equal((BackupStatus.Cancelled, "RunCancelled"), (result.Status, result.Error?.Id));
    }

    [Fact]
    public async Task The_lock_of_one_job_is_none_of_another()
    {
        using JobLock held = Hold();
        Configuration = Configuration with { Name = "other-" + Name };

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task The_lock_is_held_to_the_end_of_a_run_and_not_longer()
    {
        List<bool> wasFree = [];
        RecordingObserver observer = new() { OnVerbose = message => Look(message, wasFree) };

        await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        Assert.Equal([false, false], wasFree);
        using JobLock? after = JobLock.TryTake(Name, "run", DateTimeOffset.Now);
        Assert.NotNull(after);

        void Look(string message, List<bool> found)
        {
            if (!message.Contains("mirrors", StringComparison.Ordinal) && !message.StartsWith("Stage 2 skipped", StringComparison.Ordinal))
                return;
            using JobLock? taken = JobLock.TryTake(Name, "run", DateTimeOffset.Now);
            found.Add(taken is not null);
        }
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_run_that_was_killed_holds_no_lock_although_its_rsync_lives_on()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "finds processes in /proc");
        string number = $"7657.{Environment.ProcessId}";
        string configuration = Write(FakeRsync.Make(Files, $"trap '' TERM; echo ready; exec sleep {number}").Path);
        using StageProcess run = StageProcess.Start(configuration, "both");
        await run.WaitForAsync("ready");
        IReadOnlyList<int> left = run.Children;
        Assert.Null(JobLock.TryTake(Name, "run", DateTimeOffset.Now));
        run.Kill();
        await run.WaitAsync();

        using (JobLock? taken = JobLock.TryTake(Name, "run", DateTimeOffset.Now))
            Assert.NotNull(taken);

        // Its journal is what keeps the next stage 1 from starting beside it.
        Assert.True(ChangeJournalFolder.IsBusy(Name, Files["mirror"]));
        Assert.Equal(1, left.Count(StageProcess.Kill));
    }

    private static void StopAt(string message, string start, CancellationTokenSource stop)
    {
        if (message.StartsWith(start, StringComparison.Ordinal))
            stop.Cancel();
    }

    private static RsyncS3Backup.Rsync.RsyncStageRequest RsyncStageRequestOf(BackupConfiguration configuration) =>
        RsyncS3Backup.Rsync.RsyncStageRequest.From(configuration);

    private static BackupConfiguration WithStage2(BackupConfiguration configuration) => configuration with
    {
        Destination = new S3Destination { Bucket = "none", Region = "us-east-1" },
        Options = new BackupOptions { Rsync = configuration.Options.Rsync with { SyncToS3 = new S3SyncOptions() } },
    };
}
