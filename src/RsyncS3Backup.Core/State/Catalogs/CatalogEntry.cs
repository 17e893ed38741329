namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// What S3 is known to hold under one key, and which version of the mirror's entry that is. Written down only after S3 confirmed it.
/// </summary>
internal sealed record CatalogEntry
{
    /// <summary>The key below the job's prefix; ends in <c>/</c> for a folder's marker.</summary>
    public required string RelativeKey { get; init; }

    /// <summary>Bytes of the object.</summary>
    public required long Size { get; init; }

    /// <summary>The entry's modification time in nanoseconds since 1970-01-01 UTC; it is in the object's metadata.</summary>
    public required long ModifiedNanoseconds { get; init; }

    /// <summary>The entry's change time in the mirror when its content was last known to be the object's; 0 where that is not known.</summary>
    public long ChangedNanoseconds { get; init; }

    /// <summary>Type and permission bits, as <c>st_mode</c> has them; they are in the object's metadata.</summary>
    public uint Mode { get; init; }

    /// <summary>The owner's numeric id.</summary>
    public uint UserId { get; init; }

    /// <summary>The group's numeric id.</summary>
    public uint GroupId { get; init; }

    /// <summary>The inode that a file with several names has in the mirror, which its objects carry as their group; 0 for one name.</summary>
    public ulong LinkGroup { get; init; }

    /// <summary>The object's entity tag, without quotes.</summary>
    public required string ETag { get; init; }

    /// <summary>The CRC32 of the whole content, base64 as S3 writes it; null where only parts have one.</summary>
    public string? Crc32 { get; init; }

    /// <summary>
    /// The hash of the very bytes that S3 took, by which the object can be copied for another entry with the same content; null
    /// where it is not known, or not worth it.
    /// </summary>
    public ContentHash? Hash { get; init; }

    /// <summary>
    /// The hashes that <see cref="Hash"/> is made of, when the row is put; null: those that are recorded stay, as far as they are
    /// the same content's. What is read has none: <see cref="ICatalog.FindParts"/>.
    /// </summary>
    public IReadOnlyList<UInt128>? PartHashes { get; init; }

    /// <summary>The object's storage class.</summary>
    public required string StorageClass { get; init; }

    /// <summary>The object's version in a bucket that keeps versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>True when the mirror did not have it when it was last looked at, and it stayed in S3 all the same.</summary>
    public bool IsLeftover { get; init; }

    /// <summary>
    /// Since when the mirror does not have it, by the clock of the run that found out and was allowed to delete it, in whole seconds; null where no
    /// deletion waits.
    /// </summary>
    public DateTimeOffset? GoneTime { get; init; }

    /// <summary>True when it was there before the job was, or somebody else put it there: the job does not delete what it never sent.</summary>
    public bool IsForeign { get; init; }

    /// <summary>
    /// True when the object is in an archive, where S3 cannot change its metadata: the attributes are those that the mirror has, and the object
    /// still carries older ones.
    /// </summary>
    public bool HasPendingAttributes { get; init; }

    /// <summary>The object's lock, as the job set it; null where it set none, or does not know.</summary>
    public ObjectRetention? Retention { get; init; }

    /// <summary>False when it is known that S3 has, or may have, an object by that name, and nothing of what it was made from.</summary>
    public bool IsOurs => Mode != 0;

    /// <summary>
    /// When S3 had stored the object, by its own clock, in whole seconds: with a later LastModified it is another object. Null when not known.
    /// </summary>
    public DateTimeOffset? StoredTime { get; init; }

    /// <summary>When S3 confirmed it.</summary>
    public DateTimeOffset ConfirmedTime { get; init; }

    /// <summary>The same entry when the mirror has it again.</summary>
    public CatalogEntry Returned() => this with { IsLeftover = false, GoneTime = null };

    /// <summary>For a key of which S3 may hold anything or nothing, because a request ended without an answer.</summary>
    public static CatalogEntry Uncertain(string relativeKey) => new()
    {
        RelativeKey = relativeKey,
        Size = 0,
        ModifiedNanoseconds = 0,
        ETag = "",
        StorageClass = "",
        ConfirmedTime = DateTimeOffset.UtcNow,
    };
}
