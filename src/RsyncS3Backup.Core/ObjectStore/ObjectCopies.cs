using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The requests that make an object below one key prefix out of another one of the same bucket.</summary>
internal sealed class ObjectCopies(S3Access request, string keyPrefix, S3Connection connection, MultipartUploads multipart)
{
    private const int PartsInFlight = 8;

    private readonly AmazonS3Client client = connection.Client;
    private readonly string bucketName = request.Destination.Bucket;

    /// <summary>Makes an object out of another one, with attributes of its own, without sending its bytes.</summary>
    /// <param name="sourceKey">The source's whole key; an object can be copied onto itself to change its attributes.</param>
    /// <param name="sourceETag">The entity tag that the source must have; null: any.</param>
    /// <param name="size">The source's size in bytes.</param>
    /// <param name="relativeKey">The key of the copy, below the prefix.</param>
    /// <param name="headers">The copy's attributes; none of the source's are kept.</param>
    /// <param name="cancellationToken">Stops it; no multipart upload is left behind.</param>
    /// <exception cref="CopySourceException">The source is gone, changed or archived.</exception>
    public async Task<StoredVersion> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        try
        {
            return size <= request.LargestCopy
                ? await CopyWholeAsync(sourceKey, sourceETag, relativeKey, headers, cancellationToken).ConfigureAwait(false)
                : await CopyPartsAsync(sourceKey, sourceETag, size, relativeKey, headers, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (SourceProblem(exception) is not null)
        {
            throw new CopySourceException(SourceProblem(exception)!.Value, sourceKey, exception);
        }
    }

    private async Task<StoredVersion> CopyWholeAsync(
        string sourceKey, string? sourceETag, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        CopyObjectRequest copy = new()
        {
            SourceBucket = bucketName,
            SourceKey = sourceKey,
            ETagToMatch = Quoted(sourceETag),
            DestinationBucket = bucketName,
            DestinationKey = Key(relativeKey),
            MetadataDirective = S3MetadataDirective.REPLACE,
        };
        headers.ApplyTo(copy.Headers);
        // The source's tags are not the copy's, also when it has none.
        copy.Headers["x-amz-tagging-directive"] = "REPLACE";
        CopyObjectResponse done = await SoundAnswers.AskAsync(
            connection.Target, "CopyObject", copy.DestinationKey, token => client.CopyObjectAsync(copy, token),
            answer => SoundAnswers.FindTag(answer.ETag), cancellationToken).ConfigureAwait(false);
        StoredVersion stored = StoredVersion.From(done.ETag, done.VersionId) with { StoredTime = ParseTime(done.LastModified) };
        // Ceph 16 ignores the condition. Outside of KMS both tags are MD5s of the content, so what it copied shows in them.
        bool isMd5 = IsWhole(sourceETag) && IsWhole(stored.ETag) && !IsKms(done.ServerSideEncryptionMethod);
        if (isMd5 && sourceETag != stored.ETag)
            throw new CopySourceException(CopySourceProblem.Changed, sourceKey);
        return stored;
    }

    private async Task<StoredVersion> CopyPartsAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        // Parts tell nothing of the whole, so a store that ignores the condition would not be found out; and a source that is gone is not
        // worth an upload that has to be aborted.
        ObjectHead source = await ObjectHead.ReadAsync(connection, request.Destination, sourceKey, cancellationToken).ConfigureAwait(false)
            ?? throw new CopySourceException(CopySourceProblem.Gone, sourceKey);
        if (sourceETag is not null && source.ETag != sourceETag)
            throw new CopySourceException(CopySourceProblem.Changed, sourceKey);

        // Without the answer there is no id to abort, so this request is not given up half-way.
        string uploadId = await multipart.StartAsync(relativeKey, headers, ChecksumType.FULL_OBJECT, CancellationToken.None).ConfigureAwait(false);
        bool completed = false;
        try
        {
            UploadedPart[] parts = await CopyPartsAsync(sourceKey, sourceETag, size, relativeKey, uploadId, cancellationToken).ConfigureAwait(false);
            StoredVersion stored = await multipart.CompleteAsync(relativeKey, uploadId, parts, cancellationToken).ConfigureAwait(false);
            completed = true;
            return stored;
        }
        finally
        {
            if (!completed)
                await multipart.AbortQuietlyAsync(relativeKey, uploadId).ConfigureAwait(false);
        }
    }

    private async Task<UploadedPart[]> CopyPartsAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        long partSize = PartSize.AtLeast(request.CopyPartSize, size);
        UploadedPart[] parts = new UploadedPart[PartSize.Count(size, partSize)];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = PartsInFlight, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, parts.Length, parallel, async (index, token) =>
        {
            long first = index * partSize;
            CopyPartRequest part = new()
            {
                SourceBucket = bucketName,
                SourceKey = sourceKey,
                ETagToMatch = sourceETag is null ? null : [Quoted(sourceETag)],
                DestinationBucket = bucketName,
                DestinationKey = Key(relativeKey),
                UploadId = uploadId,
                PartNumber = index + 1,
                FirstByte = first,
                LastByte = Math.Min(first + partSize, size) - 1,
            };
            CopyPartResponse done = await SoundAnswers.AskAsync(
                connection.Target, "UploadPartCopy", part.DestinationKey, again => client.CopyPartAsync(part, again),
                answer => SoundAnswers.FindTag(answer.ETag), token).ConfigureAwait(false);
            parts[index] = new UploadedPart(
                index + 1, part.LastByte.Value - first + 1, done.ETag.Trim('"'), string.IsNullOrEmpty(done.ChecksumCRC32) ? null : done.ChecksumCRC32);
        }).ConfigureAwait(false);
        return parts;
    }

    private static CopySourceProblem? SourceProblem(AmazonS3Exception exception) => exception.ErrorCode switch
    {
        "NoSuchKey" or "NoSuchVersion" => CopySourceProblem.Gone,
        "InvalidObjectState" or "ObjectNotInActiveTierError" => CopySourceProblem.Archived,
        _ when exception.StatusCode == HttpStatusCode.PreconditionFailed => CopySourceProblem.Changed,
        _ => null,
    };

    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;

    private static bool IsWhole(string? etag) => etag?.Length == 32;

    private static bool IsKms(ServerSideEncryptionMethod? method) =>
        method?.Value?.StartsWith("aws:kms", StringComparison.Ordinal) == true;

    private static string? Quoted(string? etag) => etag is null ? null : $"\"{etag}\"";

    private string Key(string relativeKey) => keyPrefix + relativeKey;
}
