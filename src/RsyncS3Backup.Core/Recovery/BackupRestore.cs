using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Recovery;

/// <summary>Restores a backup from either copy.</summary>
internal static class BackupRestore
{
    /// <summary>
    /// Runs a restore. Never throws for what can go wrong in one: a failure, a refusal and a cancellation are results too. When it returns,
    /// each file at the destination is the old one or the whole new one.
    /// </summary>
    public static async Task<RestoreResult> RunAsync(RestoreRequest request, IRunObserver observer, CancellationToken cancellationToken)
    {
        using RunContext context = RunContext.Start(request.Name, observer);
        Operation operation = new(context);
        StageReport report = operation.Report;
        RestoreResult result = new()
        {
            Name = request.Name,
            RunId = context.RunId,
            Status = BackupStatus.Failed,
            AsOf = request.AsOf,
            StartTime = operation.StartTime,
            LogPath = context.LogPath,
        };
        RestoreRun? run = null;
        OperationEnd end = await operation.RunAsync(
            async () =>
            {
                RestoreSource source = RestoreSource.Choose(request);
                result = result with { From = source.Copy, FromReason = source.Reason };
                context.Verbose($"Restoring job '{request.Name}' from {(source.Copy == BackupCopy.Local ? "the mirror" : "S3")}. {source.Reason}");
                bool isLocked = NeedsLock(request, source.Copy);
                using JobLock? held = !isLocked ? null
                    : await JobLocks.TakeAsync(request.Name, request.WaitForLock, context, cancellationToken).ConfigureAwait(false);
                using MirrorLock? mirror = !isLocked ? null : await JobLocks
                    .TakeMirrorAsync(request.MirrorPath!, request.WaitForLock, context, cancellationToken).ConfigureAwait(false);
                using RestoreRun prepared = run =
                    await RestoreRun.PrepareAsync(request, source.Copy, context, report, cancellationToken).ConfigureAwait(false);
                result = result with { Source = run.Source, Destination = run.Destination, Snapshot = run.Snapshot };
                context.Verbose($"From {run.Source} to {string.Join(", ", run.Destination)}.");
                await run.RunAsync(cancellationToken).ConfigureAwait(false);
                return report.Failed > 0 ? RestoreErrors.Incomplete(report.Failed, run.Counters.Total) : null;
            },
            () => RestoreErrors.Cancelled(result.Source ?? request.Name),
            exception => exception is BackupException known ? known.Error
                : request.S3 is { } s3 && result.From == BackupCopy.S3 ? RestoreErrors.FromS3(exception, S3Target.Unresolved(s3))
                : RestoreErrors.Unexpected(result.Source ?? request.Name, exception),
            cancellationToken).ConfigureAwait(false);
        result = Finish(result, run, PriceList.Of(request.S3?.Prices), report) with { Status = end.Status, Error = end.Error, Duration = end.Duration };
        context.Verbose(
            $"Restore {result.Status}: {result.Restored} restored, {result.Unchanged} unchanged, {result.Skipped} skipped, {result.Failed} failed, "
            + $"{result.DeletedLeftOut} left out because the mirror had them no more; "
            + $"requests: {result.Requests}.");
        return result;
    }

    /// <summary>
    /// A stage 1 that runs meanwhile would change the mirror under the restore's hands, and of sources that are half restored it would take over
    /// what is not there yet as deleted.
    /// </summary>
    private static bool NeedsLock(RestoreRequest request, BackupCopy from) =>
        request.Configuration is not null && (from == BackupCopy.Local || request.InPlace);

    private static RestoreResult Finish(RestoreResult result, RestoreRun? run, PriceList prices, StageReport report)
    {
        result = result with { Failed = report.Failed, FailedItems = report.FailedItems(), Warnings = report.Warnings() };
        if (run is null)
            return result;
        RestoreCounters counters = run.Counters;
        Price cost = prices.Requests(run.Requests, S3StorageClasses.Standard);
        return result with
        {
            Restored = counters.Restored,
            RestoredBytes = counters.RestoredBytes,
            Unchanged = counters.Unchanged,
            Skipped = counters.Skipped,
            SkippedNewer = counters.KeptNewer,
            DeletedLeftOut = counters.LeftOut,
            Unverified = counters.Unverified,
            Damaged = counters.Damaged,
            Renamed = counters.RenamedCount,
            RenamedItems = counters.Renamed,
            Archived = counters.Archived,
            RetrievalPending = counters.Pending,
            RetrievalRequested = counters.Requested,
            RetrievalReadyBy = run.RetrievalReadyBy,
            Total = counters.Total,
            TotalBytes = counters.TotalBytes,
            TransferredBytes = counters.TransferredBytes,
            Requests = run.Requests,
            EstimatedRequestCost = cost.Amount,
            Currency = prices.Currency,
            PriceSource = prices.Describe(cost.Origins),
        };
    }
}
