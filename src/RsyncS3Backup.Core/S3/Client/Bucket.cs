using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Util;
using RsyncS3Backup.S3.Planning;

namespace RsyncS3Backup.S3.Client;

/// <summary>One bucket below one key prefix: the requests that a run makes, and nothing of the SDK's outside.</summary>
internal sealed class Bucket : IDisposable
{
    private const int KeysPerDelete = 1000;
    private const int TriesPerPage = 3;

    private readonly S3Connection connection;
    private readonly AmazonS3Client client;
    private readonly DirectPut directPut;
    private readonly S3SyncRequest request;
    private readonly string keyPrefix;
    private readonly bool isHttps;

    public Bucket(S3SyncRequest request, string keyPrefix, int connections)
    {
        this.request = request;
        this.keyPrefix = keyPrefix;
        connection = S3ClientFactory.Create(request, connections);
        client = connection.Client;
        directPut = new DirectPut(connection.Counter, connection.BucketAddress, Target.Region, connection.Credentials);
        isHttps = connection.BucketAddress.Scheme == Uri.UriSchemeHttps;
        Multipart = new MultipartUploads(request, keyPrefix, connection, directPut);
    }

    /// <summary>The requests of uploads in parts.</summary>
    public MultipartUploads Multipart { get; }

    /// <summary>What error messages name.</summary>
    public S3Target Target => connection.Target;

    /// <summary>True when the store verifies CRC32 checksums; false when only Content-MD5 may be sent.</summary>
    public bool UsesCrc32 => request.Destination.ChecksumMode == S3ChecksumMode.WhenSupported;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => connection.Counter.Snapshot();

    /// <summary>The whole key.</summary>
    public string Key(string relativeKey) => keyPrefix + relativeKey;

    /// <summary>Everything under the prefix, in the order the store lists it. The next page is fetched while one is read.</summary>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    public async IAsyncEnumerable<RemoteObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<ListObjectsV2Response> pages = Channel.CreateBounded<ListObjectsV2Response>(1);
        Task reading = Task.Run(() => ReadPagesAsync(pages.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (ListObjectsV2Response page in pages.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                // The SDK asks for encoded keys when told to, but leaves decoding to us; a store may have ignored the wish.
                bool isEncoded = page.Encoding == EncodingType.Url;
                foreach (S3Object item in page.S3Objects ?? [])
                {
                    string key = isEncoded ? WebUtility.UrlDecode(item.Key) : item.Key;
                    if (!key.StartsWith(keyPrefix, StringComparison.Ordinal))
                        throw S3Errors.ListingIncomplete(request.Destination.Bucket, $"'{key}' is not under '{keyPrefix}'");
                    // Consoles make an object for the prefix itself; it is no part of the backup.
                    if (key.Length > keyPrefix.Length)
                        yield return new RemoteObject(key[keyPrefix.Length..], item.Size ?? 0, (item.ETag ?? "").Trim('"'));
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadPagesAsync(ChannelWriter<ListObjectsV2Response> pages, CancellationToken cancellationToken)
    {
        try
        {
            ListObjectsV2Request list = new()
            {
                BucketName = request.Destination.Bucket,
                Prefix = keyPrefix,
                // XML cannot carry every character a key may have.
                Encoding = EncodingType.Url,
            };
            bool more = true;
            while (more)
            {
                ListObjectsV2Response page = await ReadPageAsync(list, cancellationToken).ConfigureAwait(false);
                await pages.WriteAsync(page, cancellationToken).ConfigureAwait(false);
                more = page.IsTruncated == true;
                list.ContinuationToken = page.NextContinuationToken;
            }

            pages.Complete();
        }
        catch (Exception exception)
        {
            pages.Complete(exception);
        }
    }

    // The SDK retries a request that fails and a connection that drops, but not a document that ends early.
    private async Task<ListObjectsV2Response> ReadPageAsync(ListObjectsV2Request list, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                ListObjectsV2Response page = await client.ListObjectsV2Async(list, cancellationToken).ConfigureAwait(false);
                RequireWhole(page);
                return page;
            }
            catch (Exception exception) when (exception is AmazonUnmarshallingException or System.Xml.XmlException or IOException)
            {
                if (exception is IOException || attempt == TriesPerPage)
                    throw S3Errors.ListingIncomplete(request.Destination.Bucket, exception.Message, exception);
            }
        }
    }

    private void RequireWhole(ListObjectsV2Response page)
    {
        int keys = page.S3Objects?.Count ?? 0;
        if (page.KeyCount is { } announced && announced != keys)
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, $"{announced} keys were announced and {keys} came");
        if (page.IsTruncated is null)
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, "the answer does not say whether there is more");
        if (page.IsTruncated == true && string.IsNullOrEmpty(page.NextContinuationToken))
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, "there is more, but the answer does not say where");
    }

    /// <summary>Uploads one object from memory.</summary>
    public async Task PutAsync(ObjectContent content, CancellationToken cancellationToken)
    {
        string contentType = ContentType(content.RelativeKey);
        List<KeyValuePair<string, string>> headers =
        [
            new("content-type", contentType),
            new("x-amz-storage-class", request.Options.StorageClass),
            .. content.ChecksumHeaders(UsesCrc32),
            .. content.Metadata.Select(pair => new KeyValuePair<string, string>("x-amz-meta-" + pair.Key, pair.Value)),
        ];
        if (await directPut.TryAsync(Key(content.RelativeKey), "", content, headers, cancellationToken).ConfigureAwait(false) is not null)
            return;

        PutObjectRequest put = new()
        {
            BucketName = request.Destination.Bucket,
            Key = Key(content.RelativeKey),
            ContentType = contentType,
            InputStream = content.OpenRead(),
            AutoCloseStream = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = isHttps ? true : null,
            StorageClass = StorageClass,
        };
        foreach ((string name, string value) in content.Metadata)
            put.Metadata.Add(name, value);
        if (UsesCrc32)
        {
            put.ChecksumAlgorithm = ChecksumAlgorithm.CRC32;
            put.ChecksumCRC32 = content.Crc32;
        }
        else
        {
            put.MD5Digest = content.Md5;
        }

        await client.PutObjectAsync(put, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What S3 knows of an object's content beyond its entity tag.</summary>
    public async Task<StoredChecksums> HeadAsync(string relativeKey, CancellationToken cancellationToken)
    {
        GetObjectMetadataRequest head = new()
        {
            BucketName = request.Destination.Bucket,
            Key = Key(relativeKey),
            ChecksumMode = UsesCrc32 ? ChecksumMode.ENABLED : null,
        };
        GetObjectMetadataResponse found = await client.GetObjectMetadataAsync(head, cancellationToken).ConfigureAwait(false);
        bool isComposite = found.ChecksumType == ChecksumType.COMPOSITE;
        return new StoredChecksums(isComposite ? null : found.ChecksumCRC32, isComposite ? null : found.ChecksumSHA256);
    }

    /// <summary>Deletes objects, up to 1,000 a request, and hands out the ones that S3 did not delete.</summary>
    public async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyList<string> relativeKeys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (string[] batch in relativeKeys.Where(IsSafeInXml).Chunk(KeysPerDelete))
        {
            foreach (BackupError error in await DeleteBatchAsync(batch, cancellationToken).ConfigureAwait(false))
                yield return error;
        }

        foreach (string relativeKey in relativeKeys.Where(key => !IsSafeInXml(key)))
        {
            DeleteObjectRequest delete = new() { BucketName = request.Destination.Bucket, Key = Key(relativeKey) };
            await client.DeleteObjectAsync(delete, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        directPut.Dispose();
        connection.Dispose();
    }

    private async Task<IEnumerable<BackupError>> DeleteBatchAsync(string[] relativeKeys, CancellationToken cancellationToken)
    {
        DeleteObjectsRequest delete = new()
        {
            BucketName = request.Destination.Bucket,
            Objects = [.. relativeKeys.Select(key => new KeyVersion { Key = Key(key) })],
            Quiet = true,
        };
        try
        {
            DeleteObjectsResponse answer = await client.DeleteObjectsAsync(delete, cancellationToken).ConfigureAwait(false);
            return ToErrors(answer);
        }
        catch (DeleteObjectsException partly)
        {
            return ToErrors(partly.Response);
        }
    }

    private static IEnumerable<BackupError> ToErrors(DeleteObjectsResponse answer) =>
        (answer.DeleteErrors ?? []).Select(error => S3Errors.DeleteFailed(error.Key, error.Code, error.Message));

    private S3StorageClass StorageClass => S3StorageClass.FindValue(request.Options.StorageClass);

    private static string ContentType(string relativeKey) => AmazonS3Util.MimeTypeFromExtension(Path.GetExtension(relativeKey));

    // XML 1.0 has no way to write these characters, not even escaped: https://www.w3.org/TR/xml/#charsets
    private static bool IsSafeInXml(string key) => !key.AsSpan().ContainsAnyInRange('\u0000', '\u001F') && !key.AsSpan().ContainsAny('\uFFFE', '\uFFFF');
}

/// <summary>Checksums of a whole object, base64 as S3 gives them; null where S3 has none.</summary>
internal readonly record struct StoredChecksums(string? Crc32, string? Sha256);
