namespace S3Server;

/// <summary>What a client says of an object when it makes it.</summary>
internal sealed record ObjectAttributes
{
    /// <summary>Content-Type, Content-Encoding, Cache-Control, Content-Disposition, Content-Language, Expires.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>User metadata, names without <c>x-amz-meta-</c>, in lower case.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = EmptyMetadata;

    public string StorageClass { get; init; } = "STANDARD";

    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    public string Encryption { get; init; } = "AES256";

    public string? EncryptionKey { get; init; }

    public bool BucketKey { get; init; }

    public string? WebsiteRedirect { get; init; }

    /// <summary>S3: the ETag of an object encrypted with a KMS key is no MD5 of its content.</summary>
    public bool HasMd5ETag => !Encryption.StartsWith("aws:kms", StringComparison.Ordinal);

    public static IReadOnlyDictionary<string, string> EmptyMetadata { get; } = new Dictionary<string, string>();
}

/// <summary>One version of an object, or a delete marker.</summary>
internal sealed class StoredObject
{
    public required string Key { get; init; }

    /// <summary><c>null</c> (the word) for objects made while versioning is not enabled, as S3 has it.</summary>
    public string VersionId { get; set; } = S3Store.NullVersion;

    public bool IsDeleteMarker { get; init; }

    public StoredContent Content { get; init; } = StoredContent.Empty;

    public string ETag { get; init; } = string.Empty;

    public DateTimeOffset LastModified { get; init; }

    public ObjectAttributes Attributes { get; init; } = new();

    public IReadOnlyList<KeyValuePair<string, string>>? LaterTags { get; set; }

    public IReadOnlyList<KeyValuePair<string, string>> Tags => LaterTags ?? Attributes.Tags;

    public StoredChecksum? Checksum { get; init; }

    public IReadOnlyList<UploadedPart>? Parts { get; init; }

    /// <summary>Whether RestoreObject was called; restoring takes no time here.</summary>
    public bool IsRestored { get; set; }

    /// <summary>Until when it is locked; null for never.</summary>
    public ObjectLock? Lock { get; set; }

    /// <summary>Where a lifecycle rule, or a tier, has moved it; null for where it was put.</summary>
    public string? MovedTo { get; set; }

    /// <summary>The archive access tier of an INTELLIGENT_TIERING object; null for none.</summary>
    public string? ArchiveStatus { get; set; }

    public string StorageClass => MovedTo ?? Attributes.StorageClass;

    public bool IsArchived => (StorageClass is "GLACIER" or "DEEP_ARCHIVE" && !IsRestored) || ArchiveStatus is not null;

    public long Size => Content.Length;
}

internal sealed record UploadedPart(
    int Number, long Size, string ETag, byte[]? Md5, StoredChecksum? Checksum, byte[]? RawChecksum, DateTimeOffset LastModified)
{
    public StoredContent Content { get; init; } = StoredContent.Empty;
}

internal sealed class MultipartUpload
{
    public required string Id { get; init; }

    public required string Key { get; init; }

    public required DateTimeOffset Initiated { get; init; }

    public required ObjectAttributes Attributes { get; init; }

    public ObjectLock? Lock { get; init; }

    public ChecksumAlgorithm? Algorithm { get; init; }

    public bool IsFullObject { get; init; }

    public SortedDictionary<int, UploadedPart> Parts { get; } = [];
}

/// <summary>An object as tests see it in the store.</summary>
public sealed record StoredObjectInfo
{
    public required string Key { get; init; }

    public required string VersionId { get; init; }

    public required bool IsDeleteMarker { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Without quotes.</summary>
    public required string ETag { get; init; }

    public required string StorageClass { get; init; }

    public required DateTimeOffset LastModified { get; init; }

    /// <summary>User metadata, names without <c>x-amz-meta-</c>, in lower case.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>System headers such as Content-Type.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>AES256, aws:kms or aws:kms:dsse.</summary>
    public required string Encryption { get; init; }

    /// <summary>The KMS key that was named; null for none.</summary>
    public string? EncryptionKey { get; init; }

    /// <summary>Whether the object was put with a bucket key.</summary>
    public bool BucketKey { get; init; }

    /// <summary>Until when it is locked; null for never.</summary>
    public ObjectLock? Lock { get; init; }

    /// <summary>CRC32, CRC32C, CRC64NVME, SHA1, SHA256 or null.</summary>
    public string? ChecksumAlgorithm { get; init; }

    /// <summary>Base64, for a composite checksum with <c>-N</c>.</summary>
    public string? Checksum { get; init; }

    /// <summary>FULL_OBJECT, COMPOSITE or null.</summary>
    public string? ChecksumType { get; init; }

    /// <summary>How many parts it was uploaded in; 0 for an object put whole.</summary>
    public int PartCount { get; init; }
}

/// <summary>A multipart upload that was neither completed nor aborted.</summary>
public sealed record UnfinishedUpload(string UploadId, string Key, int PartCount, long Bytes, DateTimeOffset Initiated);
