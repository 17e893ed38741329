namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>Objects of one storage class that have to be retrieved before they can be restored.</summary>
/// <param name="StorageClass">The class.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record ArchivedObjects(string StorageClass, long Count, long Bytes)
{
    /// <summary>How long S3 takes, by tier; null for a tier that the class does not have. Source: "Archive retrieval options" in the Amazon S3 User Guide.</summary>
    public static string? Time(string storageClass, RetrievalTier tier) => (storageClass, tier) switch
    {
        ("DEEP_ARCHIVE", RetrievalTier.Expedited) => null,
        ("DEEP_ARCHIVE", RetrievalTier.Bulk) => "within 48 hours",
        ("DEEP_ARCHIVE", _) => "within 12 hours",
        // By the archive tier that an object is in, of which a listing says nothing.
        ("INTELLIGENT_TIERING", RetrievalTier.Expedited) => "in 1 to 5 minutes, or not at all",
        ("INTELLIGENT_TIERING", RetrievalTier.Bulk) => "in 5 to 48 hours",
        ("INTELLIGENT_TIERING", _) => "in 3 to 12 hours",
        (_, RetrievalTier.Expedited) => "in 1 to 5 minutes",
        (_, RetrievalTier.Bulk) => "in 5 to 12 hours",
        _ => "in 3 to 5 hours",
    };

    /// <summary>How many there are, and how long S3 takes to bring them back.</summary>
    /// <param name="tier">The tier that was chosen; null: all of them.</param>
    public string Text(RetrievalTier? tier)
    {
        RetrievalTier[] tiers = tier is { } chosen ? [chosen] : [RetrievalTier.Expedited, RetrievalTier.Standard, RetrievalTier.Bulk];
        IEnumerable<string> times = tiers.Select(one => (Tier: one, Time: Time(StorageClass, one))).Where(one => one.Time is not null)
            .Select(one => $"{one.Time} ({one.Tier})");
        string objects = FormattableString.Invariant($"{Count} {(Count == 1 ? "object" : "objects")} ({HumanText.Bytes(Bytes)}) of {StorageClass}");
        string all = string.Join(", ", times);
        return all.Length > 0 ? $"{objects} {all}" : $"{objects}, which has no tier {tier}";
    }
}
