using System.IO.Hashing;
using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Transfer;
using S3Server;
using Xunit;
using UnfinishedUpload = RsyncS3Backup.State.Catalogs.UnfinishedUpload;
using UploadedPart = RsyncS3Backup.ObjectStore.UploadedPart;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Uploads in parts that a crash ended, and the next run that finds them.</summary>
public sealed class ResumedUploadTests : IAsyncLifetime
{
    private const string BucketName = "resumed";
    private const int MiB = 1024 * 1024;
    private const int FileSize = (24 * MiB) + 1;
    private const int PartCount = 4;

    private readonly TemporaryFolder mirror = new();
    private readonly Memory unfinished = new();
    private readonly List<S3ObjectStore> buckets = [];
    private LoopbackS3Server server = null!;
    private byte[] content = [];
    private string path = "";
    private long sent;
    private long kept;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync();
        server.Store.CreateBucket(BucketName);
        content = RandomNumberGenerator.GetBytes(FileSize);
        path = Path.Combine(mirror.Path, "large.bin");
        await File.WriteAllBytesAsync(path, content);
    }

    public async Task DisposeAsync()
    {
        buckets.ForEach(bucket => bucket.Dispose());
        await server.DisposeAsync();
        mirror.Dispose();
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(S3ChecksumMode.WhenSupported)]
    [InlineData(S3ChecksumMode.WhenRequired)]
    public async Task Only_the_parts_that_S3_does_not_have_are_sent(S3ChecksumMode mode)
    {
        S3ObjectStore bucket = Open(mode);
        await CrashAfterPartsAsync(bucket, 1, 3);
        long before = server.Requests["UploadPart"];

        UploadedObject? uploaded = await UploadAsync(bucket);

        Assert.Equal(PartCount - 2, server.Requests["UploadPart"] - before);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
        Assert.Equal((1, 0), (server.Requests["CreateMultipartUpload"], unfinished.Count));
        Assert.Equal((8L * MiB) + 1, uploaded!.SentBytes);
        Assert.Equal(((8L * MiB) + 1, 16L * MiB), (sent, kept));
    }

    [Fact]
    public async Task An_upload_that_was_begun_with_another_checksum_begins_anew()
    {
        await CrashAfterPartsAsync(Open(), 1);

        UploadedObject? uploaded = await UploadAsync(Open(algorithm: "SHA256"));

        Assert.Equal((2, (long)FileSize, 0), (server.Requests["CreateMultipartUpload"], uploaded!.SentBytes, unfinished.Count));
        StoredObjectInfo stored = server.Store.Find(BucketName, "p/large.bin")!;
        Assert.Equal(("SHA256", "COMPOSITE"), (stored.ChecksumAlgorithm, stored.ChecksumType));
    }

    [Fact]
    public async Task What_was_stored_is_handed_out_with_the_checksum_of_the_whole()
    {
        UploadedObject? uploaded = await UploadAsync(Open());

        byte[] crc32 = Crc32.Hash(content);
        Array.Reverse(crc32);
        Assert.Equal(Convert.ToBase64String(crc32), uploaded!.Crc32);
        Assert.Equal((FileSize, "STANDARD", FileSize), (uploaded.Stored.Size, uploaded.Stored.StorageClass, uploaded.SentBytes));
        Assert.EndsWith($"-{PartCount}", uploaded.Stored.ETag, StringComparison.Ordinal);
        Assert.Equal(FileAttributesReader.Read(path), uploaded.Attributes);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_part_whose_bytes_are_not_those_of_the_file_is_sent_again()
    {
        S3ObjectStore bucket = Open();
        UnfinishedUpload upload = await CrashAfterPartsAsync(bucket, 1);
        byte[] other = RandomNumberGenerator.GetBytes(8 * MiB);
        await bucket.PutPartAsync(upload.UploadId, 2, new ObjectContent("large.bin", other, other.Length), default);
        long before = server.Requests["UploadPart"];

        await UploadAsync(bucket);

        Assert.Equal(PartCount - 1, server.Requests["UploadPart"] - before);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_file_that_changed_begins_anew_and_the_old_upload_is_aborted()
    {
        S3ObjectStore bucket = Open();
        await CrashAfterPartsAsync(bucket, 1, 2, 3);
        content[5] ^= 0xFF;
        await File.WriteAllBytesAsync(path, content);
        long before = server.Requests["UploadPart"];

        await UploadAsync(bucket);

        Assert.Equal(PartCount, server.Requests["UploadPart"] - before);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
        Assert.Equal((1, 0), (server.Requests["AbortMultipartUpload"], unfinished.Count));
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_upload_with_another_part_size_begins_anew()
    {
        S3ObjectStore bucket = Open();
        UnfinishedUpload upload = await CrashAfterPartsAsync(bucket, 1);
        unfinished.Forget(upload.UploadId);
        unfinished.Remember(upload with { PartSize = 16 * MiB });

        await UploadAsync(bucket);

        Assert.Equal((2, 1, 0), (server.Requests["CreateMultipartUpload"], server.Requests["AbortMultipartUpload"], unfinished.Count));
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_upload_that_S3_does_not_know_any_more_begins_anew()
    {
        S3ObjectStore bucket = Open();
        UnfinishedUpload upload = await CrashAfterPartsAsync(bucket, 1, 2);
        await bucket.AbortPartsAsync("large.bin", upload.UploadId, default);

        await UploadAsync(bucket);

        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
        Assert.Equal(0, unfinished.Count);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_upload_that_ends_elsewhere_while_it_is_continued_begins_anew()
    {
        S3ObjectStore bucket = Open();
        UnfinishedUpload upload = await CrashAfterPartsAsync(bucket, 1, 2);
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "CompleteMultipartUpload", Kind = FaultKind.Hold });
        Task<UploadedObject?> running = UploadAsync(bucket);
        await hold.Arrived;
        await bucket.AbortPartsAsync("large.bin", upload.UploadId, default);
        hold.Release();

        Assert.NotNull(await running);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
        Assert.Equal(0, unfinished.Count);
    }

    [Fact]
    public async Task An_upload_is_remembered_before_its_first_part()
    {
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.Hold, Times = int.MaxValue });
        Task<UploadedObject?> running = UploadAsync(Open());
        await hold.Arrived;

        UnfinishedUpload? remembered = unfinished.Find("large.bin");

        Assert.Equal(server.Store.UnfinishedUploads(BucketName).Single().UploadId, remembered?.UploadId);
        hold.Release();
        await running;
        Assert.Equal(0, unfinished.Count);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Cancelling_aborts_a_continued_upload_and_forgets_it()
    {
        S3ObjectStore bucket = Open();
        await CrashAfterPartsAsync(bucket, 1);
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.Hold, Times = int.MaxValue });
        using CancellationTokenSource stop = new();
        Task<UploadedObject?> running = UploadAsync(bucket, stop.Token);
        await hold.Arrived;

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
        Assert.Equal(0, unfinished.Count);
    }

    [Fact]
    public async Task What_is_remembered_is_aborted_and_what_others_began_is_not()
    {
        S3ObjectStore bucket = Open();
        unfinished.Remember(new UnfinishedUpload("gone.bin", await StartAsync(bucket, "gone.bin"), 1, 1, 1, 1, 1, DateTimeOffset.UtcNow));
        unfinished.Remember(new UnfinishedUpload("ended.bin", "upload-unknown", 1, 1, 1, 1, 1, DateTimeOffset.UtcNow));
        string foreign = await StartAsync(bucket, "foreign.bin");

        (int aborted, Exception? problem) = await Uploader(bucket).Parts.AbortStaleAsync(
            unfinished.All(), includeUnknown: false, DateTimeOffset.UtcNow, default);

        Assert.Equal((1, null), (aborted, problem));
        Assert.Empty(unfinished.All());
        Assert.Equal(["p/foreign.bin"], server.Store.UnfinishedUploads(BucketName).Select(upload => upload.Key));
        Assert.NotNull(foreign);
    }

    [Theory]
    [InlineData(23, 0)]
    [InlineData(25, 1)]
    public async Task In_a_reconcile_unknown_uploads_are_aborted_when_they_are_older_than_a_day(int hours, int expected)
    {
        S3ObjectStore bucket = Open();
        await StartAsync(bucket, "unknown.bin");
        using S3ObjectStore elsewhere = new(Request(), "other/", connections: 4);
        await StartAsync(elsewhere, "unknown.bin");

        (int aborted, _) = await Uploader(bucket).Parts.AbortStaleAsync(
            [], includeUnknown: true, DateTimeOffset.UtcNow.AddHours(hours), default);

        Assert.Equal(expected, aborted);
        Assert.Equal(2 - expected, server.Store.UnfinishedUploads(BucketName).Count);
    }

    [Fact]
    public async Task A_store_that_lists_no_uploads_is_no_failure()
    {
        server.Faults.Add(new FaultRule { Operation = "ListMultipartUploads", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        (int aborted, Exception? problem) = await Uploader(Open()).Parts.AbortStaleAsync(
            [], includeUnknown: true, DateTimeOffset.UtcNow, default);

        Assert.Equal(0, aborted);
        Assert.NotNull(problem);
    }

    // What a process that was killed leaves: an upload that is remembered, and some of its parts.
    private async Task<UnfinishedUpload> CrashAfterPartsAsync(S3ObjectStore bucket, params int[] numbers)
    {
        string uploadId = await StartAsync(bucket, "large.bin");
        foreach (int number in numbers)
        {
            byte[] part = content.AsSpan((number - 1) * 8 * MiB, 8 * MiB).ToArray();
            UploadedPart done = await bucket.PutPartAsync(uploadId, number, new ObjectContent("large.bin", part, part.Length), default);
            Assert.Equal(number, done.Number);
        }

        FileAttributesSnapshot file = FileAttributesReader.Read(path);
        UnfinishedUpload upload = new(
            "large.bin", uploadId, file.Size, PartSize.For(file.Size), file.ModifiedNanoseconds, file.ChangedNanoseconds, file.Inode, DateTimeOffset.UtcNow);
        unfinished.Remember(upload);
        return upload;
    }

    private static Task<string> StartAsync(S3ObjectStore bucket, string key) => bucket.StartPartsAsync(
        key, new ObjectHeaders { ContentType = "application/octet-stream", StorageClass = "STANDARD" }, default);

    private Task<UploadedObject?> UploadAsync(S3ObjectStore bucket, CancellationToken cancellationToken = default) => Uploader(bucket).UploadAsync(
        new MirrorEntry("large.bin", path, MirrorEntryKind.File, FileAttributesReader.Read(path)), null, cancellationToken);

    private Uploader Uploader(S3ObjectStore bucket) => new(
        bucket, new EntryHeaders(Request()), new TransferLimiter(bucket.Traffic, 16, TimeProvider.System), unfinished, Request(),
        bytes => Interlocked.Add(ref sent, bytes), bytes => Interlocked.Add(ref kept, bytes), _ => { });

    private S3ObjectStore Open(S3ChecksumMode mode = S3ChecksumMode.WhenSupported, string algorithm = "CRC32")
    {
        S3SyncRequest request = Request() with { Options = new S3SyncOptions { ChecksumAlgorithm = algorithm } };
        S3ObjectStore bucket = new(request with { Destination = request.Destination with { ChecksumMode = mode } }, "p/", connections: 16);
        buckets.Add(bucket);
        return bucket;
    }

    private S3SyncRequest Request() => new()
    {
        MirrorPath = mirror.Path,
        Destination = new S3Destination { Bucket = BucketName, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
        Options = new S3SyncOptions(),
        Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
    };

    private sealed class Memory : IUnfinishedUploads
    {
        private readonly object gate = new();
        private readonly List<UnfinishedUpload> uploads = [];

        public IReadOnlyList<UnfinishedUpload> All()
        {
            lock (gate)
                return [.. uploads];
        }

        public int Count => All().Count;

        public UnfinishedUpload? Find(string relativeKey) => All().LastOrDefault(upload => upload.RelativeKey == relativeKey);

        public void Remember(UnfinishedUpload upload)
        {
            lock (gate)
                uploads.Add(upload);
        }

        public void Forget(string uploadId)
        {
            lock (gate)
                uploads.RemoveAll(upload => upload.UploadId == uploadId);
        }
    }
}
