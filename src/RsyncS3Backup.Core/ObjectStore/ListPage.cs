using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>One line of a listing.</summary>
/// <param name="Key">The whole key.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">The entity tag as it is written; null: none.</param>
/// <param name="StorageClass">The storage class; null: none.</param>
/// <param name="LastModified">When it was stored, by S3's clock.</param>
internal readonly record struct ListedObject(string Key, long Size, string? ETag, string? StorageClass, DateTimeOffset? LastModified);

/// <summary>One page of a listing of objects, whoever has read it from the wire.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="IsTruncated">Whether more follows; null: the answer does not say.</param>
/// <param name="Next">Where it goes on.</param>
/// <param name="KeyCount">How many keys the answer says that it has; null: it does not say.</param>
internal sealed record ListPage(IReadOnlyList<ListedObject> Objects, bool? IsTruncated, string? Next, int? KeyCount)
{
    /// <summary>As the SDK read it.</summary>
    public static ListPage Of(ListObjectsV2Response page) => new(
        [.. (page.S3Objects ?? []).Select(item => new ListedObject(
            Decode(item.Key, page.Encoding), item.Size ?? 0, item.ETag, item.StorageClass?.Value, ObjectAnswers.Time(item.LastModified)))],
        page.IsTruncated, page.NextContinuationToken, page.KeyCount);

    /// <summary>A key as it is. The SDK asks for encoded keys when told to, but leaves decoding to us; a store may have ignored the wish.</summary>
    public static string Decode(string key, EncodingType? encoding) => encoding == EncodingType.Url ? WebUtility.UrlDecode(key) : key;
}
