using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>What a bucket holds under a prefix, seen through a plain SDK client.</summary>
public sealed class BucketView(AmazonS3Client client, string bucketName, string prefix)
{
    /// <summary>Keys below the prefix in ordinal order, but for the markers that say whose it is.</summary>
    public async Task<List<string>> KeysAsync()
    {
        List<string> keys = [];
        ListObjectsV2Request request = new() { BucketName = bucketName, Prefix = prefix, Encoding = EncodingType.Url };
        ListObjectsV2Response page;
        do
        {
            page = await client.ListObjectsV2Async(request);
            keys.AddRange((page.S3Objects ?? []).Select(item => System.Net.WebUtility.UrlDecode(item.Key)[prefix.Length..]));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
        keys.Sort(StringComparer.Ordinal);
        keys.RemoveAll(key => IsOwner(key, keys));
        return keys;
    }

    // Of the prefix itself, and of each dated snapshot. Elsewhere a file of that name is one of the mirror.
    private static bool IsOwner(string key, List<string> keys) => key == MirrorMarker.FileName
        || (key.EndsWith("/" + MirrorMarker.FileName, StringComparison.Ordinal)
            && keys.Contains(key[..^MirrorMarker.FileName.Length] + SnapshotManifest.RelativeKey));

    public async Task<byte[]> BytesAsync(string relativeKey)
    {
        using GetObjectResponse response = await client.GetObjectAsync(bucketName, prefix + relativeKey);
        using MemoryStream content = new();
        await response.ResponseStream.CopyToAsync(content);
        return content.ToArray();
    }

    public async Task<GetObjectMetadataResponse> HeadAsync(string relativeKey) =>
        await client.GetObjectMetadataAsync(bucketName, prefix + relativeKey);

    public async Task PutAsync(string relativeKey, string content) =>
        await client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucketName,
            Key = prefix + relativeKey,
            ContentBody = content,
            UseChunkEncoding = false,
        });

    public async Task<int> UnfinishedUploadsAsync()
    {
        ListMultipartUploadsResponse uploads = await client.ListMultipartUploadsAsync(
            new ListMultipartUploadsRequest { BucketName = bucketName, Prefix = prefix });
        return uploads.MultipartUploads?.Count ?? 0;
    }
}
