using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
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
        InitiateMultipartUploadResponse started = await SoundAnswers.AskAsync(
            connection.Target, "CreateMultipartUpload", start.Key, token => client.InitiateMultipartUploadAsync(start, token),
            answer => string.IsNullOrEmpty(answer.UploadId) ? "no id of an upload" : null, cancellationToken).ConfigureAwait(false);
        return started.UploadId;
    }

    /// <summary>Uploads one part from memory.</summary>
    public async Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        string query = $"partNumber={number}&uploadId={Uri.EscapeDataString(uploadId)}";
        IEnumerable<KeyValuePair<string, string>> lines =
            content.ChecksumHeaders(usesCrc32).Concat(S3ClientFactory.OwnerHeader(request.Destination));
        (StoredVersion? direct, bool isRefused) =
            await directPut.TryAsync(Key(content.RelativeKey), query, content, lines, cancellationToken).ConfigureAwait(false);
        if (direct is { } part)
            return Part(part.ETag);
        UploadPartResponse done = await PutPartThroughSdkAsync(uploadId, number, content, cancellationToken).ConfigureAwait(false);
        if (isRefused)
            directPut.NoteOwnRefusal();
        return Part(done.ETag);

        UploadedPart Part(string tag) => new(number, content.Length, tag.Trim('"'), usesCrc32 ? content.Crc32 : null);
    }

    private Task<UploadPartResponse> PutPartThroughSdkAsync(
        string uploadId, int number, ObjectContent content, CancellationToken cancellationToken) =>
        SoundAnswers.AskAsync(
            connection.Target, "UploadPart", Key(content.RelativeKey),
            token => client.UploadPartAsync(PartRequest(uploadId, number, content), token), answer => SoundAnswers.FindTag(answer.ETag),
            cancellationToken);

    private UploadPartRequest PartRequest(string uploadId, int number, ObjectContent content)
    {
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

        return put;
    }

    /// <summary>
    /// Makes the object out of its parts. Done it is when S3 says so; or, where the answer was lost, was none of S3's, or has no entity tag
    /// (Ceph 16), when the object turns out to be the one of these parts.
    /// </summary>
    /// <exception cref="BackupException">The object is not that of the parts: <c>S3AnswerInvalid</c>.</exception>
    public async Task<StoredVersion> CompleteAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, CancellationToken cancellationToken)
    {
        UploadedPart[] inOrder = [.. parts.OrderBy(part => part.Number)];
        CompleteMultipartUploadRequest complete = new()
        {
            BucketName = bucketName,
            Key = Key(relativeKey),
            UploadId = uploadId,
            PartETags = [.. inOrder.Select(part => new PartETag(part.Number, part.ETag) { ChecksumCRC32 = part.Crc32 })],
        };
        StoredVersion? stored = await SoundAnswers.AskAsync(
            connection.Target, "CompleteMultipartUpload", complete.Key, token => TryCompleteAsync(complete, TagOf(inOrder), token),
            found => found is null ? "no entity tag, and the object is not that of the parts" : null, cancellationToken).ConfigureAwait(false);
        return stored!.Value;
    }

    private async Task<StoredVersion?> TryCompleteAsync(
        CompleteMultipartUploadRequest complete, string? expectedTag, CancellationToken cancellationToken)
    {
        try
        {
            CompleteMultipartUploadResponse done = await client.CompleteMultipartUploadAsync(complete, cancellationToken).ConfigureAwait(false);
            if (SoundAnswers.FindTag(done.ETag) is null)
                return StoredVersion.From(done.ETag, done.VersionId);
        }
        catch (Exception exception) when (SoundAnswers.IsUnreadable(exception))
        {
            // It may have been carried out all the same.
        }
        catch (AmazonS3Exception exception) when (IsUnknownUpload(exception))
        {
            // To a second try, when the answer to the first one was lost.
            if (await FindAsync().ConfigureAwait(false) is { } completed && completed.ETag == expectedTag)
                return StoredVersion.From(completed.ETag, completed.VersionId);
            throw;
        }

        // Under the key may be what was there before, which is not what was asked for.
        if (await FindAsync().ConfigureAwait(false) is not { } found)
            return null;
        bool isOurs = found.ETag == expectedTag || await IsOverAsync(complete.Key, complete.UploadId, cancellationToken).ConfigureAwait(false);
        return isOurs ? StoredVersion.From(found.ETag, found.VersionId) : null;

        Task<ObjectHead?> FindAsync() => ObjectHead.ReadAsync(connection, request.Destination, complete.Key, cancellationToken);
    }

    /// <summary>The entity tag that S3 makes of those of parts: the MD5 of their MD5s. Null where those are none (SSE-KMS).</summary>
    private static string? TagOf(UploadedPart[] parts)
    {
        if (!Array.TrueForAll(parts, part => part.ETag.Length == 2 * MD5.HashSizeInBytes && part.ETag.All(char.IsAsciiHexDigit)))
            return null;
        byte[] tags = Convert.FromHexString(string.Concat(parts.Select(part => part.ETag)));
#pragma warning disable CA5351 // an entity tag is an MD5 by S3's definition
        return string.Create(
            CultureInfo.InvariantCulture, $"{Convert.ToHexString(MD5.HashData(tags)).ToLowerInvariant()}-{parts.Length}");
#pragma warning restore CA5351
    }

    // Of a store that makes other tags: an upload that it does not know any more was completed, because nobody else ends it.
    private async Task<bool> IsOverAsync(string key, string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            ListPartsRequest list = new() { BucketName = bucketName, Key = key, UploadId = uploadId, MaxParts = 1 };
            await client.ListPartsAsync(list, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (AmazonServiceException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return IsUnknownUpload(exception);
        }
    }

    /// <summary>Gives up an upload, so that its parts cost nothing.</summary>
    public async Task AbortAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        AbortMultipartUploadRequest abort = new() { BucketName = bucketName, Key = Key(relativeKey), UploadId = uploadId };
        await SoundAnswers.AskAsync(
            connection.Target, "AbortMultipartUpload", abort.Key, token => client.AbortMultipartUploadAsync(abort, token),
            SoundAnswers.FindNoContent, cancellationToken).ConfigureAwait(false);
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
        catch (Exception exception) when (exception is AmazonServiceException or BackupException && !cancellationToken.IsCancellationRequested)
        {
            return exception is AmazonServiceException answer && IsUnknownUpload(answer);
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
            string? next = page.NextPartNumberMarker?.ToString(CultureInfo.InvariantCulture);
            // A store that says "more" without saying where would be asked the same for ever.
            if (more && (next is null || next == list.PartNumberMarker))
                throw S3Errors.ListingIncomplete(bucketName, "there are more parts, but the answer does not say where");
            list.PartNumberMarker = next;
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
            string? next = page.NextKeyMarker is { } marker ? Decoded(marker) : null;
            if (more && (string.IsNullOrEmpty(next) || (next, page.NextUploadIdMarker) == (list.KeyMarker, list.UploadIdMarker)))
                throw S3Errors.ListingIncomplete(bucketName, "there are more unfinished uploads, but the answer does not say where");
            list.KeyMarker = next;
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
