using RsyncS3Backup.Calendar;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Hooks;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Runs.Reporting;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Runs;

/// <summary>What a job has around the stages of a run: its hooks, and who is told how it ended. All of it happens under the job's lock.</summary>
/// <remarks>
/// <para>The order: ping that it starts, <c>before</c>, the stages, <c>afterSuccess</c> or <c>afterFailure</c>, the notifications, <c>finally</c>.</para>
/// <para>
/// A run that does not get the lock has none of this: another run of the job is on, whose hooks and whose pings these are. After the run was
/// stopped, what is left to do is done, but within a time that whoever stopped it is willing to wait (the cmdlets give up after 60 seconds).
/// </para>
/// </remarks>
internal sealed class RunSurroundings
{
    private static readonly TimeSpan HooksAfterStop = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan NotificationsAfterStop = TimeSpan.FromSeconds(8);

    private readonly BackupConfiguration configuration;
    private readonly JobRun job;
    private readonly RunContext context;
    private readonly KnownSecrets secrets = new();
    private readonly HookRunner hooks;
    private readonly NotificationReceivers receivers;
    private readonly List<BackupHookResult> hookResults = [];
    private Task<NotificationResult[]> startPings = Task.FromResult<NotificationResult[]>([]);
    private bool isPartOfRun;

    private RunSurroundings(BackupConfiguration configuration, BackupRunOptions options, JobRun job, RunContext context)
    {
        this.configuration = configuration;
        this.job = job;
        this.context = context;
        hooks = new HookRunner(configuration, context, secrets);
        receivers = new NotificationReceivers(secrets, options.NotificationDelays);
    }

    /// <summary>Does what comes before the first stage. When the hook <c>before</c> fails, the job refuses to run.</summary>
    public static async Task<RunSurroundings> BeginAsync(
        BackupConfiguration configuration, BackupRunOptions options, JobRun job, RunContext context, CancellationToken cancellationToken)
    {
        RunSurroundings around = new(configuration, options, job, context);
        if (job.Refusal is not null || (configuration.Hooks is null && configuration.Notifications.Count == 0))
            return around;
        around.isPartOfRun = true;
        RunReport report = new()
        {
            Name = context.JobName,
            RunId = context.RunId,
            StartTime = DateTimeOffset.Now,
            HostName = Environment.MachineName,
            ConfigurationPath = configuration.Path,
            LogPath = context.LogPath,
        };
        // Before the run, because a vault can be asked then, also when the run is stopped later; and hooks that print a secret are known.
        await around.receivers.FindAsync(configuration.Notifications, options.Secrets, cancellationToken).ConfigureAwait(false);
        RsyncOptions rsync = configuration.Options.Rsync;
        // Who watches for an end after a start would hear of none where the run is skipped or may pause; then only the end is told. A hook can mount
        // the drive. What is waited for is expected.
        bool isAbsent = rsync.WakeWait is null
            && AbsentMirror.SkipReason(rsync.WhenAbsent, options.AllowNewDestination, context.JobName, rsync.LocalDestination) is not null;
        // Nothing waits for this: a backup does not start later because a service is slow.
        bool mayPause = !options.NoPause && (configuration.StopAt is not null || rsync.SyncToS3 is { Enabled: true, MaxUpload: not null });
        if (!isAbsent && !mayPause)
            around.startPings = around.receivers.SendAsync(report, NotificationEvent.Start, told: null, cancellationToken);
        await around.BeforeAsync(report, options.SkipStage1 ? BackupExitCode.Stage2Failed : BackupExitCode.Stage1Failed, cancellationToken)
            .ConfigureAwait(false);
        return around;
    }

    /// <summary>Does what comes after the last stage.</summary>
    /// <returns>The result with hooks and notifications; one of them that failed makes a success one with warnings.</returns>
    public async Task<BackupResult> EndAsync(BackupResult result, CancellationToken cancellationToken)
    {
        if (!isPartOfRun)
            return result;
        bool isFailure = result.Status is BackupStatus.Failed or BackupStatus.Cancelled;
        bool isUntold = RunReport.IsOfUntold(result.Status);
        using TimeAfterStop hookTime = new(HooksAfterStop, cancellationToken);
        if (!isUntold)
            await RunHookAsync(isFailure ? BackupHook.AfterFailure : BackupHook.AfterSuccess, Current(), hookTime.Token).ConfigureAwait(false);

        using (TimeAfterStop time = new(NotificationsAfterStop, cancellationToken))
        {
            result = result with { Notifications = await startPings.ConfigureAwait(false) };
            SuccessAge? age = Age(result);
            RunReport report = RunReport.From(Current(), configuration.Path) with { Age = age };
            NotificationResult[] sent = isUntold ? []
                : await receivers.SendAsync(report, report.Event, told: null, time.Token).ConfigureAwait(false);
            result = result with { Notifications = [.. result.Notifications, .. sent] };
            if (age is { IsOverdue: true })
            {
                IReadOnlyList<NotificationResult> overdue = await TellOverdueAsync(report, age, sent, time.Token).ConfigureAwait(false);
                result = result with { Notifications = [.. result.Notifications, .. overdue] };
            }

            // A service that is down misses the start and the end.
            foreach (string problem in result.Notifications.Where(item => item.Status != BackupStatus.Succeeded).Select(Problem).Distinct())
                context.Warning(problem);
        }

        if (configuration.Hooks?.Finally is not null)
        {
            // It may switch the machine off.
            job.Ended(Current());
            await RunHookAsync(BackupHook.Finally, Current(), hookTime.Token).ConfigureAwait(false);
        }

        BackupResult all = Current();
        job.Ended(all);
        return all;

        BackupResult Current()
        {
            bool hasFailed = hookResults.Exists(hook => hook.Status != BackupStatus.Succeeded)
                || result.Notifications.Any(notification => notification.Status != BackupStatus.Succeeded);
            BackupStatus status = result.Status == BackupStatus.Succeeded && hasFailed ? BackupStatus.SucceededWithWarnings : result.Status;
            return result with { Status = status, Hooks = [.. hookResults] };
        }
    }

    private static string Problem(NotificationResult failed) =>
        failed.Error?.Message ?? $"A notification to {failed.Target} was not sent, because the run was stopped.";

    private async Task BeforeAsync(RunReport report, BackupExitCode ifCancelled, CancellationToken cancellationToken)
    {
        if (await hooks.RunAsync(BackupHook.Before, report, cancellationToken).ConfigureAwait(false) is not { } before)
            return;
        hookResults.Add(before);
        if (before.Status == BackupStatus.Cancelled)
            job.Refuse(HookErrors.Cancelled(context.JobName, ifCancelled));
        else if (before.Error is { } error)
            job.Refuse(HookErrors.BeforeFailed(error));
    }

    private async Task RunHookAsync(BackupHook hook, BackupResult result, CancellationToken cancellationToken)
    {
        if (await hooks.RunAsync(hook, RunReport.From(result, configuration.Path), cancellationToken).ConfigureAwait(false) is { } ended)
            hookResults.Add(ended);
    }

    /// <summary>How old the last good run is; null when this one is good, and when that cannot be found out.</summary>
    private SuccessAge? Age(BackupResult result)
    {
        try
        {
            return HistoryFigures.DidAllOfJob(result.Status, result.Stage1, result.Stage2) ? null : JobAge.Of(configuration, DateTimeOffset.UtcNow);
        }
        catch (BackupException)
        {
            // The history has said so itself.
            return null;
        }
    }

    private async Task<IReadOnlyList<NotificationResult>> TellOverdueAsync(
        RunReport report, SuccessAge age, IEnumerable<NotificationResult> sent, CancellationToken cancellationToken)
    {
        try
        {
            // What could not be sent has told nobody.
            bool isTold = !report.IsUntold && sent.All(notification => notification.Status == BackupStatus.Succeeded);
            NotificationEvent? told = isTold ? report.Event : null;
            return await OverdueNotice.TellAsync(receivers, report, age, told, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception)
        {
            context.Warning(exception.Message);
            return [];
        }
    }

    /// <summary>A token that is cancelled some time after another one.</summary>
    private sealed class TimeAfterStop : IDisposable
    {
        private readonly CancellationTokenSource source = new();
        private readonly CancellationTokenRegistration registration;

        public TimeAfterStop(TimeSpan time, CancellationToken stopped) => registration = stopped.Register(() => source.CancelAfter(time));

        public CancellationToken Token => source.Token;

        public void Dispose()
        {
            registration.Dispose();
            source.Dispose();
        }
    }
}
