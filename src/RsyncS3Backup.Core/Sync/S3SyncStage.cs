using RsyncS3Backup.Calendar;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.Sync;

/// <summary>Stage 2: makes the bucket hold what the mirror holds.</summary>
internal static class S3SyncStage
{
    /// <summary>
    /// Runs stage 2. Never throws for what can go wrong in a backup: a failure, a refusal and a cancellation are results too. When it
    /// returns, no multipart upload of this run is left unfinished in the bucket, as far as the bucket can still be reached, but those that a paused
    /// run leaves to the next one.
    /// </summary>
    public static Task<S3SyncStageResult> RunAsync(S3SyncRequest request, RunContext context, CancellationToken cancellationToken) =>
        RunAsync(request, context, plan: null, onlyRenews: false, cancellationToken);

    /// <summary>Renews the locks that are due, and does nothing else: for a run whose stage 1 failed or paused.</summary>
    public static Task<S3SyncStageResult> RenewLocksAsync(S3SyncRequest request, RunContext context, CancellationToken cancellationToken) =>
        RunAsync(request, context, plan: null, onlyRenews: true, cancellationToken);

    /// <summary>
    /// What stage 2 would do. It reads the mirror, the catalog and the bucket as a run does, GET, HEAD and LIST requests included, and changes
    /// nothing anywhere. The requests in the result are those that a run would send.
    /// </summary>
    internal static Task<S3SyncStageResult> PlanAsync(
        S3SyncRequest request, RunContext context, PlannedSync plan, CancellationToken cancellationToken) =>
        RunAsync(request, context, plan, onlyRenews: false, cancellationToken);

    private static async Task<S3SyncStageResult> RunAsync(
        S3SyncRequest request, RunContext context, PlannedSync? plan, bool onlyRenews, CancellationToken cancellationToken)
    {
        Operation operation = new(context, stage: 2, request.StartTime ?? request.Clock.GetLocalNow());
        StageReport report = operation.Report;
        S3SyncStageResult result = new()
        {
            Name = context.JobName,
            RunId = context.RunId,
            Status = BackupStatus.Failed,
            Path = request.MirrorPath,
            BucketName = request.Destination.Bucket,
            StorageClass = request.Options.StorageClass,
            StartTime = operation.StartTime,
            Attempts = 1,
            LogPath = context.LogPath,
        };
        bool needsMirror = plan?.Mirror is null && !onlyRenews;
        if (needsMirror
            && AbsentMirror.SkipReason(request.WhenAbsent, request.AllowNewDestination, context.JobName, request.MirrorPath) is { } absence)
        {
            context.Verbose($"Stage 2 Skipped: {absence}");
            return result with { Status = BackupStatus.Skipped, SkippedReason = absence };
        }

        // Before the mirror is read: what a stage 1 changes from here on may be missed by this run, and stays pending.
        PendingChanges pending = PendingChanges.Open(context.JobName, request.MirrorPath);
        S3SyncRun? run = null;
        OperationEnd end = await operation.RunAsync(
            async () =>
            {
                using S3SyncRun prepared = run = S3SyncRun.Prepare(request, operation.StartTime, pending, context, report, plan, onlyRenews);
                result = result with { KeyPrefix = run.KeyPrefix, SyncMode = run.Mode.Mode, SyncModeReason = run.Mode.Reason };
                await (onlyRenews ? run.RenewLocksAsync(cancellationToken) : run.RunAsync(cancellationToken)).ConfigureAwait(false);
                return report.Failed > 0 ? WhatFailed(report, run.Counters, request.Destination.Bucket) : run.LockError;
            },
            () => SyncErrors.Cancelled(request.Destination.Bucket),
            exception => exception is SqliteException damage && run?.CatalogPath is { } catalog
                ? SyncErrors.CatalogFailed(catalog, damage)
                : S3Errors.From(exception, run?.Target ?? S3Target.Unresolved(request)),
            cancellationToken).ConfigureAwait(false);
        if (end.Error is null && !onlyRenews && run!.IsComplete)
            run.MarkCarriedOut();
        result = Finish(result, run, report) with
        {
            Status = end.Status,
            Error = end.Error,
            Duration = end.Duration,
            IsDayUsedUp = run?.PauseCause == PauseCause.MaxUpload,
        };
        if (end.Error is null && run!.PauseCause is { } cause)
        {
            PauseReason reason = new(ScheduleZone.Find(request.Timezone), request.Schedule, request.Clock.GetUtcNow());
            result = result with
            {
                Status = BackupStatus.Paused,
                PausedReason = cause == PauseCause.MaxUpload
                    ? reason.MaxUpload(request.Options.MaxUpload ?? 0, result.RemainingItems, result.RemainingBytes)
                    : reason.StopAt(request.StopAt, result.RemainingItems, result.RemainingBytes),
            };
        }

        if (onlyRenews)
        {
            context.Verbose($"The locks of {result.Renewed} objects were renewed.");
            return result;
        }

        string keptBack = result.PendingAttributes == 0 ? "" : $" ({result.PendingAttributes} kept until a restore)";
        context.Verbose(
            $"Stage 2 {result.Status}: {result.Created} created, {result.Updated} updated ({result.Copied} of these copied inside S3, "
            + $"{HumanText.Bytes(result.CopiedBytes)}), "
            + $"{result.MetadataChanged} with new attributes{keptBack}, {result.Deleted} deleted, {result.Unchanged} unchanged, {result.Failed} failed; requests: {result.Requests}."
            + $" {result.PausedReason}".TrimEnd());
        return result;
    }

    private static BackupError WhatFailed(StageReport report, SyncCounters counters, string bucket)
    {
        IReadOnlyList<BackupError> items = report.FailedItems();
        bool isOneReason = items.All(item => item.Id == items[0].Id && item.S3ErrorCode is not null);
        return isOneReason && counters.Changed == 0
            ? SyncErrors.NothingSent(items[0], report.Failed, bucket)
            : SyncErrors.PartialTransfer(report.Failed, counters.Total, bucket);
    }

    private static S3SyncStageResult Finish(S3SyncStageResult result, S3SyncRun? run, StageReport report)
    {
        result = result with { Failed = report.Failed, FailedItems = report.FailedItems(), Warnings = report.Warnings() };
        if (run is null)
            return result;
        SyncCounters counters = run.Counters;
        (Price requests, Price listing) = (run.EstimatedRequestCost, run.EstimatedListingCost);
        (Price earlyDeletion, Price retrieval, Price storage) = (run.Storage.EarlyDeletion, run.Storage.Retrieval, run.Storage.AMonth);
        PriceList prices = run.Storage.Prices;
        return result with
        {
            Created = counters.Created,
            Updated = counters.Updated,
            MetadataChanged = counters.MetadataChanged,
            Copied = counters.Copied,
            CopiedBytes = counters.CopiedBytes,
            PendingAttributes = counters.PendingAttributes,
            Unchanged = counters.Unchanged,
            Deleted = counters.Deleted,
            Postponed = counters.Postponed,
            Renewed = counters.Renewed,
            Foreign = counters.Foreign,
            PrunedSnapshots = run.PrunedSnapshots.Count,
            PrunedPrefixes = run.PrunedSnapshots,
            IsSnapshotComplete = run.IsSnapshotComplete,
            DeletedBytes = counters.DeletedBytes,
            RemainingItems = counters.Remaining,
            RemainingBytes = counters.RemainingBytes,
            Total = counters.Total,
            TotalBytes = counters.TotalBytes,
            TransferredBytes = counters.SentBytes,
            Requests = run.Requests,
            StoreLacks = [.. run.StoreLacks.Select(lack => lack.Feature.ToString())],
            StoreLacksSince = run.StoreLacks.Min(lack => (DateTimeOffset?)lack.Since),
            EstimatedRequestCost = requests.Amount,
            EstimatedListingCost = listing.Amount,
            EstimatedEarlyDeletionCost = earlyDeletion.Rounded,
            EstimatedRetrievalCost = retrieval.Rounded,
            EstimatedStorageChange = storage.Rounded,
            Currency = prices.Currency,
            PriceSource = prices.Describe((requests + listing + earlyDeletion + retrieval + storage).Origins),
        };
    }
}
