using System.Collections.ObjectModel;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// One object, or one version of it, as S3 tells of it: in a listing, when it is asked about it, when it hands it out, and when
/// it has stored it. What an answer does not speak of is null or empty.
/// </summary>
/// <param name="RelativeKey">The key without the store's prefix; ends in <c>/</c> for a folder's marker.</param>
/// <param name="Size">Bytes of the whole object, also when a range was asked for; 0 for a delete marker.</param>
/// <param name="ETag">The entity tag without quotes; empty for a delete marker.</param>
internal sealed record StoredObject(string RelativeKey, long Size, string ETag)
{
    /// <summary>The storage class; STANDARD where the store does not tell, empty where there is no object.</summary>
    public string StorageClass { get; init; } = S3StorageClasses.Standard;

    /// <summary>
    /// When S3 stored it, by its own clock: whole seconds, and of an upload in parts when it began. Of what was sent just now,
    /// when S3 answered, which is no earlier: an object that a listing shows as modified later is not this one.
    /// </summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>
    /// The version; null in a bucket that keeps none, or where none were listed. <c>null</c> as text is a version that S3 calls
    /// so.
    /// </summary>
    public string? VersionId { get; init; }

    /// <summary>False for a version that is not the current one.</summary>
    public bool IsLatest { get; init; } = true;

    /// <summary>True for a version that says that the object was deleted.</summary>
    public bool IsDeleteMarker { get; init; }

    /// <summary>True for a folder: a marker, or in the listing of one level what keys beneath it have in common.</summary>
    public bool IsFolder => RelativeKey.EndsWith('/');

    /// <summary>True when there is an object of that key, and not only keys beneath it.</summary>
    public bool HasObject { get; init; } = true;

    /// <summary>User metadata: names in lower case without <c>x-amz-meta-</c>. No listing has it.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>What the object says it is.</summary>
    public string? ContentType { get; init; }

    /// <summary>
    /// Checksums of the whole content, base64, by S3's name of the algorithm in lower case; none that is made of those of parts.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Checksums { get; init; } = [];

    /// <summary>Likewise checksums of the checksums of the parts, with <c>-</c> and their number.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> PartChecksums { get; init; } = [];

    /// <summary>
    /// True when the entity tag cannot be an MD5, because the object is encrypted with a key of somebody's own.
    /// </summary>
    public bool IsTagOpaque { get; init; }

    /// <summary>The state of a retrieval from the archive as S3 words it; null when none was asked for.</summary>
    public string? Restore { get; init; }

    /// <summary>The archive that S3 Intelligent-Tiering has put it in; null for none.</summary>
    public string? ArchiveStatus { get; init; }

    /// <summary>Its lock; null where there is none, or the credentials may not see it. No listing has it.</summary>
    public ObjectRetention? Retention { get; init; }

    /// <summary>A folder of which nothing is known but that keys are beneath it.</summary>
    /// <param name="relativeKey">Ends in a slash.</param>
    public static StoredObject Folder(string relativeKey) => new(relativeKey, 0, "") { StorageClass = "", HasObject = false };

    /// <summary>The checksum by one algorithm of the whole content, base64; null where S3 has none.</summary>
    /// <param name="algorithm">S3's name in lower case.</param>
    public string? ChecksumBy(string algorithm)
    {
        foreach ((string name, string value) in Checksums)
        {
            if (name == algorithm)
                return value;
        }

        return null;
    }
}
