namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>How long S3 takes to bring an object back. Source: "Archive retrieval options" in the Amazon S3 User Guide.</summary>
/// <param name="Words">In words; null for a tier that the class does not have.</param>
/// <param name="Longest">The longest time that S3 names.</param>
internal readonly record struct RetrievalTime(string? Words, TimeSpan Longest)
{
    /// <summary>That of a storage class and a tier.</summary>
    public static RetrievalTime Of(string storageClass, RetrievalTier tier) => (storageClass, tier) switch
    {
        ("DEEP_ARCHIVE", RetrievalTier.Expedited) => new(null, TimeSpan.FromHours(12)),
        ("DEEP_ARCHIVE", RetrievalTier.Bulk) => new("within 48 hours", TimeSpan.FromHours(48)),
        ("DEEP_ARCHIVE", _) => new("within 12 hours", TimeSpan.FromHours(12)),
        // By the archive tier that an object is in, of which a listing says nothing: one of them is as slow as DEEP_ARCHIVE.
        ("INTELLIGENT_TIERING", RetrievalTier.Expedited) => new("in 1 to 5 minutes, or not at all", TimeSpan.FromHours(12)),
        ("INTELLIGENT_TIERING", RetrievalTier.Bulk) => new("in 5 to 48 hours", TimeSpan.FromHours(48)),
        ("INTELLIGENT_TIERING", _) => new("in 3 to 12 hours", TimeSpan.FromHours(12)),
        (_, RetrievalTier.Expedited) => new("in 1 to 5 minutes", TimeSpan.FromMinutes(5)),
        (_, RetrievalTier.Bulk) => new("in 5 to 12 hours", TimeSpan.FromHours(12)),
        _ => new("in 3 to 5 hours", TimeSpan.FromHours(5)),
    };
}
