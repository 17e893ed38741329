using RsyncS3Backup.ObjectStore;

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

    /// <summary>How many there are, and how long S3 takes to bring them back.</summary>
    /// <param name="tier">The tier that was chosen; null: all of them.</param>
    public string Text(RetrievalTier? tier)
    {
        RetrievalTier[] tiers = tier is { } chosen ? [chosen] : [RetrievalTier.Expedited, RetrievalTier.Standard, RetrievalTier.Bulk];
        IEnumerable<string> times = tiers.Select(one => (Tier: one, RetrievalTime.Of(StorageClass, one).Words))
            .Where(one => one.Words is not null).Select(one => $"{one.Words} ({one.Tier})");
        string objects = FormattableString.Invariant($"{Objects} {(Objects == 1 ? "object" : "objects")} ({HumanText.Bytes(Bytes)}) of {StorageClass}");
        string all = string.Join(", ", times);
        return all.Length > 0 ? $"{objects} {all}" : $"{objects}, which has no tier {tier}";
    }
}
