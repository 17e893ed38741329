using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>What a part of stage 2 needs of a run, with the bucket and the catalog in memory.</summary>
internal sealed class MemoryRun : IDisposable
{
    public const string Prefix = "p/";
    public static readonly DateTimeOffset Now = new(2026, 3, 31, 2, 0, 0, TimeSpan.Zero);

    public MemoryRun()
    {
        Context = RunContext.ForPlan(JobName, Observer);
        Report = new StageReport(Context, stage: 2);
        Request = new S3SyncRequest
        {
            MirrorPath = Files.Folder("mirror"),
            Destination = new S3Destination { Bucket = "bucket" },
            Options = new S3SyncOptions { S3Prefix = Prefix, DeleteFromS3 = true },
            MaxDelete = DeleteLimit.Unlimited,
        };
    }

    public string JobName { get; } = "memory-" + Guid.NewGuid().ToString("N");

    public TemporaryFolder Files { get; } = new();

    public MemoryStore Store { get; } = new(Prefix);

    public MemoryCatalog Catalog { get; } = new();

    public RecordingObserver Observer { get; } = new() { WantsActions = true };

    public RunContext Context { get; }

    public StageReport Report { get; }

    public SyncCounters Counters { get; } = new();

    public StorageChange Storage { get; } = new(PriceList.Of(null), Now);

    public S3SyncRequest Request { get; set; }

    /// <summary>What a catalog is asked for with; null: none can be had.</summary>
    public List<string>? Opened { get; set; }

    public string SpoolFolder => Files.Folder("state");

    public SyncScope Scope => new()
    {
        Request = Request,
        Store = Store,
        State = new State(this),
        StartTime = Now,
        SnapshotTime = Now,
        Counters = Counters,
        Storage = Storage,
        Context = Context,
        Report = Report,
    };

    /// <summary>A row of what the job sent, and its object.</summary>
    public CatalogEntry Sent(string key, long size = 5)
    {
        Store.Put(Prefix + key);
        CatalogEntry row = Row(key, size);
        Catalog.Put(row);
        return row;
    }

    /// <summary>A row of what the job sent.</summary>
    public static CatalogEntry Row(string key, long size = 5) => new()
    {
        RelativeKey = key,
        Size = size,
        ModifiedNanoseconds = 1,
        Mode = 0x81A4,
        ETag = "tag",
        StorageClass = S3StorageClasses.Standard,
        ConfirmedTime = Now,
    };

    /// <summary>That the mirror does not have what a row says.</summary>
    public static SyncAction Gone(CatalogEntry row) => new(SyncActionKind.Delete, null, row, null);

    /// <summary>That the mirror does not have what a listing shows, and the catalog neither.</summary>
    public static SyncAction Listed(string key, long size = 5) => new(SyncActionKind.Delete, null, null, new StoredObject(key, size, "tag"));

    public void Dispose()
    {
        Context.Dispose();
        Files.Dispose();
    }

    private sealed class State(MemoryRun run) : ISyncState
    {
        public string CatalogPath() => run.Opened is null ? throw new IOException("no room") : "own.db";

        public SnapshotCatalogs Snapshots() => throw new IOException();

        public string SpoolFolder() => run.SpoolFolder;

        public ICatalog Open(string path, CatalogIdentity identity)
        {
            (run.Opened ?? throw new IOException("no room")).Add($"{path} {identity.Endpoint} {identity.Bucket} {identity.KeyPrefix} {identity.MirrorPath}");
            return run.Catalog;
        }

        public string Endpoint(RsyncS3Backup.ObjectStore.S3Access access, Func<string> resolve) => resolve();

        public void Recall(RsyncS3Backup.ObjectStore.StoreAbilities abilities, string endpoint, string bucket, DateTimeOffset now)
        {
        }

        public void Keep(RsyncS3Backup.ObjectStore.StoreAbilities abilities, string endpoint, string bucket)
        {
        }

        public void KeepPaused(S3CopyRequest request, string keyPrefix, DateTimeOffset time)
        {
        }

        public void ForgetPaused()
        {
        }

        public void MarkCarriedOut(PendingChanges changes)
        {
        }
    }
}
