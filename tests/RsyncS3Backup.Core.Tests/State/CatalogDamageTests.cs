using FsCheck.Xunit;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>A catalog after crashes, bad disks and strangers.</summary>
public sealed class CatalogDamageTests : CatalogHarness
{
    [Property(MaxTest = 30)]
    [Trait("Category", "Slow")]
    public void Flipped_bytes_are_found_or_harmless(int seed)
    {
        byte[] whole = Pristine();
        Random random = new(seed);
        byte[] damaged = [.. whole];
        int flips = random.Next(1, 20);
        for (int i = 0; i < flips; i++)
        {
            // Often in the first pages, where the schema and the properties are.
            int at = random.Next(random.Next(2) == 0 ? damaged.Length : 20_480);
            damaged[at] ^= (byte)random.Next(1, 256);
        }

        AssertFoundOrHarmless(damaged);
    }

    [Property(MaxTest = 20)]
    [Trait("Category", "Slow")]
    public void A_file_cut_anywhere_is_found_or_harmless(int seed)
    {
        byte[] whole = Pristine();
        AssertFoundOrHarmless(whole[..new Random(seed).Next(whole.Length)]);
    }

    [Fact]
    public void Damage_that_comes_to_light_while_reading_replaces_the_file_for_the_next_run()
    {
        byte[] damaged = Pristine();
        int at = damaged.AsSpan().LastIndexOf("STANDARD_IA"u8);
        damaged[at] ^= 1;
        Put(damaged);
        using (Catalog catalog = Open())
        {
            Assert.Equal(CatalogDoubt.None, catalog.Doubt);
            IOException exception = Assert.ThrowsAny<IOException>(() => catalog.Read().Count());
            Assert.Equal(exception.Message, catalog.Failure);
        }

        using Catalog next = Open();
        Assert.Equal((CatalogDoubt.Damaged, "A row of the catalog is not what was written."), (next.Doubt, next.DoubtReason));
        Assert.Empty(next.Read());
    }

    [Fact]
    public void A_row_that_is_missing_is_noticed()
    {
        Fill(100);
        using (SqliteDatabase database = SqliteDatabase.Open(CatalogPath))
            database.Execute("DELETE FROM object WHERE key = CAST('" + Key(7) + "' AS BLOB)");
        using Catalog catalog = Open();
        Assert.ThrowsAny<IOException>(() => catalog.Read().Count());
    }

    [Fact]
    public void What_is_no_catalog_is_set_aside_and_never_deleted()
    {
        for (int round = 1; round <= 3; round++)
        {
            File.WriteAllBytes(CatalogPath, [.. "no database at all, but some text that is longer than the header of one "u8, .. new byte[100]]);
            using Catalog catalog = Open();
            Assert.Equal(CatalogDoubt.Damaged, catalog.Doubt);
            Assert.NotNull(catalog.DoubtReason);
            Assert.Equal(round, SqliteFile.SetAsideIn(Folder.Path).Count);
        }
    }

    [Fact]
    public void A_catalog_of_a_newer_format_is_left_and_both_versions_know_when_the_other_ran()
    {
        Fill(10);
        Execute("ALTER TABLE object RENAME TO objects; PRAGMA user_version=99");
        string newer = Convert.ToHexString(File.ReadAllBytes(CatalogPath));

        Fill(3);
        using (Catalog ours = Open())
            Assert.Equal((CatalogDoubt.None, 3L), (ours.Doubt, ours.Count));
        Assert.Equal(newer, Convert.ToHexString(File.ReadAllBytes(CatalogPath)));
        Assert.Empty(SqliteFile.SetAsideIn(Folder.Path));

        // The newer version again: it knows that it does not know what S3 holds.
        Execute("ALTER TABLE objects RENAME TO object; PRAGMA user_version=4");
        using (Catalog theirs = Open())
            Assert.Equal((CatalogDoubt.Contradicted, 10L), (theirs.Doubt, theirs.Count));
        Fill(10);
        using (Catalog theirs = Open())
            Assert.Equal(CatalogDoubt.None, theirs.Doubt);

        // And this one after that.
        Execute("PRAGMA user_version=99");
        using Catalog again = Open();
        Assert.Equal((CatalogDoubt.Contradicted, 3L), (again.Doubt, again.Count));
    }

    [Fact]
    public void What_others_add_to_a_catalog_is_no_damage()
    {
        Fill(10);
        Execute("ANALYZE; CREATE INDEX mine ON upload(started); CREATE TABLE notes(text); ALTER TABLE object ADD COLUMN note TEXT");

        using Catalog catalog = Open();

        Assert.Equal((CatalogDoubt.None, 10L), (catalog.Doubt, catalog.Count));
    }

    [Fact]
    public void A_catalog_of_an_earlier_version_is_read_on()
    {
        CopyFixture("catalog-1.db");

        using Catalog catalog = Open();

        Assert.Equal(CatalogDoubt.None, catalog.Doubt);
        Assert.Equal(Enumerable.Range(0, 3).Select(number => Entry(Key(number), number)), catalog.Read());
    }

    [Fact]
    public void A_catalog_of_before_there_were_hashes_is_read_on_and_written_to()
    {
        CopyFixture("catalog-2.db");
        using (ReadOnlyCatalog look = ReadOnlyCatalog.Open(CatalogPath, Identity))
        {
            Assert.Equal(3, look.Read().Count());
            Assert.Null(look.FindAlike(2, Entry("", 2).ModifiedNanoseconds));
            Assert.Empty(look.FindSame(2, Entry("", 2).ModifiedNanoseconds, new ContentHash(1, 0)));
        }

        using Catalog catalog = Open();

        Assert.Equal(CatalogDoubt.None, catalog.Doubt);
        CatalogEntry[] rows =
        [
            Entry(Key(0), 0),
            Entry(Key(1), 1) with { IsLeftover = true, GoneTime = RunTime },
            Entry(Key(2), 2) with { LinkGroup = 7 },
        ];
        Assert.Equal(rows, catalog.Read());
        catalog.BeginRun(isReconcile: false, RunTime);
        catalog.Put(rows[2] with { Hash = new ContentHash(1, 0) });
        catalog.Flush();
        Assert.Equal([Key(2)],
            catalog.FindSame(2, rows[2].ModifiedNanoseconds, new ContentHash(1, 0)).Select(row => row.RelativeKey));
        Assert.Equal([Key(1)], catalog.FindGone(RunTime, 10));
    }

    private void CopyFixture(string name) =>
        File.Copy(Path.Combine(Repository.Root, "tests", "RsyncS3Backup.Core.Tests", "State", "Fixtures", name), CatalogPath);

    [SkippableFact]
    public void Files_taken_in_the_middle_of_a_run_say_that_a_run_died_with_the_log_and_without_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "Copying by another process is done with cp.");
        Fill(1000);
        using Catalog catalog = Open();
        catalog.BeginRun(isReconcile: false, RunTime);
        for (int round = 0; round < 5; round++)
        {
            for (int i = 0; i < 700; i++)
                catalog.Put(Entry(Key(1000 + 700 * round + i), i));
            catalog.Flush();
            long written = catalog.Count;
            string copy = CopyFiles($"copy{round}");
            using (Catalog crashed = Catalog.Open(copy, Identity))
            {
                Assert.Equal(CatalogDoubt.RunDied, crashed.Doubt);
                Assert.Equal(written, crashed.Read().LongCount());
            }

            string withoutLog = CopyFiles($"without{round}");
            File.Delete(withoutLog + "-wal");
            File.Delete(withoutLog + "-shm");
            using Catalog bare = Catalog.Open(withoutLog, Identity);
            Assert.Equal(CatalogDoubt.RunDied, bare.Doubt);
            Assert.InRange(bare.Read().LongCount(), 1000, written);
        }
    }

    [SkippableFact]
    public void A_log_that_ends_anywhere_gives_whole_batches_and_a_died_run()
    {
        // What a power failure leaves.
        Skip.If(OperatingSystem.IsWindows(), "Copying by another process is done with cp.");
        Fill(100);
        string copy;
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile: false, RunTime);
            for (int i = 0; i < 3000; i++)
                catalog.Put(Entry("new/" + Key(i), i));
            catalog.Flush();
            copy = CopyFiles("crash");
        }

        byte[] log = File.ReadAllBytes(copy + "-wal");
        byte[] file = File.ReadAllBytes(copy);
        Random random = new(4);
        for (int round = 0; round < 20; round++)
        {
            File.WriteAllBytes(copy, file);
            File.WriteAllBytes(copy + "-wal", log[..random.Next(log.Length)]);
            File.Delete(copy + "-shm");
            using Catalog crashed = Catalog.Open(copy, Identity);
            Assert.Equal(CatalogDoubt.RunDied, crashed.Doubt);
            Assert.Equal(crashed.Count, crashed.Read().LongCount());
            Assert.All(crashed.ReadUnder("new/"), entry => Assert.Equal(Entry(entry.RelativeKey, (int)entry.Size), entry));
        }
    }

    [Fact]
    public void A_log_without_its_file_is_not_taken_for_the_new_files()
    {
        Fill(10);
        using (Catalog catalog = Open())
        {
            catalog.BeginRun(isReconcile: false, RunTime);
            File.WriteAllBytes(Path.Combine(Folder.Path, "log"), []);
            if (!OperatingSystem.IsWindows())
                Run("cp", CatalogPath + "-wal", Path.Combine(Folder.Path, "log"));
        }

        File.Delete(CatalogPath);
        File.Move(Path.Combine(Folder.Path, "log"), CatalogPath + "-wal");
        using Catalog next = Open();
        Assert.Equal((CatalogDoubt.Missing, 0L), (next.Doubt, next.Count));
        Assert.Empty(next.Read());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_file_held_by_another_is_an_error_for_who_comes_and_harmless_for_who_holds_it()
    {
        Fill(10);
        using (SqliteDatabase holder = SqliteDatabase.Open(CatalogPath))
        {
            using Catalog catalog = Open();
            holder.Transaction(isDurable: false, () =>
            {
                SqliteException exception = Assert.Throws<SqliteException>(() => catalog.BeginRun(isReconcile: false, RunTime));
                Assert.True(exception.IsBusy);
            });
        }

        using Catalog next = Open();
        Assert.Equal((CatalogDoubt.None, 10), (next.Doubt, next.Read().Count()));
    }

    [Fact]
    public void Several_may_make_it_at_once()
    {
        for (int round = 0; round < 10; round++)
        {
            string path = Path.Combine(Folder.Folder($"round{round}"), "catalog.db");
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
            {
                using Catalog catalog = Catalog.Open(path, Identity);
                Assert.True(catalog.Doubt == CatalogDoubt.Missing, $"{catalog.Doubt}: {catalog.DoubtReason}");
            });
        }
    }

    [SkippableFact]
    public void A_full_disk_fails_the_catalog_and_not_the_transfer_and_the_next_run_knows()
    {
        string drive = Drive("size=600k");
        try
        {
            string path = Path.Combine(drive, "catalog.db");
            using (Catalog catalog = Catalog.Open(path, Identity))
            {
                catalog.BeginRun(isReconcile: true, RunTime);
                for (int i = 0; i < 20_000; i++)
                    catalog.Put(Entry(Key(i), i));
                catalog.Flush();
                Assert.Contains("full", catalog.Failure, StringComparison.OrdinalIgnoreCase);
                catalog.Uploads.Remember(new UnfinishedUpload("a", "id", 1, 1, 1, 1, 1, RunTime));
                catalog.EndRun(isComplete: true);
            }

            Assert.Equal(0, Run("mount", "-o", "remount,size=32m", drive));
            using Catalog next = Catalog.Open(path, Identity);
            Assert.NotEqual(CatalogDoubt.None, next.Doubt);
            Assert.Equal(next.Count, next.Read().LongCount());
        }
        finally
        {
            Run("umount", drive);
        }
    }

    [SkippableFact]
    public void A_run_that_cannot_be_marked_leaves_no_catalog_to_be_believed()
    {
        string drive = Drive("size=8m");
        try
        {
            string path = Path.Combine(drive, "catalog.db");
            using (Catalog catalog = Catalog.Open(path, Identity))
            {
                catalog.BeginRun(isReconcile: true, RunTime);
                for (int i = 0; i < 100; i++)
                    catalog.Put(Entry(Key(i), i));
                catalog.EndRun(isComplete: true);
            }

            using (Catalog catalog = Catalog.Open(path, Identity))
            {
                Assert.Equal(CatalogDoubt.None, catalog.Doubt);
                Assert.NotEqual(0, Run("dd", "if=/dev/zero", "of=" + Path.Combine(drive, "fill"), "bs=4k"));
                Assert.ThrowsAny<IOException>(() => catalog.BeginRun(isReconcile: false, RunTime));
            }

            File.Delete(Path.Combine(drive, "fill"));
            using Catalog next = Catalog.Open(path, Identity);
            Assert.NotEqual(CatalogDoubt.None, next.Doubt);
        }
        finally
        {
            Run("umount", drive);
        }
    }

    [SkippableFact]
    public void A_read_only_state_folder_has_no_catalog()
    {
        string drive = Drive("size=8m");
        try
        {
            string path = Path.Combine(drive, "catalog.db");
            Assert.Equal(0, Run("mount", "-o", "remount,ro", drive));
            AssertNone();
            Assert.Equal(0, Run("mount", "-o", "remount,rw", drive));
            Catalog.Open(path, Identity).Dispose();
            Assert.Equal(0, Run("mount", "-o", "remount,ro", drive));
            AssertNone();

            void AssertNone()
            {
                Exception exception = Assert.ThrowsAny<Exception>(() => Catalog.Open(path, Identity));
                Assert.True(exception is IOException or UnauthorizedAccessException, exception.ToString());
            }
        }
        finally
        {
            Run("umount", drive);
        }
    }

    private void Execute(string sql)
    {
        using SqliteDatabase database = SqliteDatabase.Open(CatalogPath);
        database.Execute(sql);
    }

    private string Drive(string options)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a small drive.");
        string drive = Path.Combine(Folder.Path, "drive");
        Directory.CreateDirectory(drive);
        Skip.If(Run("mount", "-t", "tmpfs", "-o", options, "none", drive) != 0, "This machine forbids mounting.");
        return drive;
    }

    private byte[] Pristine()
    {
        string file = Path.Combine(Folder.Path, "pristine");
        if (!File.Exists(file))
        {
            Fill(Enumerable.Range(0, 1500).Select(i => Entry(Key(i), i) with { LinkGroup = (ulong)(i % 5) }));
            File.Move(CatalogPath, file);
        }

        return File.ReadAllBytes(file);
    }

    private void Put(byte[] content)
    {
        foreach (string file in Directory.GetFiles(Folder.Path, "catalog.db*"))
            File.Delete(file);
        File.WriteAllBytes(CatalogPath, content);
    }

    /// <summary>
    /// Opening works, and each row that is read is one that was written. A damaged page may hide rows; reading ends in an error then.
    /// </summary>
    private void AssertFoundOrHarmless(byte[] content)
    {
        Put(content);
        bool isWhole = false;
        using (Catalog catalog = Open())
        {
            int seen = 0;
            long previous = -1;
            try
            {
                foreach (CatalogEntry entry in catalog.Read())
                {
                    Assert.True(entry.Size > previous);
                    previous = entry.Size;
                    Assert.Equal(Entry(Key((int)entry.Size), (int)entry.Size) with { LinkGroup = (ulong)(entry.Size % 5) }, entry);
                    seen++;
                }

                isWhole = seen == 1500;
                Assert.True(isWhole || (seen == 0 && catalog.Doubt != CatalogDoubt.None));
                Assert.All(catalog.FindLinkGroup(3), entry => Assert.Equal(3UL, entry.LinkGroup));
                _ = catalog.Uploads.All();
            }
            catch (SqliteException exception)
            {
                Assert.True(exception.IsDamage, exception.Message);
            }
        }

        using Catalog next = Open();
        next.BeginRun(isReconcile: true, RunTime);
        next.Put(Entry("after"));
        next.EndRun(isComplete: true);
        Assert.True(next.Failure is null || isWhole, next.Failure);
    }
}
