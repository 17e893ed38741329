using RsyncS3Backup.Calendar;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>What is decided in a run: whether a stage may start, with what, and how the run ended. Pure.</summary>
internal static class RunDecision
{
    /// <summary>Why stage 2 must not run after this stage 1; null when it may.</summary>
    public static string? SkipReason(RsyncStageResult stage1) => stage1.Status switch
    {
        BackupStatus.Failed => $"Stage 1 failed ({stage1.Error?.Id}); the bucket was not touched.",
        BackupStatus.Cancelled => "Stage 1 was cancelled; the bucket was not touched.",
        BackupStatus.Paused => $"Stage 1 was paused; the bucket was not touched. {stage1.PausedReason}".TrimEnd(),
        BackupStatus.Skipped when stage1.Error is { } refusal => $"Stage 1 was skipped ({refusal.Id}); the bucket was not touched.",
        BackupStatus.Skipped => $"Stage 1 was skipped; the bucket was not touched. {stage1.SkippedReason}".TrimEnd(),
        _ when stage1.Configuration is { } configuration => DisabledReason(configuration),
        _ => null,
    };

    /// <summary>Why stage 2 of a job must not run, after this stage 1 or without one; null when it may.</summary>
    public static string? SkipReason(BackupConfiguration configuration, RsyncStageResult? stage1) =>
        (stage1 is null ? null : SkipReason(stage1)) ?? DisabledReason(configuration);

    /// <summary>
    /// Whether locks of objects are renewed although stage 2 does not run: a stage 1 that fails every night, because the source was attacked, or
    /// that takes many nights, must not let them end. What was cancelled or left out is not worth it.
    /// </summary>
    public static bool RenewsLocks(BackupConfiguration configuration, RsyncStageResult? stage1) =>
        stage1?.Status is BackupStatus.Failed or BackupStatus.Paused && DisabledReason(configuration) is null
        && configuration.Options.Rsync.SyncToS3.Protection?.ObjectLock is { Renew: true };

    /// <summary>Why a job has no stage 2; null when it has one.</summary>
    public static string? DisabledReason(BackupConfiguration configuration) =>
        configuration.Options.Rsync.SyncToS3.Enabled ? null : "The job is local only (syncToS3.enabled is false).";

    /// <summary>How a stage ended that was refused. That another run of the job is on is no failure of the job's.</summary>
    public static BackupStatus RefusedStatus(BackupError? refusal) => refusal switch
    {
        { IsCancellation: true } => BackupStatus.Cancelled,
        { Id: ErrorIds.JobAlreadyRunning } => BackupStatus.Skipped,
        _ => BackupStatus.Failed,
    };

    /// <summary>What a scheduler should be told of a stage 2 that ran alone.</summary>
    public static BackupExitCode ExitCode(S3SyncStageResult stage2) =>
        stage2.Status switch
        {
            BackupStatus.Failed => stage2.Error?.ExitCode ?? BackupExitCode.Stage2Failed,
            BackupStatus.Cancelled => BackupExitCode.Stage2Failed,
            BackupStatus.Skipped => stage2.Error?.ExitCode ?? BackupExitCode.Succeeded,
            _ => BackupExitCode.Succeeded,
        };

    /// <summary>What a scheduler should be told of a run of which only one stage may have run.</summary>
    public static BackupExitCode ExitCode(RsyncStageResult? stage1, S3SyncStageResult? stage2)
    {
        BackupExitCode first = stage1?.Status switch
        {
            BackupStatus.Failed => stage1.Error?.ExitCode ?? BackupExitCode.Stage1Failed,
            BackupStatus.Cancelled => BackupExitCode.Stage1Failed,
            BackupStatus.Skipped => stage1.Error?.ExitCode ?? BackupExitCode.Succeeded,
            _ => BackupExitCode.Succeeded,
        };
        return first == BackupExitCode.Succeeded && stage2 is not null ? ExitCode(stage2) : first;
    }

    /// <summary>How a run ended of which only one stage may have run.</summary>
    public static BackupStatus Status(RsyncStageResult? stage1, S3SyncStageResult? stage2) =>
        Worse(stage1?.Status ?? BackupStatus.Skipped, stage2?.Status ?? BackupStatus.Skipped);

    /// <summary>The worse of two stages. A skipped stage does not make a run better or worse than the other one.</summary>
    public static BackupStatus Worse(BackupStatus stage1, BackupStatus stage2)
    {
        if (stage2 == BackupStatus.Skipped)
            return stage1;
        if (stage1 == BackupStatus.Skipped)
            return stage2;
        ReadOnlySpan<BackupStatus> fromWorst =
            [BackupStatus.Cancelled, BackupStatus.Failed, BackupStatus.Paused, BackupStatus.SucceededWithWarnings];
        foreach (BackupStatus status in fromWorst)
        {
            if (stage1 == status || stage2 == status)
                return status;
        }

        return stage1;
    }

    /// <summary>Stage 1 with what the caller decided for this run.</summary>
    public static RsyncStageRequest Asked(RsyncStageRequest request, BackupRunOptions options) => request with
    {
        Options = request.Options with { MaxDelete = options.MaxDelete ?? request.Options.MaxDelete },
        AllowEmptySource = options.AllowEmptySource,
        AllowNewDestination = options.AllowNewDestination,
        AllowNewSource = options.AllowNewSource,
        StopTime = options.StopTime,
        Clock = options.Clock,
    };

    /// <summary>What the caller decided, with when the run ends at the latest.</summary>
    /// <param name="configuration">The job; null when it runs from parameters.</param>
    /// <param name="options">What the caller decided.</param>
    /// <param name="start">When the run started.</param>
    public static BackupRunOptions WithStopTime(BackupConfiguration? configuration, BackupRunOptions options, DateTimeOffset start) =>
        options.NoPause || configuration?.StopAt is not { } text || !StopTime.TryParse(text, out TimeOnly time)
            ? options
            : options with { StopTime = StopTime.After(ScheduleZone.Find(configuration.Schedule?.Timezone), time, start) };

    /// <summary>That what was allowed for this run was not all done, because the run paused; null when nothing was allowed.</summary>
    public static string? AllowedForOneRun(BackupRunOptions options)
    {
        (bool IsGiven, string Name)[] all =
        [
            (options.MaxDelete is not null, "-MaxDelete"), (options.MaxChange is not null, "-MaxChange"), (options.AllowEmptySource, "-AllowEmptySource"),
            (options.AllowNewDestination, "-AllowNewDestination"), (options.AllowChangedMirror, "-AllowChangedMirror"),
        ];
        string[] given = [.. all.Where(one => one.IsGiven).Select(one => one.Name)];
        return given.Length == 0
            ? null
            : $"What the mirror no longer has was not deleted from the bucket, because the run paused. Give {string.Join(" and ", given)} to the next run again.";
    }

    /// <summary>Stage 2 of a job whose stage 2 is enabled, with what the caller decided for this run.</summary>
    public static S3SyncRequest Asked(BackupConfiguration configuration, BackupRunOptions options) => S3SyncRequest.From(configuration) with
    {
        Credentials = options.Credentials,
        AllowInsecureEndpoint = options.AllowInsecureEndpoint,
        AllowEmptyMirror = options.AllowEmptySource,
        AllowNewDestination = options.AllowNewDestination,
        AllowChangedMirror = options.AllowChangedMirror,
        MaxDelete = options.MaxDelete ?? configuration.Options.Rsync.MaxDelete,
        MaxChange = options.MaxChange ?? configuration.Options.Rsync.MaxChange,
        SharedBandwidth = options.SharedBandwidth,
        NoPause = options.NoPause,
        StopTime = options.StopTime,
    };
}
