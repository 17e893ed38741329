using System.Diagnostics;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.S3;

namespace RsyncS3Backup.Runs;

/// <summary>The one engine behind the cmdlets: stage 1, and stage 2 only when stage 1 succeeded.</summary>
public static class BackupRunner
{
    /// <summary>Runs both stages of a job.</summary>
    public static async Task<BackupResult> RunAsync(
        BackupConfiguration configuration, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        DateTimeOffset startTime = DateTimeOffset.Now;
        long started = Stopwatch.GetTimestamp();
        using RunContext context = RunContext.Start(configuration.Name, observer);
        context.Verbose($"Run {context.RunId} of job '{configuration.Name}' starts.");

        RsyncStageRequest stage1Request = RsyncStageRequest.From(configuration) with
        {
            Options = configuration.Options.Rsync with { MaxDelete = options.MaxDelete ?? configuration.Options.Rsync.MaxDelete },
            AllowEmptySource = options.AllowEmptySource,
            AllowNewDestination = options.AllowNewDestination,
        };
        RsyncStageResult stage1 = await RsyncStage.RunAsync(stage1Request, context, cancellationToken).ConfigureAwait(false);
        S3SyncStageResult stage2 = await RunStage2Async(stage1, options, context, cancellationToken).ConfigureAwait(false);

        BackupStatus status = Worse(stage1.Status, stage2.Status);
        context.Verbose($"Run {context.RunId} of job '{configuration.Name}' ended: {status}.");
        return new BackupResult
        {
            Name = configuration.Name,
            RunId = context.RunId,
            Status = status,
            Stage1 = stage1,
            Stage2 = stage2,
            StartTime = startTime,
            Duration = Stopwatch.GetElapsedTime(started),
            ExitCode = ExitCode(stage1, stage2),
            LogPath = context.LogPath,
        };
    }

    /// <summary>
    /// Stage 2 of a configured job after its stage 1, as a pipeline from <c>Invoke-RsyncStage</c> runs it: skipped when stage 1 did not
    /// succeed or stage 2 is disabled.
    /// </summary>
    public static async Task<S3SyncStageResult> RunStage2Async(
        RsyncStageResult stage1, BackupRunOptions options, RunContext context, CancellationToken cancellationToken)
    {
        BackupConfiguration configuration = stage1.Configuration
            ?? throw new ArgumentException("The stage 1 result has no configuration.", nameof(stage1));
        if (SkipReason(stage1) is { } reason)
            return Skipped(stage1, reason, context);
        S3SyncRequest request = S3SyncRequest.From(configuration) with
        {
            Credentials = options.Credentials,
            AllowInsecureEndpoint = options.AllowInsecureEndpoint,
            AllowEmptyMirror = options.AllowEmptySource,
            FollowsStage1 = stage1.JournalPath is not null,
            MaxDelete = options.MaxDelete ?? configuration.Options.Rsync.MaxDelete,
        };
        return await S3SyncStage.RunAsync(request, context, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Why stage 2 must not run after this stage 1; null when it may.</summary>
    public static string? SkipReason(RsyncStageResult stage1) => stage1.Status switch
    {
        BackupStatus.Failed => $"Stage 1 failed ({stage1.Error?.Id}); the bucket was not touched.",
        BackupStatus.Cancelled => "Stage 1 was cancelled; the bucket was not touched.",
        BackupStatus.Skipped => "Stage 1 was skipped; the bucket was not touched.",
        _ when stage1.Configuration?.Options.Rsync.SyncToS3.Enabled == false =>
            "The job is local only (syncToS3.enabled is false).",
        _ => null,
    };

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
            StorageClass = options?.StorageClass ?? "STANDARD",
            StartTime = now,
            SkippedReason = reason,
            LogPath = context.LogPath,
        };
    }

    /// <summary>What a scheduler should be told of a run with these two stages.</summary>
    public static BackupExitCode ExitCode(RsyncStageResult stage1, S3SyncStageResult stage2) =>
        stage1.Status switch
        {
            BackupStatus.Failed => stage1.Error?.ExitCode ?? BackupExitCode.Stage1Failed,
            BackupStatus.Cancelled => BackupExitCode.Stage1Failed,
            _ => ExitCode(stage2),
        };

    /// <summary>What a scheduler should be told of a stage 2 that ran alone.</summary>
    public static BackupExitCode ExitCode(S3SyncStageResult stage2) =>
        stage2.Status switch
        {
            BackupStatus.Failed => stage2.Error?.ExitCode ?? BackupExitCode.Stage2Failed,
            BackupStatus.Cancelled => BackupExitCode.Stage2Failed,
            _ => BackupExitCode.Succeeded,
        };

    /// <summary>The worse of two stages. A skipped stage 2 does not make a run worse than its stage 1.</summary>
    internal static BackupStatus Worse(BackupStatus stage1, BackupStatus stage2)
    {
        if (stage2 == BackupStatus.Skipped)
            return stage1;
        ReadOnlySpan<BackupStatus> fromWorst = [BackupStatus.Cancelled, BackupStatus.Failed, BackupStatus.SucceededWithWarnings];
        foreach (BackupStatus status in fromWorst)
        {
            if (stage1 == status || stage2 == status)
                return status;
        }

        return stage1;
    }
}
