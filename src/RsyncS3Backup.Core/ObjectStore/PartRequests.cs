using System.Globalization;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The requests of uploads in parts. Keys are whole ones.</summary>
internal sealed class PartRequests(S3Access access, S3Connection connection, ShortWay shortWay, ChecksumChoice checksums)
{
    private readonly AmazonS3Client client = connection.Client;
    private readonly S3Target target = connection.Target;
    private readonly string bucketName = access.Destination.Bucket;

    /// <summary>Starts an upload and gives its id.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="headers">The object's attributes.</param>
    /// <param name="checksumType">What the object's checksum is made of; null: what S3 makes of checksums of parts.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<string> StartAsync(
        string key, ObjectHeaders headers, ChecksumType? checksumType, CancellationToken cancellationToken)
    {
        InitiateMultipartUploadRequest start = new() { BucketName = bucketName, Key = key };
        headers.ApplyTo(start.Headers);
        InitiateMultipartUploadResponse started = await RefusedHeadersException
            // A store that knows the checksum may not know this type of it (R2), which is no reason to do without for all.
            .WatchAsync(headers, () => checksumType is null
                ? checksums.SendAsync(checksums.UsesChecksums, SendAsync) : SendAsync(checksums.UsesChecksums)).ConfigureAwait(false);
        return started.UploadId;

        Task<InitiateMultipartUploadResponse> SendAsync(bool usesChecksum)
        {
            start.ChecksumAlgorithm = usesChecksum ? new ChecksumAlgorithm(checksums.Algorithm) : null;
            start.ChecksumType = usesChecksum ? checksumType : null;
            return SoundAnswers.AskAsync(
                target, "CreateMultipartUpload", start.Key, token => client.InitiateMultipartUploadAsync(start, token),
                answer => string.IsNullOrEmpty(answer.UploadId) ? "no id of an upload" : null, cancellationToken);
        }
    }

    /// <summary>Uploads one part from memory.</summary>
    public async Task<UploadedPart> PutAsync(
        string key, string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        string query = $"partNumber={number}&uploadId={Uri.EscapeDataString(uploadId)}";
        bool usesChecksum = checksums.UsesChecksums;
        (HttpResponseMessage? direct, bool isRefused) = await shortWay
            .TryAsync(HttpMethod.Put, key, query, content, content.ChecksumHeaders(usesChecksum, checksums.Algorithm), cancellationToken).ConfigureAwait(false);
        if (direct is not null)
        {
            using (direct)
                return Part(ObjectAnswers.Stored(content.RelativeKey, content.Length, "", direct.Headers).ETag, usesChecksum);
        }

        (string tag, bool hasChecksum) = await checksums.SendAsync(usesChecksum, SendAsync).ConfigureAwait(false);
        shortWay.NoteSdkMeets(isRefused && hasChecksum == usesChecksum);
        return Part(tag, hasChecksum);

        async Task<(string Tag, bool HasChecksum)> SendAsync(bool withChecksum)
        {
            UploadPartResponse done = await SoundAnswers.AskAsync(
                target, "UploadPart", key, token => client.UploadPartAsync(PartRequest(key, uploadId, number, content, withChecksum), token),
                answer => SoundAnswers.FindTag(answer.ETag), cancellationToken).ConfigureAwait(false);
            return (ObjectAnswers.Tag(done.ETag), withChecksum);
        }

        UploadedPart Part(string tag, bool hasChecksum) => new(number, content.Length, tag, hasChecksum ? content.ChecksumBy(checksums.Algorithm) : null);
    }

    private UploadPartRequest PartRequest(string key, string uploadId, int number, ObjectContent content, bool usesChecksum)
    {
        UploadPartRequest put = new()
        {
            BucketName = bucketName,
            Key = key,
            UploadId = uploadId,
            PartNumber = number,
            InputStream = content.OpenRead(),
            PartSize = content.Length,
            UseChunkEncoding = false,
            DisablePayloadSigning = connection.IsHttps ? true : null,
        };
        if (usesChecksum)
        {
            PartChecksums.Set(put, content, checksums.Algorithm);
        }
        else
        {
            put.MD5Digest = content.Md5;
        }

        return put;
    }

    /// <summary>Makes the object out of its parts: <see cref="IObjectStore.CompletePartsAsync"/>.</summary>
    /// <param name="relativeKey">The key that the answer is about.</param>
    /// <param name="key">The object's key.</param>
    /// <param name="uploadId">The upload's id.</param>
    /// <param name="parts">The parts, in order.</param>
    /// <param name="find">Asks what is under the key.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<StoredObject> CompleteAsync(
        string relativeKey, string key, string uploadId, UploadedPart[] parts, Func<CancellationToken, Task<StoredObject?>> find,
        CancellationToken cancellationToken)
    {
        CompleteMultipartUploadRequest complete = new()
        {
            BucketName = bucketName,
            Key = key,
            UploadId = uploadId,
            PartETags = [.. parts.Select(part => PartChecksums.Tag(part, checksums.Algorithm))],
        };
        StoredObject? stored = await SoundAnswers.AskAsync(
            target, "CompleteMultipartUpload", key, TryAsync,
            found => found is null ? "no entity tag, and the object is not that of the parts" : null, cancellationToken).ConfigureAwait(false);
        return stored!;

        async Task<StoredObject?> TryAsync(CancellationToken token)
        {
            try
            {
                CompleteMultipartUploadResponse done = await client.CompleteMultipartUploadAsync(complete, token).ConfigureAwait(false);
                if (SoundAnswers.FindTag(done.ETag) is null)
                    return ObjectAnswers.Stored(relativeKey, parts.Sum(part => part.Size), "", done.ETag, done.VersionId);
            }
            catch (Exception exception) when (SoundAnswers.IsUnreadable(exception))
            {
                // It may have been carried out all the same.
            }
            catch (AmazonS3Exception exception) when (AbortedUploads.IsUnknown(exception))
            {
                // To a second try, when the answer to the first one was lost.
                if (await find(token).ConfigureAwait(false) is { } completed && completed.ETag == TagOf(parts))
                    return completed;
                throw;
            }

            // Under the key may be what was there before, which is not what was asked for.
            return await find(token).ConfigureAwait(false) is { } found
                && (found.ETag == TagOf(parts) || await IsOverAsync(key, uploadId, token).ConfigureAwait(false)) ? found : null;
        }
    }

    /// <summary>
    /// The entity tag that S3 makes of those of parts: the MD5 of their MD5s. Null where those are none (SSE-KMS).
    /// </summary>
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
            return AbortedUploads.IsUnknown(exception);
        }
    }

    /// <summary>Gives up an upload, so that its parts cost nothing.</summary>
    public Task AbortAsync(string key, string uploadId, CancellationToken cancellationToken)
    {
        AbortMultipartUploadRequest abort = new() { BucketName = bucketName, Key = key, UploadId = uploadId };
        return SoundAnswers.AskAsync(
            target, "AbortMultipartUpload", key, token => client.AbortMultipartUploadAsync(abort, token), SoundAnswers.FindNoContent,
            cancellationToken);
    }
}
