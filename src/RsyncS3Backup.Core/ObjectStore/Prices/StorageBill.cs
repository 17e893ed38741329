namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>What a class holds, as it is billed.</summary>
internal sealed record ClassTotals
{
    /// <summary>How many objects.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>The bytes that they are billed as, without what the class adds for each.</summary>
    public long BilledBytes { get; init; }

    /// <summary>How many of them are watched for a price.</summary>
    public long Watched { get; init; }

    /// <summary>The billed bytes of each times the days that it is billed for in any case.</summary>
    public decimal ByteDays { get; init; }
}

/// <summary>Adds up objects by storage class, and says what they cost. For one thread at a time.</summary>
/// <param name="prices">The prices.</param>
/// <param name="now">Of when days are counted.</param>
internal sealed class StorageBill(PriceList prices, DateTimeOffset now)
{
    private readonly SortedDictionary<string, ClassTotals> classes = new(StringComparer.Ordinal);

    // A million objects mostly have one class between them.
    private string lastClass = "";
    private long objects;
    private long bytes;
    private long billed;
    private long watched;
    private decimal byteDays;

    /// <summary>The classes that objects are in.</summary>
    public IReadOnlyDictionary<string, ClassTotals> Classes
    {
        get
        {
            Settle();
            return classes;
        }
    }

    /// <summary>Adds an object.</summary>
    /// <param name="storageClass">Its class.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="storedTime">When it was stored; null where that is not known, and for what no days are counted of.</param>
    public void Add(string storageClass, long size, DateTimeOffset? storedTime)
    {
        if (storageClass != lastClass)
        {
            Settle();
            lastClass = storageClass;
        }

        long own = prices.BilledSize(storageClass, size);
        objects++;
        bytes += size;
        billed += own;
        if (prices.IsWatched(storageClass, size))
            watched++;
        if (storedTime is { } time && prices.DaysLeft(storageClass, time, now) is > 0 and var days)
            byteDays += own * days;
    }

    /// <summary>The bytes that a class bills.</summary>
    public long BilledBytes(string storageClass)
    {
        (long inClass, long inStandard) = prices.AddedBytes(storageClass);
        ClassTotals totals = Classes[storageClass];
        return totals.BilledBytes + (totals.Objects * (inClass + inStandard));
    }

    /// <summary>What a class costs a month.</summary>
    public Price Storage(string storageClass) => Storage(prices, storageClass, Classes[storageClass]);

    /// <summary>What all of it costs a month.</summary>
    public Price Storage() => Classes.Keys.Aggregate(default(Price), (sum, storageClass) => sum + Storage(storageClass));

    /// <summary>What deleting all of it now would cost.</summary>
    public Price EarlyDeletion() => Classes.Aggregate(
        default(Price), (sum, pair) => sum + prices.EarlyDeletion(pair.Key, pair.Value.ByteDays));

    /// <summary>What the objects of a class cost a month.</summary>
    internal static Price Storage(PriceList prices, string storageClass, ClassTotals totals)
    {
        (long inClass, long inStandard) = prices.AddedBytes(storageClass);
        return prices.Storage(storageClass, totals.BilledBytes + (totals.Objects * inClass))
            + (inStandard > 0 ? prices.Storage(S3StorageClasses.Standard, totals.Objects * inStandard) : default)
            + prices.Monitoring(storageClass, totals.Watched);
    }

    private void Settle()
    {
        if (objects == 0)
            return;
        ClassTotals before = classes.GetValueOrDefault(lastClass) ?? new ClassTotals();
        classes[lastClass] = new ClassTotals
        {
            Objects = before.Objects + objects,
            Bytes = before.Bytes + bytes,
            BilledBytes = before.BilledBytes + billed,
            Watched = before.Watched + watched,
            ByteDays = before.ByteDays + byteDays,
        };
        (objects, bytes, billed, watched, byteDays) = (0, 0, 0, 0, 0);
    }
}
