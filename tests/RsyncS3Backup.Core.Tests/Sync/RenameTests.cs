using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Transfer;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What was renamed, moved or copied is copied inside S3, whichever way the run found it, and never sent.</summary>
public sealed class RenameTests : SyncHarness
{
    public static TheoryData<S3SyncMode> Modes => [S3SyncMode.Journal, S3SyncMode.Catalog, S3SyncMode.Reconcile];

    // Contents of a few bytes, so that a test needs none of megabytes.
    private S3SyncRequest Small => Request with { SmallestCopy = 1 };

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task A_renamed_folder_is_copied_and_deleted_and_nothing_of_it_is_sent(S3SyncMode mode)
    {
        SkipOnWindows();
        for (int i = 0; i < 30; i++)
            Write($"old/{i % 3}/{i}", $"content {i}");
        Write("kept", "kept");
        await BothAsync(S3SyncMode.Auto);
        Directory.Move(Files["source/old"], Files["source/new name"]);

        S3SyncStageResult result = await BothAsync(mode);

        Assert.Equal((BackupStatus.Succeeded, mode), (result.Status, result.SyncMode));
        Assert.Equal((30L, 30L, 30L, 0L, 1L),
            (result.Created, result.Copied, result.Deleted, result.TransferredBytes, result.Unchanged));
        Assert.Equal(Enumerable.Range(0, 30).Sum(i => $"content {i}".Length), result.CopiedBytes);
        Assert.Equal((30L, 0L, 0L), (result.Requests.Copy, result.Requests.Put, result.Requests.Head));
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_renamed_folder_costs_a_copy_of_each_file_and_no_byte()
    {
        SkipOnWindows();
        for (int i = 0; i < 1200; i++)
            Write($"old/{i / 100}/{i}", $"content {i}");
        await BothAsync(S3SyncMode.Auto);
        Directory.Move(Files["source/old"], Files["source/new"]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((1200L, 1200L, 0L), (result.Copied, result.Deleted, result.TransferredBytes));
        Assert.Equal((1200L, 0L, 2L), (result.Requests.Copy, result.Requests.Put, result.Requests.Delete));
        AssertMirrored("renamed");
    }

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task The_same_content_under_three_names_is_copied_to_three_others(S3SyncMode mode)
    {
        SkipOnWindows();
        string first = Write("a", "the same");
        foreach (string name in new[] { "b", "c" })
            CopyAsIs(first, Files["source/" + name]);
        await BothAsync(S3SyncMode.Auto);
        foreach (string name in new[] { "a", "b", "c" })
            File.Move(Files["source/" + name], Files["source/new " + name]);
        CopyAsIs(Files["source/new a"], Files["source/a fourth"]);

        S3SyncStageResult result = await BothAsync(mode);

        Assert.Equal((4L, 4L, 3L, 0L), (result.Created, result.Copied, result.Deleted, result.TransferredBytes));
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
    }

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task Two_files_that_swap_their_names_come_right_and_leave_no_doubt(S3SyncMode mode)
    {
        SkipOnWindows();
        // What is written within one tick of the kernel has one time, and rsync would see no swap.
        File.SetLastWriteTimeUtc(Write("a", "first"), DateTime.UnixEpoch.AddDays(1));
        Write("b", "other");
        Write("c", "longer content");
        Write("d", "yet another content");
        await BothAsync(S3SyncMode.Auto);
        Swap("a", "b");
        Swap("c", "d");

        S3SyncStageResult result = await BothAsync(mode);

        // Of each two at least one is copied before what it is copied from is written over; both, where that takes long enough.
        Assert.Equal((BackupStatus.Succeeded, 4L), (result.Status, result.Updated));
        Assert.InRange(result.Copied, 2, 4);
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
        Write("e", "new");
        Assert.Equal(S3SyncMode.Journal, (await BothAsync(S3SyncMode.Auto)).SyncMode);
    }

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task A_file_renamed_onto_another_takes_its_place(S3SyncMode mode)
    {
        SkipOnWindows();
        Write("a", "what was there");
        Write("b", "what comes");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/b"], Files["source/a"], overwrite: true);

        S3SyncStageResult result = await BothAsync(mode);

        Assert.Equal((1L, 1L, 1L, 0L), (result.Updated, result.Copied, result.Deleted, result.TransferredBytes));
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
    }

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task A_rename_with_an_edit_is_sent(S3SyncMode mode)
    {
        SkipOnWindows();
        string old = Write("a", "first");
        await BothAsync(S3SyncMode.Auto);
        DateTime time = File.GetLastWriteTimeUtc(old);
        File.Move(old, Files["source/b"]);
        File.WriteAllText(Files["source/b"], "other");
        // As a program does that hides it: then only the content tells.
        File.SetLastWriteTimeUtc(Files["source/b"], time);

        S3SyncStageResult result = await BothAsync(mode);

        Assert.Equal((1L, 0L, 1L, 5L), (result.Created, result.Copied, result.Deleted, result.TransferredBytes));
        AssertMirrored($"{mode}");
        AssertCatalog($"{mode}");
    }

    [SkippableFact]
    public async Task Only_the_case_of_a_name_changed()
    {
        SkipOnWindows();
        Write("Photo.JPG", "content");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/Photo.JPG"], Files["source/photo.jpg"]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((1L, 1L, 0L), (result.Copied, result.Deleted, result.TransferredBytes));
        AssertMirrored("the other case");
    }

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public async Task Without_deletion_the_old_name_stays_and_is_copied_from_again_later(S3SyncMode mode)
    {
        SkipOnWindows();
        Options = Options with { DeleteFromS3 = false };
        Write("a", "content");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/a"], Files["source/b"]);

        S3SyncStageResult result = await BothAsync(mode);

        Assert.Equal((1L, 0L, 0L), (result.Copied, result.Deleted, result.TransferredBytes));
        Assert.Equal(["a", "b"], ReadBucket().Keys.Order(StringComparer.Ordinal));
        File.Move(Files["source/b"], Files["source/c"]);
        Server.Store.Delete(BucketName, Prefix + "b");
        // Whichever of the two is looked at first, one of them is there; that the other was not is found out by the copy alone.
        S3SyncStageResult later = await BothAsync(S3SyncMode.Auto);
        Assert.Equal((BackupStatus.Succeeded, 1L, 0L), (later.Status, later.Copied, later.TransferredBytes));
    }

    [SkippableFact]
    public async Task New_attributes_go_with_the_copy()
    {
        SkipOnWindows();
        Write("a", "content");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/a"], Files["source/b"]);
        File.SetUnixFileMode(Files["source/b"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((1L, 0L), (result.Copied, result.TransferredBytes));
        AssertMirrored("with another mode");
    }

    [SkippableTheory]
    [InlineData("CopyObject")]
    [InlineData("DeleteObjects")]
    public async Task A_rename_in_the_run_after_one_that_failed(string operation)
    {
        SkipOnWindows();
        for (int i = 0; i < 5; i++)
            Write($"old/{i}", $"content {i}");
        await BothAsync(S3SyncMode.Auto);
        Directory.Move(Files["source/old"], Files["source/mid"]);
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = operation, Skip = 2, Times = 100 });
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", Times = 100 });
        S3SyncStageResult failed = await BothAsync(S3SyncMode.Auto);
        Server.Faults.Clear();
        Directory.Move(Files["source/mid"], Files["source/new"]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        // What was not copied must not be deleted.
        Assert.True(operation == "DeleteObjects"
            || (failed.Status == BackupStatus.Failed && failed.Deleted == 0), failed.ToString());
        Assert.Equal((BackupStatus.Succeeded, 5L, 0L), (result.Status, result.Copied, result.TransferredBytes));
        AssertMirrored("after the second rename");
        AssertCatalog("after the second rename");
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_connection_that_is_lost_at_any_request_of_a_rename_loses_nothing()
    {
        SkipOnWindows();
        for (int i = 0; i < 4; i++)
            Write($"0/{i}", $"content {i}");
        await BothAsync(S3SyncMode.Auto);
        for (int skip = 0; skip < 8; skip++)
        {
            Directory.Move(Files[$"source/{skip}"], Files[$"source/{skip + 1}"]);
            // Carried out or not, and never answered: nor are the SDK's retries.
            Server.Faults.Add(new FaultRule
            {
                Kind = skip % 2 == 0 ? FaultKind.ResponseLost : FaultKind.ConnectionReset,
                Skip = skip,
                Times = int.MaxValue,
            });
            using CancellationTokenSource stop = new();
            Server.Faults.Add(new FaultRule
            {
                Kind = FaultKind.Custom,
                Skip = skip + 1,
                Handler = _ =>
                {
                    stop.Cancel();
                    return Task.FromResult(false);
                },
            });
            await MirrorAsync();
            S3SyncStageResult cut = await SyncAsync(Small, stop.Token);
            Server.Faults.Clear();

            S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

            string where = $"cut at request {skip} ({cut.Status}), then {result.SyncMode}: {result.SyncModeReason}";
            Assert.True(result.Status == BackupStatus.Succeeded, $"{where}: {result.Error?.Message}");
            AssertMirrored(where);
            AssertCatalog(where);
        }
    }

    [SkippableFact]
    public async Task Rows_that_lie_about_the_content_or_about_S3_cost_an_upload_and_nothing_else()
    {
        SkipOnWindows();
        string[] files = [Write("a", "first"), Write("b", "again")];
        DateTime time = new(2020, 2, 2, 2, 2, 2, DateTimeKind.Utc);
        Array.ForEach(files, file => File.SetLastWriteTimeUtc(file, time));
        await BothAsync(S3SyncMode.Auto);
        // The same size and time, other content; and what a row says is not what S3 has any more.
        Write("new a", "other");
        File.SetLastWriteTimeUtc(Files["source/new a"], time);
        File.Move(files[1], Files["source/new b"]);
        Server.Store.Put(BucketName, Prefix + "b", [.. "other"u8]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((2L, 0L, 10L), (result.Created, result.Copied, result.TransferredBytes));
        Assert.Equal("again", System.Text.Encoding.UTF8.GetString(Server.Store.GetBytes(BucketName, Prefix + "new b")));
        AssertMirrored("after the lies");
    }

    [SkippableFact]
    public async Task What_cannot_be_copied_is_sent_and_is_not_even_read_for_it()
    {
        SkipOnWindows();
        Options = Options with { StorageClass = "DEEP_ARCHIVE" };
        Write("archived", "content");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/archived"], Files["source/moved"]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((1L, 0L, 0L, 7L), (result.Created, result.Copied, result.Requests.Copy, result.TransferredBytes));
        Assert.All(ReadCatalog(), row => Assert.Null(row.Hash));
        AssertMirrored("archived");
    }

    [SkippableFact]
    public async Task A_store_that_does_not_copy_is_asked_once()
    {
        SkipOnWindows();
        Write("a", "content");
        Write("b", "other content");
        await BothAsync(S3SyncMode.Auto);
        FaultRule refusal = new()
        {
            Kind = FaultKind.Refuse,
            Operation = "CopyObject",
            Status = 501,
            ErrorCode = "NotImplemented",
            Times = int.MaxValue
        };
        Server.Faults.Add(refusal);
        File.Move(Files["source/a"], Files["source/c"]);
        S3SyncStageResult found = await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/b"], Files["source/d"]);

        S3SyncStageResult known = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((0L, 7L, 0L, 13L, 1),
            (found.Copied, found.TransferredBytes, known.Copied, known.TransferredBytes, refusal.Fired));
        AssertMirrored("sent");
    }

    [SkippableFact]
    public async Task What_is_too_small_to_gain_by_it_is_sent()
    {
        SkipOnWindows();
        Write("small", new string('s', (int)SameContent.SmallestCopy - 1));
        Write("large", new string('l', (int)SameContent.SmallestCopy));
        await RunAsync();
        File.Move(Files["source/small"], Files["source/new small"]);
        File.Move(Files["source/large"], Files["source/new large"]);

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((2L, 1L, SameContent.SmallestCopy - 1), (result.Created, result.Copied, result.TransferredBytes));
        Assert.Equal(["new large"], ReadCatalog().Where(row => row.Hash is not null).Select(row => row.RelativeKey));
    }

    [SkippableFact]
    public async Task A_catalog_of_before_there_were_hashes_goes_on_and_learns_by_and_by()
    {
        SkipOnWindows();
        Write("a", "content");
        Write("b", "other");
        await BothAsync(S3SyncMode.Auto);
        using (Catalog catalog = Catalog.Open(CatalogPath, Identity()))
        {
            catalog.BeginRun(isReconcile: false, DateTimeOffset.UtcNow);
            foreach (CatalogEntry row in catalog.Read().ToList())
                catalog.Put(row with { Hash = null });
            catalog.EndRun(isComplete: true, catalog.Mirror);
        }

        using (SqliteDatabase database = SqliteDatabase.Open(CatalogPath))
            database.Execute("DROP INDEX object_content; ALTER TABLE object DROP COLUMN content; DROP TABLE part; PRAGMA user_version=2");
        File.Move(Files["source/a"], Files["source/c"]);
        S3SyncStageResult sent = await BothAsync(S3SyncMode.Catalog);
        File.Move(Files["source/c"], Files["source/d"]);
        S3SyncStageResult copied = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((0L, 7L, 1L, 0L), (sent.Copied, sent.TransferredBytes, copied.Copied, copied.TransferredBytes));
        AssertMirrored("at the end");
    }

    [SkippableFact]
    public async Task A_dated_snapshot_is_copied_from_the_names_of_the_one_before()
    {
        SkipOnWindows();
        Options = Options with { S3Prefix = "p/{yyyy-MM-dd}/" };
        Write("old/a", "content");
        Write("old/b", "other content");
        await MirrorAsync();
        await SyncAsync(Small with { StartTime = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero) });
        Directory.Move(Files["source/old"], Files["source/new"]);
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(
            Small with { StartTime = new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero) });

        Assert.Equal((BackupStatus.Succeeded, 2L, 2L, 0L),
            (result.Status, result.Created, result.Copied, result.TransferredBytes));
        Assert.Equal("content", System.Text.Encoding.UTF8.GetString(Server.Store.GetBytes(BucketName, "p/2026-03-02/new/a")));
    }

    [SkippableTheory]
    [InlineData("a", "a/b")]
    [InlineData("a/b", "a")]
    public async Task A_file_that_moves_into_the_place_of_its_folder_or_out_of_it_is_sent(string from, string to)
    {
        SkipOnWindows();
        Write(from, "content");
        Write("kept", "kept");
        await BothAsync(S3SyncMode.Auto);
        File.Move(Files["source/" + from], Files["source/aside"]);
        if (Directory.Exists(Files["source/a"]))
            Directory.Delete(Files["source/a"]);
        Directory.CreateDirectory(Path.GetDirectoryName(Files["source/" + to])!);
        File.Move(Files["source/aside"], Files["source/" + to]);

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        AssertMirrored("after the move");
        AssertCatalog("after the move");
        Write("later", "new");
        Assert.Equal(S3SyncMode.Journal, (await BothAsync(S3SyncMode.Auto)).SyncMode);
    }

    [SkippableFact]
    public async Task With_the_catalog_lost_what_the_tag_proves_is_copied_and_nothing_else()
    {
        SkipOnWindows();
        for (int i = 0; i < 5; i++)
            Write($"old/{i}", $"content {i}");
        byte[] large = new byte[(int)PartSize.Threshold + 1];
        Random.Shared.NextBytes(large);
        File.WriteAllBytes(Files["source/old/large"], large);
        Write("edited", "content 7");
        Write("touched", "content 8");
        await BothAsync(S3SyncMode.Auto);
        Directory.Move(Files["source/old"], Files["source/a new"]);
        DateTime time = File.GetLastWriteTimeUtc(Files["source/edited"]);
        File.Delete(Files["source/edited"]);
        Write("a new/edited", "content 9");
        File.SetLastWriteTimeUtc(Files["source/a new/edited"], time);
        File.Move(Files["source/touched"], Files["source/a new/touched"]);
        File.SetLastWriteTimeUtc(Files["source/a new/touched"], time.AddDays(-1));
        LoseCatalog();

        S3SyncStageResult result = await BothAsync(S3SyncMode.Auto);

        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Reconcile), (result.Status, result.SyncMode));
        // All small ones have one size, and the time tells them apart.
        Assert.Equal((8L, 6L, 8L, 18L), (result.Created, result.Copied, result.Deleted, result.TransferredBytes));
        AssertMirrored("without a catalog");
        AssertCatalog("without a catalog");
    }

    [SkippableTheory]
    [InlineData("9a0364b9e99bb480dd25e1f0284c8555", null, true)]
    // As with SSE-KMS, where the tag is none of the content.
    [InlineData("00000000000000000000000000000000", null, false)]
    [InlineData("00000000000000000000000000000000", "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=", true)]
    [InlineData("9a0364b9e99bb480dd25e1f0284c8555", "00000000000000000000000000000000000000000000", false)]
    public async Task With_the_catalog_lost_a_CRC_alone_does_not_prove_content(string etag, string? sha256, bool isCopied)
    {
        SkipOnWindows();
        using MemoryRun run = new();
        run.Request = run.Request with { SmallestCopy = 1 };
        string path = Files.File("content", "content");
        FileAttributesSnapshot attributes = FileAttributesReader.Read(path);
        using UnknownObjects unknown = new(run.Scope) { IsOn = true };
        StoredObject listed = new("old", 7, etag);
        unknown.Meet(new SyncAction(SyncActionKind.Delete, null, null, listed));
        KeyValuePair<string, string>[] checksums =
            [new("crc32", ContentChecksum.Base64(System.IO.Hashing.Crc32.HashToUInt32("content"u8))), .. sha256 is null ? []
                : new[] { KeyValuePair.Create("sha256", sha256) }];
        StoredObject head = listed with { Metadata = ObjectMetadata.For(attributes).ToDictionary(), Checksums = checksums };

        Assert.Empty(unknown.Release());

        CatalogEntry? found = await unknown.FindAsync(
            new MirrorEntry("new", path, MirrorEntryKind.File, attributes), (_, _) =>
                Task.FromResult<StoredObject?>(head), default);

        Assert.Equal(isCopied ? "old" : null, found?.RelativeKey);
    }

    [SkippableFact]
    public void Only_the_very_file_that_was_seen_is_hashed()
    {
        SkipOnWindows();
        string file = Files.File("mirror/a", "content");
        string secret = Files.File("secret", "content");
        MirrorEntry entry = new MirrorWalker(Mirror, new StageReport(context: null)).Walk(CancellationToken.None).Single();
        UInt128[] parts = [ContentHash.Of("cont"u8), ContentHash.Of("ent"u8)];

        Assert.Equal(new ContentHash(ContentHash.Of("content"u8), 0), new EntryContent(entry).Hash(0, default));
        Assert.Equal(ContentHash.OfParts(parts, 4), new EntryContent(entry).Hash(4, default));
        Assert.Equal(7, new EntryContent(entry).Hash(7, default)!.Value.PartSize);
        File.WriteAllText(file, "another");
        Assert.Null(new EntryContent(entry).Hash(0, default));
        File.Delete(file);
        File.CreateSymbolicLink(file, secret);
        Assert.ThrowsAny<IOException>(() => new EntryContent(entry).Hash(0, default));
    }

    private void LoseCatalog()
    {
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
            File.Delete(file);
    }

    private CatalogIdentity Identity()
    {
        using SqliteDatabase database = SqliteDatabase.Open(CatalogPath);
        string[] parts = ReadParts(CatalogProperties.Read(database).Identity!);
        return new CatalogIdentity(parts[0], parts[1], parts[2], parts[3]);
    }

    private static string[] ReadParts(string identity)
    {
        List<string> parts = [];
        while (identity.Length > 0)
        {
            int colon = identity.IndexOf(':', StringComparison.Ordinal);
            int length = int.Parse(identity[..colon], System.Globalization.CultureInfo.InvariantCulture);
            parts.Add(identity.Substring(colon + 1, length));
            identity = identity[(colon + 2 + length)..];
        }

        return [.. parts];
    }

    private static void SkipOnWindows() => Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");

    private static void CopyAsIs(string from, string to)
    {
        File.Copy(from, to);
        File.SetLastWriteTimeUtc(to, File.GetLastWriteTimeUtc(from));
    }

    private void Swap(string one, string other)
    {
        File.Move(Files["source/" + one], Files["source/aside"]);
        File.Move(Files["source/" + other], Files["source/" + one]);
        File.Move(Files["source/aside"], Files["source/" + other]);
    }

    private async Task<S3SyncStageResult> BothAsync(S3SyncMode mode)
    {
        Options = Options with { SyncMode = mode };
        await MirrorAsync();
        return await SyncAsync(Small);
    }
}
