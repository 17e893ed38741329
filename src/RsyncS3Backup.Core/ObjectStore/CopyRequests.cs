using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The requests that make an object out of another one of the same bucket. Keys are whole ones.</summary>
internal sealed class CopyRequests(S3Access access, S3Connection connection)
{
    private const int PartsInFlight = 8;

    private readonly AmazonS3Client client = connection.Client;
    private readonly string bucketName = access.Destination.Bucket;

    /// <summary>Copies a whole object in one request.</summary>
    public async Task<StoredObject> WholeAsync(
        string sourceKey, string? sourceETag, long size, string key, string relativeKey, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        CopyObjectRequest copy = new()
        {
            SourceBucket = bucketName,
            SourceKey = sourceKey,
            ETagToMatch = Quoted(sourceETag),
            DestinationBucket = bucketName,
            DestinationKey = key,
            MetadataDirective = S3MetadataDirective.REPLACE,
        };
        headers.ApplyTo(copy.Headers);
        // The source's tags are not the copy's, also when it has none.
        copy.Headers["x-amz-tagging-directive"] = "REPLACE";
        CopyObjectResponse done = await SoundAnswers.AskAsync(
            connection.Target, "CopyObject", copy.DestinationKey, token => client.CopyObjectAsync(copy, token),
            answer => SoundAnswers.FindTag(answer.ETag), cancellationToken).ConfigureAwait(false);
        StoredObject stored = ObjectAnswers.Stored(relativeKey, size, headers.StorageClass, done.ETag, done.VersionId) with
        {
            LastModified = ParseTime(done.LastModified),
        };
        // Ceph 16 ignores the condition. Outside of KMS both tags are MD5s of the content, so what it copied shows in them.
        bool isMd5 = IsWhole(sourceETag) && IsWhole(stored.ETag) && !IsKms(done.ServerSideEncryptionMethod);
        if (isMd5 && sourceETag != stored.ETag)
            throw new CopySourceException(CopySourceProblem.Changed, sourceKey);
        return stored;
    }

    /// <summary>Copies an object as the parts of an upload.</summary>
    public async Task<UploadedPart[]> PartsAsync(
        string sourceKey, string? sourceETag, long size, string key, string uploadId, CancellationToken cancellationToken)
    {
        long partSize = PartSize.AtLeast(access.CopyPartSize, size);
        UploadedPart[] parts = new UploadedPart[PartSize.Count(size, partSize)];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = PartsInFlight, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, parts.Length, parallel, async (index, token) =>
        {
            long first = index * partSize;
            long length = Math.Min(partSize, size - first);
            parts[index] = await PartAsync(sourceKey, sourceETag, first, length, key, uploadId, index + 1, token)
                .ConfigureAwait(false);
        }).ConfigureAwait(false);
        return parts;
    }

    /// <summary>Copies some bytes of an object as one part of an upload.</summary>
    public async Task<UploadedPart> PartAsync(
        string sourceKey, string? sourceETag, long offset, long length, string key, string uploadId, int number,
        CancellationToken cancellationToken)
    {
        CopyPartRequest part = new()
        {
            SourceBucket = bucketName,
            SourceKey = sourceKey,
            ETagToMatch = sourceETag is null ? null : [Quoted(sourceETag)],
            DestinationBucket = bucketName,
            DestinationKey = key,
            UploadId = uploadId,
            PartNumber = number,
            FirstByte = offset,
            LastByte = offset + length - 1,
        };
        CopyPartResponse done = await SoundAnswers.AskAsync(
            connection.Target, "UploadPartCopy", part.DestinationKey, token => client.CopyPartAsync(part, token),
            answer => SoundAnswers.FindTag(answer.ETag), cancellationToken).ConfigureAwait(false);
        return new UploadedPart(number, length, ObjectAnswers.Tag(done.ETag), PartChecksums.Of(done, access.ChecksumAlgorithm));
    }

    /// <summary>Why an upload helps where a copy was answered so; null when it would not.</summary>
    public static CopySourceProblem? SourceProblem(AmazonS3Exception exception) => exception.ErrorCode switch
    {
        "NoSuchKey" or "NoSuchVersion" => CopySourceProblem.Gone,
        "InvalidObjectState" or "ObjectNotInActiveTierError" => CopySourceProblem.Archived,
        _ when exception.StatusCode == HttpStatusCode.PreconditionFailed => CopySourceProblem.Changed,
        _ when StoreRefusals.IsDenied(exception) => CopySourceProblem.Denied,
        _ when StoreRefusals.IsUnknownRequest(exception) || StoreRefusals.MayBeAboutHeader(exception) => CopySourceProblem.Refused,
        _ => null,
    };

    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;

    private static bool IsWhole(string? etag) => etag?.Length == 32;

    private static bool IsKms(ServerSideEncryptionMethod? method) =>
        method?.Value?.StartsWith("aws:kms", StringComparison.Ordinal) == true;

    private static string? Quoted(string? etag) => etag is null ? null : $"\"{etag}\"";
}
