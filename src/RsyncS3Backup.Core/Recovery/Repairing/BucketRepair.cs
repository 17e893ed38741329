using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>Sends single entries of the mirror to S3 again, and keeps the catalog right about them. Thread-safe.</summary>
internal sealed class BucketRepair : IDisposable
{
    private const int Connections = 32;

    private readonly IObjectStore store;
    private readonly CatalogSession session;
    private readonly SyncScope scope;
    private readonly TransferLimiter limiter;
    private readonly Uploader uploader;
    private readonly string endpoint = "";

    /// <exception cref="BackupException">The bucket cannot be used.</exception>
    public BucketRepair(S3SyncRequest request, string keyPrefix, RunContext context, Action<long> transferred)
    {
        store = new S3ObjectStore(request, keyPrefix, Connections);
        DateTimeOffset now = DateTimeOffset.Now;
        try
        {
            (scope, PrefixOwnership ownership) = PrefixOwnership.Guard(new SyncScope
            {
                Request = request,
                Store = store,
                State = new SyncState(context.JobName),
                StartTime = now,
                SnapshotTime = now,
                Storage = new StorageChange(PriceList.Of(request.Prices), now),
                Context = context,
                Report = new StageReport(context),
            });
            store = scope.Store;
            endpoint = scope.State.Endpoint(request, () => store.Connect().Endpoint);
            scope.State.Recall(store.Abilities, endpoint, store.BucketName, now);
            string? catalogPath = KeyPrefix.HasDateTokens(request.Options.S3Prefix) ? SnapshotCatalogs.ForJob(context.JobName).PathOf(keyPrefix) : null;
            session = new CatalogSession(
                scope, endpoint, catalogPath, PendingChanges.Open(context.JobName, request.MirrorPath), ownership.Owner);
            store.Connect();
            session.Begin();
            limiter = new TransferLimiter(store.Traffic, Connections / 2, TimeProvider.System);
            uploader = new Uploader(
                store, new EntryHeaders(request), limiter, session.Catalog?.Uploads, request, transferred, _ => { }, _ => { });
        }
        catch
        {
            session?.Dispose();
            store.Dispose();
            throw;
        }
    }

    /// <summary>Sends one entry; what goes wrong is an exception or in the report.</summary>
    public async Task RepairAsync(CopyPair pair, StageReport report, CancellationToken cancellationToken)
    {
        SyncScope own = scope with { Counters = new SyncCounters(), Report = report };
        SyncWorker worker = new(own, uploader, limiter, session.Catalog, snapshot: null);
        SyncActionKind kind = pair.Remote is null ? SyncActionKind.Create : SyncActionKind.Update;
        await worker.CarryOutAsync(new SyncAction(kind, pair.Local, null, null), null, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (store.Abilities.HasNews)
            scope.State.Keep(store.Abilities, endpoint, store.BucketName);
        // Not seen as a whole, so the next run looks at all of the mirror.
        session.End(isDone: false, isComplete: false, new SyncCounters());
        session.Dispose();
        store.Dispose();
    }
}
