using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A run whose time is up.</summary>
[Collection(FakeRsync.Collection)]
public sealed class PausedRunTests : LocalJob
{
    private static readonly BackupRunOptions Late = new() { StopTime = DateTimeOffset.UnixEpoch, NotificationDelays = [TimeSpan.Zero, TimeSpan.Zero] };

    [Fact]
    public async Task It_is_no_failure_and_the_next_one_goes_on()
    {
        BackupResult paused = await RunAsync(Late);

        Assert.Equal(
            (BackupStatus.Paused, BackupExitCode.Succeeded, BackupStatus.Paused, null, BackupStatus.Skipped),
            (paused.Status, paused.ExitCode, paused.Stage1.Status, paused.Error, paused.Stage2.Status));
        Assert.Equal(
            "The run's time is up (stopAt): the mirror is not complete, nothing was sent to S3, and the next run goes on.", paused.Stage1.PausedReason);
        Assert.Equal($"Stage 1 was paused; the bucket was not touched. {paused.Stage1.PausedReason}", paused.Stage2.SkippedReason);
        BackupRun recorded = History()[0];
        Assert.Equal(
            (BackupStatus.Paused, BackupExitCode.Succeeded, paused.Stage1.PausedReason),
            (recorded.Status, recorded.ExitCode, recorded.Stage1?.PausedReason));
        Assert.DoesNotContain("error", File.ReadAllText(paused.LogPath!), StringComparison.OrdinalIgnoreCase);

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.Null(History()[0].LastSuccess);
        Assert.True(File.Exists(MirroredFile));
    }

    [Fact]
    public async Task An_rsync_that_is_on_is_stopped_and_gone()
    {
        (string started, string ended) = (Files["started"], Files["ended"]);
        FakeRsync rsync = FakeRsync.Make(Files, $"trap 'touch {ended}; exit 20' INT; touch {started}; sleep 600 & wait");
        ManualClock clock = new();
        Configuration = Configuration with
        {
            Options = Configuration.Options with { Rsync = Configuration.Options.Rsync with { RsyncPath = rsync.Path } },
        };

        Task<BackupResult> running = RunAsync(Late with { Clock = clock, StopTime = clock.GetUtcNow().AddMinutes(5) });
        while (!File.Exists(started) && !running.IsCompleted)
            await Task.Delay(20);
        clock.Advance(TimeSpan.FromMinutes(6));
        BackupResult paused = await running;

        Assert.Equal((BackupStatus.Paused, null), (paused.Status, paused.Error));
        Assert.True(File.Exists(ended));
    }

    [Fact]
    public async Task A_user_who_stops_it_has_cancelled_it()
    {
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();

        Assert.Equal(BackupStatus.Cancelled, (await RunAsync(Late, stopped.Token)).Status);
    }

    [Fact]
    public async Task Nobody_hears_of_its_end_and_only_the_last_hook_runs()
    {
        using WebhookServer server = new();
        HookCommand tell = new() { Command = ["/bin/true"] };
        Configuration = Configuration with
        {
            Notifications =
            [
                new NotificationOptions { Type = NotificationKind.Ping, Url = server.Url, On = [.. Enum.GetValues<NotificationEvent>()] },
            ],
            Hooks = new HookOptions { AfterSuccess = tell, AfterFailure = tell, Finally = tell },
        };

        BackupResult result = await RunAsync(Late);

        Assert.Equal(BackupStatus.Paused, result.Status);
        Assert.Equal([NotificationEvent.Start], result.Notifications.Select(told => told.Event));
        Assert.Equal([BackupHook.Finally], result.Hooks.Select(hook => hook.Hook));
    }

    [Theory]
    [InlineData("00:00", false, false)]
    [InlineData("00:00", true, true)]
    [InlineData(null, false, true)]
    public async Task A_job_that_may_pause_tells_no_start_whose_end_may_not_come(string? stopAt, bool noPause, bool isTold)
    {
        using WebhookServer server = new();
        Configuration = Configuration with
        {
            StopAt = stopAt,
            Notifications = [new NotificationOptions { Type = NotificationKind.Webhook, Url = server.Url, On = [NotificationEvent.Start] }],
        };

        BackupResult result = await RunAsync(new BackupRunOptions { NoPause = noPause });

        Assert.Equal(isTold, result.Notifications.Any(told => told.Event == NotificationEvent.Start));
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(5, false)]
    public void An_attempt_that_could_not_begin_before_the_time_is_up_is_not_waited_for(int minutes, bool isWaitedFor)
    {
        ManualClock clock = new();
        RetryOptions retry = new() { Attempts = 3, Delay = TimeSpan.FromMinutes(10) };

        Assert.Equal(isWaitedFor, RetryWait.EndsBefore(clock.GetUtcNow().AddMinutes(minutes), attempts: 1, retry, clock));
        Assert.True(RetryWait.EndsBefore(stop: null, attempts: 1, retry, clock));
    }

    [Fact]
    public void What_was_allowed_for_one_run_is_to_be_given_again()
    {
        Assert.Null(RunDecision.AllowedForOneRun(new BackupRunOptions()));
        Assert.Equal(
            "What the mirror no longer has was not deleted from the bucket, because the run paused. Give -MaxDelete and -AllowEmptySource to the next run again.",
            RunDecision.AllowedForOneRun(new BackupRunOptions { MaxDelete = DeleteLimit.Unlimited, AllowEmptySource = true }));
    }

    [Theory]
    [InlineData("00:00", false, true)]
    [InlineData("00:00", true, false)]
    [InlineData(null, false, false)]
    public void A_run_has_a_time_when_its_job_has_one_and_it_may_pause(string? stopAt, bool noPause, bool expected)
    {
        DateTimeOffset start = DateTimeOffset.Now;
        BackupConfiguration job = Configuration with { StopAt = stopAt };

        DateTimeOffset? stop = RunDecision.WithStopTime(job, new BackupRunOptions { NoPause = noPause }, start).StopTime;

        Assert.Equal(expected, stop > start);
        Assert.Equal(expected, stop is not null);
    }
}
