using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Sync.Protection;

/// <summary>
/// Renews the locks of what does not change: otherwise the oldest objects would lose theirs first. The catalog knows of each until when it is
/// locked, and of all when the first is due, so that a run in which none is costs neither a request nor a look at the rows.
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="catalog">What S3 holds.</param>
/// <param name="ownership">Is asked before the first change.</param>
/// <param name="options">The job's lock.</param>
internal sealed class LockRenewalPhase(SyncScope scope, ICatalog catalog, PrefixOwnership ownership, ObjectLockOptions options)
{
    private const int AtATime = 64;
    private const int RowsAtATime = 4096;

    private readonly object gate = new();
    private DateTimeOffset next;
    private long left;
    private BackupError? refusal;

    /// <summary>Why locks were not renewed; null while all is well. It does not keep the run from sending what is new.</summary>
    public BackupError? Error { get; private set; }

    /// <summary>Does it, when at least one is due.</summary>
    /// <param name="isForced">True when rows may have come that say nothing of a lock.</param>
    /// <param name="begin">Called before the first request.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task RunAsync(bool isForced, Action begin, CancellationToken cancellationToken)
    {
        if (!isForced && catalog.Renewal is { } known && known.Days == options.Days && known.Due > scope.StartTime)
            return;
        begin();
        // Whatever is written from now on is not due before; what is there may be locked for longer, or there may be nothing.
        next = scope.StartTime + (TimeSpan.FromDays(options.Days) / 2);
        left = 0;
        foreach (CatalogEntry[] batch in catalog.Read().Where(IsDue).Chunk(RowsAtATime))
        {
            await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
            ParallelOptions parallel = new() { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(batch, parallel, (row, token) => RenewAsync(row, token)).ConfigureAwait(false);
        }

        if (refusal is not null)
            Error ??= SyncErrors.LocksNotRenewed(refusal, left, scope.Store.BucketName);
        else if (left == 0)
            catalog.NoteRenewal(new LockRenewal(options.Days, next));
    }

    private bool IsDue(CatalogEntry row)
    {
        if (LockRenewals.DueTime(row, options) is not { } due)
            return false;
        if (due <= scope.StartTime)
            return true;
        Note(due);
        return false;
    }

    private void Note(DateTimeOffset due)
    {
        lock (gate)
            next = due < next ? due : next;
    }

    private async ValueTask RenewAsync(CatalogEntry row, CancellationToken cancellationToken)
    {
        // What S3 refuses of one it refuses of all.
        if (Volatile.Read(ref refusal) is not null)
        {
            Interlocked.Increment(ref left);
            return;
        }

        ObjectRetention renewed = LockRenewals.Renewed(row, options, ownership.Protection!.Now);
        try
        {
            await scope.Store.RetainAsync(row.RelativeKey, row.VersionId, renewed, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode is "NoSuchKey" or "NoSuchVersion" or "MethodNotAllowed")
        {
            catalog.Contradict($"'{row.RelativeKey}': {exception.Message}");
            Interlocked.Increment(ref left);
            return;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Interlocked.Increment(ref left);
            Interlocked.CompareExchange(ref refusal, S3Errors.From(exception, scope.Store.Target) with { Target = row.RelativeKey }, null);
            return;
        }

        CatalogEntry locked = row with { Retention = renewed };
        catalog.Put(locked);
        scope.Counters.LockRenewed();
        Note(LockRenewals.DueTime(locked, options)!.Value);
    }
}
