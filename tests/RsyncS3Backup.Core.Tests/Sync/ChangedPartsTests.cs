using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Transfer;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>
/// Of a large file that changed only the parts with changes are sent; the others are copied from the object of before.
/// </summary>
public sealed class ChangedPartsTests : SyncHarness
{
    private const int Part = 64 * 1024;

    // Parts of which S3 would take none that small, so that a test needs no hundreds of megabytes.
    protected override S3ServerOptions ServerOptions => new() { MaxKeys = 7, MinimumPartSize = 1 };

    private S3SyncRequest InParts => Request with { UploadPartSize = Part };

    private string Large => Files["source/large"];

    [SkippableTheory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task Parts_without_changes_are_copied(S3SyncMode mode)
    {
        byte[] content = await FirstAsync((20 * Part) + 5);
        content[3 * Part] ^= 1;
        content[(17 * Part) - 1] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content, mode);

        Assert.Equal((BackupStatus.Succeeded, mode, 1L, 0L), (result.Status, result.SyncMode, result.Updated, result.Copied));
        Assert.Equal((2 * Part, content.Length - (2 * Part)), (result.TransferredBytes, result.CopiedBytes));
        // Begun, two parts, and made whole; whether the object is the one that is known is asked once.
        Assert.Equal((4L, 19L, 1L), (result.Requests.Put, result.Requests.Copy, result.Requests.Head));
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
    }

    [SkippableTheory]
    [InlineData(20 * Part, Part)]
    [InlineData((20 * Part) + 5, Part)]
    [InlineData((20 * Part) - 5, Part)]
    [InlineData(20 * Part, 1)]
    public async Task What_grows_sends_its_last_part_and_what_is_new(int size, int more)
    {
        byte[] content = await FirstAsync(size);

        S3SyncStageResult result = await ChangeAsync([.. content, .. Bytes(more)]);

        Assert.InRange(result.TransferredBytes, more, 2 * Part);
        AssertMirrored("grown");
    }

    [SkippableFact]
    public async Task A_file_whose_start_moved_is_sent_whole_and_asks_nothing()
    {
        byte[] content = await FirstAsync(5 * Part);

        S3SyncStageResult result = await ChangeAsync([1, .. content]);

        Assert.Equal((content.Length + 1, 0L, 0L), (result.TransferredBytes, result.CopiedBytes, result.Requests.Head));
        AssertMirrored("moved");
    }

    [SkippableTheory]
    [Trait("Category", "Slow")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_changes_the_copy_is_the_file_and_no_part_is_sent_that_S3_had(int seed)
    {
        Random random = new(seed);
        byte[] before = await FirstAsync(random.Next(2, 30) * Part, random);
        for (int round = 0; round < 12; round++)
        {
            byte[] after = Change(before, random);
            bool wasInParts = before.Length >= Part;
            bool isKnown = random.Next(6) > 0;
            if (!isKnown)
                LoseCatalog();
            else if (random.Next(4) == 0)
                await RenameAsync();
            string where = $"seed {seed}, round {round}: {before.Length} to {after.Length} bytes";

            S3SyncStageResult result = await ChangeAsync(after, (S3SyncMode)random.Next(4));

            Assert.True(result.Status == BackupStatus.Succeeded, $"{where}: {result.Error?.Message}");
            AssertMirrored(where);
            AssertCatalog(where);
            if (after.AsSpan().SequenceEqual(before))
                continue;
            long expected = isKnown && wasInParts && after.Length >= Part ? Differing(before, after) : after.Length;
            Assert.True(expected == result.TransferredBytes,
                $"{where}: {expected} bytes differ, {result.TransferredBytes} were sent");
            before = after;
        }
    }

    [SkippableFact]
    public async Task What_somebody_else_put_there_is_not_copied_from()
    {
        byte[] content = await FirstAsync(5 * Part);
        Server.Store.Put(BucketName, Prefix + "large", Bytes(5 * Part));
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.Equal((BackupStatus.Succeeded, content.Length, 0L), (result.Status, result.TransferredBytes, result.CopiedBytes));
        AssertMirrored("in place of the other");
        Write("next", "content");
        Assert.Equal(S3SyncMode.Reconcile, (await ChangeAsync(content)).SyncMode);
    }

    [SkippableFact]
    public async Task A_store_that_takes_no_notice_of_the_condition_is_found_out_by_what_it_copied()
    {
        byte[] content = await FirstAsync(5 * Part);
        // After it was asked about the object, and before the first copy.
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.ConditionIgnored,
            Operation = "UploadPartCopy",
            Times = int.MaxValue,
            When = _ =>
            {
                Server.Store.Put(BucketName, Prefix + "large", Bytes(5 * Part));
                return true;
            },
        });
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.True(result.Status == BackupStatus.Succeeded, string.Join(' ', result.FailedItems.Select(item => item.Message)));
        Assert.Equal(content.Length, result.TransferredBytes);
        AssertMirrored("sent after all");
    }

    [SkippableFact]
    public async Task A_renamed_large_file_is_not_taken_from_what_was_written_over_its_old_object_meanwhile()
    {
        byte[] content = await FirstAsync(5 * Part);
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.ConditionIgnored,
            Operation = "CopyObject",
            Times = int.MaxValue,
            When = _ =>
            {
                Server.Store.Put(BucketName, Prefix + "large", Bytes(5 * Part));
                return true;
            },
        });
        File.Move(Large, Files["source/moved"]);
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(InParts);

        Assert.Equal((0L, (long)content.Length), (result.Copied, result.TransferredBytes));
        Assert.Equal(content, Server.Store.GetBytes(BucketName, Prefix + "moved"));
    }

    [SkippableFact]
    public async Task A_wrong_copy_that_nothing_replaced_is_not_believed_by_its_size_and_time()
    {
        byte[] content = await FirstAsync(5 * Part);
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.ConditionIgnored,
            Operation = "CopyObject",
            Times = int.MaxValue,
            When = _ =>
            {
                Server.Store.Put(BucketName, Prefix + "large", Bytes(5 * Part));
                return true;
            },
        });
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "UploadPart", Times = int.MaxValue });
        File.Move(Large, Files["source/moved"]);
        await MirrorAsync();
        Assert.Equal(BackupStatus.Failed, (await SyncAsync(InParts)).Status);
        Assert.NotEqual(content, Server.Store.GetBytes(BucketName, Prefix + "moved"));
        Server.Faults.Clear();

        Options = Options with { SyncMode = S3SyncMode.Reconcile };
        S3SyncStageResult result = await SyncAsync(InParts);

        Assert.NotEqual(BackupStatus.Failed, result.Status);
        Assert.Equal(content, Server.Store.GetBytes(BucketName, Prefix + "moved"));
    }

    [SkippableFact]
    public async Task A_part_that_the_store_does_not_copy_for_any_reason_is_sent()
    {
        byte[] content = await FirstAsync(5 * Part);
        FaultRule refusal = Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Refuse,
            Operation = "UploadPartCopy",
            Status = 416,
            ErrorCode = "InvalidRange",
            Times = int.MaxValue,
        });
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.Equal((BackupStatus.Succeeded, 0L, (long)content.Length), (result.Status, result.Failed, result.TransferredBytes));
        Assert.True(refusal.Fired > 0);
        AssertMirrored("sent");
    }

    [SkippableTheory]
    [InlineData("UploadPart")]
    [InlineData("CompleteMultipartUpload")]
    public async Task An_upload_that_fails_leaves_the_old_object_and_nothing_else(string operation)
    {
        byte[] content = await FirstAsync(5 * Part);
        Dictionary<string, ExpectedObject> before = ReadBucket();
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Refuse,
            Operation = operation,
            Status = 409,
            ErrorCode = "OperationAborted",
            Skip = 1,
            Times = int.MaxValue
        });
        if (operation == "CompleteMultipartUpload")
            Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = operation, Times = int.MaxValue });
        content[0] ^= 1;
        content[^1] ^= 1;

        S3SyncStageResult failed = await ChangeAsync(content);

        Assert.Equal((BackupStatus.Failed, 1L), (failed.Status, failed.Failed));
        AssertBucket("after the failure", before);
        Server.Faults.Clear();
        S3SyncStageResult result = await SyncAsync(InParts);
        Assert.Equal((BackupStatus.Succeeded, 2 * Part), (result.Status, result.TransferredBytes));
        AssertMirrored("afterwards");
    }

    [SkippableFact]
    public async Task A_store_that_copies_no_parts_is_asked_once_and_gets_all_of_the_file()
    {
        byte[] content = await FirstAsync(5 * Part);
        FaultRule refusal = new()
        {
            Kind = FaultKind.Refuse,
            Operation = "UploadPartCopy",
            ErrorCode = "NotImplemented",
            Times = int.MaxValue
        };
        Server.Faults.Add(refusal);
        content[0] ^= 1;
        S3SyncStageResult found = await ChangeAsync(content);
        int asked = refusal.Fired;
        content[0] ^= 1;

        S3SyncStageResult known = await ChangeAsync(content);

        Assert.Equal((content.Length, content.Length, 0L), (found.TransferredBytes, known.TransferredBytes, known.Requests.Copy));
        Assert.InRange(asked, 1, 5);
        Assert.Equal(asked, refusal.Fired);
        Assert.Equal(["CopyParts"], known.StoreLacks);
        Assert.Contains("does not copy parts of objects", Assert.Single(found.Warnings), StringComparison.Ordinal);
        AssertMirrored("sent whole");
    }

    [SkippableFact]
    public async Task The_parts_are_known_by_another_name_too()
    {
        byte[] content = await FirstAsync(5 * Part);
        await RenameAsync();
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.Equal((Part, 4 * Part), (result.TransferredBytes, result.CopiedBytes));
        AssertMirrored("renamed and changed");
    }

    [SkippableFact]
    public async Task What_is_too_large_for_one_copy_is_copied_in_parts_when_it_is_renamed()
    {
        byte[] content = await FirstAsync((5 * Part) + 7);
        File.Move(Large, Files["source/other"]);
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(InParts with { LargestCopy = Part, CopyPartSize = 2 * Part });

        Assert.Equal((BackupStatus.Succeeded, 1L, 0L, 3L),
            (result.Status, result.Copied, result.TransferredBytes, result.Requests.Copy));
        AssertMirrored("copied in parts");
        // Whatever parts S3 made of it, those of the file are known.
        File.Move(Files["source/other"], Large);
        content[0] ^= 1;
        await File.WriteAllBytesAsync(Files["source/large"], content);
        File.Move(Large, Files["source/other"]);
        await MirrorAsync();
        Assert.Equal(Part, (await SyncAsync(InParts)).TransferredBytes);
        AssertMirrored("changed");
    }

    [SkippableFact]
    public async Task New_attributes_leave_the_parts_known()
    {
        byte[] content = await FirstAsync(5 * Part);
        File.SetUnixFileMode(Large, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(1, (await ChangeAsync(content)).MetadataChanged);
        content[0] ^= 1;

        Assert.Equal(Part, (await ChangeAsync(content)).TransferredBytes);
    }

    [SkippableFact]
    public async Task Parts_keep_their_size_as_long_as_there_are_not_too_many()
    {
        byte[] content = await FirstAsync(5 * Part);
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content, request: InParts with { UploadPartSize = 2 * Part });

        Assert.Equal(Part, result.TransferredBytes);
        Assert.Equal(Part, ReadCatalog().Single().Hash!.Value.PartSize);
    }

    [SkippableFact]
    public async Task A_dated_snapshot_copies_what_is_unchanged_from_the_one_before()
    {
        Options = Options with { S3Prefix = "p/{yyyy-MM-dd}/" };
        byte[] content = await FirstAsync(5 * Part, day: 1);
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content, request: InParts with { StartTime = Day(2) });

        Assert.Equal((BackupStatus.Succeeded, Part, 4 * Part), (result.Status, result.TransferredBytes, result.CopiedBytes));
        Assert.Equal(content, Server.Store.GetBytes(BucketName, "p/2026-03-02/large"));
    }

    [SkippableFact]
    public async Task What_cannot_be_copied_from_an_archive_is_sent()
    {
        Options = Options with { StorageClass = "GLACIER" };
        byte[] content = await FirstAsync(5 * Part);
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.Equal((content.Length, 0L, 0L), (result.TransferredBytes, result.Requests.Copy, result.Requests.Head));
        AssertMirrored("archived");
    }

    [Theory]
    [InlineData("STANDARD", 1e9, true)]
    [InlineData("STANDARD_IA", 50e6 / 8, true)]
    [InlineData("STANDARD_IA", 1e9 / 8, false)]
    [InlineData("GLACIER_IR", 50e6 / 8, true)]
    [InlineData("GLACIER_IR", 100e6 / 8, false)]
    public void Where_reading_is_charged_for_a_quick_line_sends(string storageClass, double bytesPerSecond, bool isCopied)
    {
        string? reason = EarlierParts.WhyNot(PriceList.Of(null), storageClass, bytesPerSecond);

        Assert.Equal(isCopied, reason is null);
        Assert.Null(EarlierParts.WhyNot(PriceList.Of(null), storageClass, null));
        if (!isCopied)
            Assert.Matches($"^reading it in {storageClass} would cost [0-9.]+ USD for each hour of sending that it saves at .*/s$", reason);
    }

    [SkippableFact]
    public async Task Hashes_of_parts_that_are_damaged_are_not_believed()
    {
        byte[] content = await FirstAsync(5 * Part);
        using (SqliteDatabase database = SqliteDatabase.Open(CatalogPath))
            database.Execute("UPDATE part SET hashes = zeroblob(80)");
        content[0] ^= 1;

        S3SyncStageResult result = await ChangeAsync(content);

        Assert.Equal((content.Length, 0L), (result.TransferredBytes, result.CopiedBytes));
        AssertMirrored("sent whole");
    }

    [Fact]
    public void The_hashes_of_parts_go_with_their_row()
    {
        string path = Files["catalog.db"];
        UInt128[] hashes = [1, 2, 3];
        CatalogEntry row = State.CatalogHarness.Entry("large") with
        {
            Hash = ContentHash.OfParts(hashes, Part),
            PartHashes = hashes
        };
        using Catalog catalog = Catalog.Open(path, State.CatalogHarness.Identity);
        catalog.BeginRun(isReconcile: true, DateTimeOffset.UtcNow);
        catalog.Put(row);
        Assert.Equal(hashes, catalog.FindParts(row));
        catalog.Flush();
        Assert.Equal(hashes, catalog.FindParts(row));
        Assert.Null(catalog.FindParts(row with { Hash = ContentHash.OfParts(hashes, 2 * Part) with { Value = 7 } }));
        // The row again, with new attributes.
        catalog.Put(row with { Mode = 1, PartHashes = null });
        catalog.Flush();
        Assert.Equal(hashes, catalog.FindParts(row));
        // Content in one piece.
        catalog.Put(row with { Hash = new ContentHash(1, 0), PartHashes = null });
        catalog.Flush();
        Assert.Null(catalog.FindParts(row));
        catalog.Put(row);
        catalog.Remove("large");
        catalog.Flush();
        Assert.Null(catalog.FindParts(row));
    }

    private static long Differing(byte[] before, byte[] after)
    {
        long bytes = 0;
        for (int start = 0; start < after.Length; start += Part)
        {
            int end = Math.Min(start + Part, after.Length);
            bool isSame = start < before.Length
                && before[start..Math.Min(start + Part, before.Length)].AsSpan().SequenceEqual(after.AsSpan()[start..end]);
            bytes += isSame ? 0 : end - start;
        }

        return bytes;
    }

    private static byte[] Change(byte[] before, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                return before[..random.Next(before.Length)];
            case 1:
                byte[] more = new byte[random.Next(1, 4 * Part)];
                random.NextBytes(more);
                return [.. before, .. more];
            case 2 when before.Length > 0:
                // Moved.
                return [.. before[random.Next(before.Length)..], .. before[..random.Next(before.Length)], 1];
            default:
                byte[] after = [.. before];
                for (int edits = random.Next(1, 6); edits > 0 && after.Length > 0; edits--)
                    after[random.Next(after.Length)] ^= (byte)random.Next(1, 256);
                return after;
        }
    }

    private static DateTimeOffset Day(int day) => new(2026, 3, day, 12, 0, 0, TimeSpan.Zero);

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private async Task<byte[]> FirstAsync(int size, Random? random = null, int? day = null)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        byte[] content = new byte[size];
        (random ?? Random.Shared).NextBytes(content);
        S3SyncStageResult result = await ChangeAsync(content, request: day is { } known ? InParts with { StartTime = Day(known) }
            : null);
        Assert.Equal((BackupStatus.Succeeded, size), (result.Status, result.TransferredBytes));
        return content;
    }

    private async Task<S3SyncStageResult> ChangeAsync(byte[] content, S3SyncMode mode = S3SyncMode.Auto,
        S3SyncRequest? request = null)
    {
        // As a program writes that changes a file in place; and rsync must see it.
        if (!File.Exists(Large) || !File.ReadAllBytes(Large).AsSpan().SequenceEqual(content))
        {
            await File.WriteAllBytesAsync(Large, content);
            File.SetLastWriteTimeUtc(Large, DateTime.UnixEpoch.AddSeconds(Random.Shared.Next()));
        }

        Options = Options with { SyncMode = mode };
        await MirrorAsync();
        return await SyncAsync((request ?? InParts) with { Options = Options });
    }

    /// <summary>There and back: what comes back has been copied twice.</summary>
    private async Task RenameAsync()
    {
        foreach ((string from, string to) in new[] { ("large", "other"), ("other", "large") })
        {
            File.Move(Files["source/" + from], Files["source/" + to]);
            Options = Options with { SyncMode = S3SyncMode.Auto };
            await MirrorAsync();
            Assert.Equal(BackupStatus.Succeeded, (await SyncAsync(InParts with { Options = Options })).Status);
        }
    }

    private void LoseCatalog()
    {
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
            File.Delete(file);
    }
}
