using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>
/// Finds what a run of a job would do, with the run's own engine: a dry run of the real rsync, and a stage 2 that decides everything and
/// sends nothing. Not one file of the state folder, of the mirror or of the bucket is made or changed.
/// </summary>
internal static class BackupPlanner
{
    /// <summary>Plans both stages of a job, or only its stage 2 when the options say so. Never throws for what can go wrong in a backup.</summary>
    public static async Task<BackupPlan> PlanAsync(
        BackupConfiguration configuration, BackupRunOptions options, IRunObserver observer, CancellationToken cancellationToken)
    {
        DateTimeOffset startTime = DateTimeOffset.Now;
        long started = Stopwatch.GetTimestamp();
        using RunContext context = RunContext.ForPlan(configuration.Name, observer);
        RsyncOptions rsync = configuration.Options.Rsync;
        using PlannedMirror mirror = new(rsync.LocalDestination, rsync.HardLinks);
        RsyncStageResult stage1 = await Stage1Async(configuration, options, mirror, context, cancellationToken).ConfigureAwait(false);
        S3SyncStageResult stage2 = await Stage2Async(configuration, options, stage1, mirror, context, cancellationToken).ConfigureAwait(false);
        return new BackupPlan
        {
            Name = configuration.Name,
            Status = RunDecision.Status(stage1, stage2),
            Stage1 = RsyncStagePlan.From(stage1),
            Stage2 = S3SyncStagePlan.From(stage2),
            ExitCode = RunDecision.ExitCode(stage1, stage2),
            StartTime = startTime,
            Duration = Stopwatch.GetElapsedTime(started),
        };
    }

    private static async Task<RsyncStageResult> Stage1Async(
        BackupConfiguration configuration, BackupRunOptions options, PlannedMirror mirror, RunContext context, CancellationToken cancellationToken)
    {
        RsyncStageResult untouched = BackupRunner.MirrorAsItIs(configuration, context) with { Configuration = configuration };
        // A mirror that is being changed is none to plan on. To try the lock itself would refuse a run that starts at that moment.
        if (JobLock.Holder(configuration.Name) is { } holder)
            return untouched with { Status = BackupStatus.Failed, Error = RunErrors.JobAlreadyRunning(configuration.Name, holder) };
        if (options.SkipStage1)
            return untouched with { Status = BackupStatus.Skipped, SkippedReason = "Left out on request; stage 2 sends the mirror as it is." };
        RsyncStageRequest request = RunDecision.Asked(RsyncStageRequest.From(configuration), options);
        return await RsyncStage.PlanAsync(request, context, mirror, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<S3SyncStageResult> Stage2Async(
        BackupConfiguration configuration, BackupRunOptions options, RsyncStageResult stage1, PlannedMirror mirror, RunContext context,
        CancellationToken cancellationToken)
    {
        bool isAlone = options.SkipStage1 && stage1.Error is null;
        if (RunDecision.SkipReason(configuration, isAlone ? null : stage1) is { } reason)
            return BackupRunner.Skipped(stage1, reason.Replace("Stage 1 failed", "Stage 1 would fail", StringComparison.Ordinal), context);
        S3SyncRequest request = RunDecision.Asked(configuration, options) with
        {
            FollowsStage1 = !isAlone,
            IsPartial = stage1.IsPartial,
        };
        S3SyncStageResult planned =
            await S3SyncStage.PlanAsync(request, context, new PlannedSync(isAlone ? null : mirror), cancellationToken).ConfigureAwait(false);
        bool looks = !options.SkipStage1 && BucketLook.IsDue(configuration.Name);
        return looks ? planned with { Requests = Stage2Attempts.Sum([planned.Requests, BucketLook.One]) } : planned;
    }
}
