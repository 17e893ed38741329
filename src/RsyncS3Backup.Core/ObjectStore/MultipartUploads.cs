using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The requests of uploads in parts, below one key prefix.</summary>
internal sealed class MultipartUploads(S3Access request, string keyPrefix, S3Connection connection, DirectPut directPut)
{
    /// <summary>How long an abort, or a request that an abort would need the answer of, is waited for when the run is cancelled already.</summary>
    public static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(20);

    private readonly AmazonS3Client client = connection.Client;
    private readonly string bucketName = request.Destination.Bucket;
    private readonly bool usesCrc32 = request.Destination.ChecksumMode == S3ChecksumMode.WhenSupported;

    /// <summary>Starts an upload and gives its id.</summary>
    /// <param name="relativeKey">The object's key below the prefix.</param>
    /// <param name="headers">The object's attributes.</param>
    /// <param name="checksumType">What the object's checksum is made of; null: what S3 makes of checksums of parts.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<string> StartAsync(
        string relativeKey, ObjectHeaders headers, ChecksumType? checksumType, CancellationToken cancellationToken)
    {
        InitiateMultipartUploadRequest start = new()
        {
            BucketName = bucketName,
            Key = Key(relativeKey),
            ChecksumAlgorithm = usesCrc32 ? ChecksumAlgorithm.CRC32 : null,
            ChecksumType = usesCrc32 ? checksumType : null,
        };
        headers.ApplyTo(start.Headers);
        InitiateMultipartUploadResponse started = await client.InitiateMultipartUploadAsync(start, cancellationToken).ConfigureAwait(false);
        return started.UploadId;
    }

    /// <summary>Uploads one part from memory.</summary>
    public async Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        string query = $"partNumber={number}&uploadId={Uri.EscapeDataString(uploadId)}";
        IEnumerable<KeyValuePair<string, string>> lines =
            content.ChecksumHeaders(usesCrc32).Concat(S3ClientFactory.OwnerHeader(request.Destination));
        StoredVersion? direct =
            await directPut.TryAsync(Key(content.RelativeKey), query, content, lines, cancellationToken).ConfigureAwait(false);
        if (direct is { ETag.Length: > 0 } part)
            return Part(part.ETag);

        UploadPartRequest put = new()
        {
            BucketName = bucketName,
            Key = Key(content.RelativeKey),
            UploadId = uploadId,
            PartNumber = number,
            InputStream = content.OpenRead(),
            PartSize = content.Length,
            UseChunkEncoding = false,
            DisablePayloadSigning = connection.IsHttps ? true : null,
        };
        if (usesCrc32)
        {
            put.ChecksumAlgorithm = ChecksumAlgorithm.CRC32;
            put.ChecksumCRC32 = content.Crc32;
        }
        else
        {
            put.MD5Digest = content.Md5;
        }

        UploadPartResponse done = await client.UploadPartAsync(put, cancellationToken).ConfigureAwait(false);
        return Part(done.ETag);

        UploadedPart Part(string tag) => new(number, content.Length, tag.Trim('"'), usesCrc32 ? content.Crc32 : null);
    }

    /// <summary>Makes the object out of its parts.</summary>
    public async Task<StoredVersion> CompleteAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, CancellationToken cancellationToken)
    {
        CompleteMultipartUploadRequest complete = new()
        {
            BucketName = bucketName,
            Key = Key(relativeKey),
            UploadId = uploadId,
            PartETags = [.. parts.OrderBy(part => part.Number).Select(part => new PartETag(part.Number, part.ETag) { ChecksumCRC32 = part.Crc32 })],
        };
        CompleteMultipartUploadResponse done = await client.CompleteMultipartUploadAsync(complete, cancellationToken).ConfigureAwait(false);
        StoredVersion stored = StoredVersion.From(done.ETag, done.VersionId);
        if (stored.ETag.Length > 0)
            return stored;
        // Ceph 16 leaves the entity tag empty in this answer.
        GetObjectMetadataRequest head = new() { BucketName = bucketName, Key = Key(relativeKey) };
        GetObjectMetadataResponse found = await client.GetObjectMetadataAsync(head, cancellationToken).ConfigureAwait(false);
        return StoredVersion.From(found.ETag, found.VersionId);
    }

    /// <summary>Gives up an upload, so that its parts cost nothing.</summary>
    public async Task AbortAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        AbortMultipartUploadRequest abort = new() { BucketName = bucketName, Key = Key(relativeKey), UploadId = uploadId };
        await client.AbortMultipartUploadAsync(abort, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Likewise; one that S3 does not abort is left to a lifecycle rule.</summary>
    /// <returns>True when S3 has the upload no longer.</returns>
    public async Task<bool> TryAbortAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            await AbortAsync(relativeKey, uploadId, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AmazonServiceException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return IsUnknownUpload(exception);
        }
    }

    /// <summary>
    /// Likewise after a failure, which is the one to report. The run's own token may be cancelled already, and parts left behind cost money;
    /// so this has a patience of its own.
    /// </summary>
    /// <returns>True when S3 has the upload no longer.</returns>
    public async Task<bool> AbortQuietlyAsync(string relativeKey, string uploadId)
    {
        using CancellationTokenSource patience = new(AbortPatience);
        try
        {
            return await TryAbortAsync(relativeKey, uploadId, patience.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>True for the answer that there is no such upload: it was completed or aborted.</summary>
    public static bool IsUnknownUpload(AmazonServiceException exception) => exception.ErrorCode == "NoSuchUpload";

    /// <summary>The parts that S3 has of an upload, by number.</summary>
    public async IAsyncEnumerable<UploadedPart> ListPartsAsync(
        string relativeKey, string uploadId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListPartsRequest list = new() { BucketName = bucketName, Key = Key(relativeKey), UploadId = uploadId, Encoding = EncodingType.Url };
        bool more = true;
        while (more)
        {
            ListPartsResponse page = await client.ListPartsAsync(list, cancellationToken).ConfigureAwait(false);
            foreach (PartDetail part in page.Parts ?? [])
                yield return new UploadedPart(part.PartNumber ?? 0, part.Size ?? 0, (part.ETag ?? "").Trim('"'), part.ChecksumCRC32);
            more = page.IsTruncated == true;
            // A store that says "more" without saying where would be asked the same for ever.
            if (more && page.NextPartNumberMarker is null)
                throw S3Errors.ListingIncomplete(bucketName, "there are more parts, but the answer does not say where");
            list.PartNumberMarker = page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Every unfinished upload under the prefix, whoever began it.</summary>
    public async IAsyncEnumerable<PendingUpload> ListUploadsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListMultipartUploadsRequest list = new()
        {
            BucketName = bucketName,
            Prefix = keyPrefix,
            // XML cannot carry every character a key may have.
            Encoding = EncodingType.Url,
        };
        bool more = true;
        while (more)
        {
            ListMultipartUploadsResponse page = await client.ListMultipartUploadsAsync(list, cancellationToken).ConfigureAwait(false);
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                string key = Decoded(upload.Key);
                if (key.Length > keyPrefix.Length && key.StartsWith(keyPrefix, StringComparison.Ordinal))
                    yield return new PendingUpload(key[keyPrefix.Length..], upload.UploadId, new DateTimeOffset(upload.Initiated ?? DateTime.UtcNow));
            }

            more = page.IsTruncated == true;
            if (more && string.IsNullOrEmpty(page.NextKeyMarker))
                throw S3Errors.ListingIncomplete(bucketName, "there are more unfinished uploads, but the answer does not say where");
            list.KeyMarker = page.NextKeyMarker is { } marker ? Decoded(marker) : null;
            list.UploadIdMarker = page.NextUploadIdMarker;

            // A store may have ignored the wish for encoded keys.
            string Decoded(string text) => page.EncodingType == EncodingType.Url ? WebUtility.UrlDecode(text) : text;
        }
    }

    private string Key(string relativeKey) => keyPrefix + relativeKey;
}

/// <summary>One part of an upload, as S3 confirmed it.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">The entity tag, without quotes.</param>
/// <param name="Crc32">The CRC32 as S3 writes it; null where S3 has none.</param>
internal readonly record struct UploadedPart(int Number, long Size, string ETag, string? Crc32);

/// <summary>An upload that was neither completed nor aborted.</summary>
/// <param name="RelativeKey">The key below the prefix.</param>
/// <param name="UploadId">Its id.</param>
/// <param name="StartTime">When it began, by S3's clock.</param>
internal readonly record struct PendingUpload(string RelativeKey, string UploadId, DateTimeOffset StartTime);
