using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// The requests that only read: listings of objects and of their versions, in key order and never more than two pages of them in memory.
/// Every exception that they throw is a <see cref="BackupException"/>, unless the caller cancelled.
/// </summary>
internal sealed class BucketReader : IDisposable
{
    private const int TriesPerPage = 3;

    // Above every character that a key may have, so that a marker ending in it is behind all keys that start like it.
    private const string LastCharacter = "\U0010FFFF";

    private readonly S3Access request;
    private readonly Lazy<S3Connection> connection;

    /// <param name="request">The bucket and how to reach it.</param>
    /// <param name="connections">How many requests may be under way.</param>
    /// <param name="limits">Limits of transfers; null: the usual ones.</param>
    public BucketReader(S3Access request, int connections, TransferLimits? limits = null)
    {
        this.request = request;
        connection = new Lazy<S3Connection>(() => S3ClientFactory.Create(request, connections, limits, Traffic));
    }

    /// <summary>The bucket.</summary>
    public string BucketName => request.Destination.Bucket;

    /// <summary>What the reader was made from.</summary>
    public S3Access Request => request;

    /// <summary>What moves between here and the store.</summary>
    public Traffic Traffic { get; } = new(TimeProvider.System);

    /// <summary>The SDK's client, made at the first use.</summary>
    public S3Connection Connection => connection.Value;

    /// <summary>What error messages name.</summary>
    public S3Target Target => connection.IsValueCreated ? connection.Value.Target : S3Target.Unresolved(request);

    /// <summary>Keys that a page holds at most; null: as many as the store gives.</summary>
    internal int? PageSize { get; init; }

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => connection.IsValueCreated ? connection.Value.Counter.Snapshot() : new S3RequestCounts();

    /// <summary>The objects whose keys are in a range, in key order.</summary>
    /// <param name="keyPrefix">What the keys of the copy start with.</param>
    /// <param name="range">Which of them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole, or not in order.</exception>
    public async IAsyncEnumerable<StoredObject> ListAsync(
        string keyPrefix, KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + range.Start);
        // A key is the first one of those that start with it.
        list.MaxKeys = range.IsOneKey ? 1 : PageSize;
        string? previous = null;
        await foreach (ListObjectsV2Response page in PagesAsync(list, range.IsOneKey, cancellationToken).ConfigureAwait(false))
        {
            foreach (S3Object item in page.S3Objects ?? [])
            {
                string key = Decode(item.Key, page.Encoding);
                RequireUnder(list.Prefix, key);
                if (range.IsOneKey && key != list.Prefix)
                    yield break;
                RequireOrder(ref previous, key, mayBeEqual: false);
                if (key.Length > keyPrefix.Length)
                    yield return ToStored(item, key[keyPrefix.Length..]);
            }
        }
    }

    /// <summary>What is right beneath a folder, in key order: objects, and folders as keys that end in a slash.</summary>
    /// <param name="keyPrefix">What the keys of the copy start with.</param>
    /// <param name="folder">The folder below it, with a slash at its end; empty for the root.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    public async IAsyncEnumerable<StoredObject> ListLevelAsync(
        string keyPrefix, string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + folder);
        list.Delimiter = "/";
        await foreach (ListObjectsV2Response page in PagesAsync(list, isOnePage: false, cancellationToken).ConfigureAwait(false))
        {
            List<StoredObject> level = [];
            foreach (S3Object item in page.S3Objects ?? [])
            {
                string key = Decode(item.Key, page.Encoding);
                RequireUnder(list.Prefix, key);
                if (key.Length > list.Prefix.Length)
                    level.Add(ToStored(item, key[keyPrefix.Length..]));
            }

            foreach (string encoded in page.CommonPrefixes ?? [])
            {
                string key = Decode(encoded, page.Encoding);
                RequireUnder(list.Prefix, key);
                level.Add(new StoredObject(key[keyPrefix.Length..], 0, "", "", default) { HasObject = false });
            }

            // Each kind is in order, and both together are within a page.
            level.Sort((left, right) => KeyOrder.Compare(left.RelativeKey, right.RelativeKey));
            foreach (StoredObject item in level)
                yield return item;
        }
    }

    /// <summary>All versions and delete markers of the keys in a range: in key order, and of one key the latest first.</summary>
    /// <param name="keyPrefix">What the keys of the copy start with.</param>
    /// <param name="range">Which of them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole, or not in order.</exception>
    public IAsyncEnumerable<StoredObject> ListVersionsAsync(string keyPrefix, KeyRange range, CancellationToken cancellationToken) =>
        ListVersionsAsync(keyPrefix, range, after: null, cancellationToken);

    /// <summary>Likewise, from the first key on that is neither <paramref name="after"/> nor beneath it.</summary>
    public async IAsyncEnumerable<StoredObject> ListVersionsAsync(
        string keyPrefix, KeyRange range, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListVersionsRequest list = new()
        {
            BucketName = BucketName,
            Prefix = keyPrefix + range.Start,
            Encoding = EncodingType.Url,
            MaxKeys = PageSize,
            KeyMarker = after is null ? null : keyPrefix + after + LastCharacter,
        };
        string? previous = null;
        await foreach (ListVersionsResponse page in PagesAsync(list, cancellationToken).ConfigureAwait(false))
        {
            foreach (S3ObjectVersion item in page.Versions ?? [])
            {
                string key = Decode(item.Key, page.Encoding);
                RequireUnder(list.Prefix, key);
                if (range.IsOneKey && key != list.Prefix)
                    yield break;
                RequireOrder(ref previous, key, mayBeEqual: true);
                if (key.Length > keyPrefix.Length)
                    yield return ToStored(item, key[keyPrefix.Length..]);
            }
        }
    }

    /// <summary>Whether the bucket keeps versions.</summary>
    /// <returns>Null when the credentials do not allow to ask, or the store does not know the question.</returns>
    public async Task<bool?> KeepsVersionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            GetBucketVersioningRequest versioning = new() { BucketName = BucketName };
            GetBucketVersioningResponse answer = await connection.Value.Client.GetBucketVersioningAsync(versioning, cancellationToken).ConfigureAwait(false);
            // While it is suspended, what is written replaces what was written while it was: the past is not what it seems.
            return answer.VersioningConfig?.Status == VersionStatus.Enabled;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotImplemented)
        {
            return null;
        }
        catch (Exception exception) when (IsOthers(exception, cancellationToken))
        {
            throw new BackupException(S3Errors.From(exception, Target), exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (connection.IsValueCreated)
            connection.Value.Dispose();
    }

    private ListObjectsV2Request NewListing(string prefix) => new()
    {
        BucketName = BucketName,
        Prefix = prefix,
        MaxKeys = PageSize,
        // XML cannot carry every character a key may have.
        Encoding = EncodingType.Url,
    };

    private IAsyncEnumerable<ListObjectsV2Response> PagesAsync(ListObjectsV2Request list, bool isOnePage, CancellationToken cancellationToken) =>
        PagesAsync(
            token => connection.Value.Client.ListObjectsV2Async(list, token),
            page =>
            {
                int keys = (page.S3Objects?.Count ?? 0) + (page.CommonPrefixes?.Count ?? 0);
                if (page.KeyCount is { } announced && announced != keys)
                    throw S3Errors.ListingIncomplete(BucketName, $"{announced} keys were announced and {keys} came");
                if (!RequireTold(page.IsTruncated, page.NextContinuationToken) || isOnePage)
                    return false;
                if (page.NextContinuationToken == list.ContinuationToken)
                    throw S3Errors.ListingIncomplete(BucketName, "it does not go on");
                list.ContinuationToken = page.NextContinuationToken;
                return true;
            },
            cancellationToken);

    private IAsyncEnumerable<ListVersionsResponse> PagesAsync(ListVersionsRequest list, CancellationToken cancellationToken) =>
        PagesAsync(
            token => connection.Value.Client.ListVersionsAsync(list, token),
            page =>
            {
                if (!RequireTold(page.IsTruncated, page.NextKeyMarker))
                    return false;
                // What came last, which is what S3's own marker says. Ceph 16 leaves that one unencoded, so not every key survives in it.
                (string, string?) next = page.Versions is [.., var last]
                    ? (Decode(last.Key, page.Encoding), last.VersionId)
                    : (Decode(page.NextKeyMarker, page.Encoding), page.NextVersionIdMarker);
                if (next == (list.KeyMarker, list.VersionIdMarker))
                    throw S3Errors.ListingIncomplete(BucketName, "it does not go on");
                (list.KeyMarker, list.VersionIdMarker) = next;
                return true;
            },
            cancellationToken);

    /// <summary>The pages of a listing; the next one is fetched while one is read.</summary>
    /// <param name="read">Asks for the page that the request is set to.</param>
    /// <param name="turn">Sets the request to the page after this one; false when this was the last.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private async IAsyncEnumerable<T> PagesAsync<T>(
        Func<CancellationToken, Task<T>> read, Func<T, bool> turn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<T>? next = ReadPageAsync(read, stop.Token, cancellationToken);
        try
        {
            while (next is not null)
            {
                T page = await next.ConfigureAwait(false);
                next = turn(page) ? ReadPageAsync(read, stop.Token, cancellationToken) : null;
                yield return page;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            if (next is not null)
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The SDK retries a request that fails and a connection that drops, but not a document that ends early.
    private async Task<T> ReadPageAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken stop, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await read(stop).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is AmazonUnmarshallingException or System.Xml.XmlException or IOException)
            {
                if (exception is IOException || attempt == TriesPerPage)
                    throw S3Errors.ListingIncomplete(BucketName, exception.Message, exception);
            }
            catch (Exception exception) when (IsOthers(exception, cancellationToken) && !stop.IsCancellationRequested)
            {
                throw new BackupException(S3Errors.From(exception, Target), exception);
            }
        }
    }

    private static bool IsOthers(Exception exception, CancellationToken cancellationToken) =>
        exception is not BackupException && !cancellationToken.IsCancellationRequested;

    private bool RequireTold(bool? isTruncated, string? next)
    {
        if (isTruncated is null)
            throw S3Errors.ListingIncomplete(BucketName, "the answer does not say whether there is more");
        if (isTruncated == true && string.IsNullOrEmpty(next))
            throw S3Errors.ListingIncomplete(BucketName, "there is more, but the answer does not say where");
        return isTruncated.Value;
    }

    private void RequireUnder(string prefix, string key)
    {
        if (!key.StartsWith(prefix, StringComparison.Ordinal))
            throw S3Errors.ListingIncomplete(BucketName, $"'{key}' is not under '{prefix}'");
    }

    private static void RequireOrder(ref string? previous, string key, bool mayBeEqual)
    {
        int order = previous is null ? -1 : KeyOrder.Compare(previous, key);
        if (order > 0 || (order == 0 && !mayBeEqual))
            throw S3Errors.OutOfOrder("The bucket's listing", previous!, key);
        previous = key;
    }

    // The SDK asks for encoded keys when told to, but leaves decoding to us; a store may have ignored the wish.
    private static string Decode(string key, EncodingType? encoding) => encoding == EncodingType.Url ? WebUtility.UrlDecode(key) : key;

    private static StoredObject ToStored(S3Object item, string relativeKey) => new(
        relativeKey, item.Size ?? 0, (item.ETag ?? "").Trim('"'), S3StorageClasses.Named(item.StorageClass?.Value),
        Time(item.LastModified));

    private static StoredObject ToStored(S3ObjectVersion item, string relativeKey)
    {
        bool isMarker = item.IsDeleteMarker == true;
        return new StoredObject(
            relativeKey, item.Size ?? 0, (item.ETag ?? "").Trim('"'),
            isMarker ? "" : S3StorageClasses.Named(item.StorageClass?.Value), Time(item.LastModified))
        {
            VersionId = item.VersionId,
            IsLatest = item.IsLatest == true,
            IsDeleteMarker = isMarker,
        };
    }

    private static DateTimeOffset Time(DateTime? time) => time is { } known ? new DateTimeOffset(known.ToUniversalTime()) : default;
}
