using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>What is restored or called fine was compared with something, whatever the store tells of it.</summary>
public sealed class VerifiedContentTests : RestoreHarness
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData(20 * MiB, 8 * MiB)]
    // A part size that nobody would guess: the store is asked.
    [InlineData(12 * MiB, (5 * MiB) + 12345)]
    public async Task An_object_in_parts_without_a_checksum_is_compared_with_the_tag_of_its_parts(int size, int partSize)
    {
        byte[] content = await PutPartsAsync("large", size, partSize);
        AnswerWithoutChecksums();

        RestoreResult result = await RestoreWellAsync(Restore());

        Assert.Equal((1L, 0L), (result.Restored, result.Unverified));
        Assert.Equal(SHA256.HashData(content), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(20 * MiB, 8 * MiB)]
    [InlineData(12 * MiB, (5 * MiB) + 12345)]
    public async Task Other_bytes_of_the_same_length_are_never_restored(int size, int partSize)
    {
        await PutPartsAsync("large", size, partSize);
        AnswerWithoutChecksums(operation: "HeadObject");
        Server.Faults.Add(new FaultRule { Operation = "GetObject", Kind = FaultKind.CorruptBody, Times = int.MaxValue });

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(("RestoreIncomplete", "RestoreContentWrong"), (result.Error?.Id, Assert.Single(result.FailedItems).Id));
        Assert.Empty(Restored());
    }

    [Fact]
    public async Task What_can_be_compared_with_nothing_is_counted_and_told()
    {
        Put("opaque", "content");
        Put("empty", "");
        Put("told", "content");
        AnswerWithoutChecksums(tagOf: "opaque");

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal((BackupStatus.SucceededWithWarnings, 3L, 1L), (result.Status, result.Restored, result.Unverified));
        Assert.Contains("1 of 3 entries", Assert.Single(result.Warnings));
    }

    [Fact]
    public async Task What_this_machine_recorded_when_it_sent_it_is_compared_too()
    {
        Write("a.txt", "alpha");
        await RunAsync();
        AnswerWithoutChecksums(tagOf: "a.txt", keepsTag: true);

        Assert.Equal(0, (await RestoreWellAsync(Restore())).Unverified);
    }

    [Theory]
    [InlineData(20 * MiB, 8 * MiB)]
    [InlineData(16 * MiB, 5 * MiB)]
    [InlineData(12 * MiB, (5 * MiB) + 12345)]
    // Small enough for one request, and in parts all the same.
    [InlineData(7 * MiB, 5 * MiB)]
    public async Task A_checksum_of_parts_that_is_given_for_one_of_the_whole_refuses_no_good_file(int size, int partSize)
    {
        Write("other", "other");
        await RunAsync();
        byte[] content = await PutPartsAsync("large", size, partSize);
        GiveChecksumOfParts(content, partSize);
        Files.File("mirror/large", "");
        await File.WriteAllBytesAsync(Path.Combine(Mirror, "large"), content);

        RestoreResult result = await RestoreWellAsync(Restore() with { Paths = ["large"] });

        Assert.Equal((1L, 0L), (result.Restored, result.Unverified));
        // Adopted as it is, with the checksum that the store gave.
        if (partSize == PartSize.Threshold)
            Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
        foreach (BackupTestLevel level in (BackupTestLevel[])[BackupTestLevel.Checksums, BackupTestLevel.Full])
        {
            List<BackupDifference> found = await TestAsync(level);
            Assert.DoesNotContain(found, item => item.Kind is BackupDifferenceKind.S3Corrupted or BackupDifferenceKind.MirrorCorrupted
                or BackupDifferenceKind.ContentDiffers);
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Damaged_content_is_written_beside_when_it_is_asked_for_and_replaces_nothing()
    {
        Put("folder/damaged.txt", "content");
        Put("good", "content");
        await PutPartsAsync("large", 9 * MiB, 8 * MiB);
        Files.File("restored/folder/damaged.txt", "here before");
        Files.File("restored/folder/damaged.txt.damaged", "here before");
        Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "damaged", Kind = FaultKind.CorruptBody, Times = int.MaxValue });
        Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "large", Kind = FaultKind.CorruptBody, Times = int.MaxValue });

        RestoreResult result = await RestoreAsync(Restore() with { IncludeDamaged = true });

        Assert.Equal((BackupStatus.SucceededWithWarnings, 1L, 2L, 0L), (result.Status, result.Restored, result.Damaged, result.Failed));
        Assert.Equal(2, result.Warnings.Count);
        Assert.Equal(
            ["folder", "folder/damaged.txt", "folder/damaged.txt.damaged", "folder/damaged.txt.damaged-2", "good", "large.damaged"], Restored());
        Assert.Equal("here before", await File.ReadAllTextAsync(Path.Combine(Target, "folder/damaged.txt")));
        Assert.Equal("here before", await File.ReadAllTextAsync(Path.Combine(Target, "folder/damaged.txt.damaged")));
        Assert.Equal(7, new FileInfo(Path.Combine(Target, "folder/damaged.txt.damaged-2")).Length);
        Assert.Equal(9 * MiB, new FileInfo(Path.Combine(Target, "large.damaged")).Length);
    }

    [Theory]
    [InlineData("crc32", 4)]
    [InlineData("crc32c", 4)]
    [InlineData("sha1", 20)]
    [InlineData("sha256", 32)]
    public void A_checksum_fits_content_as_that_of_the_whole_and_as_that_of_parts(string algorithm, int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(12 * MiB);
        byte[] whole = Sum(algorithm, content);
        byte[] ofParts = Sum(algorithm, [.. content.Chunk(5 * MiB).SelectMany(part => Sum(algorithm, part))]);
        StoredObject stored = new("key", content.Length, "00000000000000000000000000000000-3");

        bool[] fits =
        [
            Fits(stored with { Checksums = [new(algorithm, Convert.ToBase64String(whole))] }),
            Fits(stored with { Checksums = [new(algorithm, Convert.ToBase64String(ofParts))] }),
            Fits(stored with { PartChecksums = [new(algorithm, Convert.ToBase64String(ofParts) + "-3")] }),
            Fits(stored with { Checksums = [new(algorithm, Convert.ToBase64String(new byte[length]))] }),
            Fits(stored with { PartChecksums = [new(algorithm, Convert.ToBase64String(whole) + "-3")] }),
        ];

        Assert.Equal([true, true, true, false, false], fits);

        bool Fits(StoredObject about)
        {
            using ContentProof proof = ContentProof.Cheap(about);
            // In pieces that end nowhere near a part.
            foreach (byte[] piece in content.Chunk(MiB - 7))
                proof.Append(piece);
            return proof.Fits();
        }
    }

    private static byte[] Sum(string algorithm, byte[] content)
    {
        using ContentChecksum.IRunning running = ContentChecksum.Start(algorithm);
        running.Append(content);
        return running.Finish();
    }

    private async Task<List<BackupDifference>> TestAsync(BackupTestLevel level)
    {
        List<BackupDifference> found = [];
        BackupTestResult result = await BackupTest.RunAsync(
            new BackupTestRequest { Configuration = Job, S3 = Request, Level = level, Paths = ["large"] }, new RecordingObserver(),
            difference => { lock (found) found.Add(difference); }, CancellationToken.None);
        Assert.Empty(result.FailedItems);
        return found;
    }

    /// <summary>An upload in parts, as any tool makes it.</summary>
    private async Task<byte[]> PutPartsAsync(string key, int size, int partSize)
    {
        byte[] content = RandomNumberGenerator.GetBytes(size);
        using S3ObjectStore store = new(Request, Prefix, connections: 4);
        store.Connect();
        ObjectHeaders headers = new() { ContentType = "application/octet-stream", StorageClass = "STANDARD", Metadata = [] };
        string id = await store.StartPartsAsync(key, headers, CancellationToken.None);
        List<UploadedPart> parts = [];
        foreach (byte[] part in content.Chunk(partSize))
            parts.Add(await store.PutPartAsync(id, parts.Count + 1, new ObjectContent(key, part, part.Length), CancellationToken.None));
        await store.CompletePartsAsync(key, id, parts, headers, CancellationToken.None);
        return content;
    }

    private void AnswerWithoutChecksums(string? tagOf = null, bool keepsTag = false, string? operation = null) => OnAnswers(operation, http =>
    {
        foreach (string name in http.Response.Headers.Keys.Where(name => name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)).ToList())
            http.Response.Headers.Remove(name);
        if (tagOf is not null && http.Request.Path.Value!.EndsWith(tagOf, StringComparison.Ordinal))
        {
            http.Response.Headers["x-amz-server-side-encryption"] = "aws:kms";
            if (!keepsTag)
                http.Response.Headers.ETag = $"\"{new string('0', 32)}\"";
        }
    });

    private void GiveChecksumOfParts(byte[] content, int partSize)
    {
        Crc32 ofParts = new();
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        foreach (byte[] part in content.Chunk(partSize))
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, Crc32.HashToUInt32(part));
            ofParts.Append(bytes);
        }

        string value = ContentChecksum.Base64(ofParts.GetCurrentHashAsUInt32());
        OnAnswers(null, http =>
        {
            if (!http.Request.Path.Value!.EndsWith("large", StringComparison.Ordinal))
                return;
            http.Response.Headers["x-amz-checksum-crc32"] = value;
            http.Response.Headers["x-amz-checksum-type"] = "FULL_OBJECT";
        });
    }

    private void OnAnswers(string? only, Action<HttpContext> change)
    {
        foreach (string operation in only is null ? (string[])["GetObject", "HeadObject"] : [only])
        {
            Server.Faults.Add(new FaultRule
            {
                Operation = operation,
                Kind = FaultKind.Custom,
                Times = int.MaxValue,
                Handler = http =>
                {
                    http.Response.OnStarting(() =>
                    {
                        change(http);
                        return Task.CompletedTask;
                    });
                    return Task.FromResult(false);
                },
            });
        }
    }
}
