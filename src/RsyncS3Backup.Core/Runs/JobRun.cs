using RsyncS3Backup.Configuration;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Runs;

/// <summary>
/// What surrounds the stages of a run: the job's lock, held from before the first stage until after the last, and the run's place in the
/// job's history, which is written before the lock is released.
/// </summary>
internal sealed class JobRun : IDisposable
{
    private readonly RunContext context;
    private readonly JobLock? held;
    private readonly MirrorLock? mirror;
    private readonly IDisposable? awake;
    private readonly HistoryWriter history;
    private readonly RunHeader header;
    private readonly BackupConfiguration? configured;
    private readonly DateTimeOffset keepsSince;
    private RsyncStageResult? stage1;
    private S3SyncStageResult? stage2;
    private BackupStatus? status;

    private JobRun(RunContext context, RunRequest request, JobLock? held, MirrorLock? mirror = null, IDisposable? awake = null)
    {
        this.awake = awake;
        this.mirror = mirror;
        this.context = context;
        this.held = held;
        stage1 = request.Stage1;
        keepsSince = HistoryWriter.KeepsSince(request.Configuration);
        configured = request.Configuration;
        header = new RunHeader
        {
            Name = context.JobName,
            RunId = context.RunId,
            Started = stage1?.StartTime ?? DateTimeOffset.UtcNow,
            Stage = request.FirstStage,
            PowerShellVersion = request.Options.PowerShellVersion,
            ConfigurationPath = request.Configuration?.Path,
            // Of the settings as the job has them: what a parameter overrides for one run changes no job.
            ConfigurationHash = (request.Options.Configured ?? request.Configuration) is { } configuration ? ConfigurationWriter.Hash(configuration) : null,
            LogPath = context.LogPath,
        };
        history = HistoryWriter.Begin(header, ownsJob: held is not null, context.Warning);
    }

    /// <summary>Why the run must not start: another run of the job has not ended, or the user stopped this one while it waited for that.</summary>
    public BackupError? Refusal { get; private set; }

    /// <summary>How a stage ended that was refused.</summary>
    public BackupStatus RefusedStatus => RunDecision.RefusedStatus(Refusal);

    /// <summary>Takes the job's lock, or waits for it as long as the options say, and opens the run's history.</summary>
    public static async Task<JobRun> StartAsync(RunContext context, RunRequest request, CancellationToken cancellationToken)
    {
        (JobLock? held, BackupError? refusal) = await TakeLockAsync(context, request, cancellationToken).ConfigureAwait(false);
        MirrorLock? mirror = null;
        IDisposable? awake = null;
        try
        {
            if (refusal is null && request.MirrorPath is { } path)
                (mirror, refusal) = await TakeMirrorAsync(context, request, path, cancellationToken).ConfigureAwait(false);
            if (refusal is null && request.Configuration is { KeepAwake: true })
                awake = request.Options.StayAwake(context);
            return new JobRun(context, request, held, mirror, awake) { Refusal = refusal };
        }
        catch
        {
            awake?.Dispose();
            mirror?.Dispose();
            held?.Dispose();
            throw;
        }
    }

    /// <summary>A run whose only stage is skipped: it needs no lock, because it touches nothing.</summary>
    public static JobRun Skipping(RunContext context, RunRequest request) => new(context, request, held: null);

    /// <summary>Stage 1 ended.</summary>
    public RsyncStageResult Ended(RsyncStageResult result)
    {
        history.Ended(result);
        return stage1 = result;
    }

    /// <summary>Stage 2 starts.</summary>
    public void Stage2Starts() => history.StageStarts(2, context.RunId);

    /// <summary>Stage 2 ended.</summary>
    public S3SyncStageResult Ended(S3SyncStageResult result)
    {
        history.Ended(result);
        return stage2 = result;
    }

    /// <summary>Nothing may run, for another reason than the lock.</summary>
    public void Refuse(BackupError error) => Refusal = error;

    /// <summary>Writes down how the run ended with what is around its stages: before something begins that may be the machine's last.</summary>
    public void Ended(BackupResult result)
    {
        status = result.Status;
        history.Ended(result);
        WriteEnd();
    }

    /// <summary>Writes down how the run ended, and releases the lock.</summary>
    public void Dispose()
    {
        // It may have something to say, for which the log is open until the end is told.
        awake?.Dispose();
        // Without any result an exception ended the run: it stays open in the history, and is read as interrupted.
        if (stage1 is not null || stage2 is not null)
        {
            if (status is null)
                WriteEnd();
            context.Ended(status ?? RunDecision.Status(stage1, stage2), RunDecision.ExitCode(stage1, stage2));
        }

        history.Dispose();
        mirror?.Dispose();
        held?.Dispose();
    }

    private void WriteEnd()
    {
        BackupRun run = new()
        {
            Name = header.Name,
            RunId = header.RunId,
            StartTime = header.Started,
            HostName = Environment.MachineName,
            Status = status ?? RunDecision.Status(stage1, stage2),
            ExitCode = RunDecision.ExitCode(stage1, stage2),
            Stage1 = stage1,
            Stage2 = stage2,
        };
        history.End(run.RunId, run.Status.Value, run.ExitCode.Value, keepsSince);
        MetricFile.WriteAfter(configured, run, context.Warning);
    }

    private static async Task<(JobLock? Held, BackupError? Refusal)> TakeLockAsync(
        RunContext context, RunRequest request, CancellationToken cancellationToken)
    {
        try
        {
            JobLock? held = await JobLock.TakeAsync(context.JobName, context.RunId, request.Options.WaitForLock, Waiting, cancellationToken)
                .ConfigureAwait(false);
            if (held is null)
                return (null, RunErrors.JobAlreadyRunning(context.JobName, JobLock.Holder(context.JobName)));
            if (!held.IsEffective)
                context.Warning($"The drive of '{StateFolder.Root()}' keeps no file locks, so nothing stops two runs of a job at once.");
            return (held, null);
        }
        catch (OperationCanceledException)
        {
            return (null, Cancelled(context, request));
        }
        catch (StateFolderUnsafeException exception)
        {
            return (null, RunErrors.StateFolderUnsafe(exception));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // A machine whose state folder is gone still gets its backup. Whether a job can do without its journal is stage 1's to say.
            context.Warning(
                $"No lock can be taken in '{StateFolder.Root()}', so another run of the job could start meanwhile. Start none until this one has "
                + $"ended, and check the permissions and the free space of the state folder: {exception.Message}");
            return (null, null);
        }

        void Waiting(JobLockHolder? holder) => context.Verbose($"Waiting for another run of job '{context.JobName}': {holder}.");
    }

    private static async Task<(MirrorLock? Mirror, BackupError? Refusal)> TakeMirrorAsync(
        RunContext context, RunRequest request, string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await JobLocks.TakeMirrorAsync(path, request.Options.WaitForLock, context, cancellationToken).ConfigureAwait(false), null);
        }
        catch (BackupException exception)
        {
            return (null, exception.Error);
        }
        catch (OperationCanceledException)
        {
            return (null, Cancelled(context, request));
        }
    }

    private static BackupError Cancelled(RunContext context, RunRequest request) =>
        RunErrors.Cancelled(context.JobName, request.FirstStage == 1 ? BackupExitCode.Stage1Failed : BackupExitCode.Stage2Failed);
}

/// <summary>What a run is about to do.</summary>
/// <param name="FirstStage">The stage that it begins with, 1 or 2.</param>
/// <param name="Configuration">The job; null when it runs from parameters.</param>
/// <param name="Options">What the caller decided.</param>
/// <param name="Stage1">The stage 1 that ran before, alone; null when there was none.</param>
internal sealed record RunRequest(int FirstStage, BackupConfiguration? Configuration, BackupRunOptions Options, RsyncStageResult? Stage1 = null)
{
    /// <summary>The mirror that is written or read.</summary>
    public string? MirrorPath { get; init; } = Configuration?.Options.Rsync.LocalDestination;
}
