using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>Objects of one storage class that have to be retrieved before they can be restored.</summary>
/// <param name="StorageClass">The class.</param>
/// <param name="Objects">How many.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record ArchivedObjects(string StorageClass, long Objects, long Bytes)
{
    /// <summary>Counts one more.</summary>
    /// <param name="classes">What was counted, by class.</param>
    /// <param name="stored">The object.</param>
    public static void Count(IDictionary<string, ArchivedObjects> classes, StoredObject stored)
    {
        ArchivedObjects met = classes.TryGetValue(stored.StorageClass, out ArchivedObjects? before) ? before : new(stored.StorageClass, 0, 0);
        classes[stored.StorageClass] = met with { Objects = met.Objects + 1, Bytes = met.Bytes + stored.Size };
    }

    // As Restore-Backup -Days has it.
    private const int DefaultDays = 7;

    /// <summary>All of them, how long S3 takes to bring them back and what that costs, and whose prices those are.</summary>
    /// <param name="classes">What is in an archive, by class.</param>
    /// <param name="retrieval">How it is asked for; null: each tier is told.</param>
    /// <param name="prices">The prices.</param>
    public static string Text(IEnumerable<ArchivedObjects> classes, RestoreRetrieval? retrieval, PriceList prices)
    {
        PriceOrigins origins = PriceOrigins.None;
        List<string> texts = [];
        foreach (ArchivedObjects objects in classes)
        {
            texts.Add(objects.Text(retrieval, prices, out PriceOrigins own));
            origins |= own;
        }

        string all = string.Join("; ", texts);
        return origins == PriceOrigins.None ? all : $"{all} [prices: {prices.Describe(origins)}]";
    }

    // Without a price where nobody gives one: of INTELLIGENT_TIERING nobody knows which archive an object is in.
    private string Text(RestoreRetrieval? retrieval, PriceList prices, out PriceOrigins origins)
    {
        RetrievalTier[] tiers = retrieval is { Tier: var chosen } ? [chosen] : [RetrievalTier.Expedited, RetrievalTier.Standard, RetrievalTier.Bulk];
        List<string> times = [];
        origins = PriceOrigins.None;
        foreach (RetrievalTier tier in tiers)
        {
            if (RetrievalTime.Of(StorageClass, tier).Words is not { } words)
                continue;
            string price = "";
            if (PriceList.CanRetrieve(StorageClass, tier) && Cost(tier, retrieval?.Days ?? DefaultDays, prices) is { Origins: not PriceOrigins.None } cost)
            {
                price = $", {prices.Text(cost)}";
                origins |= cost.Origins;
            }

            times.Add($"{words} ({tier}{price})");
        }

        string objects = FormattableString.Invariant($"{Objects} {(Objects == 1 ? "object" : "objects")} ({HumanText.Bytes(Bytes)}) of {StorageClass}");
        return times.Count > 0 ? $"{objects} {string.Join(", ", times)}" : $"{objects}, which has no tier {retrieval?.Tier}";
    }

    // What is brought back is a copy in STANDARD, for some days beside the archive's.
    private Price Cost(RetrievalTier tier, int days, PriceList prices) =>
        prices.RetrievalRequests(StorageClass, tier, Objects) + prices.Retrieval(StorageClass, tier, Bytes)
        + prices.Storage(S3StorageClasses.Standard, (decimal)Bytes * days / PriceList.DaysOfMonth);
}
