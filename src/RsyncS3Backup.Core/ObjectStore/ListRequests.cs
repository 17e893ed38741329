using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Listings of a bucket, in key order and never more than two pages of them in memory. Every exception that they throw is a
/// <see cref="BackupException"/>, unless the caller cancelled.
/// </summary>
/// <param name="access">The bucket.</param>
/// <param name="connection">Sends the requests.</param>
/// <param name="pageSize">Keys that a page holds at most; null: as many as the store gives.</param>
internal sealed class ListRequests(S3Access access, S3Connection connection, int? pageSize)
{
    private const int TriesPerPage = 3;

    // Above every character that a key may have, so that a marker ending in it is behind all keys that start like it.
    private const string LastCharacter = "\U0010FFFF";

    private readonly string bucketName = access.Destination.Bucket;

    private readonly AmazonS3Client client = connection.Client;

    /// <summary>The objects whose keys are in a range.</summary>
    public async IAsyncEnumerable<StoredObject> ObjectsAsync(
        string keyPrefix, KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + range.Start);
        // A key is the first one of those that start with it.
        list.MaxKeys = range.IsOneKey ? 1 : pageSize;
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
                // Consoles make an object for the prefix itself; it is no part of a backup.
                if (key.Length > keyPrefix.Length)
                    yield return ObjectAnswers.Listed(key[keyPrefix.Length..], item);
            }
        }
    }

    /// <summary>What of the keys that start so is on one level: objects and folders.</summary>
    public async IAsyncEnumerable<StoredObject> LevelAsync(
        string keyPrefix, string start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Request list = NewListing(keyPrefix + start);
        list.Delimiter = "/";
        await foreach (ListObjectsV2Response page in PagesAsync(list, isOnePage: false, cancellationToken).ConfigureAwait(false))
        {
            List<StoredObject> level = [];
            foreach (S3Object item in page.S3Objects ?? [])
            {
                string key = Decode(item.Key, page.Encoding);
                RequireUnder(list.Prefix, key);
                if (key.Length > list.Prefix.Length)
                    level.Add(ObjectAnswers.Listed(key[keyPrefix.Length..], item));
            }

            foreach (string encoded in page.CommonPrefixes ?? [])
            {
                string key = Decode(encoded, page.Encoding);
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
    public async IAsyncEnumerable<StoredObject> VersionsAsync(
        string keyPrefix, KeyRange range, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListVersionsRequest list = new()
        {
            BucketName = bucketName,
            Prefix = keyPrefix + range.Start,
            Encoding = EncodingType.Url,
            MaxKeys = pageSize,
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
                    yield return ObjectAnswers.Listed(key[keyPrefix.Length..], item);
            }
        }
    }

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
                    (page.NextKeyMarker is { } marker ? Decode(marker, page.EncodingType) : null, page.NextUploadIdMarker);
                bool goesOn = GoesOn(page.IsTruncated, next.Item1, next == (list.KeyMarker, list.UploadIdMarker) ? next.Item1 : null);
                (list.KeyMarker, list.UploadIdMarker) = next;
                return goesOn;
            },
            cancellationToken);
        await foreach (ListMultipartUploadsResponse page in pages.ConfigureAwait(false))
        {
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                string key = Decode(upload.Key, page.EncodingType);
                if (key.Length > keyPrefix.Length && key.StartsWith(keyPrefix, StringComparison.Ordinal))
                {
                    yield return new PendingUpload(
                        key[keyPrefix.Length..], upload.UploadId, new DateTimeOffset(upload.Initiated ?? DateTime.UtcNow));
                }
            }
        }
    }

    private ListObjectsV2Request NewListing(string prefix) => new()
    {
        BucketName = bucketName,
        Prefix = prefix,
        MaxKeys = pageSize,
        // XML cannot carry every character a key may have.
        Encoding = EncodingType.Url,
    };

    private IAsyncEnumerable<ListObjectsV2Response> PagesAsync(ListObjectsV2Request list, bool isOnePage, CancellationToken cancellationToken) =>
        PagesAsync(
            token => client.ListObjectsV2Async(list, token),
            page =>
            {
                // A listing by folders counts these as keys.
                int keys = (page.S3Objects?.Count ?? 0) + (page.CommonPrefixes?.Count ?? 0);
                if (page.KeyCount is { } announced && announced != keys)
                    throw S3Errors.ListingIncomplete(bucketName, $"{announced} keys were announced and {keys} came");
                bool goesOn = GoesOn(page.IsTruncated, page.NextContinuationToken, list.ContinuationToken);
                list.ContinuationToken = page.NextContinuationToken;
                return goesOn && !isOnePage;
            },
            cancellationToken);

    private IAsyncEnumerable<ListVersionsResponse> PagesAsync(ListVersionsRequest list, CancellationToken cancellationToken) =>
        PagesAsync(
            token => client.ListVersionsAsync(list, token),
            page =>
            {
                if (!GoesOn(page.IsTruncated, page.NextKeyMarker, null))
                    return false;
                // What came last, which is what S3's own marker says. Ceph 16 leaves that one unencoded, so not every key
                // survives in it.
                (string, string?) next = page.Versions is [.., var last]
                    ? (Decode(last.Key, page.Encoding), last.VersionId)
                    : (Decode(page.NextKeyMarker, page.Encoding), page.NextVersionIdMarker);
                if (next == (list.KeyMarker, list.VersionIdMarker))
                    throw S3Errors.ListingIncomplete(bucketName, "it does not go on");
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

    // The SDK asks for encoded keys when told to, but leaves decoding to us; a store may have ignored the wish.
    private static string Decode(string key, EncodingType? encoding) => encoding == EncodingType.Url ? WebUtility.UrlDecode(key) : key;
}
