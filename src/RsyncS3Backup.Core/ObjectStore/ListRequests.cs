using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Listings of a bucket, in key order and never more than some pages of them in memory. Every exception that they throw is a
/// <see cref="BackupException"/>, unless the caller cancelled.
/// </summary>
/// <param name="access">The bucket.</param>
/// <param name="connection">Sends the requests.</param>
/// <param name="shortWay">Sends most of the requests for objects.</param>
/// <param name="traffic">Says when the store asks to slow down.</param>
/// <param name="pageSize">Keys that a page holds at most; null: as many as the store gives.</param>
/// <param name="mostRequests">How many pages may be asked for at the same time.</param>
internal sealed class ListRequests(
    S3Access access, S3Connection connection, ShortWay shortWay, Traffic traffic, int? pageSize, int mostRequests)
{
    private const int TriesPerPage = 3;

    // Of a store that writes its pages in another way, the next one will not be read either.
    private const int UnreadBeforeGivingUp = 3;

    // Before the SDK, which asks at once, asks again what a store was too busy for.
    private static readonly TimeSpan PauseWhenBusy = TimeSpan.FromMilliseconds(500);

    // Above every character that a key may have, so that a marker ending in it is behind all keys that start like it.
    private const string LastCharacter = "\U0010FFFF";

    private readonly string bucketName = access.Destination.Bucket;

    private readonly AmazonS3Client client = connection.Client;

    private bool hasListed;
    private int unread;
    private bool isUncut;

    /// <summary>The objects whose keys are in a range.</summary>
    public IAsyncEnumerable<StoredObject> ObjectsAsync(string keyPrefix, KeyRange range, CancellationToken cancellationToken) =>
        Listing((stretch, token) => ObjectPagesAsync(keyPrefix, range, stretch, token), repeatsKeys: false)
            .ReadAsync(Cut(range), cancellationToken);

    /// <summary>What of the keys that start so is on one level: objects and folders.</summary>
    public async IAsyncEnumerable<StoredObject> LevelAsync(
        string keyPrefix, string start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + start);
        list.Delimiter = "/";
        await foreach (ListObjectsV2Response page in PagesAsync(list, cancellationToken).ConfigureAwait(false))
        {
            List<StoredObject> level = [];
            foreach (ListedObject item in ListPage.Of(page).Objects)
            {
                RequireUnder(list.Prefix, item.Key);
                if (item.Key.Length > list.Prefix.Length)
                    level.Add(ObjectAnswers.Listed(item.Key[keyPrefix.Length..], item));
            }

            foreach (string encoded in page.CommonPrefixes ?? [])
            {
                string key = ListPage.Decode(encoded, page.Encoding);
                RequireUnder(list.Prefix, key);
                level.Add(StoredObject.Folder(key[keyPrefix.Length..]));
            }

            // Each kind is in order, and both together are within a page.
            level.Sort((left, right) => KeyOrder.Compare(left.RelativeKey, right.RelativeKey));
            foreach (StoredObject item in level)
                yield return item;
        }
    }

    /// <summary>
    /// All versions and delete markers of the keys in a range, from the first one on that is not <paramref name="after"/> or
    /// beneath it.
    /// </summary>
    public IAsyncEnumerable<StoredObject> VersionsAsync(string keyPrefix, KeyRange range, string? after, CancellationToken cancellationToken)
    {
        string? marker = after is null ? null : after + LastCharacter;
        return Listing(
            (stretch, token) => VersionPagesAsync(keyPrefix, range, stretch.After is null ? stretch with { After = marker } : stretch, token),
            repeatsKeys: true).ReadAsync(Cut(range), cancellationToken);
    }

    private CutListing Listing(StretchLister list, bool repeatsKeys) => new(list, repeatsKeys, mostRequests, () => traffic.Throttled)
    {
        // The next listing would not fit either, and each costs as many requests as it has stretches under way.
        OnMisfit = () => Volatile.Write(ref isUncut, true),
    };

    private KeyRange Cut(KeyRange range) => Volatile.Read(ref isUncut) ? range with { Cuts = null } : range;

    /// <summary>The parts of an upload.</summary>
    public async IAsyncEnumerable<UploadedPart> PartsAsync(
        string key, string uploadId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListPartsRequest list = new() { BucketName = bucketName, Key = key, UploadId = uploadId, Encoding = EncodingType.Url };
        IAsyncEnumerable<ListPartsResponse> pages = PagesAsync(
            token => client.ListPartsAsync(list, token),
            page =>
            {
                string? next = page.NextPartNumberMarker?.ToString(CultureInfo.InvariantCulture);
                bool goesOn = GoesOn(page.IsTruncated, next, list.PartNumberMarker);
                list.PartNumberMarker = next;
                return goesOn;
            },
            cancellationToken);
        await foreach (ListPartsResponse page in pages.ConfigureAwait(false))
        {
            foreach (PartDetail part in page.Parts ?? [])
            {
                yield return new UploadedPart(
                    part.PartNumber ?? 0, part.Size ?? 0, ObjectAnswers.Tag(part.ETag), PartChecksums.Of(part, access.ChecksumAlgorithm))
                {
                    IsOfOtherAlgorithm = access.UsesChecksums && PartChecksums.IsOfOther(page, part, access.ChecksumAlgorithm),
                };
            }
        }
    }

    /// <summary>The unfinished uploads under a prefix.</summary>
    public async IAsyncEnumerable<PendingUpload> UploadsAsync(string keyPrefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListMultipartUploadsRequest list = new() { BucketName = bucketName, Prefix = keyPrefix, Encoding = EncodingType.Url };
        IAsyncEnumerable<ListMultipartUploadsResponse> pages = PagesAsync(
            token => client.ListMultipartUploadsAsync(list, token),
            page =>
            {
                (string?, string?) next =
                    (page.NextKeyMarker is { } marker ? ListPage.Decode(marker, page.EncodingType) : null, page.NextUploadIdMarker);
                bool goesOn = GoesOn(page.IsTruncated, next.Item1, next == (list.KeyMarker, list.UploadIdMarker) ? next.Item1 : null);
                (list.KeyMarker, list.UploadIdMarker) = next;
                return goesOn;
            },
            cancellationToken);
        await foreach (ListMultipartUploadsResponse page in pages.ConfigureAwait(false))
        {
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                string key = ListPage.Decode(upload.Key, page.EncodingType);
                if (key.Length > keyPrefix.Length && key.StartsWith(keyPrefix, StringComparison.Ordinal))
                {
                    yield return new PendingUpload(
                        key[keyPrefix.Length..], upload.UploadId, new DateTimeOffset(upload.Initiated ?? DateTime.UtcNow));
                }
            }
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<StoredObject>> ObjectPagesAsync(
        string keyPrefix, KeyRange range, ListedStretch stretch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + range.Start);
        // A key is the first one of those that start with it.
        list.MaxKeys = range.IsOneKey ? 1 : pageSize;
        list.StartAfter = stretch.After is { } after ? keyPrefix + after : null;
        string? through = stretch.Through is { } end ? keyPrefix + end : null;
        string? previous = null;
        IAsyncEnumerable<ListPage> pages = PagesAsync(
            token => AskAsync(list, token),
            page =>
            {
                RequireCount(page.KeyCount, page.Objects.Count);
                bool goesOn = GoesOn(page.IsTruncated, page.Next, list.ContinuationToken);
                list.ContinuationToken = page.Next;
                return goesOn && !range.IsOneKey && !HasCome(page.Objects is [.., var last] ? last.Key : null, through, mayGoOn: false);
            },
            cancellationToken);
        await foreach (ListPage page in pages.ConfigureAwait(false))
        {
            List<StoredObject> objects = new(page.Objects.Count);
            foreach (ListedObject item in page.Objects)
            {
                RequireUnder(list.Prefix, item.Key);
                if (range.IsOneKey && item.Key != list.Prefix)
                    break;
                RequireOrder(ref previous, item.Key, mayBeEqual: false);
                // Consoles make an object for the prefix itself; it is no part of a backup.
                if (item.Key.Length > keyPrefix.Length)
                    objects.Add(ObjectAnswers.Listed(item.Key[keyPrefix.Length..], item));
            }

            yield return objects;
        }
    }

    // The first page is the SDK's: it corrects this machine's clock and the region by the answers.
    private async Task<ListPage> AskAsync(ListObjectsV2Request list, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref hasListed) && Volatile.Read(ref unread) < UnreadBeforeGivingUp)
        {
            long throttled = traffic.Throttled;
            (ListPage? page, bool isOdd) = await shortWay.TryListAsync(Query(list), cancellationToken).ConfigureAwait(false);
            if (page is not null)
            {
                Volatile.Write(ref unread, 0);
                return page;
            }

            if (isOdd)
                Interlocked.Increment(ref unread);
            if (traffic.Throttled > throttled)
                await Task.Delay(PauseWhenBusy * (0.5 + Random.Shared.NextDouble()), cancellationToken).ConfigureAwait(false);
        }

        ListPage bySdk = ListPage.Of(await client.ListObjectsV2Async(list, cancellationToken).ConfigureAwait(false));
        Volatile.Write(ref hasListed, true);
        return bySdk;
    }

    private static string Query(ListObjectsV2Request list)
    {
        StringBuilder query = new();
        Add("continuation-token", list.ContinuationToken);
        Add("encoding-type", list.Encoding?.Value);
        Add("list-type", "2");
        Add("max-keys", list.MaxKeys?.ToString(CultureInfo.InvariantCulture));
        Add("prefix", list.Prefix);
        Add("start-after", list.StartAfter);
        return query.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
                query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<StoredObject>> VersionPagesAsync(
        string keyPrefix, KeyRange range, ListedStretch stretch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListVersionsRequest list = new()
        {
            BucketName = bucketName,
            Prefix = keyPrefix + range.Start,
            Encoding = EncodingType.Url,
            MaxKeys = pageSize,
            KeyMarker = stretch.After is { } after ? keyPrefix + after : null,
        };
        string? through = stretch.Through is { } end ? keyPrefix + end : null;
        string? previous = null;
        IAsyncEnumerable<ListVersionsResponse> pages = PagesAsync(
            list, page => HasCome(page.Versions is [.., var last] ? ListPage.Decode(last.Key, page.Encoding) : null, through, mayGoOn: true), cancellationToken);
        await foreach (ListVersionsResponse page in pages.ConfigureAwait(false))
        {
            List<StoredObject> versions = new(page.Versions?.Count ?? 0);
            foreach (S3ObjectVersion item in page.Versions ?? [])
            {
                string key = ListPage.Decode(item.Key, page.Encoding);
                RequireUnder(list.Prefix, key);
                if (range.IsOneKey && key != list.Prefix)
                {
                    yield return versions;
                    yield break;
                }

                RequireOrder(ref previous, key, mayBeEqual: true);
                if (key.Length > keyPrefix.Length)
                    versions.Add(ObjectAnswers.Listed(key[keyPrefix.Length..], item));
            }

            yield return versions;
        }
    }

    /// <summary>True when no page after this one is of the stretch.</summary>
    private static bool HasCome(string? last, string? through, bool mayGoOn) =>
        last is not null && through is not null && KeyOrder.Compare(last, through) is var order && (order > 0 || (order == 0 && !mayGoOn));

    private ListObjectsV2Request NewListing(string prefix) => new()
    {
        BucketName = bucketName,
        Prefix = prefix,
        MaxKeys = pageSize,
        // XML cannot carry every character a key may have.
        Encoding = EncodingType.Url,
    };

    private IAsyncEnumerable<ListObjectsV2Response> PagesAsync(ListObjectsV2Request list, CancellationToken cancellationToken) =>
        PagesAsync(
            token => client.ListObjectsV2Async(list, token),
            page =>
            {
                // A listing by folders counts these as keys.
                RequireCount(page.KeyCount, (page.S3Objects?.Count ?? 0) + (page.CommonPrefixes?.Count ?? 0));
                bool goesOn = GoesOn(page.IsTruncated, page.NextContinuationToken, list.ContinuationToken);
                list.ContinuationToken = page.NextContinuationToken;
                return goesOn;
            },
            cancellationToken);

    private IAsyncEnumerable<ListVersionsResponse> PagesAsync(
        ListVersionsRequest list, Func<ListVersionsResponse, bool> isLast, CancellationToken cancellationToken) =>
        PagesAsync(
            token => client.ListVersionsAsync(list, token),
            page =>
            {
                if (!GoesOn(page.IsTruncated, page.NextKeyMarker, null))
                    return false;
                // What came last, which is what S3's own marker says. Ceph 16 leaves that one unencoded, so not every key
                // survives in it.
                (string, string?) next = page.Versions is [.., var last]
                    ? (ListPage.Decode(last.Key, page.Encoding), last.VersionId)
                    : (ListPage.Decode(page.NextKeyMarker, page.Encoding), page.NextVersionIdMarker);
                if (next == (list.KeyMarker, list.VersionIdMarker))
                    throw S3Errors.ListingIncomplete(bucketName, "it does not go on");
                (list.KeyMarker, list.VersionIdMarker) = next;
                return !isLast(page);
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
                    throw S3Errors.ListingIncomplete(bucketName, exception.Message, exception);
            }
            catch (Exception exception) when (IsOthers(exception, cancellationToken) && !stop.IsCancellationRequested)
            {
                throw new BackupException(S3Errors.From(exception, connection.Target), exception);
            }
        }
    }

    private static bool IsOthers(Exception exception, CancellationToken cancellationToken) =>
        exception is not BackupException && !cancellationToken.IsCancellationRequested;

    /// <summary>Whether there is a page after this one. A store that names the same one again would be asked for ever.</summary>
    private bool GoesOn(bool? isTruncated, string? next, string? current)
    {
        if (isTruncated is null)
            throw S3Errors.ListingIncomplete(bucketName, "the answer does not say whether there is more");
        if (isTruncated == false)
            return false;
        if (string.IsNullOrEmpty(next))
            throw S3Errors.ListingIncomplete(bucketName, "there is more, but the answer does not say where");
        return next == current ? throw S3Errors.ListingIncomplete(bucketName, "it does not go on") : true;
    }

    private void RequireCount(int? announced, int keys)
    {
        if (announced is { } count && count != keys)
            throw S3Errors.ListingIncomplete(bucketName, $"{count} keys were announced and {keys} came");
    }

    private void RequireUnder(string prefix, string key)
    {
        if (!key.StartsWith(prefix, StringComparison.Ordinal))
            throw S3Errors.ListingIncomplete(bucketName, $"'{key}' is not under '{prefix}'");
    }

    private static void RequireOrder(ref string? previous, string key, bool mayBeEqual)
    {
        int order = previous is null ? -1 : KeyOrder.Compare(previous, key);
        if (order > 0 || (order == 0 && !mayBeEqual))
            throw S3Errors.OutOfOrder("The bucket's listing", previous!, key);
        previous = key;
    }
}
