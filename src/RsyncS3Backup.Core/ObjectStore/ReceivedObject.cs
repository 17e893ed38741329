using System.Globalization;
using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>What S3 says of an object when it hands it out, or is asked about it.</summary>
internal sealed record ReceivedObject
{
    private const string MetadataPrefix = "x-amz-meta-";

    /// <summary>Bytes of the whole object, also when a range was asked for.</summary>
    public required long Size { get; init; }

    /// <summary>The entity tag without quotes.</summary>
    public required string ETag { get; init; }

    /// <summary>The version, in a bucket that keeps versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>When S3 stored it.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>User metadata: names in lower case without <c>x-amz-meta-</c>.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>What the object says it is.</summary>
    public string? ContentType { get; init; }

    /// <summary>Checksums of the whole content, base64, by S3's name of the algorithm in lower case; none that is made of those of parts.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Checksums { get; init; } = [];

    /// <summary>True when the entity tag cannot be an MD5, because the object is encrypted with a key of somebody's own.</summary>
    public bool IsTagOpaque { get; init; }

    /// <summary>The storage class; STANDARD where S3 says nothing.</summary>
    public string StorageClass { get; init; } = S3StorageClasses.Standard;

    /// <summary>The state of a retrieval from the archive as S3 words it; null when none was asked for.</summary>
    public string? Restore { get; init; }

    /// <summary>The archive that S3 Intelligent-Tiering has put it in; null for none.</summary>
    public string? ArchiveStatus { get; init; }

    /// <summary>From the headers of an answer.</summary>
    /// <param name="headers">Those of the answer.</param>
    /// <param name="content">Those of its body.</param>
    public static ReceivedObject From(HttpResponseHeaders headers, HttpContentHeaders content)
    {
        StoredVersion version = StoredVersion.From(Find(headers, "ETag"), Find(headers, "x-amz-version-id"));
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        List<KeyValuePair<string, string>> checksums = [];
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                metadata[name[MetadataPrefix.Length..].ToLowerInvariant()] = values.ToString();
            else if (name.StartsWith(ContentChecksum.HeaderPrefix, StringComparison.OrdinalIgnoreCase))
                checksums.Add(new(name[ContentChecksum.HeaderPrefix.Length..].ToLowerInvariant(), values.ToString()));
        }

        bool isComposite = string.Equals(Find(headers, "x-amz-checksum-type"), "COMPOSITE", StringComparison.OrdinalIgnoreCase);
        return new ReceivedObject
        {
            Size = content.ContentRange?.Length ?? content.ContentLength ?? 0,
            ETag = version.ETag,
            VersionId = version.VersionId,
            LastModified = content.LastModified,
            Metadata = metadata,
            ContentType = content.NonValidated.TryGetValues("Content-Type", out HeaderStringValues type) ? type.ToString() : null,
            Checksums = isComposite ? [] : [.. checksums.Where(IsOfWholeContent)],
            IsTagOpaque = IsOpaque(Find(headers, "x-amz-server-side-encryption"), Find(headers, "x-amz-server-side-encryption-customer-algorithm")),
            StorageClass = S3StorageClasses.Named(Find(headers, "x-amz-storage-class")),
            Restore = Find(headers, "x-amz-restore"),
            ArchiveStatus = Find(headers, "x-amz-archive-status"),
        };
    }

    /// <summary>From the SDK's answer.</summary>
    public static ReceivedObject From(GetObjectResponse answer)
    {
        bool isRange = answer.ContentRange is { Length: > 0 };
        StoredVersion version = StoredVersion.From(answer.ETag, answer.VersionId);
        return new ReceivedObject
        {
            Size = isRange && long.TryParse(answer.ContentRange.AsSpan(answer.ContentRange.IndexOf('/', StringComparison.Ordinal) + 1), out long size)
                ? size
                : answer.ContentLength,
            ETag = version.ETag,
            VersionId = version.VersionId,
            LastModified = answer.LastModified is { } modified ? new DateTimeOffset(modified.ToUniversalTime()) : null,
            Metadata = Names(answer.Metadata),
            ContentType = answer.Headers.ContentType,
            Checksums = Whole(
                answer.ChecksumType, answer.ChecksumCRC32, answer.ChecksumCRC32C, answer.ChecksumCRC64NVME, answer.ChecksumSHA1, answer.ChecksumSHA256),
            IsTagOpaque = IsOpaque(answer.ServerSideEncryptionMethod?.Value, answer.ServerSideEncryptionCustomerMethod?.Value),
            StorageClass = S3StorageClasses.Named(answer.StorageClass?.Value),
        };
    }

    /// <summary>From the SDK's answer.</summary>
    public static ReceivedObject From(GetObjectMetadataResponse answer)
    {
        StoredVersion version = StoredVersion.From(answer.ETag, answer.VersionId);
        return new ReceivedObject
        {
            Size = answer.ContentLength,
            ETag = version.ETag,
            VersionId = version.VersionId,
            LastModified = answer.LastModified is { } modified ? new DateTimeOffset(modified.ToUniversalTime()) : null,
            Metadata = Names(answer.Metadata),
            ContentType = answer.Headers.ContentType,
            Checksums = Whole(
                answer.ChecksumType, answer.ChecksumCRC32, answer.ChecksumCRC32C, answer.ChecksumCRC64NVME, answer.ChecksumSHA1, answer.ChecksumSHA256),
            IsTagOpaque = IsOpaque(answer.ServerSideEncryptionMethod?.Value, answer.ServerSideEncryptionCustomerMethod?.Value),
            StorageClass = S3StorageClasses.Named(answer.StorageClass?.Value),
            Restore = answer.RestoreInProgress is { } inProgress
                ? string.Create(CultureInfo.InvariantCulture, $"ongoing-request=\"{(inProgress ? "true" : "false")}\"")
                : null,
            ArchiveStatus = answer.ArchiveStatus?.Value,
        };
    }

    private static string? Find(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    private static Dictionary<string, string> Names(MetadataCollection metadata)
    {
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (string name in metadata.Keys)
        {
            string lower = name.ToLowerInvariant();
            found[lower.StartsWith(MetadataPrefix, StringComparison.Ordinal) ? lower[MetadataPrefix.Length..] : lower] = metadata[name];
        }

        return found;
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Whole(
        ChecksumType? type, string? crc32, string? crc32C, string? crc64Nvme, string? sha1, string? sha256)
    {
        if (type == ChecksumType.COMPOSITE)
            return [];
        KeyValuePair<string, string?>[] all =
            [new("crc32", crc32), new("crc32c", crc32C), new("crc64nvme", crc64Nvme), new("sha1", sha1), new("sha256", sha256)];
        return [.. all.Where(item => !string.IsNullOrEmpty(item.Value)).Select(item => KeyValuePair.Create(item.Key, item.Value!)).Where(IsOfWholeContent)];
    }

    // A store that does not name the type still writes the number of parts behind a checksum that is made of theirs.
    private static bool IsOfWholeContent(KeyValuePair<string, string> checksum) => !checksum.Value.Contains('-', StringComparison.Ordinal);

    // Amazon S3 API reference, "Object": the entity tag is an MD5 of the content without encryption and with SSE-S3.
    private static bool IsOpaque(string? encryption, string? customerAlgorithm) =>
        customerAlgorithm is { Length: > 0 } || encryption?.StartsWith("aws:kms", StringComparison.Ordinal) == true;
}
