using System.Text;
using FsCheck;
using FsCheck.Xunit;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>What a catalog gives back, and what it says about itself from run to run.</summary>
public sealed class CatalogTests : CatalogHarness
{
    private static readonly string[] HostileParts =
        ["a", "b", "a.txt", "A", "~", " ", "%", "_", "'", "\"", "\n", "\u0001", "é", "e\u0301", "\uE000", "\uFFFD", "\uFFFF", "😀", "\U0010FFFF", "a/"];

    [Fact]
    public void Cuts_are_keys_of_rows_some_thousands_apart_and_behind_the_key_that_is_named()
    {
        Fill(9_000);
        using Catalog catalog = Open();
        Assert.Equal([Key(3_999), Key(7_999)], catalog.Cuts(after: ""));
        Assert.Equal([Key(6_000)], catalog.Cuts(after: Key(2_000)));
        Assert.Empty(catalog.Cuts(after: Key(8_000)));
        using Catalog other = Open(Identity with { KeyPrefix = "other/" });
        Assert.Empty(other.Cuts(after: ""));
    }

    [Fact]
    public void An_entry_comes_back_as_it_was_put()
    {
        CatalogEntry[] entries =
        [
            Entry("plain"),
            Entry("folder/") with { Size = 0, Crc32 = null },
            Entry("timed") with { StoredTime = RunTime },
            Entry("gone") with { IsLeftover = true, GoneTime = RunTime },
            Entry("gone-and-all") with { IsLeftover = true, IsForeign = true, StoredTime = RunTime, VersionId = "v", GoneTime = RunTime.AddYears(60) },
            Entry("all") with
            {
                Size = long.MaxValue, ModifiedNanoseconds = long.MinValue, ChangedNanoseconds = -1, Mode = uint.MaxValue, UserId = uint.MaxValue,
                GroupId = uint.MaxValue, LinkGroup = ulong.MaxValue, VersionId = "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo",
                StoredTime = DateTimeOffset.FromUnixTimeSeconds(-1),
            },
            Entry("parts") with { ETag = "0123456789abcdef0123456789abcdef-12", Crc32 = null },
            Entry("upper") with { ETag = "0123456789ABCDEF0123456789ABCDEF" },
            Entry("short") with { ETag = "", Crc32 = "", StorageClass = "", VersionId = "" },
            Entry("unusual") with { Crc32 = "AAAAAB==", StorageClass = "GLACIER_IR" },
            Entry("waits") with { StorageClass = "GLACIER", HasPendingAttributes = true },
            Entry("hashed") with { Hash = new ContentHash(UInt128.MaxValue, 0) },
            Entry("hashed in parts") with
            {
                Hash = new ContentHash(1, 8 << 20), GoneTime = RunTime, Retention = new ObjectRetention(ObjectLockMode.Compliance, RunTime),
            },
            Entry("spaces") with { Crc32 = " AAAAAA=" },
            Entry(new string('k', 1024)) with { VersionId = new string('v', 5000) },
        ];
        Fill(entries);

        using Catalog catalog = Open();

        Assert.Equal(InOrder(entries), catalog.Read());
        foreach (CatalogEntry entry in entries)
            Assert.Equal(entry, catalog.Find(entry.RelativeKey));
        Assert.Equal(entries.Length, catalog.Count);
    }

    [Fact]
    public void What_is_gone_is_found_by_how_long()
    {
        Fill([
            Entry("b") with { IsLeftover = true, GoneTime = RunTime },
            Entry("a") with { IsLeftover = true, GoneTime = RunTime },
            Entry("older") with { IsLeftover = true, GoneTime = RunTime.AddDays(-1) },
            Entry("newer") with { IsLeftover = true, GoneTime = RunTime.AddSeconds(1) },
            Entry("there"),
            Entry("leftover") with { IsLeftover = true },
            Entry("back") with { IsLeftover = true, GoneTime = RunTime },
        ]);
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: false, RunTime);
        catalog.Put(catalog.Find("back")!.Returned());
        catalog.Remove("b");
        catalog.Flush();

        Assert.Equal(["older", "a"], catalog.FindGone(RunTime, 10));
        Assert.Equal(["older"], catalog.FindGone(RunTime, 1));
        Assert.Equal(["older", "a", "newer"], catalog.FindGone(RunTime.AddSeconds(1), 10));
        Assert.Equal((false, null), (catalog.Find("back")!.IsLeftover, catalog.Find("back")!.GoneTime));
    }

    [Fact]
    public void A_catalog_of_format_1_is_read_as_it_is_and_brought_up_by_the_next_run()
    {
        Fill(10);
        using (SqliteDatabase database = SqliteDatabase.Open(CatalogPath))
        {
            database.Execute("DROP INDEX object_gone; ALTER TABLE object DROP COLUMN gone; DROP INDEX object_content; "
                + "ALTER TABLE object DROP COLUMN content; DROP TABLE part; PRAGMA user_version=1");
        }

        using (ReadOnlyCatalog look = ReadOnlyCatalog.Open(CatalogPath, Identity))
        {
            Assert.Equal((CatalogDoubt.None, 10), (look.Doubt, look.Read().Count()));
            Assert.Empty(look.FindGone(RunTime, 10));
        }

        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: false, RunTime);
        catalog.Put(Entry(Key(1)) with { IsLeftover = true, GoneTime = RunTime });
        catalog.Flush();
        Assert.Equal((CatalogDoubt.None, 10), (catalog.Doubt, catalog.Read().Count()));
        Assert.Equal([Key(1)], catalog.FindGone(RunTime, 10));
    }

    [Fact]
    public void Content_is_found_by_size_time_and_hash_as_it_is_by_now()
    {
        ContentHash hash = new(7, 0);
        Fill([
            Entry("a", 5) with { Hash = hash },
            Entry("b", 5) with { Hash = hash, IsLeftover = true },
            Entry("other content", 5) with { Hash = new ContentHash(8, 0) },
            Entry("other size", 6) with { Hash = hash },
            Entry("no hash", 7),
            Entry("archived", 8) with { Hash = hash, StorageClass = "DEEP_ARCHIVE" },
        ]);
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: false, RunTime);
        long time = Entry("", 5).ModifiedNanoseconds;

        Assert.NotNull(catalog.FindAlike(5, time));
        Assert.Equal(["a", "b"], catalog.FindSame(5, time, hash).Select(row => row.RelativeKey).Order());
        Assert.Empty(catalog.FindSame(5, time + 1, hash));
        Assert.Empty(catalog.FindSame(5, time, new ContentHash(7, 8 << 20)));
        Assert.Null(catalog.FindAlike(7, Entry("", 7).ModifiedNanoseconds));
        Assert.Null(catalog.FindAlike(8, Entry("", 8).ModifiedNanoseconds));

        catalog.Put(Entry("a", 5) with { Hash = new ContentHash(9, 0), ETag = "new" });
        catalog.Remove("b");
        Assert.Empty(catalog.FindSame(5, time, hash));
        catalog.Flush();
        Assert.Empty(catalog.FindSame(5, time, hash));
        Assert.Equal(["a"], catalog.FindSame(5, time, new ContentHash(9, 0)).Select(row => row.RelativeKey));
    }

    [Property(MaxTest = 8)]
    [Trait("Category", "Slow")]
    public void Does_as_a_sorted_dictionary_does_whatever_the_names_and_whenever_it_writes(int seed)
    {
        // A property runs many times on one instance.
        File.Delete(CatalogPath);
        System.Random random = new(seed);
        SortedDictionary<byte[], CatalogEntry> model = new(ByteOrder);
        Catalog catalog = Open();
        try
        {
            catalog.BeginRun(isReconcile: true, RunTime);
            for (int step = 0; step < 300; step++)
            {
                string key = string.Concat(random.GetItems(HostileParts, random.Next(1, 4)));
                byte[] bytes = Encoding.UTF8.GetBytes(key);
                switch (random.Next(12))
                {
                    case < 6:
                        CatalogEntry entry = Entry(key, step) with { LinkGroup = (ulong)random.Next(4) };
                        catalog.Put(entry);
                        model[bytes] = entry;
                        break;
                    case < 9:
                        catalog.Remove(key);
                        model.Remove(bytes);
                        break;
                    case 9:
                        catalog.Flush();
                        Assert.Equal(model.Count, catalog.Count);
                        break;
                    case 10:
                        Assert.Equal(model.Values.Where(value => value.RelativeKey.StartsWith(key, StringComparison.Ordinal)), catalog.ReadUnder(key));
                        Assert.Equal(model.Values.Where(value => value.LinkGroup == 2), catalog.FindLinkGroup(2));
                        break;
                    default:
                        catalog.Dispose();
                        catalog = Open();
                        catalog.BeginRun(isReconcile: true, RunTime);
                        break;
                }

                Assert.Equal(model.GetValueOrDefault(bytes), catalog.Find(key));
            }

            Assert.Equal(model.Values, catalog.Read());
            Assert.Null(catalog.Failure);
        }
        finally
        {
            catalog.Dispose();
        }
    }

    [Fact]
    public void A_new_catalog_stays_in_doubt_until_a_reconcile_completes()
    {
        Assert.Equal(CatalogDoubt.Missing, AfterRun(isReconcile: false, isComplete: true).Doubt);
        Assert.Equal(CatalogDoubt.Missing, AfterRun(isReconcile: true, isComplete: false).Doubt);
        (CatalogDoubt doubt, DateTimeOffset? lastReconcile) = AfterRun(isReconcile: true, isComplete: true);
        Assert.Equal(CatalogDoubt.None, doubt);
        Assert.Equal(RunTime, lastReconcile);
    }

    [Fact]
    public void A_run_that_did_not_end_leaves_its_rows_and_a_doubt_that_only_a_reconcile_ends()
    {
        Fill(10);
        using (Catalog dies = Open())
        {
            dies.BeginRun(isReconcile: false, RunTime);
            dies.Put(Entry("new"));
        }

        using (Catalog next = Open())
        {
            Assert.Equal(CatalogDoubt.RunDied, next.Doubt);
            Assert.Contains("2026-03-01 02:00:00", next.DoubtReason, StringComparison.Ordinal);
            Assert.NotNull(next.Find("new"));
            next.BeginRun(isReconcile: false, RunTime.AddDays(1));
            next.EndRun(isComplete: true);
        }

        using (Catalog still = Open())
            Assert.Equal(CatalogDoubt.RunDied, still.Doubt);
        Assert.Equal(CatalogDoubt.None, AfterRun(isReconcile: true, isComplete: true).Doubt);
    }

    [Fact]
    public void An_incomplete_run_on_a_good_catalog_leaves_it_good()
    {
        Fill(10);
        Assert.Equal(CatalogDoubt.None, AfterRun(isReconcile: false, isComplete: false).Doubt);
    }

    [Fact]
    public void A_contradiction_outlives_the_run_that_met_it_even_a_complete_reconcile()
    {
        Fill(10);
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile: true, RunTime);
            catalog.Contradict("photos/a was replaced");
            catalog.Contradict("another reason");
            catalog.EndRun(isComplete: true);
        }

        using (Catalog next = Open())
            Assert.Equal((CatalogDoubt.Contradicted, "photos/a was replaced"), (next.Doubt, next.DoubtReason));
        Assert.Equal(CatalogDoubt.None, AfterRun(isReconcile: true, isComplete: true).Doubt);
    }

    [Fact]
    public void Rows_about_another_destination_are_not_used_and_go_when_a_run_begins()
    {
        Fill(10);
        foreach (CatalogIdentity other in new[]
        {
            Identity with { Endpoint = "https://other" }, Identity with { Bucket = "other" }, Identity with { KeyPrefix = "other/" },
            Identity with { MirrorPath = "/other" }, Identity with { Bucket = "bucketrsync", KeyPrefix = "/photos/" },
        })
        {
            using Catalog looking = Open(other);
            Assert.Equal(CatalogDoubt.OtherDestination, looking.Doubt);
            Assert.Empty(looking.Read());
            Assert.Null(looking.Find(Key(1)));
            Assert.Equal((0, null), (looking.Count, looking.LastReconcile));
        }

        using (Catalog same = Open())
            Assert.Equal((CatalogDoubt.None, 10L), (same.Doubt, same.Count));

        using (Catalog moved = Open(Identity with { Bucket = "other" }))
        {
            moved.BeginRun(isReconcile: true, RunTime);
            moved.Put(Entry("mine"));
            moved.EndRun(isComplete: false);
            Assert.Equal("mine", Assert.Single(moved.Read()).RelativeKey);
        }

        using Catalog back = Open();
        Assert.Equal(CatalogDoubt.OtherDestination, back.Doubt);
        using Catalog again = Open(Identity with { Bucket = "other" });
        Assert.Equal((CatalogDoubt.OtherDestination, 1L), (again.Doubt, again.Count));
    }

    [Fact]
    public void Reading_sees_one_moment_while_rows_are_written()
    {
        Fill(5000);
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: false, RunTime);
        int seen = 0;
        foreach (CatalogEntry entry in catalog.Read())
        {
            Assert.Equal(Entry(Key(seen), seen), entry);
            catalog.Put(entry with { StorageClass = "GLACIER" });
            catalog.Put(Entry(Key(seen) + ".new"));
            catalog.Remove(Key(4999 - seen));
            if (++seen % 1500 == 0)
                catalog.Flush();
        }

        Assert.Equal(5000, seen);
        catalog.EndRun(isComplete: true);
        Assert.Null(catalog.Failure);
        Assert.Equal(catalog.Count, catalog.Read().LongCount());
    }

    [Fact]
    public void Many_threads_may_put_find_and_read_at_once()
    {
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: true, RunTime);
        Parallel.For(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            catalog.Put(Entry(Key(i), i));
            Assert.Equal(Entry(Key(i), i), catalog.Find(Key(i)));
            if (i % 10 == 0)
                catalog.Remove(Key(i));
            if (i % 4000 == 0)
                Assert.All(catalog.ReadUnder("photos/0000/").Take(50), entry => Assert.StartsWith("photos/0000/", entry.RelativeKey, StringComparison.Ordinal));
        });

        catalog.EndRun(isComplete: true);

        Assert.Null(catalog.Failure);
        Assert.Equal(18_000, catalog.Count);
        Assert.Equal(Enumerable.Range(0, 20_000).Where(i => i % 10 != 0).Select(Key), catalog.Read().Select(entry => entry.RelativeKey));
    }

    [Fact]
    public void Rows_are_written_without_being_asked_for()
    {
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: true, RunTime);
        for (int i = 0; i < CatalogQueue.BatchSize; i++)
            catalog.Put(Entry(Key(i), i));
        Assert.True(SpinWait.SpinUntil(() => catalog.Count == CatalogQueue.BatchSize, TimeSpan.FromMinutes(1)));
        catalog.Put(Entry("one more"));
        Assert.True(SpinWait.SpinUntil(() => catalog.Count == CatalogQueue.BatchSize + 1, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void A_change_outside_of_a_run_is_a_mistake_of_the_caller()
    {
        using Catalog catalog = Open();
        Assert.Throws<InvalidOperationException>(() => catalog.Put(Entry("a")));
    }

    [Fact]
    public void Multipart_uploads_are_remembered_for_their_own_destination_until_they_are_forgotten()
    {
        UnfinishedUpload first = new("a\uE000", "id-1", 1L << 40, 8 << 20, -5, 7, ulong.MaxValue, RunTime);
        UnfinishedUpload second = new("a😀", "id-2", 1, 2, 3, 4, 5, RunTime.AddHours(1));
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile: false, RunTime);
            catalog.Uploads.Remember(second);
            catalog.Uploads.Remember(first);
        }

        using (Catalog other = Open(Identity with { Bucket = "other" }))
        {
            other.BeginRun(isReconcile: false, RunTime);
            Assert.Empty(other.Uploads.All());
            other.Uploads.Remember(second with { UploadId = "id-3" });
            other.EndRun(isComplete: true);
        }

        using Catalog next = Open();
        Assert.Equal([first, second], next.Uploads.All());
        next.Uploads.Forget("id-1");
        next.Uploads.Forget("unknown");
        Assert.Equal([second], next.Uploads.All());
    }

    [SkippableFact]
    public void Only_its_user_may_read_the_files()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows folders hand down their own permissions.");
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile: true, RunTime);
            Assert.Equal(["catalog.db", "catalog.db-shm", "catalog.db-wal"], Names());
            Assert.All(Directory.GetFiles(Folder.Path), file => Assert.Equal(ownerOnly, File.GetUnixFileMode(file)));
        }

        File.SetUnixFileMode(CatalogPath, ownerOnly | UnixFileMode.OtherRead);
        using (Catalog again = Open())
        {
            again.BeginRun(isReconcile: true, RunTime);
            Assert.All(Directory.GetFiles(Folder.Path), file => Assert.Equal(ownerOnly, File.GetUnixFileMode(file)));
        }

        Assert.Equal(["catalog.db"], Names());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Any_number_of_rows_is_written_and_read_without_being_held_in_memory()
    {
        const int count = 600_000;
        Fill(count);
        using Catalog catalog = Open();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int seen = 0;
        long most = 0;
        foreach (CatalogEntry entry in catalog.Read())
        {
            if (++seen % 150_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.Equal(count, seen);
        // Held rows would be 180 MB; other tests run in this process meanwhile, and hold some.
        Assert.InRange(most, long.MinValue, 100 << 20);
    }

    private string[] Names() => [.. Directory.GetFiles(Folder.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private (CatalogDoubt Doubt, DateTimeOffset? LastReconcile) AfterRun(bool isReconcile, bool isComplete)
    {
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile, RunTime);
            catalog.EndRun(isComplete);
            Assert.Null(catalog.Failure);
        }

        using Catalog next = Open();
        return (next.Doubt, next.LastReconcile);
    }
}
