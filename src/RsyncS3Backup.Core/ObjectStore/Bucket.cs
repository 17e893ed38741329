using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// One bucket below one key prefix: the requests that a run makes, and nothing of the SDK's outside. The SDK's client is made with the first
/// request: that takes a fresh process a good tenth of a second, as long as all the rest of a run that finds nothing to do.
/// </summary>
internal sealed class Bucket : IDisposable
{
    /// <summary>Keys that one request deletes at most: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html</summary>
    public const int KeysPerDelete = 1000;

    private const int TriesPerPage = 3;

    private readonly Lazy<Link> link;
    private readonly S3Access request;
    private readonly string keyPrefix;

    public Bucket(S3Access request, string keyPrefix, int connections, TransferLimits? limits = null)
    {
        this.request = request;
        this.keyPrefix = keyPrefix;
        link = new Lazy<Link>(() => new Link(S3ClientFactory.Create(request, connections, limits, Traffic), request, keyPrefix));
    }

    private Bucket(Bucket other, string keyPrefix)
    {
        request = other.request;
        this.keyPrefix = keyPrefix;
        Traffic = other.Traffic;
        link = new Lazy<Link>(() => new Link(other.link.Value.Connection, request, keyPrefix, ownsConnection: false));
    }

    /// <summary>The requests of uploads in parts.</summary>
    public MultipartUploads Multipart => link.Value.Multipart;

    /// <summary>The requests that copy inside the bucket.</summary>
    public ObjectCopies Copies => link.Value.Copies;

    /// <summary>What moves between here and the store.</summary>
    public Traffic Traffic { get; } = new(TimeProvider.System);

    /// <summary>What error messages name.</summary>
    public S3Target Target => link.IsValueCreated ? link.Value.Connection.Target : S3Target.Unresolved(request);

    /// <summary>True when the store verifies CRC32 checksums; false when only Content-MD5 may be sent.</summary>
    public bool UsesCrc32 => request.Destination.ChecksumMode == S3ChecksumMode.WhenSupported;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => link.IsValueCreated ? link.Value.Connection.Counter.Snapshot() : new S3RequestCounts();

    private AmazonS3Client Client => link.Value.Connection.Client;

    /// <summary>Makes ready for requests, without one. Whoever asks for the first request on a thread of its own calls this before.</summary>
    /// <returns>What error messages name.</returns>
    /// <exception cref="BackupException">An insecure endpoint, an unknown profile, or no region.</exception>
    public S3Target Connect() => link.Value.Connection.Target;

    /// <summary>What every key starts with.</summary>
    public string KeyPrefix => keyPrefix;

    /// <summary>The same bucket below another prefix, over the same connections.</summary>
    public Bucket At(string otherPrefix) => new(this, otherPrefix);

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
                        yield return new RemoteObject(key[keyPrefix.Length..], item.Size ?? 0, (item.ETag ?? "").Trim('"'), S3StorageClasses.Named(item.StorageClass?.Value));
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
                more = Turn(list, page);
            }

            pages.Complete();
        }
        catch (Exception exception)
        {
            pages.Complete(exception);
        }
    }

    /// <summary>The folders right under the prefix whose name starts with <paramref name="start"/>, as whole keys that end in a slash.</summary>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    public async Task<IReadOnlyList<string>> ListFoldersAsync(string start, CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = new()
        {
            BucketName = request.Destination.Bucket,
            Prefix = keyPrefix + start,
            Delimiter = "/",
            Encoding = EncodingType.Url,
        };
        List<string> folders = [];
        bool more = true;
        while (more)
        {
            ListObjectsV2Response page = await ReadPageAsync(list, cancellationToken).ConfigureAwait(false);
            bool isEncoded = page.Encoding == EncodingType.Url;
            folders.AddRange((page.CommonPrefixes ?? []).Select(folder => isEncoded ? WebUtility.UrlDecode(folder) : folder));
            more = Turn(list, page);
        }

        return folders;
    }

    /// <summary>Sets the request to the next page; false when this was the last.</summary>
    private bool Turn(ListObjectsV2Request list, ListObjectsV2Response page)
    {
        if (page.IsTruncated != true)
            return false;
        // Or the same would be asked for ever.
        if (page.NextContinuationToken == list.ContinuationToken)
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, "it does not go on");
        list.ContinuationToken = page.NextContinuationToken;
        return true;
    }

    // The SDK retries a request that fails and a connection that drops, but not a document that ends early.
    private async Task<ListObjectsV2Response> ReadPageAsync(ListObjectsV2Request list, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                ListObjectsV2Response page = await Client.ListObjectsV2Async(list, cancellationToken).ConfigureAwait(false);
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
        // A listing by folders counts these as keys.
        int keys = (page.S3Objects?.Count ?? 0) + (page.CommonPrefixes?.Count ?? 0);
        if (page.KeyCount is { } announced && announced != keys)
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, $"{announced} keys were announced and {keys} came");
        if (page.IsTruncated is null)
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, "the answer does not say whether there is more");
        if (page.IsTruncated == true && string.IsNullOrEmpty(page.NextContinuationToken))
            throw S3Errors.ListingIncomplete(request.Destination.Bucket, "there is more, but the answer does not say where");
    }

    /// <summary>Uploads one object from memory.</summary>
    public async Task<StoredVersion> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        IEnumerable<KeyValuePair<string, string>> lines = headers.Lines().Concat(content.ChecksumHeaders(UsesCrc32)).Concat(S3ClientFactory.OwnerHeader(request.Destination));
        (StoredVersion? direct, bool isRefused) =
            await link.Value.DirectPut.TryAsync(Key(content.RelativeKey), "", content, lines, cancellationToken).ConfigureAwait(false);
        if (direct is { } stored)
            return stored;
        PutObjectResponse done = await PutThroughSdkAsync(content, headers, cancellationToken).ConfigureAwait(false);
        if (isRefused)
            link.Value.DirectPut.NoteOwnRefusal();
        return StoredVersion.From(done.ETag, done.VersionId);
    }

    private Task<PutObjectResponse> PutThroughSdkAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken) =>
        SoundAnswers.AskAsync(
            Target, "PutObject", Key(content.RelativeKey), token => Client.PutObjectAsync(PutRequest(content, headers), token),
            done => SoundAnswers.FindTag(done.ETag), cancellationToken);

    private PutObjectRequest PutRequest(ObjectContent content, ObjectHeaders headers)
    {
        PutObjectRequest put = new()
        {
            BucketName = request.Destination.Bucket,
            Key = Key(content.RelativeKey),
            InputStream = content.OpenRead(),
            AutoCloseStream = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = link.Value.Connection.IsHttps ? true : null,
        };
        headers.ApplyTo(put.Headers);
        if (UsesCrc32)
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

    /// <summary>What S3 knows of an object; null when there is none.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<ObjectHead?> HeadWholeKeyAsync(string key, CancellationToken cancellationToken) =>
        ObjectHead.ReadAsync(link.Value.Connection, request.Destination, key, cancellationToken);

    /// <summary>The bytes of a small object; null when there is none, or when it is larger than that.</summary>
    public async Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken)
    {
        try
        {
            GetObjectRequest get = new() { BucketName = request.Destination.Bucket, Key = Key(relativeKey) };
            using GetObjectResponse found = await SoundAnswers.AskAsync(
                Target, "GetObject", get.Key, token => Client.GetObjectAsync(get, token), answer => SoundAnswers.FindTag(answer.ETag),
                cancellationToken).ConfigureAwait(false);
            if (found.ContentLength > most)
                return null;
            byte[] bytes = new byte[found.ContentLength];
            await found.ResponseStream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            return bytes;
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchKey")
        {
            return null;
        }
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
            await SoundAnswers.AskAsync(
                Target, "DeleteObject", delete.Key, token => Client.DeleteObjectAsync(delete, token), SoundAnswers.FindNoContent,
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How many requests <see cref="DeleteAsync"/> makes of them.</summary>
    public static int RequestsToDelete(IReadOnlyCollection<string> relativeKeys)
    {
        int safe = relativeKeys.Count(IsSafeInXml);
        return ((safe + KeysPerDelete - 1) / KeysPerDelete) + relativeKeys.Count - safe;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (link.IsValueCreated)
            link.Value.Dispose();
    }

    private async Task<IEnumerable<BackupError>> DeleteBatchAsync(string[] relativeKeys, CancellationToken cancellationToken)
    {
        DeleteObjectsRequest delete = new()
        {
            BucketName = request.Destination.Bucket,
            Objects = [.. relativeKeys.Select(key => new KeyVersion { Key = Key(key) })],
            // What was deleted is what the answer says was deleted, and not what it does not speak of.
            Quiet = false,
        };
        DeleteObjectsResponse answer = await SoundAnswers.AskAsync(
            Target, "DeleteObjects", delete.Objects[0].Key, DeleteAsync,
            found => Named(found).Any() ? null : "no word on any of the keys", cancellationToken).ConfigureAwait(false);
        HashSet<string> named = [.. Named(answer)];
        return (answer.DeleteErrors ?? []).Select(error => S3Errors.DeleteFailed(error.Key, error.Code, error.Message)).Concat(
            delete.Objects.Where(item => !named.Contains(item.Key)).Select(item => S3Errors.AnswerInvalid(
                Target.Endpoint, "DeleteObjects", item.Key, "no word on this key").Error));

        async Task<DeleteObjectsResponse> DeleteAsync(CancellationToken token)
        {
            try
            {
                return await Client.DeleteObjectsAsync(delete, token).ConfigureAwait(false);
            }
            catch (DeleteObjectsException partly)
            {
                return partly.Response;
            }
        }

        static IEnumerable<string> Named(DeleteObjectsResponse answer) =>
            (answer.DeletedObjects ?? []).Select(item => item.Key).Concat((answer.DeleteErrors ?? []).Select(error => error.Key));
    }

    // XML 1.0 has no way to write these characters, not even escaped: https://www.w3.org/TR/xml/#charsets. And of a key that is nothing but
    // spaces a reader may make nothing.
    private static bool IsSafeInXml(string key) => !string.IsNullOrWhiteSpace(key) && !key.AsSpan().ContainsAnyInRange('\u0000', '\u001F') && !key.AsSpan().ContainsAny('\uFFFE', '\uFFFF');

    /// <summary>What the requests go through.</summary>
    private sealed class Link : IDisposable
    {
        private readonly bool ownsConnection;

        public Link(S3Connection connection, S3Access request, string keyPrefix, bool ownsConnection = true)
        {
            this.ownsConnection = ownsConnection;
            Connection = connection;
            DirectPut = new DirectPut(connection.Counter, connection.BucketAddress, connection.Target.Region, connection.Credentials);
            Multipart = new MultipartUploads(request, keyPrefix, connection, DirectPut);
            Copies = new ObjectCopies(request, keyPrefix, connection, Multipart);
        }

        public S3Connection Connection { get; }

        public DirectPut DirectPut { get; }

        public MultipartUploads Multipart { get; }

        public ObjectCopies Copies { get; }

        public void Dispose()
        {
            DirectPut.Dispose();
            if (ownsConnection)
                Connection.Dispose();
        }
    }
}
