using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>What is restored, from where, and what becomes of what is there.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RestoreTests : RestoreHarness
{
    [Fact]
    public async Task The_mirror_is_taken_when_it_is_the_jobs_and_S3_when_it_is_not()
    {
        Write("a", "a");
        await RunAsync();

        RestoreResult fromMirror = await RestoreWellAsync(Restore(from: null));
        File.Delete(Path.Combine(Mirror, ".rsyncs3backup.json"));
        RestoreResult withoutMarker = await RestoreWellAsync(Restore(from: null));
        Directory.Delete(Mirror, recursive: true);
        RestoreResult withoutMirror = await RestoreWellAsync(Restore(from: null));

        Assert.Equal((BackupCopy.Local, Mirror), (fromMirror.From, fromMirror.Source));
        Assert.Equal((BackupCopy.S3, $"s3://{BucketName}/{Prefix}"), (withoutMarker.From, withoutMarker.Source));
        Assert.Contains("marker", withoutMarker.FromReason, StringComparison.Ordinal);
        Assert.Contains("not there", withoutMirror.FromReason, StringComparison.Ordinal);
        Assert.Equal(1, withoutMirror.Unchanged);
    }

    [Fact]
    public async Task A_job_without_a_sound_copy_says_so()
    {
        RestoreRequest local = Restore(from: null) with { S3 = null };

        Assert.Equal("RestoreNoCopy", (await RestoreAsync(local)).Error?.Id);
        Assert.Equal("RestoreNoCopy", (await RestoreAsync(local with { From = BackupCopy.Local })).Error?.Id);
        Assert.Equal("NoS3Copy", (await RestoreAsync(local with { From = BackupCopy.S3 })).Error?.Id);
        Assert.Equal("RestorePastOfMirror", (await RestoreAsync(local with { AsOf = DateTimeOffset.Now })).Error?.Id);
        Assert.Equal("RestorePastOfMirror", (await RestoreAsync(local with { IncludeDeleted = true })).Error?.Id);
        Assert.Equal("RestoreDestinationMissing", (await RestoreAsync(Restore() with { Destination = null })).Error?.Id);
    }

    [Fact]
    public async Task Bucket_and_prefix_are_enough()
    {
        Write("sub/a", "a");
        await RunAsync();

        RestoreResult result = await RestoreWellAsync(new RestoreRequest { Name = "p", S3 = Request, Destination = Target });

        Assert.Equal(BackupCopy.S3, result.From);
        Assert.Equal(["sub", "sub/a"], Restored());
        Assert.Equal((1L, 1L, 1L), (result.Requests.Get, result.Requests.List, result.Restored));
    }

    [Fact]
    public async Task Only_what_a_path_means_is_restored_and_nothing_is_an_error()
    {
        Put("a/b/one", "1");
        Put("a/two", "2");
        Put("c", "3");

        await RestoreWellAsync(Restore() with { Paths = ["a/b"] });
        RestoreResult nothing = await RestoreAsync(Restore() with { Paths = ["nowhere"] });

        Assert.Equal(["a", "a/b", "a/b/one"], Restored());
        Assert.Equal("RestoreNothingFound", nothing.Error?.Id);
    }

    [Theory]
    [InlineData(RestoreOverwrite.IfDifferent, "backup", 1, 1, 0)]
    [InlineData(RestoreOverwrite.Never, "changed", 0, 0, 2)]
    [InlineData(RestoreOverwrite.Always, "backup", 2, 0, 0)]
    public async Task Files_that_are_there_are_treated_as_asked_for(RestoreOverwrite overwrite, string content, int restored, int unchanged, int skipped)
    {
        Put("same", "same");
        Put("other", "backup");
        await RestoreWellAsync(Restore());
        await File.WriteAllTextAsync(Path.Combine(Target, "other"), "changed");

        RestoreResult result = await RestoreWellAsync(Restore() with { Overwrite = overwrite });

        Assert.Equal((restored, unchanged, skipped), ((int)result.Restored, (int)result.Unchanged, (int)result.Skipped));
        Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(Target, "other")));
    }

    [Fact]
    public async Task Objects_of_other_tools_have_the_time_that_they_carry_or_that_S3_stored_them()
    {
        Put("plain", "plain");
        Put("rclone", "rclone", ("mtime", "1234567890.123456789"));
        DateTimeOffset stored = Server.Store.Find(BucketName, Prefix + "plain")!.LastModified;

        await RestoreWellAsync(Restore());

        Assert.Equal(stored.ToUnixTimeSeconds(), new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(Target, "plain"))).ToUnixTimeSeconds());
        Assert.Equal(
            DateTimeOffset.FromUnixTimeSeconds(1234567890).AddTicks(1234567).UtcDateTime, File.GetLastWriteTimeUtc(Path.Combine(Target, "rclone")));
    }

    [SkippableFact]
    public async Task Names_of_one_file_are_one_file_again_and_those_of_different_files_are_not()
    {
        Skip.If(OperatingSystem.IsWindows(), "looks at inodes");
        (string, string)[] common = [("file-link-group", "2a"), ("file-mtime", "5000000000ns")];
        foreach (string name in (string[])["a", "b", "c/d"])
            Put(name, "same file", common);
        // The number of a file that is gone, given to a new one.
        Put("e", "other one", common);

        await RestoreWellAsync(Restore() with { Paths = ["b", "c", "e"] });

        Dictionary<string, RawEntry> found = ReadTree(Target);
        Assert.Equal(found["b"].Inode, found["c/d"].Inode);
        Assert.NotEqual(found["b"].Inode, found["e"].Inode);
        await RestoreWellAsync(Restore());
        Assert.Equal(3u, ReadTree(Target)["a"].Links);
    }

    [Fact]
    public async Task A_dated_snapshot_is_restored_by_its_date_and_the_last_one_without()
    {
        foreach ((string date, string content) in ((string, string)[])[("2024-01-01", "old"), ("2024-01-02", "new")])
        {
            Put($"{date}/a", content);
            Put($"{date}/.rsyncs3backup-snapshot.json", $$"""
                { "status": "complete", "job": "{{JobName}}", "time": "{{date}}T12:00:00Z", "moduleVersion": "1.0.0" }
                """);
        }

        Options = Options with { S3Prefix = Prefix + "{yyyy-MM-dd}/" };

        RestoreResult last = await RestoreWellAsync(Restore());
        RestoreResult first = await RestoreWellAsync(Restore() with { Snapshot = new DateTime(2024, 1, 1), Destination = Files["first"] });

        Assert.Equal(new DateTime(2024, 1, 2), last.Snapshot);
        Assert.Equal(("new", "old"), (await File.ReadAllTextAsync(Path.Combine(Target, "a")), await File.ReadAllTextAsync(Files["first/a"])));
        Assert.Equal(["a"], Restored());
    }

    [Fact]
    public async Task In_place_each_source_gets_its_own_folder_back()
    {
        string other = Files.Folder("other");
        Files.File("other/b", "b");
        Files.File("source/a", "a");
        RestoreRequest request = Restore() with
        {
            InPlace = true,
            Destination = null,
            Configuration = Job with { Sources = [new BackupSource { Path = Source }, new BackupSource { Path = other, Name = "second" }] },
        };
        Put("source/a", "a of the backup");
        Put("second/deep/b", "b of the backup");
        Put("third/c", "of no source");

        RestoreResult result = await RestoreAsync(request);

        Assert.Equal(("RestoreKeyRefused", "third/c"), (Assert.Single(result.FailedItems).Id, result.FailedItems[0].Target));
        Assert.Equal("a of the backup", await File.ReadAllTextAsync(Path.Combine(Source, "a")));
        Assert.Equal("b of the backup", await File.ReadAllTextAsync(Path.Combine(other, "deep", "b")));
        Assert.True(File.Exists(Path.Combine(other, "b")));
        BackupConfiguration remote = Job with { Sources = [new BackupSource { Path = "host:/data" }] };
        Assert.Equal("RestoreInPlaceRemote", (await RestoreAsync(request with { Configuration = remote })).Error?.Id);
    }

    [Fact]
    public async Task A_run_of_the_job_keeps_out_restores_from_the_mirror_and_in_place_and_no_others()
    {
        Write("a", "a");
        await RunAsync();
        using JobLock? held = JobLock.TryTake(JobName, "run", DateTimeOffset.Now);

        Assert.Equal("JobAlreadyRunning", (await RestoreAsync(Restore(BackupCopy.Local))).Error?.Id);
        Assert.Equal("JobAlreadyRunning", (await RestoreAsync(Restore() with { InPlace = true })).Error?.Id);
        await RestoreWellAsync(Restore());
    }

    [Fact]
    public async Task Two_restores_to_one_folder_do_not_run_at_once()
    {
        Put("a", "a");
        using DestinationTree first = DestinationTree.Open(Target, []);
        Assert.True(first.TryLock());

        RestoreResult second = await RestoreAsync(Restore());

        Assert.Equal("RestoreDestinationBusy", second.Error?.Id);
        Assert.Empty(Restored());
    }

    [SkippableFact]
    public void A_copy_of_the_open_folder_in_a_process_that_is_just_being_started_keeps_no_lock()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "finds open files in /proc");
        using (DestinationTree first = DestinationTree.Open(Target, []))
        {
            Assert.True(first.TryLock());
            RawFileSystem.DuplicateOpenFolder(Target);
        }

        using DestinationTree second = DestinationTree.Open(Target, []);

        Assert.True(second.TryLock());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_is_in_the_archive_is_reported_asked_for_and_restored_when_it_is_there()
    {
        Put("near", "near");
        Server.Store.Put(BucketName, Prefix + "far", "far"u8, storageClass: "GLACIER");
        Server.Store.Put(BucketName, Prefix + "deep", "deep"u8, storageClass: "DEEP_ARCHIVE");

        RestoreResult reported = await RestoreAsync(Restore());
        RestoreResult asked = await RestoreAsync(Restore() with { Retrieval = new RestoreRetrieval(RetrievalTier.Bulk, 3) });
        RestoreResult restored = await RestoreWellAsync(Restore());

        Assert.Equal((2L, 1L, 0L), (reported.Archived, reported.Restored, reported.RetrievalPending));
        Assert.All(reported.FailedItems, item => Assert.Equal("RestoreObjectArchived", item.Id));
        Assert.Equal((BackupStatus.SucceededWithWarnings, 2L, 2L), (asked.Status, asked.RetrievalPending, asked.RetrievalRequested));
        Assert.True(asked.RetrievalReadyBy > DateTimeOffset.Now.AddHours(47));
        Assert.Equal((2L, 1L), (restored.Restored, restored.Unchanged));
        Assert.Equal(["deep", "far", "near"], Restored());
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task Of_a_job_that_does_not_delete_from_S3_comes_back_what_the_last_mirror_held(S3SyncMode mode)
    {
        Options = Options with { DeleteFromS3 = false };
        Write("kept", "kept");
        Write("deleted", "deleted");
        Write("folder/deleted", "deleted");
        await RunAsync();
        File.Delete(Path.Combine(Source, "deleted"));
        Directory.Delete(Path.Combine(Source, "folder"), recursive: true);
        Options = Options with { SyncMode = mode };
        await RunAsync();
        // It belongs to nobody that the catalog knows, so it may be anything.
        Put("of-others", "x");

        RestoreResult last = await RestoreWellAsync(Restore());
        RestoreResult all = await RestoreWellAsync(Restore() with { IncludeDeleted = true, Destination = Files["all"] });
        RestoreResult none = await RestoreAsync(Restore() with { Paths = ["folder"], Destination = Files["none"] });

        Assert.Equal(["kept", "of-others"], Restored());
        Assert.Equal((2L, 2L, 4L, 0L), (last.Total, last.DeletedLeftOut, all.Total, all.DeletedLeftOut));
        Assert.Equal(("RestoreNothingFound", 1L), (none.Error?.Id, none.DeletedLeftOut));
        Assert.Contains("-IncludeDeleted", none.Error?.RecommendedAction);
        Assert.Contains("that matches -Path was in the mirror at the last run; 1 deleted object is", none.Error?.Message);
    }

    [Fact]
    public async Task What_was_deleted_comes_from_S3_although_the_mirror_is_there_and_never_from_the_mirror()
    {
        Options = Options with { DeleteFromS3 = false };
        Write("kept", "kept");
        Write("deleted", "deleted");
        await RunAsync();
        File.Delete(Path.Combine(Source, "deleted"));
        await RunAsync();

        RestoreResult mirror = await RestoreAsync(Restore(BackupCopy.Local) with { IncludeDeleted = true });
        RestoreResult result = await RestoreWellAsync(Restore(from: null) with { IncludeDeleted = true });

        Assert.Equal("RestorePastOfMirror", mirror.Error?.Id);
        Assert.Contains("-IncludeDeleted", mirror.Error?.Message, StringComparison.Ordinal);
        Assert.Equal(BackupCopy.S3, result.From);
        Assert.Contains("-IncludeDeleted", result.FromReason, StringComparison.Ordinal);
        Assert.Equal(["deleted", "kept"], Restored());
    }

    [Fact]
    public async Task What_was_deleted_and_stored_by_somebody_else_since_comes_back()
    {
        Options = Options with { DeleteFromS3 = false };
        Write("kept", "kept");
        Write("again", "deleted");
        await RunAsync();
        File.Delete(Path.Combine(Source, "again"));
        await RunAsync();
        Put("again", "stored anew");

        await RestoreWellAsync(Restore());

        Assert.Equal(["again", "kept"], Restored());
    }

    [Fact]
    public async Task A_machine_that_cannot_know_what_was_deleted_restores_all_and_says_so()
    {
        Options = Options with { DeleteFromS3 = false };
        Write("kept", "kept");
        Write("deleted", "deleted");
        await RunAsync();
        File.Delete(Path.Combine(Source, "deleted"));
        await RunAsync();
        File.Delete(CatalogPath);

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(["deleted", "kept"], Restored());
        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        Assert.Contains("deleted or renamed", Assert.Single(result.Warnings));
        Assert.Equal(BackupStatus.Succeeded, (await RestoreAsync(Restore() with { IncludeDeleted = true })).Status);
    }
}
