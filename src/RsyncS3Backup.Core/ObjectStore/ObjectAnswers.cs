using System.Globalization;
using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Reads from S3's answers what they say of an object: alike, whoever has read them from the wire, and whatever was asked.
/// </summary>
internal static class ObjectAnswers
{
    private const string MetadataPrefix = "x-amz-meta-";

    /// <summary>The header of an answer that tells of an object: S3 always sends it.</summary>
    public const string TagHeader = "ETag";

    /// <summary>The answer to a request that stored an object, or a part of one.</summary>
    /// <param name="relativeKey">Its key.</param>
    /// <param name="size">Bytes that were sent.</param>
    /// <param name="storageClass">The storage class that it was sent with.</param>
    /// <param name="headers">The answer's.</param>
    public static StoredObject Stored(string relativeKey, long size, string storageClass, HttpResponseHeaders headers) =>
        new(relativeKey, size, Tag(Find(headers, TagHeader)))
        {
            StorageClass = storageClass,
            VersionId = Version(Find(headers, "x-amz-version-id")),
            LastModified = headers.Date,
        };

    /// <summary>Likewise, as the SDK read it.</summary>
    public static StoredObject Stored(string relativeKey, long size, string storageClass, string? etag, string? versionId) =>
        new(relativeKey, size, Tag(etag)) { StorageClass = storageClass, VersionId = Version(versionId) };

    /// <summary>The answer to a question about an object, or with the object.</summary>
    /// <param name="relativeKey">Its key.</param>
    /// <param name="headers">The answer's headers.</param>
    /// <param name="content">Those of its body.</param>
    public static StoredObject Received(string relativeKey, HttpResponseHeaders headers, HttpContentHeaders content)
    {
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
        return new StoredObject(relativeKey, content.ContentRange?.Length ?? content.ContentLength ?? 0, Tag(Find(headers, TagHeader)))
        {
            VersionId = Version(Find(headers, "x-amz-version-id")),
            LastModified = content.LastModified,
            Metadata = metadata,
            ContentType = content.NonValidated.TryGetValues("Content-Type", out HeaderStringValues type) ? type.ToString() : null,
            Checksums = isComposite ? [] : [.. checksums.Where(IsOfWholeContent)],
            PartChecksums = [.. checksums.Where(item => !IsOfWholeContent(item))],
            IsTagOpaque = IsOpaque(
                Find(headers, "x-amz-server-side-encryption"), Find(headers, "x-amz-server-side-encryption-customer-algorithm")),
            StorageClass = S3StorageClasses.Named(Find(headers, "x-amz-storage-class")),
            Restore = Find(headers, "x-amz-restore"),
            ArchiveStatus = Find(headers, "x-amz-archive-status"),
            Retention = Retention(Find(headers, "x-amz-object-lock-mode"), Find(headers, "x-amz-object-lock-retain-until-date")),
        };
    }

    /// <summary>Likewise, as the SDK read it.</summary>
    public static StoredObject Received(string relativeKey, GetObjectResponse answer)
    {
        bool isRange = answer.ContentRange is { Length: > 0 };
        ReadOnlySpan<char> whole = isRange ? answer.ContentRange.AsSpan(answer.ContentRange.IndexOf('/', StringComparison.Ordinal) + 1) : [];
        return new StoredObject(relativeKey, long.TryParse(whole, out long size) ? size : answer.ContentLength, Tag(answer.ETag))
        {
            VersionId = Version(answer.VersionId),
            LastModified = Time(answer.LastModified),
            Metadata = Names(answer.Metadata),
            ContentType = answer.Headers.ContentType,
            Checksums = OfWholeContent(answer.ChecksumType, Known(answer)),
            PartChecksums = [.. Known(answer).Where(item => !IsOfWholeContent(item))],
            IsTagOpaque = IsOpaque(answer.ServerSideEncryptionMethod?.Value, answer.ServerSideEncryptionCustomerMethod?.Value),
            StorageClass = S3StorageClasses.Named(answer.StorageClass?.Value),
        };
    }

    /// <summary>Likewise, as the SDK read it.</summary>
    public static StoredObject Received(string relativeKey, GetObjectMetadataResponse answer) =>
        new(relativeKey, answer.ContentLength, Tag(answer.ETag))
        {
            VersionId = Version(answer.VersionId),
            LastModified = Time(answer.LastModified),
            Metadata = Names(answer.Metadata),
            ContentType = answer.Headers.ContentType,
            Checksums = OfWholeContent(answer.ChecksumType, Known(answer)),
            PartChecksums = [.. Known(answer).Where(item => !IsOfWholeContent(item))],
            IsTagOpaque = IsOpaque(answer.ServerSideEncryptionMethod?.Value, answer.ServerSideEncryptionCustomerMethod?.Value),
            StorageClass = S3StorageClasses.Named(answer.StorageClass?.Value),
            Restore = answer.RestoreInProgress is { } inProgress
                ? string.Create(CultureInfo.InvariantCulture, $"ongoing-request=\"{(inProgress ? "true" : "false")}\"")
                : null,
            ArchiveStatus = answer.ArchiveStatus?.Value,
            Retention = answer.ObjectLockMode is { } mode && Time(answer.ObjectLockRetainUntilDate) is { } until
                ? Retention(mode.Value, until) : null,
        };

    /// <summary>One line of a listing.</summary>
    public static StoredObject Listed(string relativeKey, in ListedObject item) => new(relativeKey, item.Size, Tag(item.ETag))
    {
        StorageClass = S3StorageClasses.Named(item.StorageClass),
        LastModified = item.LastModified,
    };

    /// <summary>One line of a listing of versions.</summary>
    public static StoredObject Listed(string relativeKey, S3ObjectVersion item)
    {
        bool isMarker = item.IsDeleteMarker == true;
        return new StoredObject(relativeKey, item.Size ?? 0, Tag(item.ETag))
        {
            StorageClass = isMarker ? "" : S3StorageClasses.Named(item.StorageClass?.Value),
            LastModified = Time(item.LastModified),
            VersionId = item.VersionId,
            IsLatest = item.IsLatest == true,
            IsDeleteMarker = isMarker,
        };
    }

    /// <summary>An entity tag without its quotes; empty where S3 left it out.</summary>
    public static string Tag(string? etag) => (etag ?? "").Trim('"');

    private static string? Version(string? versionId) => string.IsNullOrEmpty(versionId) ? null : versionId;

    /// <summary>A time as the SDK reads one.</summary>
    public static DateTimeOffset? Time(DateTime? time) => time is { } known ? new DateTimeOffset(known.ToUniversalTime()) : null;

    private static ObjectRetention? Retention(string? mode, string? until) =>
        DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? Retention(mode, time)
            : null;

    private static ObjectRetention? Retention(string? mode, DateTimeOffset until)
    {
        DateTimeOffset seconds = DateTimeOffset.FromUnixTimeSeconds(until.ToUnixTimeSeconds());
        return mode switch
        {
            "COMPLIANCE" => new ObjectRetention(ObjectLockMode.Compliance, seconds),
            "GOVERNANCE" => new ObjectRetention(ObjectLockMode.Governance, seconds),
            _ => null,
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

    private static IReadOnlyList<KeyValuePair<string, string>> OfWholeContent(
        ChecksumType? type, IEnumerable<KeyValuePair<string, string>> known) =>
        type == ChecksumType.COMPOSITE ? [] : [.. known.Where(IsOfWholeContent)];

    private static IEnumerable<KeyValuePair<string, string>> Known(GetObjectResponse answer) => Known(
        answer.ChecksumCRC32, answer.ChecksumCRC32C, answer.ChecksumCRC64NVME, answer.ChecksumSHA1, answer.ChecksumSHA256);

    private static IEnumerable<KeyValuePair<string, string>> Known(GetObjectMetadataResponse answer) => Known(
        answer.ChecksumCRC32, answer.ChecksumCRC32C, answer.ChecksumCRC64NVME, answer.ChecksumSHA1, answer.ChecksumSHA256);

    private static IEnumerable<KeyValuePair<string, string>> Known(string? crc32, string? crc32C, string? crc64Nvme, string? sha1, string? sha256)
    {
        KeyValuePair<string, string?>[] all =
            [new("crc32", crc32), new("crc32c", crc32C), new(ContentChecksum.Crc64Nvme, crc64Nvme), new("sha1", sha1), new("sha256", sha256)];
        return all.Where(item => !string.IsNullOrEmpty(item.Value)).Select(item => KeyValuePair.Create(item.Key, item.Value!));
    }

    // A store that does not name the type still writes the number of parts behind a checksum that is made of theirs.
    private static bool IsOfWholeContent(KeyValuePair<string, string> checksum) => !checksum.Value.Contains('-', StringComparison.Ordinal);

    // Amazon S3 API reference, "Object": the entity tag is an MD5 of the content without encryption and with SSE-S3.
    private static bool IsOpaque(string? encryption, string? customerAlgorithm) =>
        customerAlgorithm is { Length: > 0 } || encryption?.StartsWith("aws:kms", StringComparison.Ordinal) == true;
}
