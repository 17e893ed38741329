using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>The one engine behind the cmdlets: stage 1, and stage 2 only when stage 1 succeeded.</summary>
internal static class BackupRunner
{
    /// <summary>Runs both stages of a job, or only its stage 2 when the options say so.</summary>
    public static async Task<BackupResult> RunAsync(
        BackupConfiguration configuration, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        DateTimeOffset startTime = DateTimeOffset.Now;
        options = RunDecision.WithStopTime(configuration, options, startTime);
        long started = Stopwatch.GetTimestamp();
        using RunContext context = RunContext.Start(configuration.Name, observer, Logging(configuration, options));
        context.Verbose($"Run {context.RunId} of job '{configuration.Name}' starts.");

        BackupResult result;
        RunRequest run = new(options.SkipStage1 ? 2 : 1, configuration, options);
        using (JobRun job = await JobRun.StartAsync(context, run, cancellationToken).ConfigureAwait(false))
        {
            RunSurroundings around = await RunSurroundings.BeginAsync(configuration, options, job, context, cancellationToken).ConfigureAwait(false);
            RsyncStageResult stage1;
            BucketLook? look;
            await using (look = Look(configuration, options, job, context, cancellationToken))
            {
                stage1 = job.Ended(
                    await Stage1Async(RsyncStageRequest.From(configuration), options, job, context, cancellationToken).ConfigureAwait(false));
            }

            S3SyncStageResult stage2 =
                await Stage2Async(configuration, options.SkipStage1 ? null : stage1, look?.Requests, options, job, context, cancellationToken)
                    .ConfigureAwait(false);
            result = await around.EndAsync(Result(stage1, stage2), cancellationToken).ConfigureAwait(false);
        }

        context.Verbose($"Run {context.RunId} of job '{configuration.Name}' ended: {result.Status}.");
        return result with { Duration = Stopwatch.GetElapsedTime(started) };

        BackupResult Result(RsyncStageResult stage1, S3SyncStageResult stage2) => new()
        {
            Name = configuration.Name,
            RunId = context.RunId,
            Status = RunDecision.Status(stage1, stage2),
            Stage1 = stage1,
            Stage2 = stage2,
            StartTime = startTime,
            Duration = Stopwatch.GetElapsedTime(started),
            ExitCode = RunDecision.ExitCode(stage1, stage2),
            LogPath = context.LogPath,
        };
    }

    /// <summary>Runs stage 1 alone.</summary>
    public static async Task<RsyncStageResult> RunStage1Async(
        RsyncStageRequest request, string name, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        options = RunDecision.WithStopTime(request.Configuration, options, DateTimeOffset.Now);
        using RunContext context = RunContext.Start(name, observer, Logging(request.Configuration, options));
        RunRequest run = new(1, request.Configuration, options) { MirrorPath = request.Options.LocalDestination };
        using JobRun job = await JobRun.StartAsync(context, run, cancellationToken).ConfigureAwait(false);
        return job.Ended(await Stage1Async(request, options, job, context, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Runs stage 2 of a configured job alone, after a stage 1 that ran alone (<c>Invoke-RsyncStage … | Invoke-S3SyncStage</c>) or without
    /// one: skipped when that stage 1 did not succeed, or stage 2 is disabled.
    /// </summary>
    public static async Task<S3SyncStageResult> RunStage2Async(
        BackupConfiguration configuration, RsyncStageResult? stage1, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        options = RunDecision.WithStopTime(configuration, options, stage1?.StartTime ?? DateTimeOffset.Now);
        using RunContext context = Continue(configuration.Name, stage1, observer, Logging(configuration, options));
        RunRequest run = new(2, configuration, options, stage1);
        using JobRun job = RunDecision.SkipReason(configuration, stage1) is null
            ? await JobRun.StartAsync(context, run, cancellationToken).ConfigureAwait(false)
            : JobRun.Skipping(context, run);
        return await Stage2Async(configuration, stage1, before: null, options, job, context, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs stage 2 from parameters, after a stage 1 from parameters or without one.</summary>
    public static async Task<S3SyncStageResult> RunStage2Async(
        S3SyncRequest request, string name, RsyncStageResult? stage1, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        using RunContext context = Continue(name, stage1, observer, options.Logging);
        RunRequest run = new(2, null, options, stage1) { MirrorPath = request.MirrorPath };
        using JobRun job = await JobRun.StartAsync(context, run, cancellationToken).ConfigureAwait(false);
        return job.Ended(job.Refusal is { } refusal
            ? Refused(request.MirrorPath, request.Destination, request.Options, refusal, job.RefusedStatus, context)
            : await Stage2Attempts.RunAsync(request, asked: null, options, context, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The result of a stage 2 that must not start after this stage 1, which ran from parameters.</summary>
    public static S3SyncStageResult SkipStage2(
        RsyncStageResult stage1, string reason, BackupRunOptions options, IRunObserver observer, Func<S3SyncStageResult, S3SyncStageResult> complete)
    {
        using RunContext context = Continue(stage1.Name, stage1, observer, Logging(stage1.Configuration, options));
        using JobRun job = JobRun.Skipping(context, new RunRequest(2, stage1.Configuration, options, stage1));
        return job.Ended(complete(Skipped(stage1, reason, context)));
    }

    /// <summary>The result of a stage 2 that did not start.</summary>
    public static S3SyncStageResult Skipped(RsyncStageResult stage1, string reason, RunContext context)
    {
        context.Verbose($"Stage 2 skipped: {reason}");
        BackupConfiguration? configuration = stage1.Configuration;
        S3SyncOptions? options = configuration?.Options.Rsync.SyncToS3;
        DateTimeOffset now = DateTimeOffset.Now;
        return new S3SyncStageResult
        {
            Name = stage1.Name,
            RunId = stage1.RunId,
            Status = BackupStatus.Skipped,
            Path = stage1.Destination,
            BucketName = configuration?.Destination?.Bucket,
            KeyPrefix = configuration?.Destination is null
                ? ""
                : KeyPrefix.Resolve(options?.S3Prefix, configuration.Name, now, configuration.Schedule?.Timezone),
            StorageClass = options?.StorageClass ?? S3StorageClasses.Standard,
            StartTime = now,
            SkippedReason = reason,
            LogPath = context.LogPath,
        };
    }

    private static RunContext Continue(string name, RsyncStageResult? stage1, IRunObserver observer, RunLogging logging) =>
        stage1 is null ? RunContext.Start(name, observer, logging) : RunContext.Continue(name, stage1.RunId, observer, logging);

    private static RunLogging Logging(BackupConfiguration? configuration, BackupRunOptions options) =>
        options.Logging with { System = options.Logging.System || configuration is { Log.System: true } };

    private static BucketLook? Look(
        BackupConfiguration configuration, BackupRunOptions options, JobRun job, RunContext context, CancellationToken cancellationToken) =>
        options.SkipStage1 || job.Refusal is not null || RunDecision.DisabledReason(configuration) is not null
            ? null
            : BucketLook.Start(RunDecision.Asked(configuration, options), context, options.LookPatience, cancellationToken);

    private static async Task<RsyncStageResult> Stage1Async(
        RsyncStageRequest request, BackupRunOptions options, JobRun job, RunContext context, CancellationToken cancellationToken)
    {
        RsyncStageResult untouched = new()
        {
            Name = context.JobName,
            RunId = context.RunId,
            Status = BackupStatus.Skipped,
            Source = [.. request.Sources.Select(source => source.Path)],
            Destination = request.Options.LocalDestination,
            StartTime = DateTimeOffset.Now,
            LogPath = context.LogPath,
            Configuration = request.Configuration,
        };
        if (options.SkipStage1)
            return untouched with { SkippedReason = "Left out on request; stage 2 sends the mirror as it is." };
        if (job.Refusal is { } refusal)
        {
            context.LogError(refusal);
            return untouched with
            {
                Status = job.RefusedStatus,
                Error = refusal,
                SkippedReason = job.RefusedStatus == BackupStatus.Skipped ? refusal.Message : null,
            };
        }

        return await Stage1Attempts.RunAsync(RunDecision.Asked(request, options), options, context, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<S3SyncStageResult> Stage2Async(
        BackupConfiguration configuration,
        RsyncStageResult? stage1,
        S3RequestCounts? before,
        BackupRunOptions options,
        JobRun job,
        RunContext context,
        CancellationToken cancellationToken)
    {
        RsyncOptions rsync = configuration.Options.Rsync;
        if (RunDecision.SkipReason(configuration, stage1) is { } reason)
        {
            S3SyncStageResult skipped =
                Skipped((stage1 ?? MirrorAsItIs(configuration, context)) with { Configuration = configuration }, reason, context);
            if (job.Refusal is null && RunDecision.RenewsLocks(configuration, stage1))
                skipped = await RenewLocksAsync(skipped, stage1!.Status, RunDecision.Asked(configuration, options), context, cancellationToken).ConfigureAwait(false);
            return job.Ended(skipped);
        }

        if (job.Refusal is { } refusal)
            return job.Ended(Refused(rsync.LocalDestination, configuration.Destination!, rsync.SyncToS3, refusal, job.RefusedStatus, context));
        S3SyncRequest request = RunDecision.Asked(configuration, options) with
        {
            FollowsStage1 = stage1?.JournalPath is not null,
            IsPartial = stage1 is { IsPartial: true },
        };
        job.Stage2Starts();
        S3SyncStageResult stage2 =
            await Stage2Attempts.RunAsync(request, configuration.Retry, options, context, cancellationToken).ConfigureAwait(false);
        if (stage2.Status == BackupStatus.Paused && RunDecision.AllowedForOneRun(options) is { } allowed)
        {
            context.Warning(allowed);
            stage2 = stage2 with { Warnings = [.. stage2.Warnings, allowed] };
        }

        stage2 = UploadHistory.Complete(stage2, request);
        return job.Ended(before is null ? stage2 : stage2 with { Requests = Stage2Attempts.Sum([before, stage2.Requests]) });
    }

    private static async Task<S3SyncStageResult> RenewLocksAsync(
        S3SyncStageResult skipped, BackupStatus stage1, S3SyncRequest request, RunContext context, CancellationToken cancellationToken)
    {
        string how = stage1 == BackupStatus.Paused ? "was paused" : "failed";
        S3SyncStageResult renewal = await S3SyncStage.RenewLocksAsync(request, context, cancellationToken).ConfigureAwait(false);
        // What else can be wrong is what stage 1 ended by, such as a mirror that is not there.
        BackupError? problem = renewal.Error is { Id: ErrorIds.LocksNotRenewed } denied ? denied : null;
        // Beside a failure it is a warning; nobody hears of a run that paused.
        bool isFailure = problem is not null && stage1 == BackupStatus.Paused;
        if (problem is not null && !isFailure)
            context.Warning(problem.Message);
        else if (problem is null && renewal.Error is { } other)
            context.Verbose($"No locks were renewed: {other.Message}");
        return skipped with
        {
            Renewed = renewal.Renewed,
            Requests = renewal.Requests,
            EstimatedRequestCost = renewal.EstimatedRequestCost,
            Currency = renewal.Currency,
            PriceSource = renewal.PriceSource,
            Status = isFailure ? BackupStatus.Failed : skipped.Status,
            Error = isFailure ? problem : skipped.Error,
            Warnings = problem is null || isFailure ? [] : [problem.Message],
            SkippedReason = renewal.Renewed == 0
                ? skipped.SkippedReason
                : $"Stage 1 {how}; nothing was sent to the bucket or deleted there, and {(renewal.Renewed == 1 ? "one lock was" : $"{renewal.Renewed} locks were")} renewed.",
        };
    }

    private static S3SyncStageResult Refused(
        string mirror, S3Destination destination, S3SyncOptions options, BackupError refusal, BackupStatus status, RunContext context)
    {
        context.LogError(refusal);
        return new S3SyncStageResult
        {
            Name = context.JobName,
            RunId = context.RunId,
            Status = status,
            Path = mirror,
            BucketName = destination.Bucket,
            StorageClass = options.StorageClass,
            StartTime = DateTimeOffset.Now,
            Error = refusal,
            SkippedReason = status == BackupStatus.Skipped ? refusal.Message : null,
            LogPath = context.LogPath,
        };
    }

    /// <summary>The result of a job that cannot be run because its file cannot be read.</summary>
    public static BackupResult Unreadable(string name, BackupError error)
    {
        RsyncStageResult stage1 = new()
        {
            Name = name,
            RunId = RunContext.NewRunId(),
            Status = BackupStatus.Failed,
            Source = [],
            Destination = "",
            StartTime = DateTimeOffset.Now,
            Error = error,
        };
        S3SyncStageResult stage2 = new()
        {
            Name = name,
            RunId = stage1.RunId,
            Status = BackupStatus.Skipped,
            Path = "",
            StartTime = stage1.StartTime,
            SkippedReason = RunDecision.SkipReason(stage1),
        };
        return new BackupResult
        {
            Name = name,
            RunId = stage1.RunId,
            Status = BackupStatus.Failed,
            Stage1 = stage1,
            Stage2 = stage2,
            StartTime = stage1.StartTime,
            ExitCode = error.ExitCode,
        };
    }

    /// <summary>Stands for a stage 1 when stage 2 runs alone: the mirror is sent as it is.</summary>
    internal static RsyncStageResult MirrorAsItIs(BackupConfiguration configuration, RunContext context) => new()
    {
        Name = configuration.Name,
        RunId = context.RunId,
        Status = BackupStatus.Succeeded,
        Source = [.. configuration.Sources.Select(source => source.Path)],
        Destination = configuration.Options.Rsync.LocalDestination,
    };
}
