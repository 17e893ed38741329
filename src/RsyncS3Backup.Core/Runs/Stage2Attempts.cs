using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>Stage 2, and after a fault that may pass stage 2 again, under the same lock: the job's <c>retry</c>.</summary>
/// <remarks>
/// Each attempt is a whole stage 2. What the one before it sent is in the catalog, so the next one goes on where that ended. The journal of
/// stage 1 stays pending until an attempt has carried it out.
/// </remarks>
internal static class Stage2Attempts
{
    /// <summary>Runs stage 2 until it succeeds, fails for good, or has been tried often enough. Never throws for what can go wrong.</summary>
    public static async Task<S3SyncStageResult> RunAsync(
        S3SyncRequest request, RetryOptions? asked, BackupRunOptions options, RunContext context, CancellationToken cancellationToken)
    {
        RetryOptions retry = asked ?? new RetryOptions();
        long started = Stopwatch.GetTimestamp();
        // One time for all attempts: the prefix of a dated snapshot must not change between them.
        S3SyncRequest dated = request with { StartTime = request.StartTime ?? request.Clock.GetLocalNow() };
        List<S3SyncStageResult> attempts = [];
        AttemptedItems items = new(error => error.IsTransient);
        context.Attempts = items;
        bool isCancelled = false;
        try
        {
            while (!isCancelled)
            {
                S3SyncStageResult attempt = await S3SyncStage.RunAsync(dated, context, cancellationToken).ConfigureAwait(false);
                attempts.Add(attempt);
                bool isWorthwhile = attempts.Count < retry.Attempts && RetryPolicy.MayPass(attempt)
                    // A pause would hide what failed.
                    && !attempt.IsDayUsedUp
                    && RetryWait.EndsBefore(options.StopTime, attempts.Count, retry, options.Clock)
                    && !(asked is null && options.IsAttended && attempts.All(GotNothingDone));
                if (!isWorthwhile)
                    break;
                isCancelled = !await RetryWait.WaitAsync(2, attempt.Error!, attempts.Count, retry, options.Clock, context, cancellationToken).ConfigureAwait(false);
                if (!isCancelled)
                    items.Forget();
            }
        }
        finally
        {
            context.EndAttempts();
        }

        if (attempts.Count == 1 && !isCancelled)
            return attempts[0];
        S3SyncStageResult all = Together(attempts) with { Duration = Stopwatch.GetElapsedTime(started) };
        if (isCancelled)
            all = all with { Status = BackupStatus.Cancelled, Error = SyncErrors.Cancelled(request.Destination.Bucket) };
        context.Verbose(
            $"Stage 2 {all.Status} after {all.Attempts} attempts; together: {all.Created} created, {all.Updated} updated, "
            + $"{all.MetadataChanged} with new attributes, {all.Deleted} deleted, {HumanText.Bytes(all.TransferredBytes)} uploaded; requests: {all.Requests}.");
        return all;
    }

    /// <summary>What several attempts did as one result: what each did adds up, what is left is as the last one found it.</summary>
    internal static S3SyncStageResult Together(IReadOnlyList<S3SyncStageResult> attempts)
    {
        S3SyncStageResult last = attempts[^1];
        // An attempt that did not get to the end of the mirror knows less of it than an earlier one.
        int widest = 0;
        for (int index = 1; index < attempts.Count; index++)
        {
            if (attempts[index].Total >= attempts[widest].Total)
                widest = index;
        }

        // What an earlier attempt sent is the same on both sides for a later one.
        long sentBefore = attempts.Take(widest).Sum(attempt => attempt.Created + attempt.Updated + attempt.MetadataChanged);
        return last with
        {
            Attempts = attempts.Sum(attempt => attempt.Attempts),
            StartTime = attempts[0].StartTime,
            SyncMode = attempts[widest].SyncMode,
            SyncModeReason = attempts[widest].SyncModeReason,
            Created = attempts.Sum(attempt => attempt.Created),
            Updated = attempts.Sum(attempt => attempt.Updated),
            MetadataChanged = attempts.Sum(attempt => attempt.MetadataChanged),
            Copied = attempts.Sum(attempt => attempt.Copied),
            CopiedBytes = attempts.Sum(attempt => attempt.CopiedBytes),
            Deleted = attempts.Sum(attempt => attempt.Deleted),
            Postponed = attempts.Sum(attempt => attempt.Postponed),
            Renewed = attempts.Sum(attempt => attempt.Renewed),
            DeletedBytes = attempts.Sum(attempt => attempt.DeletedBytes),
            PrunedSnapshots = attempts.Sum(attempt => attempt.PrunedSnapshots),
            PrunedPrefixes = [.. attempts.SelectMany(attempt => attempt.PrunedPrefixes)],
            Unchanged = Math.Max(0, attempts[widest].Unchanged - sentBefore),
            Total = attempts[widest].Total,
            TotalBytes = attempts[widest].TotalBytes,
            TransferredBytes = attempts.Sum(attempt => attempt.TransferredBytes),
            Requests = Sum(attempts.Select(attempt => attempt.Requests)),
            EstimatedRequestCost = attempts.Sum(attempt => attempt.EstimatedRequestCost),
            EstimatedListingCost = attempts.Max(attempt => attempt.EstimatedListingCost),
            EstimatedEarlyDeletionCost = attempts.Sum(attempt => attempt.EstimatedEarlyDeletionCost),
            EstimatedRetrievalCost = attempts.Sum(attempt => attempt.EstimatedRetrievalCost),
            EstimatedStorageChange = attempts.Sum(attempt => attempt.EstimatedStorageChange),
        };
    }

    private static bool GotNothingDone(S3SyncStageResult attempt) =>
        attempt.Created + attempt.Updated + attempt.MetadataChanged + attempt.Deleted + attempt.TransferredBytes == 0;

    /// <summary>Requests together.</summary>
    internal static S3RequestCounts Sum(IEnumerable<S3RequestCounts> counts) =>
        counts.Aggregate(new S3RequestCounts(), (sum, next) => sum.And(next));
}
