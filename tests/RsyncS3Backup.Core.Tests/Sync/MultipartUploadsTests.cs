using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class MultipartUploadsTests(S3Fixture s3) : IClassFixture<S3Fixture>, IDisposable
{
    // S3 lists at most 1,000 uploads or parts in one answer.
    private const int MoreThanAPage = 1001;

    private readonly List<S3ObjectStore> buckets = [];

    public void Dispose() => buckets.ForEach(bucket => bucket.Dispose());

    private static readonly ObjectHeaders Plain = new() { ContentType = "text/plain", StorageClass = "STANDARD" };

    [Fact]
    public async Task Every_unfinished_upload_under_the_prefix_is_listed_and_no_other()
    {
        S3ObjectStore bucket = Open("uploads/");
        S3ObjectStore elsewhere = Open("elsewhere/");
        string[] keys = ["a b", "ü/+%.txt", "line\nbreak", "😀"];
        Dictionary<string, string> ids = [];
        foreach (string key in keys)
            ids.Add(key, await bucket.StartPartsAsync(key, Plain, default));
        string other = await elsewhere.StartPartsAsync("a b", Plain, default);

        List<PendingUpload> found = await bucket.ListUploadsAsync(default).ToListAsync();

        Assert.Equal(ids.OrderBy(pair => pair.Key), found.ToDictionary(upload => upload.RelativeKey, upload => upload.UploadId).OrderBy(pair => pair.Key));
        Assert.All(found, upload => Assert.InRange(upload.StartTime, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1)));
        foreach (PendingUpload upload in found)
            await bucket.AbortPartsAsync(upload.RelativeKey, upload.UploadId, default);
        Assert.Empty(await bucket.ListUploadsAsync(default).ToListAsync());
        await elsewhere.AbortPartsAsync("a b", other, default);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Unfinished_uploads_beyond_one_page_are_listed()
    {
        S3ObjectStore bucket = Open("many uploads/");
        List<string> ids = [];
        for (int i = 0; i < MoreThanAPage; i++)
            ids.Add(await bucket.StartPartsAsync("one key", Plain, default));

        List<PendingUpload> found = await bucket.ListUploadsAsync(default).ToListAsync();

        Assert.Equal(ids.Order(StringComparer.Ordinal), found.Select(upload => upload.UploadId).Order(StringComparer.Ordinal));
        foreach (PendingUpload upload in found)
            await bucket.AbortPartsAsync(upload.RelativeKey, upload.UploadId, default);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Parts_beyond_one_page_are_listed_as_they_were_confirmed()
    {
        S3ObjectStore bucket = Open("many parts/");
        string uploadId = await bucket.StartPartsAsync("line\nbreak", Plain, default);
        List<UploadedPart> sent = [];
        for (int number = 1; number <= MoreThanAPage; number++)
        {
            byte[] bytes = BitConverter.GetBytes(number);
            sent.Add(await bucket.PutPartAsync(uploadId, number, new ObjectContent("line\nbreak", bytes, bytes.Length), default));
        }

        List<UploadedPart> found = await bucket.ListPartsAsync("line\nbreak", uploadId, default).ToListAsync();

        Assert.Equal(sent.Select(part => (part.Number, part.Size, part.ETag)), found.Select(part => (part.Number, part.Size, part.ETag)));
        await bucket.AbortPartsAsync("line\nbreak", uploadId, default);
    }

    private S3ObjectStore Open(string prefix)
    {
        S3SyncRequest request = new()
        {
            MirrorPath = "/nowhere",
            Destination = s3.Destination,
            Options = new S3SyncOptions(),
            Credentials = s3.Credentials,
        };
        S3ObjectStore bucket = new(request, prefix, connections: 4);
        buckets.Add(bucket);
        return bucket;
    }
}
