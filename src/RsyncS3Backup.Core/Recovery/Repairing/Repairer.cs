using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>Repairs entries, several at a time. What one side needs is made when its first entry comes.</summary>
internal sealed class Repairer : IDisposable
{
    private const int SmallAtATime = 16;
    private const int LargeAtATime = 2;

    private readonly RunContext context;
    private readonly S3Target target;
    private readonly LostEndpoint lost = new();
    private readonly Lazy<MirrorRepair> mirror;
    private readonly Lazy<BucketRepair> bucket;

    public Repairer(S3SyncRequest request, string keyPrefix, RunContext context, Action<long> transferred)
    {
        this.context = context;
        target = S3Target.Unresolved(request);
        mirror = new Lazy<MirrorRepair>(() => new MirrorRepair(request, keyPrefix, transferred));
        bucket = new Lazy<BucketRepair>(() => new BucketRepair(request, keyPrefix, context, transferred));
    }

    /// <summary>Repairs all of them.</summary>
    /// <param name="found">What was found right before.</param>
    /// <param name="ended">Called for each, from any thread.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The bucket cannot be used any more.</exception>
    public async Task RunAsync(IReadOnlyCollection<FoundDifference> found, Action<BackupRepair> ended, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A few large files must not keep the many small ones waiting.
        ILookup<bool, FoundDifference> isLarge = found.Where(item => !item.IsFolder).ToLookup(item => item.Difference.Length >= PartSize.Threshold);
        Task[] lanes = [RunAsync(isLarge[false], SmallAtATime, ended, stop), RunAsync(isLarge[true], LargeAtATime, ended, stop)];
        await Task.WhenAll(lanes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        // What a lane ended with, and not that the other one was stopped then.
        foreach (Task lane in lanes.OrderBy(lane => lane.IsCanceled))
            await lane.ConfigureAwait(false);
        // The deepest first and after what is in them: a file that comes back changes the time of its folder.
        IEnumerable<FoundDifference> folders = found.Where(item => item.IsFolder).OrderByDescending(item => item.Difference.Path, StringComparer.Ordinal);
        await RunAsync(folders, 1, ended, stop).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (mirror.IsValueCreated)
            mirror.Value.Dispose();
        if (bucket.IsValueCreated)
            bucket.Value.Dispose();
    }

    private async Task RunAsync(
        IEnumerable<FoundDifference> found, int atATime, Action<BackupRepair> ended, CancellationTokenSource stop)
    {
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = atATime, CancellationToken = stop.Token };
        try
        {
            await Parallel.ForEachAsync(
                found, parallel, async (item, token) => ended(await RepairAsync(item, token).ConfigureAwait(false))).ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<BackupRepair> RepairAsync(FoundDifference found, CancellationToken cancellationToken)
    {
        BackupDifference difference = found.Difference;
        BackupRepair repair = new()
        {
            Name = context.JobName,
            Path = difference.Path,
            Kind = difference.Kind,
            Status = BackupStatus.Skipped,
            Length = difference.Length,
            Reason = difference.Reason,
        };
        if (difference.Kind == BackupDifferenceKind.NotYetSent)
            return repair with { Reason = "No damage: the next stage 2 sends it. " + difference.Reason };
        if (difference.GoodCopy is not { } good)
            return repair with { Reason = "It is not known which copy is good. " + difference.Reason };
        if (good != found.Wish.GoodCopy)
            return repair with { Reason = $"Another copy is good than when the difference was found: now {good}. Test again. " + difference.Reason };
        StageReport report = new(context);
        try
        {
            if (good == BackupCopy.S3)
            {
                await mirror.Value.RepairAsync(found.Pair.Remote!, report, cancellationToken).ConfigureAwait(false);
                // The objects of a file with several names carry the number that the file had. That it has another one now is in no journal of
                // stage 1: to open the catalog for a repair makes the next run look at all of the mirror.
                if (found.Pair.Row is { LinkGroup: not 0 })
                    _ = bucket.Value;
            }
            else
                await bucket.Value.RepairAsync(found.Pair, report, cancellationToken).ConfigureAwait(false);
            lost.Answered();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            BackupError error = exception is BackupException known ? known.Error
                : good == BackupCopy.S3 ? RestoreErrors.OfContent(difference.Path, exception, target)
                : S3Errors.ItemFailed(difference.Key, exception, target);
            if (lost.Ends(error))
                throw new BackupException(error, exception);
            report.ItemFailed(error);
        }

        if (report.FailedItems() is [var first, ..])
            return repair with { Status = BackupStatus.Failed, Error = first, Reason = first.Message };
        return repair with
        {
            Status = BackupStatus.Succeeded,
            RepairedCopy = good == BackupCopy.S3 ? BackupCopy.Local : BackupCopy.S3,
            Reason = good == BackupCopy.S3 ? "Fetched from S3. " + difference.Reason : "Sent to S3. " + difference.Reason,
        };
    }
}

/// <summary>A difference that is there, what the copies have of it, and what somebody wants.</summary>
internal sealed record FoundDifference(RepairWish Wish, BackupDifference Difference, CopyPair Pair)
{
    /// <summary>True for a folder's own object.</summary>
    public bool IsFolder => Pair.RelativeKey.EndsWith('/');
}
