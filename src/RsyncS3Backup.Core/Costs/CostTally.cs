using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Costs;

/// <summary>Adds up what a job stores, one object after the other. For one thread at a time.</summary>
/// <param name="request">What is asked.</param>
/// <param name="prices">The prices.</param>
/// <param name="now">Now.</param>
internal sealed class CostTally(CostRequest request, PriceList prices, DateTimeOffset now)
{
    private readonly StorageBill old = new(prices, now);
    private readonly StorageBill unfinished = new(prices, now);
    private readonly Dictionary<string, long> reads = new(StringComparer.Ordinal);
    private readonly Candidate[] candidates =
    [
        .. request.StorageClasses
            .Select(storageClass => new Candidate(request.S3.Options with { StorageClass = storageClass }, prices, now)),
    ];

    /// <summary>The current objects.</summary>
    public StorageBill Current { get; } = new(prices, now);

    /// <summary>How many they are.</summary>
    public long Objects { get; private set; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>True when one of them is a version of a bucket that keeps versions.</summary>
    public bool HasVersions { get; private set; }

    /// <summary>An object as it is now.</summary>
    public void AddCurrent(string storageClass, long size, DateTimeOffset? storedTime, string? versionId)
    {
        Objects++;
        Bytes += size;
        HasVersions |= versionId is not (null or "null");
        Current.Add(storageClass, size, storedTime);
        reads[storageClass] = reads.GetValueOrDefault(storageClass) + PartSize.ReadRequests(size);
        foreach (Candidate candidate in candidates)
            candidate.Add(size);
    }

    /// <summary>A version that is not the current one.</summary>
    public void AddOld(string storageClass, long size, DateTimeOffset? storedTime) => old.Add(storageClass, size, storedTime);

    /// <summary>The parts of an upload that nobody completed.</summary>
    public void AddUnfinished(long size) => unfinished.Add(StorageClassOfParts, size, storedTime: null);

    /// <summary>What storing all of that costs a month.</summary>
    public Price Storage() => Current.Storage() + old.Storage() + unfinished.Storage();

    /// <summary>The same by kind and class.</summary>
    public IReadOnlyList<BackupStorageCost> Lines() =>
    [
        .. Lines(BackupStorageKind.Current, Current), .. Lines(BackupStorageKind.OldVersions, old),
        .. Lines(BackupStorageKind.UnfinishedUploads, unfinished),
    ];

    /// <summary>What a restore of all current objects costs, by tier where some are in an archive.</summary>
    public (IReadOnlyList<BackupRestoreCost> Costs, PriceOrigins Origins) Restores()
    {
        (BackupRestoreCost Cost, PriceOrigins Origins)[] all = [.. RestoreCost.Of(Current.Classes, reads, prices)];
        return ([.. all.Select(one => one.Cost)], all.Aggregate(PriceOrigins.None, (origins, one) => origins | one.Origins));
    }

    /// <summary>What the job would cost in each of the classes that were asked for.</summary>
    public IReadOnlyList<BackupClassCost> Comparisons()
    {
        Price current = Current.Storage();
        return [.. candidates.Select(candidate => candidate.Cost(request.Configuration.Name, current))];
    }

    // S3 keeps parts for an archive in STANDARD until they are an object. Source: "Multipart upload and pricing" in the Amazon S3
    // User Guide.
    private string StorageClassOfParts =>
        S3StorageClasses.IsArchive(request.S3.Options.StorageClass) ? S3StorageClasses.Standard : request.S3.Options.StorageClass;

    private IEnumerable<BackupStorageCost> Lines(BackupStorageKind kind, StorageBill bill) => bill.Classes.Select(pair =>
    {
        Price cost = bill.Storage(pair.Key);
        return new BackupStorageCost
        {
            Kind = kind,
            StorageClass = pair.Key,
            Objects = pair.Value.Objects,
            Bytes = pair.Value.Bytes,
            BilledBytes = bill.BilledBytes(pair.Key),
            StorageCost = cost.Rounded,
            Currency = prices.Currency,
            PriceSource = prices.Describe(cost.Origins),
        };
    });

    /// <summary>The job with another storage class; what the job sends elsewhere because it is small goes there still.</summary>
    private sealed class Candidate(S3SyncOptions options, PriceList prices, DateTimeOffset now)
    {
        private readonly StorageBill bill = new(prices, now);
        private readonly Dictionary<string, long> reads = new(StringComparer.Ordinal);
        private readonly Dictionary<string, long> writes = new(StringComparer.Ordinal);

        public void Add(long size)
        {
            string storageClass = SmallObjects.StorageClassFor(size, options);
            bill.Add(storageClass, size, storedTime: null);
            reads[storageClass] = reads.GetValueOrDefault(storageClass) + PartSize.ReadRequests(size);
            writes[storageClass] = writes.GetValueOrDefault(storageClass) + PartSize.WriteRequests(size);
        }

        public BackupClassCost Cost(string job, Price current)
        {
            Price storage = bill.Storage();
            Price upload = writes.Aggregate(default(Price), (sum, pair) => sum + prices.Put(pair.Key, pair.Value));
            // The cheapest one is the last.
            (BackupRestoreCost restore, PriceOrigins ofRestore) = RestoreCost.Of(bill.Classes, reads, prices).Last();
            return new BackupClassCost
            {
                Name = job,
                StorageClass = options.StorageClass,
                Objects = bill.Classes.Sum(pair => pair.Value.Objects),
                Bytes = bill.Classes.Sum(pair => pair.Value.Bytes),
                BilledBytes = bill.Classes.Sum(pair => bill.BilledBytes(pair.Key)),
                StorageCost = storage.Rounded,
                Change = (storage + (-1 * current)).Rounded,
                UploadCost = upload.Rounded,
                RestoreCost = restore.TotalCost,
                Tier = restore.Tier,
                Wait = restore.Wait,
                MinimumDays = prices.MinimumDays(options.StorageClass),
                Currency = prices.Currency,
                PriceSource = prices.Describe((storage + upload).Origins | ofRestore),
            };
        }
    }
}
