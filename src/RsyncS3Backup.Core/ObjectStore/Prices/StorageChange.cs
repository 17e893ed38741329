namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>
/// What a run changes in what is stored, and what that costs beside its requests. It is told of what is stored and of what goes,
/// never of what stays. Thread-safe.
/// </summary>
/// <param name="prices">The prices.</param>
/// <param name="now">When the run began.</param>
internal sealed class StorageChange(PriceList prices, DateTimeOffset now)
{
    private readonly object gate = new();
    private readonly StorageBill stored = new(prices, now);
    private readonly StorageBill gone = new(prices, now);
    private Price retrieval;
    private bool keepsVersions;

    /// <summary>The prices.</summary>
    public PriceList Prices => prices;

    /// <summary>How much more storing costs a month; negative for less.</summary>
    public Price AMonth
    {
        get
        {
            lock (gate)
                return stored.Storage() + (-1 * gone.Storage());
        }
    }

    /// <summary>What S3 charges for objects that went before the days were over for which their class bills at least.</summary>
    public Price EarlyDeletion
    {
        get
        {
            lock (gate)
                return gone.EarlyDeletion();
        }
    }

    /// <summary>What reading objects costs that were copied inside S3.</summary>
    public Price Retrieval
    {
        get
        {
            lock (gate)
                return retrieval;
        }
    }

    /// <summary>An object was stored.</summary>
    /// <param name="storageClass">Its class.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="versionId">Its version; null in a bucket that keeps none.</param>
    public void Stored(string storageClass, long size, string? versionId)
    {
        lock (gate)
        {
            stored.Add(storageClass, size, storedTime: null);
            keepsVersions |= IsKept(versionId);
        }
    }

    /// <summary>An object was read to be copied.</summary>
    public void Copied(string storageClass, long size)
    {
        lock (gate)
            retrieval += prices.Retrieval(storageClass, size);
    }

    /// <summary>An object was deleted or written over.</summary>
    /// <param name="storageClass">Its class.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="storedTime">When it was stored; null where nobody knows.</param>
    /// <param name="versionId">The version that it, or what took its place, has: the bucket keeps the old one then, and nothing
    /// went.</param>
    public void Gone(string storageClass, long size, DateTimeOffset? storedTime, string? versionId)
    {
        lock (gate)
        {
            if (!keepsVersions && !IsKept(versionId))
                gone.Add(storageClass, size, storedTime);
        }
    }

    // "null" is the version of what is written where the bucket keeps versions no more.
    private static bool IsKept(string? versionId) => versionId is not (null or "null");
}
