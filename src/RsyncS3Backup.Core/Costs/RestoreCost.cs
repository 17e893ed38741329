using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Recovery.Fetching;

namespace RsyncS3Backup.Costs;

/// <summary>What it costs to restore everything.</summary>
internal static class RestoreCost
{
    // As Restore-Backup -Days has it.
    private const int DaysOfCopies = 7;

    // The cheapest one last.
    private static readonly RetrievalTier[] Tiers = [RetrievalTier.Expedited, RetrievalTier.Standard, RetrievalTier.Bulk];

    /// <summary>One line, or one for each tier that brings back all that is in an archive, the cheapest one last.</summary>
    /// <param name="classes">What each class holds.</param>
    /// <param name="reads">How many requests read all of a class.</param>
    /// <param name="prices">The prices.</param>
    /// <returns>Each with who said its prices.</returns>
    public static IEnumerable<(BackupRestoreCost Cost, PriceOrigins Origins)> Of(
        IReadOnlyDictionary<string, ClassTotals> classes, IReadOnlyDictionary<string, long> reads, PriceList prices)
    {
        string[] archives = [.. classes.Keys.Where(S3StorageClasses.IsArchive)];
        if (archives.Length == 0)
            return [Of(tier: null, classes, reads, prices)];
        return Tiers.Where(tier => archives.All(archive => PriceList.CanRetrieve(archive, tier)))
            .Select(tier => Of(tier, classes, reads, prices));
    }

    private static (BackupRestoreCost Cost, PriceOrigins Origins) Of(
        RetrievalTier? tier, IReadOnlyDictionary<string, ClassTotals> classes, IReadOnlyDictionary<string, long> reads,
        PriceList prices)
    {
        long objects = classes.Sum(pair => pair.Value.Objects);
        Price requests = prices.Listing(objects);
        Price retrieval = default;
        TimeSpan? wait = null;
        foreach ((string storageClass, ClassTotals totals) in classes)
        {
            requests += prices.Get(storageClass, reads[storageClass]);
            if (tier is not { } speed || !S3StorageClasses.IsArchive(storageClass))
            {
                retrieval += prices.Retrieval(storageClass, totals.Bytes);
                continue;
            }

            requests += prices.RetrievalRequests(storageClass, speed, totals.Objects);
            // What is brought back is a copy in STANDARD, for some days beside the archive's.
            retrieval += prices.Retrieval(storageClass, speed, totals.Bytes)
                + prices.Storage(S3StorageClasses.Standard, (decimal)totals.Bytes * DaysOfCopies / PriceList.DaysOfMonth);
            TimeSpan longest = RetrievalTime.Of(storageClass, speed).Longest;
            wait = wait > longest ? wait : longest;
        }

        long bytes = classes.Sum(pair => pair.Value.Bytes);
        Price transfer = prices.TransferOut(bytes);
        PriceOrigins origins = (requests + retrieval + transfer).Origins;
        BackupRestoreCost cost = new()
        {
            Tier = tier,
            Wait = wait,
            Objects = objects,
            Bytes = bytes,
            RequestCost = requests.Rounded,
            RetrievalCost = retrieval.Rounded,
            TransferCost = transfer.Rounded,
            Currency = prices.Currency,
            PriceSource = prices.Describe(origins),
        };
        return (cost, origins);
    }
}
