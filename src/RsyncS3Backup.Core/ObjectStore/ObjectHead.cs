using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>What S3 knows of an object without sending its bytes.</summary>
internal sealed record ObjectHead
{
    private const string MetadataPrefix = "x-amz-meta-";

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The entity tag, without quotes.</summary>
    public required string ETag { get; init; }

    /// <summary>The storage class; STANDARD where S3 says nothing.</summary>
    public required string StorageClass { get; init; }

    /// <summary>User metadata: names in lower case without <c>x-amz-meta-</c>.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The CRC32 of the whole content, base64 as S3 writes it; null where S3 has none, or only one made of those of parts.</summary>
    public string? Crc32 { get; init; }

    /// <summary>The SHA-256 of the whole content, base64; null as with <see cref="Crc32"/>.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The version, in a bucket that keeps versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>What the object says it is.</summary>
    public string? ContentType { get; init; }

    /// <summary>Asks S3; null when there is no such object, or only a delete marker.</summary>
    /// <param name="connection">What asks.</param>
    /// <param name="destination">The bucket.</param>
    /// <param name="key">The whole key.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<ObjectHead?> ReadAsync(
        S3Connection connection, S3Destination destination, string key, CancellationToken cancellationToken)
    {
        GetObjectMetadataRequest head = new()
        {
            BucketName = destination.Bucket,
            Key = key,
            ChecksumMode = destination.ChecksumMode == S3ChecksumMode.WhenSupported ? ChecksumMode.ENABLED : null,
        };
        try
        {
            return From(await SoundAnswers.AskAsync(
                connection.Target, "HeadObject", key, token => connection.Client.GetObjectMetadataAsync(head, token),
                answer => SoundAnswers.FindTag(answer.ETag), cancellationToken).ConfigureAwait(false));
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return null;
        }
    }

    internal static ObjectHead From(GetObjectMetadataResponse answer)
    {
        StoredVersion version = StoredVersion.From(answer.ETag, answer.VersionId);
        bool isComposite = answer.ChecksumType == ChecksumType.COMPOSITE;
        return new ObjectHead
        {
            Size = answer.ContentLength,
            ETag = version.ETag,
            VersionId = version.VersionId,
            StorageClass = S3StorageClasses.Named(answer.StorageClass?.Value),
            Metadata = answer.Metadata.Keys.ToDictionary(WithoutPrefix, name => answer.Metadata[name], StringComparer.Ordinal),
            Crc32 = isComposite ? null : OfWholeContent(answer.ChecksumCRC32),
            Sha256 = isComposite ? null : OfWholeContent(answer.ChecksumSHA256),
            ContentType = answer.Headers.ContentType,
        };
    }

    private static string WithoutPrefix(string name)
    {
        string lower = name.ToLowerInvariant();
        return lower.StartsWith(MetadataPrefix, StringComparison.Ordinal) ? lower[MetadataPrefix.Length..] : lower;
    }

    // A store that does not name the type still writes the number of parts behind a checksum that is made of theirs.
    private static string? OfWholeContent(string? checksum) =>
        string.IsNullOrEmpty(checksum) || checksum.Contains('-', StringComparison.Ordinal) ? null : checksum;
}
