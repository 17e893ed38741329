using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Snapshots;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>Dated snapshots, day by day, on a clock of their own.</summary>
public sealed class SnapshotStageTests : IAsyncLifetime
{
    private const string BucketName = "snapshots";
    private const string Manifest = ".rsyncs3backup-snapshot.json";
    private const string Day1 = "s/2026-01-01/";
    private const string Day2 = "s/2026-01-02/";
    private const string Day3 = "s/2026-01-03/";

    private readonly TemporaryFolder mirror = new();
    private readonly RecordingObserver observer = new();
    private readonly ManualClock clock = new();
    private readonly string jobName = $"snapshots-{Guid.NewGuid():N}";
    private LoopbackS3Server server = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync();
        server.Store.CreateBucket(BucketName);
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        mirror.Dispose();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task The_first_day_uploads_everything_and_is_marked_complete_at_its_end()
    {
        MakeTree();

        S3SyncStageResult result = await Complete();

        Assert.Equal((Day1, 4L, 0L), (result.KeyPrefix, result.Created, result.Copied));
        AssertHolds(Day1);
        JsonElement manifest = JsonDocument.Parse(server.Store.GetBytes(BucketName, Day1 + Manifest)).RootElement;
        Assert.Equal("complete", manifest.GetProperty("status").GetString());
        Assert.Equal(jobName, manifest.GetProperty("job").GetString());
        Assert.Equal(clock.GetUtcNow(), manifest.GetProperty("time").GetDateTimeOffset());
        Assert.Equal(4, manifest.GetProperty("objects").GetInt64());
        Assert.Equal(result.TotalBytes, manifest.GetProperty("bytes").GetInt64());
        Assert.Equal(result.TransferredBytes, manifest.GetProperty("transferredBytes").GetInt64());
        Assert.NotEqual("", manifest.GetProperty("moduleVersion").GetString());
    }

    [Fact]
    public async Task Later_days_upload_only_what_changed_and_every_day_stays_whole()
    {
        MakeTree();
        await Complete();
        Dictionary<string, string> first = Tree();

        NextDay();
        mirror.File("a.txt", "changed");
        mirror.File("new.txt", "new");
        File.Delete(mirror["sub/c.txt"]);
        S3SyncStageResult second = await Complete();
        Dictionary<string, string> afterSecond = Tree();
        NextDay();
        S3SyncStageResult third = await Complete();

        // The marker that says whose it is, two files, and the manifest twice: incomplete, then complete.
        Assert.Equal((4L, 2L, 5L, 2L), (second.Created, second.Copied, second.Requests.Put, second.Requests.Copy));
        Assert.Equal((4L, 4L, 3L, 4L), (third.Created, third.Copied, third.Requests.Put, third.Requests.Copy));
        Assert.Equal((10L, 0L), (second.TransferredBytes, third.TransferredBytes));
        AssertHolds(Day1, first);
        AssertHolds(Day2, afterSecond);
        AssertHolds(Day3, afterSecond);
        // The metadata is that of the day, not of the source.
        Assert.Equal(
            server.Store.Find(BucketName, Day1 + "sub/b.txt")!.Metadata["file-mtime"],
            server.Store.Find(BucketName, Day3 + "sub/b.txt")!.Metadata["file-mtime"]);
    }

    [Fact]
    public async Task The_price_of_a_day_is_that_of_its_copies_and_not_of_a_listing()
    {
        MakeTree();
        await Complete();
        NextDay();

        S3SyncStageResult result = await Complete();

        // Listed are today's prefix, which is empty, and its unfinished uploads; read are the manifests of today and yesterday, and whose
        // today's prefix is and the two above it.
        Assert.Equal(new S3RequestCounts { Put = 3, Copy = 4, List = 2, Get = 5 }, result.Requests);
        Assert.Equal(((3 + 4 + 2) * 0.000005m) + (5 * 0.0000004m), result.EstimatedRequestCost);
    }

    [Fact]
    public async Task A_chmod_or_a_touch_is_copied_with_the_days_metadata()
    {
        mirror.File("mode.txt", "one");
        mirror.File("time.txt", "two");
        await Complete();
        NextDay();
        File.SetUnixFileMode(mirror["mode.txt"], UnixFileMode.UserRead);
        File.SetLastWriteTimeUtc(mirror["time.txt"], new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));

        S3SyncStageResult result = await Complete();

        Assert.Equal((2L, 0L), (result.Copied, result.TransferredBytes));
        Assert.Equal("0100400", server.Store.Find(BucketName, Day2 + "mode.txt")!.Metadata["file-permissions"]);
        Assert.Equal("1577934245000000000ns", server.Store.Find(BucketName, Day2 + "time.txt")!.Metadata["file-mtime"]);
        Assert.NotEqual("0100400", server.Store.Find(BucketName, Day1 + "mode.txt")!.Metadata["file-permissions"]);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_second_run_of_the_day_brings_the_days_snapshot_up_to_date_and_one_without_changes_writes_nothing()
    {
        MakeTree();
        await Complete();
        byte[] manifest = server.Store.GetBytes(BucketName, Day1 + Manifest);
        clock.Advance(TimeSpan.FromHours(1));
        S3SyncStageResult idle = await Complete();
        Assert.Equal((4L, 0L), (idle.Unchanged, idle.Requests.Put + idle.Requests.Copy + idle.Requests.Delete));
        Assert.Equal(manifest, server.Store.GetBytes(BucketName, Day1 + Manifest));

        clock.Advance(TimeSpan.FromHours(1));
        mirror.File("a.txt", "changed");
        File.Delete(mirror["sub/c.txt"]);
        S3SyncStageResult result = await Complete(deleteFromS3: true);

        Assert.Equal((1L, 1L, 2L), (result.Updated, result.Deleted, result.Unchanged));
        AssertHolds(Day1);
        Assert.NotEqual(manifest, server.Store.GetBytes(BucketName, Day1 + Manifest));
    }

    [Fact]
    public async Task While_a_snapshot_is_changed_its_manifest_says_so()
    {
        MakeTree();
        await Complete();
        mirror.File("a.txt", "changed");
        string? during = null;
        server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = "a.txt",
            Kind = FaultKind.Custom,
            Handler = _ =>
            {
                during = Status(Day1);
                return Task.FromResult(false);
            },
        });

        await Complete();

        Assert.Equal(("incomplete", "complete"), (during, Status(Day1)));
    }

    [Fact]
    public async Task A_deletion_alone_changes_a_snapshot_too()
    {
        MakeTree();
        await Complete();
        File.Delete(mirror["a.txt"]);
        server.Faults.Add(new FaultRule { Operation = "DeleteObjects", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Failed, (bool?)false, "incomplete"), (result.Status, result.IsSnapshotComplete, Status(Day1)));
    }

    [Fact]
    public async Task A_run_that_fails_leaves_an_incomplete_snapshot_that_the_next_run_continues()
    {
        MakeTree();
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = "c.txt",
            Kind = FaultKind.AccessDenied,
            Times = int.MaxValue,
        });
        S3SyncStageResult failed = await Sync();
        Assert.Equal((BackupStatus.Failed, (bool?)false, "incomplete"), (failed.Status, failed.IsSnapshotComplete, Status(Day1)));
        server.Faults.Remove(fault);

        S3SyncStageResult result = await Complete();

        Assert.Equal((1L, 3L), (result.Created, result.Unchanged));
        AssertHolds(Day1);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_an_incomplete_snapshot_has_is_copied_on_the_next_day_so_that_a_first_upload_may_take_days()
    {
        MakeTree();
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = "c.txt",
            Kind = FaultKind.AccessDenied,
            Times = int.MaxValue,
        });
        await Sync();
        NextDay();
        await Sync();
        server.Faults.Remove(fault);
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 3L, 5L), (result.Created, result.Copied, result.TransferredBytes));
        AssertHolds(Day3);
        Assert.Equal(("incomplete", "incomplete"), (Status(Day1), Status(Day2)));
    }

    [Fact]
    public async Task After_an_incomplete_day_both_it_and_the_last_complete_one_are_copied_from()
    {
        MakeTree();
        await Complete();
        NextDay();
        mirror.File("a.txt", "changed");
        FaultRule fault = server.Faults.Add(FaultRule.Refusal("CopyObject", 409, "OperationAborted"));
        await Sync();
        Assert.Equal([Day2 + Manifest, Day2 + "a.txt"], Keys(Day2));
        server.Faults.Remove(fault);
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 0L), (result.Copied, result.TransferredBytes));
        AssertHolds(Day3);
    }

    [Fact]
    public async Task A_run_that_is_stopped_in_the_middle_is_continued()
    {
        for (int i = 0; i < 300; i++)
            mirror.File($"{i}", $"content {i}");
        await Complete();
        NextDay();
        using CancellationTokenSource stop = new();
        server.Faults.Add(new FaultRule
        {
            Operation = "CopyObject",
            Skip = 100,
            Kind = FaultKind.Custom,
            Handler = async _ =>
            {
                await stop.CancelAsync();
                return false;
            },
        });
        S3SyncStageResult stopped = await Sync(cancellationToken: stop.Token);
        Assert.Equal((BackupStatus.Cancelled, "incomplete"), (stopped.Status, Status(Day2)));
        server.Faults.Clear();

        S3SyncStageResult result = await Complete();

        Assert.Equal((300L, 0L), (result.Copied + result.Unchanged, result.TransferredBytes));
        Assert.True(result.Unchanged >= 100, $"{result.Unchanged}");
        AssertHolds(Day2);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_run_that_dies_in_the_middle_is_continued()
    {
        for (int i = 0; i < 300; i++)
            mirror.File($"{i}", $"content {i}");
        await Complete();
        NextDay();
        using TemporaryFolder disk = new();
        string state = StateFolder.ForJob(jobName).Path;
        using CancellationTokenSource stop = new();
        server.Faults.Add(new FaultRule
        {
            Operation = "CopyObject",
            Skip = 100,
            Kind = FaultKind.Custom,
            Handler = async _ =>
            {
                // The disk as a crash would leave it: nothing of what the run does about its end is on it. Not by .NET, which would take
                // SQLite's locks with it.
                using System.Diagnostics.Process copy = System.Diagnostics.Process.Start("cp", ["-r", state, disk["state"]]);
                await copy.WaitForExitAsync();
                await stop.CancelAsync();
                return false;
            },
        });
        await Sync(cancellationToken: stop.Token);
        server.Faults.Clear();
        Directory.Delete(state, recursive: true);
        Directory.Move(disk["state"], state);

        S3SyncStageResult result = await Complete();

        Assert.Equal((S3SyncMode.Reconcile, 300L, 0L), (result.SyncMode, result.Copied + result.Unchanged, result.TransferredBytes));
        Assert.True(result.Unchanged >= 50, $"{result.Unchanged}");
        AssertHolds(Day2);
    }

    [Fact]
    public async Task With_the_local_state_lost_the_last_complete_snapshot_is_found_in_the_bucket()
    {
        MakeTree();
        await Complete();
        NextDay();
        FaultRule fault = server.Faults.Add(FaultRule.Refusal("CopyObject", 409, "OperationAborted"));
        await Sync();
        server.Faults.Remove(fault);
        NextDay();
        Directory.Delete(StateFolder.ForJob(jobName).Path, recursive: true);
        mirror.File("new.txt", "new");

        S3SyncStageResult result = await Complete();

        Assert.Equal((5L, 4L, 3L), (result.Created, result.Copied, result.TransferredBytes));
        AssertHolds(Day3);
    }

    [Fact]
    public async Task With_the_local_state_lost_a_second_run_of_the_day_uploads_nothing_again()
    {
        MakeTree();
        await Complete();
        Directory.Delete(StateFolder.ForJob(jobName).Path, recursive: true);

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 0L, 0L), (result.Unchanged, result.TransferredBytes, result.Requests.Copy));
        AssertHolds(Day1);
    }

    [Fact]
    public async Task A_file_that_differs_from_the_last_snapshot_is_uploaded_also_with_the_local_state_lost()
    {
        string file = mirror.File("a.txt", "first");
        File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await Complete();
        NextDay();
        Directory.Delete(StateFolder.ForJob(jobName).Path, recursive: true);
        File.WriteAllText(file, "other");

        S3SyncStageResult result = await Complete();

        Assert.Equal((0L, 5L), (result.Copied, result.TransferredBytes));
        AssertHolds(Day2);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task When_the_last_complete_snapshot_was_deleted_by_hand_the_one_before_is_copied_from()
    {
        MakeTree();
        await Complete();
        NextDay();
        await Complete();
        DeleteAll(Day2);
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 0L), (result.Copied, result.TransferredBytes));
        AssertHolds(Day3);
    }

    [Fact]
    public async Task When_every_snapshot_was_deleted_by_hand_everything_is_uploaded()
    {
        MakeTree();
        await Complete();
        DeleteAll(Day1);
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 0L, 0L), (result.Created, result.Copied, result.Requests.Copy));
        AssertHolds(Day2);
    }

    [Fact]
    public async Task An_object_that_somebody_deleted_or_replaced_is_uploaded_from_the_mirror()
    {
        MakeTree();
        await Complete();
        server.Store.Delete(BucketName, Day1 + "a.txt");
        server.Store.Put(BucketName, Day1 + "sub/b.txt", "BETA"u8.ToArray());
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((4L, 2L, 9L), (result.Created, result.Copied, result.TransferredBytes));
        AssertHolds(Day2);
        // What is wrong with another snapshot says nothing about this one's catalog.
        Assert.Equal(S3SyncMode.Catalog, (await Complete()).SyncMode);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task More_files_than_a_page_of_a_listing_are_copied_and_pruned()
    {
        const int count = 1003;
        for (int i = 0; i < count; i++)
            mirror.File($"{i % 7}/{i}", $"{i}");
        await Complete();
        NextDay();

        S3SyncStageResult result = await Complete(keepLast: 1);

        Assert.Equal((count, 0L, 1L), (result.Copied, result.TransferredBytes, result.PrunedSnapshots));
        AssertHolds(Day2);
        Assert.Empty(server.Store.Keys(BucketName, Day1));
    }

    [Fact]
    public async Task The_names_of_a_file_stay_one_file_and_a_new_name_costs_no_upload()
    {
        string file = mirror.File("b", "linked");
        RawFileSystem.MakeHardLink(mirror["c"], file);
        await Complete();
        NextDay();
        RawFileSystem.MakeHardLink(mirror["a"], file);

        S3SyncStageResult result = await Complete();

        Assert.Equal((3L, 0L), (result.Copied, result.TransferredBytes));
        AssertHolds(Day2);
        Assert.Single(new[] { "a", "b", "c" }.Select(name => server.Store.Find(BucketName, Day2 + name)!.Metadata["file-link-group"]).Distinct());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_file_too_large_for_one_copy_is_copied_in_parts()
    {
        File.WriteAllBytes(mirror["large.bin"], RandomNumberGenerator.GetBytes((20 * 1024 * 1024) + 5));
        await Complete();
        NextDay();
        server.Requests.Reset();

        S3SyncStageResult result = await Complete(change: request => request with { LargestCopy = 8 * 1024 * 1024 });

        Assert.Equal((1L, 0L), (result.Copied, result.TransferredBytes));
        Assert.Equal((0L, 1L), (server.Requests["CopyObject"], server.Requests["UploadPartCopy"]));
        AssertHolds(Day2);
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Fact]
    public async Task Archived_objects_are_not_copied_and_not_tried()
    {
        mirror.File("a.txt", "alpha");
        await Complete(change: Archived);
        NextDay();

        S3SyncStageResult result = await Complete(change: Archived);

        Assert.Equal((0L, 0L, 5L), (result.Copied, result.Requests.Copy, result.TransferredBytes));
        Assert.Equal("STANDARD", server.Store.Find(BucketName, Day2 + Manifest)!.StorageClass);

        static S3SyncRequest Archived(S3SyncRequest request) => request with { Options = request.Options with { StorageClass = "DEEP_ARCHIVE" } };
    }

    [Fact]
    public async Task What_a_rule_has_archived_since_is_uploaded_and_the_rest_is_copied()
    {
        mirror.File("a.txt", "alpha");
        mirror.File("b.txt", "b");
        await Complete();
        server.Store.Move(BucketName, Day1 + "a.txt", "GLACIER");
        NextDay();

        S3SyncStageResult result = await Complete();

        Assert.Equal((1L, 2L, 5L), (result.Copied, result.Requests.Copy, result.TransferredBytes));
        AssertHolds(Day2);
    }

    [Fact]
    public async Task A_file_of_the_manifests_name_is_no_part_of_a_snapshot_but_deeper_down_it_is()
    {
        mirror.File(Manifest, "restored with the rest");
        mirror.File("sub/" + Manifest, "mine");

        S3SyncStageResult result = await Complete(deleteFromS3: true);

        Assert.Equal(1, result.Created);
        Assert.Equal([Day1 + Manifest, Day1 + "sub/" + Manifest], Keys());
        Assert.Equal("complete", Status(Day1));
    }

    [Fact]
    public async Task Without_the_right_to_read_objects_each_day_is_uploaded_whole_and_nothing_is_pruned()
    {
        MakeTree();
        foreach (string operation in new[] { "CopyObject", "HeadObject", "GetObject" })
            server.Faults.Add(FaultRule.Refusal(operation, 403, "AccessDenied"));

        S3SyncStageResult first = await Sync(keepLast: 1);
        NextDay();
        S3SyncStageResult second = await Sync(keepLast: 1);
        mirror.File("a.txt", "other");
        S3SyncStageResult again = await Sync(keepLast: 1);

        foreach (S3SyncStageResult result in new[] { first, second, again })
        {
            Assert.True(result is { Error: null, Failed: 0, IsSnapshotComplete: true, PrunedSnapshots: 0 }, result.Error?.Message);
            Assert.Contains(result.Warnings, warning => warning.Contains("Old snapshots are not pruned", StringComparison.Ordinal));
            Assert.All(result.Warnings, warning => Assert.Contains("s3:GetObject", warning, StringComparison.Ordinal));
        }

        Assert.Equal((4L, 4L, 1L), (first.Created, second.Created, again.Updated));
        Assert.Equal(("complete", "complete"), (Status(Day1), Status(Day2)));
        AssertHolds(Day2);
    }

    [Fact]
    public async Task Old_snapshots_are_pruned_after_a_run_that_succeeded_and_nothing_else_is()
    {
        MakeTree();
        server.Store.Put(BucketName, "s/2025-12-30/precious", "by hand"u8.ToArray());
        server.Store.Put(BucketName, "s/notes/precious", "by hand"u8.ToArray());
        server.Store.Put(
            BucketName, "s/2025-12-31/" + Manifest, new SnapshotManifest { Job = "another", IsComplete = true, Time = default }.ToJson());
        foreach (string _ in new[] { Day1, Day2 })
        {
            await Complete();
            NextDay();
        }

        S3SyncStageResult third = await Complete(keepLast: 2);
        NextDay();
        FaultRule fault = server.Faults.Add(FaultRule.Refusal("CopyObject", 409, "OperationAborted"));
        S3SyncStageResult failed = await Sync(keepLast: 1);
        server.Faults.Remove(fault);

        Assert.Equal((1L, 0L, 0L), (third.PrunedSnapshots, third.Deleted, failed.PrunedSnapshots));
        Assert.Equal(
            ["s/2025-12-30/", "s/2025-12-31/", Day2, Day3, "s/2026-01-04/", "s/notes/"],
            server.Store.Keys(BucketName).Select(key => key[..(key.IndexOf('/', 2) + 1)]).Distinct());
        AssertHolds(Day2);
        AssertHolds(Day3);
    }

    [Fact]
    public async Task An_incomplete_snapshot_is_pruned_with_its_unfinished_uploads_once_a_later_one_is_complete()
    {
        MakeTree();
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = "c.txt",
            Kind = FaultKind.AccessDenied,
            Times = int.MaxValue,
        });
        await Sync();
        server.Faults.Remove(fault);
        NextDay();

        S3SyncStageResult result = await Complete(keepLast: 5);

        Assert.Equal(1, result.PrunedSnapshots);
        Assert.Empty(server.Store.Keys(BucketName, Day1));
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_pruned_wholly_is_incomplete_and_pruned_by_the_next_run()
    {
        MakeTree();
        await Complete();
        NextDay();
        FaultRule fault = server.Faults.Add(new FaultRule { Operation = "DeleteObjects", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync(keepLast: 1);

        Assert.Equal((BackupStatus.SucceededWithWarnings, 0L, (bool?)true), (result.Status, result.PrunedSnapshots, result.IsSnapshotComplete));
        Assert.Contains(result.Warnings, warning => warning.Contains(Day1, StringComparison.Ordinal));
        Assert.Equal(("incomplete", "complete"), (Status(Day1), Status(Day2)));
        server.Faults.Remove(fault);
        Assert.Equal(1, (await Complete(keepLast: 1)).PrunedSnapshots);
        Assert.Empty(server.Store.Keys(BucketName, Day1));
    }

    [Fact]
    public async Task Snapshots_in_folders_of_years_and_months_are_found_and_pruned()
    {
        MakeTree();
        await Complete(change: Nested);
        Directory.Delete(StateFolder.ForJob(jobName).Path, recursive: true);
        clock.Advance(TimeSpan.FromDays(45));

        S3SyncStageResult result = await Complete(keepLast: 1, change: Nested);

        Assert.Equal(("s/2026/02/day-15/x/", 4L, 1L), (result.KeyPrefix, result.Copied, result.PrunedSnapshots));
        Assert.All(server.Store.Keys(BucketName), key => Assert.StartsWith("s/2026/02/day-15/x/", key, StringComparison.Ordinal));

        static S3SyncRequest Nested(S3SyncRequest request) =>
            request with { Options = request.Options with { S3Prefix = "s/{yyyy}/{MM}/day-{dd}/x/" } };
    }

    [Fact]
    public async Task Tokens_that_take_turns_write_over_the_last_turn_and_copy_from_yesterday()
    {
        MakeTree();
        for (int day = 0; day < 7; day++)
        {
            await Complete(deleteFromS3: true, change: Weekday);
            NextDay();
        }

        mirror.File("a.txt", "changed");
        S3SyncStageResult result = await Complete(deleteFromS3: true, change: Weekday);

        Assert.Equal(("s/Thu/", 1L, 7L), (result.KeyPrefix, result.Updated, result.TransferredBytes));
        AssertHolds("s/Thu/");

        static S3SyncRequest Weekday(S3SyncRequest request) => request with { Options = request.Options with { S3Prefix = "s/{ddd}/" } };
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task The_catalogs_of_old_snapshots_do_not_pile_up()
    {
        MakeTree();
        for (int day = 0; day < 4; day++)
        {
            await Complete();
            NextDay();
        }

        Assert.Single(Directory.GetFiles(Path.Combine(StateFolder.ForJob(jobName).Path, "snapshots"), "*.db"));
        FaultRule fault = server.Faults.Add(FaultRule.Refusal("CopyObject", 409, "OperationAborted"));
        for (int day = 0; day < 8; day++)
        {
            await Sync();
            NextDay();
        }

        Assert.Equal(5, Directory.GetFiles(Path.Combine(StateFolder.ForJob(jobName).Path, "snapshots"), "*.db").Length);
        server.Faults.Remove(fault);
        // The last complete one's catalog is gone by now, but S3 knows.
        S3SyncStageResult result = await Complete();
        Assert.Equal((4L, 0L), (result.Copied, result.TransferredBytes));
    }

    [Fact]
    public async Task The_date_is_that_of_the_configured_zone()
    {
        MakeTree();

        S3SyncStageResult result = await Complete(change: request => request with { Timezone = "America/New_York" });

        Assert.Equal("s/2025-12-31/", result.KeyPrefix);
    }

    private void MakeTree()
    {
        mirror.File("a.txt", "alpha");
        mirror.File("sub/b.txt", "beta");
        mirror.File("sub/c.txt", "gamma");
        File.CreateSymbolicLink(mirror["link"], "sub/b.txt");
    }

    private void NextDay() => clock.Advance(TimeSpan.FromDays(1));

    private string Status(string prefix) =>
        JsonDocument.Parse(server.Store.GetBytes(BucketName, prefix + Manifest)).RootElement.GetProperty("status").GetString()!;

    private void DeleteAll(string prefix)
    {
        foreach (string key in server.Store.Keys(BucketName, prefix))
            server.Store.Delete(BucketName, key);
    }

    private Dictionary<string, string> Tree() => Directory.EnumerateFiles(mirror.Path, "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(mirror.Path, path), Content, StringComparer.Ordinal);

    private static string Content(string path) =>
        new FileInfo(path).LinkTarget is { } target ? Hash(Encoding.UTF8.GetBytes(target)) : Hash(File.ReadAllBytes(path));

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    // But for the markers that say whose each snapshot is.
    private IEnumerable<string> Keys(string prefix = "") =>
        server.Store.Keys(BucketName, prefix).Where(key => !key.EndsWith("/" + MirrorMarker.FileName, StringComparison.Ordinal));

    private void AssertHolds(string prefix, Dictionary<string, string>? tree = null)
    {
        Assert.Equal("complete", Status(prefix));
        Dictionary<string, string> stored = Keys(prefix).Select(key => key[prefix.Length..]).Where(key => key != Manifest)
            .ToDictionary(key => key, key => Hash(server.Store.GetBytes(BucketName, prefix + key)), StringComparer.Ordinal);
        Assert.Equal((tree ?? Tree()).OrderBy(pair => pair.Key, StringComparer.Ordinal), stored.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    private async Task<S3SyncStageResult> Complete(
        bool deleteFromS3 = false, int? keepLast = null, Func<S3SyncRequest, S3SyncRequest>? change = null)
    {
        S3SyncStageResult result = await Sync(deleteFromS3, keepLast, change);
        Assert.True(
            result.Status == BackupStatus.Succeeded,
            $"{result.Status}: {result.Error} {string.Join(", ", result.FailedItems)} {string.Join(", ", result.Warnings)}");
        Assert.True(result.IsSnapshotComplete);
        return result;
    }

    private async Task<S3SyncStageResult> Sync(
        bool deleteFromS3 = false, int? keepLast = null, Func<S3SyncRequest, S3SyncRequest>? change = null,
        CancellationToken cancellationToken = default)
    {
        S3SyncRequest request = new()
        {
            MirrorPath = mirror.Path,
            Destination = new S3Destination { Bucket = BucketName, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
            Options = new S3SyncOptions { S3Prefix = "s/{yyyy-MM-dd}/", DeleteFromS3 = deleteFromS3, KeepLast = keepLast },
            Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
            Timezone = "UTC",
            Clock = clock,
        };
        using RunContext context = RunContext.Start(jobName, observer);
        return await S3SyncStage.RunAsync(change is null ? request : change(request), context, cancellationToken);
    }
}
