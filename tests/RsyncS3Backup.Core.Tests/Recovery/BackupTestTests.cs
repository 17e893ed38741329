using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>What a test of a backup finds, and what it does not find.</summary>
public sealed class BackupTestTests : SyncHarness
{
    private static readonly BackupTestLevel[] Levels = Enum.GetValues<BackupTestLevel>();

    // Restore has tests of its own: what cannot be restored is no difference.
    private static readonly BackupTestLevel[] Comparing = [.. Levels.Where(level => level != BackupTestLevel.Restore)];

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, TestEffort.Times(3)));

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Seeds))]
    public async Task A_backup_that_is_complete_has_no_differences_whatever_the_tree_and_the_settings(int seed)
    {
        Random random = new(seed);
        Options = Options with
        {
            S3Prefix = random.Next(3) == 0 ? "s/{yyyy-MM-dd}/" : Prefix,
            DirectoryMarkers = (S3DirectoryMarkers)random.Next(3),
            ExcludePatterns = random.Next(2) == 0 ? ["*.tmp"] : [],
            DeleteFromS3 = random.Next(4) > 0,
        };
        ModelTree source = new(random, Source);
        for (int run = 0; run < 3; run++)
        {
            source.Change();
            if (run == 1)
                WriteLarge((9 * 1024 * 1024) + seed);
            Options = Options with { SyncMode = (S3SyncMode)random.Next(4) };
            S3SyncStageResult result = await RunAsync();
            Assert.True(result.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings, result.Error?.Message);
            foreach (BackupTestLevel level in Levels)
            {
                (BackupTestResult test, List<BackupDifference> differences) = await TestAsync(level);
                Assert.True(differences.Count == 0, $"{level}: {string.Join("; ", differences.Select(item => $"{item} {item.Reason}"))}");
                Assert.Equal((BackupStatus.Succeeded, null), (test.Status, test.Error));
                Assert.Equal(0, test.Requests.Put + test.Requests.Delete + test.Requests.Copy);
            }
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_backup_that_lost_its_catalog_has_no_differences_either()
    {
        Write("a.txt", "alpha");
        WriteLarge(20 * 1024 * 1024);
        Directory.CreateDirectory(Path.Combine(Source, "empty"));
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "a.txt");
        await RunAsync();
        File.Delete(CatalogPath);

        foreach (BackupTestLevel level in Levels)
            Assert.Empty((await TestAsync(level)).Differences);
    }

    [Fact]
    public async Task What_a_level_costs_is_in_the_result()
    {
        for (int i = 0; i < 20; i++)
            Write($"{i}.txt", new string('x', 100 + i));
        await RunAsync();

        BackupTestResult quick = (await TestAsync(BackupTestLevel.Quick)).Result;
        Assert.Equal((20, 0, 0L), (quick.Total, quick.CheckedBytes, quick.DownloadedBytes));
        Assert.Equal("3 LIST", quick.Requests.ToString());
        BackupTestResult checksums = (await TestAsync(BackupTestLevel.Checksums)).Result;
        Assert.Equal((20, checksums.TotalBytes, 0L), (checksums.Checked, checksums.CheckedBytes, checksums.DownloadedBytes));
        Assert.Equal("3 LIST", checksums.Requests.ToString());
        BackupTestResult full = (await TestAsync(BackupTestLevel.Full)).Result;
        Assert.Equal((20, full.TotalBytes, full.TotalBytes), (full.Checked, full.CheckedBytes, full.DownloadedBytes));
        Assert.Equal("3 LIST, 20 GET", full.Requests.ToString());
        Assert.True(full.EstimatedRequestCost > quick.EstimatedRequestCost);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_sample_is_of_the_asked_size_and_the_same_seed_means_the_same_files()
    {
        for (int i = 0; i < 200; i++)
            Write($"{i}.txt", "x");
        await RunAsync();

        BackupTestResult first = (await TestAsync(BackupTestLevel.Sample, request => request with { SamplePercent = 25 })).Result;
        BackupTestResult again = (await TestAsync(BackupTestLevel.Sample, request => request with { SamplePercent = 25, Seed = first.Seed })).Result;

        Assert.InRange(first.Requests.Get, 15, 90);
        Assert.Equal((first.Requests.Get, first.Seed), (again.Requests.Get, again.Seed));
        Assert.Equal(200, (await TestAsync(BackupTestLevel.Sample, request => request with { SamplePercent = 100 })).Result.Requests.Get);
    }

    [Fact]
    public async Task An_object_that_S3_lost_is_found_at_every_level()
    {
        await BackUpAsync();
        Server.Store.Delete(BucketName, Prefix + "a.txt");

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.MissingInS3, BackupCopy.Local);
    }

    [Fact]
    public async Task A_file_that_the_mirror_lost_is_found_at_every_level()
    {
        await BackUpAsync();
        File.Delete(Path.Combine(Mirror, "a.txt"));

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.MissingInMirror, BackupCopy.S3);
    }

    [Fact]
    public async Task An_object_of_another_size_is_found_at_every_level()
    {
        await BackUpAsync();
        Server.Store.Put(BucketName, Prefix + "a.txt", "something else"u8);

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.S3Corrupted, BackupCopy.Local);
    }

    [Fact]
    public async Task An_object_that_was_replaced_by_one_of_the_same_size_is_found_at_every_level()
    {
        await BackUpAsync();
        Server.Store.Put(BucketName, Prefix + "a.txt", "other"u8);

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.S3Corrupted, BackupCopy.Local);
    }

    [Fact]
    public async Task Bit_rot_in_the_mirror_is_found_where_content_is_read()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");

        await AssertFoundAsync(BackupTestLevel.Checksums, "a.txt", BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Bit_rot_in_a_large_file_is_found_by_the_checksum_of_its_parts()
    {
        WriteLarge(20 * 1024 * 1024);
        await RunAsync();
        byte[] bytes = File.ReadAllBytes(Path.Combine(Mirror, "large.bin"));
        bytes[12_345_678] ^= 1;
        Rot("large.bin", bytes);

        await AssertFoundAsync(BackupTestLevel.Checksums, "large.bin", BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3);
    }

    [Fact]
    public async Task A_file_that_was_cut_off_is_found_at_every_level()
    {
        await BackUpAsync();
        Rot("a.txt", "alp");

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3);
    }

    [Theory]
    [InlineData("alphA")]
    [InlineData("alpha and more")]
    public async Task A_file_that_something_else_than_stage_1_changed_is_told_from_one_that_is_not_sent_yet(string content)
    {
        await BackUpAsync();
        File.WriteAllText(Path.Combine(Mirror, "a.txt"), content);

        await AssertFoundAsync(BackupTestLevel.Quick, "a.txt", BackupDifferenceKind.ChangedOutside, BackupCopy.S3);
    }

    [Fact]
    public async Task Bit_rot_is_found_without_a_catalog_by_what_the_objects_carry()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        File.Delete(CatalogPath);

        await AssertFoundAsync(BackupTestLevel.Checksums, "a.txt", BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3);
    }

    [Fact]
    public async Task Content_that_differs_without_a_trace_is_not_blamed_on_either_copy()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        // Then nobody knows who writes to the mirror.
        File.Delete(Path.Combine(Mirror, ".rsyncs3backup.json"));

        await AssertFoundAsync(BackupTestLevel.Checksums, "a.txt", BackupDifferenceKind.ContentDiffers, null);
    }

    [Fact]
    public async Task What_S3_sends_otherwise_than_it_was_stored_is_found_by_a_download()
    {
        await BackUpAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.CorruptBody, Operation = "GetObject", KeyContains = "a.txt", Times = int.MaxValue });

        await AssertFoundAsync(BackupTestLevel.Full, "a.txt", BackupDifferenceKind.S3Corrupted, BackupCopy.Local);
    }

    [Fact]
    public async Task What_was_damaged_on_the_way_once_is_no_difference()
    {
        await BackUpAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.CorruptBody, Operation = "GetObject", KeyContains = "a.txt" });
        Server.Faults.Add(new FaultRule { Kind = FaultKind.ConnectionDroppedMidBody, Operation = "GetObject", KeyContains = "b.txt" });

        Assert.Empty((await TestAsync(BackupTestLevel.Full)).Differences);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_object_whose_body_breaks_off_is_one_entry_s_failure_to_a_test_and_to_a_repair()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        Rot("b.txt", "betA");
        List<BackupDifference> rotten = (await TestAsync(BackupTestLevel.Checksums)).Differences;
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.ConnectionDroppedMidBody,
            Operation = "GetObject",
            KeyContains = "a.txt",
            Times = int.MaxValue,
        });

        (BackupTestResult result, List<BackupDifference> found) = await TestAsync(BackupTestLevel.Full);
        List<BackupRepair> repairs = await RepairAsync(BackupTestLevel.Checksums, rotten);

        Assert.Equal(("BackupDiffers", "RestoreTransferBroken"), (result.Error?.Id, Assert.Single(result.FailedItems).Id));
        Assert.Equal(["b.txt"], found.Select(item => item.Path));
        Assert.Equal(["a.txt RestoreTransferBroken", "b.txt "], repairs.OrderBy(item => item.Path).Select(item => $"{item.Path} {item.Error?.Id}"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_object_that_lost_its_metadata_is_found_at_every_level_when_it_was_stored_again()
    {
        WriteLarge(9 * 1024 * 1024);
        await RunAsync();
        // In one piece, so that it has another entity tag and the same content.
        Server.Store.Put(BucketName, Prefix + "large.bin", File.ReadAllBytes(Path.Combine(Mirror, "large.bin")));

        await AssertFoundAsync(BackupTestLevel.Quick, "large.bin", BackupDifferenceKind.MetadataDiffers, BackupCopy.Local);
    }

    [Fact]
    public async Task What_stage_1_did_since_is_not_yet_sent_and_no_difference()
    {
        await BackUpAsync();
        Write("new.txt", "new");
        Write("a.txt", "alpha, edited");
        File.SetUnixFileMode(Path.Combine(Source, "b.txt"), UnixFileMode.UserRead);
        File.Delete(Path.Combine(Source, "gone.txt"));
        await MirrorAsync();

        foreach (BackupTestLevel level in Comparing)
        {
            (BackupTestResult result, List<BackupDifference> found) = await TestAsync(level);
            Assert.Equal(
                ["a.txt NotYetSent", "b.txt NotYetSent", "gone.txt NotYetSent", "new.txt NotYetSent"],
                found.Select(item => $"{item.Path} {item.Kind}").Order(StringComparer.Ordinal));
            Assert.Equal((BackupStatus.Succeeded, 0, 4, BackupExitCode.Succeeded), (result.Status, result.Differences, result.NotYetSent, result.ExitCode));
        }
    }

    [Fact]
    public async Task A_hidden_edit_that_stage_1_brought_is_not_yet_sent()
    {
        await BackUpAsync();
        Rsync = Rsync with { Checksum = true };
        KeepingTime(Path.Combine(Source, "a.txt"), () => Write("a.txt", "alphA"));
        await MirrorAsync();

        BackupDifference found = Assert.Single((await TestAsync(BackupTestLevel.Checksums)).Differences);

        Assert.Equal(("a.txt", BackupDifferenceKind.NotYetSent), (found.Path, found.Kind));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Repair_takes_the_good_copy_and_leaves_what_nobody_can_tell()
    {
        await BackUpAsync();
        Write("sub/rot.txt", "rotten");
        Write("sub/lost.txt", "lost");
        Write("replaced.txt", "mine!");
        Write("unsent.txt", "old");
        await RunAsync();
        Write("unsent.txt", "newer");
        await MirrorAsync();
        Rot("sub/rot.txt", "rOtten");
        File.Delete(Path.Combine(Mirror, "sub", "lost.txt"));
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        Server.Store.Put(BucketName, Prefix + "replaced.txt", "other"u8);
        long modified = FileAttributesReader.Read(Path.Combine(Mirror, "sub", "rot.txt")).ModifiedNanoseconds;
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;

        List<BackupRepair> repairs = await RepairAsync(BackupTestLevel.Checksums, found);

        Assert.Equal(
            [
                "a.txt MissingInS3 Succeeded S3", "replaced.txt S3Corrupted Succeeded S3", "sub/lost.txt MissingInMirror Succeeded Local",
                "sub/rot.txt MirrorCorrupted Succeeded Local", "unsent.txt NotYetSent Skipped ",
            ],
            repairs.Select(item => $"{item.Path} {item.Kind} {item.Status} {item.RepairedCopy}"));
        Assert.Equal("rotten", File.ReadAllText(Path.Combine(Mirror, "sub", "rot.txt")));
        Assert.Equal(modified, FileAttributesReader.Read(Path.Combine(Mirror, "sub", "rot.txt")).ModifiedNanoseconds);
        Assert.Equal(["unsent.txt"], (await TestAsync(BackupTestLevel.Full)).Differences.Select(item => item.Path));
        Assert.Equal((1L, 0L, 0L), await SyncAsync() is var next ? (next.Updated, next.Created, next.Deleted) : default);
        Assert.Empty((await TestAsync(BackupTestLevel.Full)).Differences);
        AssertMirrored("after repair");
        AssertCatalog("after repair");
    }

    [Fact]
    public async Task Repair_touches_nothing_when_it_cannot_tell_or_the_difference_is_gone()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        File.Delete(Path.Combine(Mirror, ".rsyncs3backup.json"));
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;
        BackupDifference gone = found[0] with { Path = "b.txt", GoodCopy = BackupCopy.S3, Kind = BackupDifferenceKind.MirrorCorrupted };

        List<BackupRepair> repairs = await RepairAsync(BackupTestLevel.Checksums, [.. found, gone]);

        Assert.Equal(["a.txt Skipped ", "b.txt Skipped "], repairs.Select(item => $"{item.Path} {item.Status} {item.RepairedCopy}"));
        Assert.Equal("alphA", File.ReadAllText(Path.Combine(Mirror, "a.txt")));
        Assert.Equal("alpha"u8.ToArray(), Server.Store.GetBytes(BucketName, Prefix + "a.txt"));
    }

    [Fact]
    public async Task An_object_that_S3_sends_damaged_does_not_replace_a_file()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;
        Server.Faults.Add(new FaultRule { Kind = FaultKind.CorruptBody, Operation = "GetObject", KeyContains = "a.txt", Times = int.MaxValue });

        BackupRepair repair = Assert.Single(await RepairAsync(BackupTestLevel.Checksums, found));

        Assert.Equal(BackupStatus.Failed, repair.Status);
        Assert.NotNull(repair.Error);
        Assert.Equal("alphA", File.ReadAllText(Path.Combine(Mirror, "a.txt")));
    }

    [Fact]
    public async Task Another_direction_than_was_agreed_to_is_not_taken()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        Server.Store.Delete(BucketName, Prefix + "b.txt");
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;

        List<BackupRepair> repairs = await RepairAsync(BackupTestLevel.Checksums, found.Select(item => item with
        {
            GoodCopy = item.GoodCopy == BackupCopy.S3 ? BackupCopy.Local : null,
        }));

        Assert.Equal(["a.txt Skipped ", "b.txt Skipped "], repairs.Select(item => $"{item.Path} {item.Status} {item.RepairedCopy}"));
        Assert.All(repairs, item => Assert.StartsWith("Another copy is good", item.Reason, StringComparison.Ordinal));
        Assert.Equal("alphA", File.ReadAllText(Path.Combine(Mirror, "a.txt")));
        Assert.Equal("alpha"u8.ToArray(), Server.Store.GetBytes(BucketName, Prefix + "a.txt"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Many_entries_are_repaired_at_once_in_both_directions()
    {
        for (int i = 0; i < 60; i++)
            Write($"lost/{i % 7}/{i}.txt", $"lost {i}");
        for (int i = 0; i < 60; i++)
            Write($"gone/{i}.txt", $"gone {i}");
        WriteLarge(20 * 1024 * 1024);
        Directory.CreateDirectory(Path.Combine(Source, "empty"));
        await BackUpAsync();
        Directory.Delete(Path.Combine(Mirror, "lost"), recursive: true);
        Directory.Delete(Path.Combine(Mirror, "empty"));
        File.Delete(Path.Combine(Mirror, "large.bin"));
        for (int i = 0; i < 60; i++)
            Server.Store.Delete(BucketName, $"{Prefix}gone/{i}.txt");
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "GetObject", KeyContains = "lost/3/3.txt", Times = int.MaxValue });

        List<BackupRepair> repairs = await RepairAsync(BackupTestLevel.Checksums, found);

        Assert.Equal(["lost/3/3.txt"], repairs.Where(item => item.Status == BackupStatus.Failed).Select(item => item.Path));
        Assert.Equal(120, repairs.Count(item => item.Status == BackupStatus.Succeeded));
        Server.Faults.Clear();
        Assert.Equal(
            ["empty NotYetSent", "lost/3/3.txt MissingInMirror"],
            (await TestAsync(BackupTestLevel.Full)).Differences.Select(item => $"{item.Path} {item.Kind}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_bucket_that_is_gone_ends_the_repair_with_one_error()
    {
        await BackUpAsync();
        Rot("a.txt", "alphA");
        Rot("b.txt", "betA");
        List<BackupDifference> found = (await TestAsync(BackupTestLevel.Checksums)).Differences;
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Custom,
            Operation = "GetObject",
            KeyContains = ".txt",
            Times = int.MaxValue,
            Handler = async context =>
            {
                context.Response.StatusCode = 404;
                await context.Response.WriteAsync("<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>");
                return true;
            },
        });

        BackupException ended = await Assert.ThrowsAsync<BackupException>(() => RepairAsync(BackupTestLevel.Checksums, found));

        Assert.Equal("S3BucketNotFound", ended.Error.Id);
        Assert.Equal("alphA", File.ReadAllText(Path.Combine(Mirror, "a.txt")));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_test_tells_how_far_it_is_and_that_it_has_ended()
    {
        WriteLarge(3 * 1024 * 1024);
        await BackUpAsync();
        RecordingObserver watching = new();
        BackupTestRequest request = new() { Configuration = Configuration, S3 = Request, Level = BackupTestLevel.Checksums };

        BackupTestResult result = await BackupTest.RunAsync(request, watching, _ => { }, CancellationToken.None);

        Assert.Null(result.Error);
        StageProgress last = Assert.Single(watching.ProgressReports, report => report.Completed);
        Assert.Equal(("Test", result.Total, result.Total), (last.Title, last.Files, last.TotalFiles!.Value));
        Assert.Equal((result.TotalBytes, result.TotalBytes), (last.Bytes, last.TotalBytes!.Value));
    }

    [Fact]
    public async Task A_repair_tells_how_far_it_is_and_that_it_has_ended()
    {
        await BackUpAsync();
        File.Delete(Path.Combine(Mirror, "a.txt"));
        File.Delete(Path.Combine(Mirror, "b.txt"));
        RecordingObserver watching = new();
        BackupTestRequest request = new() { Configuration = Configuration, S3 = Request, Level = BackupTestLevel.Quick };

        await BackupRepairs.RunAsync(
            request, [new RepairWish("a.txt", BackupCopy.S3), new RepairWish("b.txt", BackupCopy.S3)], watching, _ => { }, CancellationToken.None);

        StageProgress last = Assert.Single(watching.ProgressReports, report => report is { Completed: true, Title: "Repair" });
        Assert.Equal((2, 2, 9), (last.Files, last.TotalFiles!.Value, last.Bytes));
    }

    [Fact]
    public async Task Paths_limit_what_is_tested()
    {
        await BackUpAsync();
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        Server.Store.Delete(BucketName, Prefix + "b.txt");

        (BackupTestResult result, List<BackupDifference> found) = await TestAsync(BackupTestLevel.Quick, request => request with { Paths = ["b*"] });

        Assert.Equal(["b.txt"], found.Select(item => item.Path));
        Assert.Equal(1, result.Total);
    }

    [Fact]
    public async Task A_bucket_alone_is_tested_against_its_own_checksums()
    {
        await BackUpAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.CorruptBody, Operation = "GetObject", KeyContains = "a.txt", Times = int.MaxValue });
        BackupTestRequest request = new() { S3 = Request with { MirrorPath = "" }, Level = BackupTestLevel.Full };

        (BackupTestResult result, List<BackupDifference> found) = await RunTestAsync(request);

        Assert.Equal(["a.txt S3Corrupted "], found.Select(item => $"{item.Path} {item.Kind} {item.GoodCopy}"));
        Assert.Equal((3, BackupExitCode.DifferencesFound), (result.Total, result.ExitCode));
    }

    [Fact]
    public async Task A_listing_that_breaks_off_ends_the_test()
    {
        await BackUpAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.TruncatedList, Operation = "ListObjectsV2", Times = int.MaxValue });

        (BackupTestResult result, List<BackupDifference> found) = await TestAsync(BackupTestLevel.Quick);

        Assert.Equal((BackupStatus.Failed, "S3ListingIncomplete"), (result.Status, result.Error?.Id));
        Assert.Empty(found);
    }

    private async Task BackUpAsync()
    {
        Write("a.txt", "alpha");
        Write("b.txt", "beta");
        Write("gone.txt", "gamma");
        S3SyncStageResult result = await RunAsync();
        Assert.Equal(BackupStatus.Succeeded, result.Status);
    }

    private void Rot(string path, string content) => Rot(path, System.Text.Encoding.UTF8.GetBytes(content));

    // The change time moves, which only a damaged disk could avoid.
    private void Rot(string path, byte[] content)
    {
        string full = Path.Combine(Mirror, path);
        KeepingTime(full, () =>
        {
            using FileStream file = new(full, FileMode.Open);
            file.SetLength(content.Length);
            file.Write(content);
        });
    }

    private async Task AssertFoundAsync(BackupTestLevel lowest, string path, BackupDifferenceKind kind, BackupCopy? good)
    {
        foreach (BackupTestLevel level in Comparing)
        {
            bool isFound = level == lowest || lowest == BackupTestLevel.Quick || level is BackupTestLevel.Full or BackupTestLevel.Sample;
            (BackupTestResult result, List<BackupDifference> found) =
                await TestAsync(level, request => request with { SamplePercent = 100 });
            Assert.Equal(isFound ? [$"{path} {kind} {good}"] : [], found.Select(item => $"{item.Path} {item.Kind} {item.GoodCopy}"));
            Assert.Equal(isFound ? BackupExitCode.DifferencesFound : BackupExitCode.Succeeded, result.ExitCode);
            Assert.All(found, item => Assert.NotEmpty(item.Reason));
        }
    }

    private Task<(BackupTestResult Result, List<BackupDifference> Differences)> TestAsync(
        BackupTestLevel level, Func<BackupTestRequest, BackupTestRequest>? change = null)
    {
        BackupTestRequest request = new() { Configuration = Configuration, S3 = Request, Level = level };
        return RunTestAsync(change?.Invoke(request) ?? request);
    }

    private async Task<List<BackupRepair>> RepairAsync(BackupTestLevel level, IEnumerable<BackupDifference> differences)
    {
        ConcurrentQueue<BackupRepair> repairs = new();
        BackupTestRequest request = new() { Configuration = Configuration, S3 = Request, Level = level };
        RepairWish[] wishes = [.. differences.Select(item => new RepairWish(item.Path, item.GoodCopy))];
        await BackupRepairs.RunAsync(request, wishes, new RecordingObserver(), repairs.Enqueue, CancellationToken.None);
        return [.. repairs.OrderBy(item => item.Path, StringComparer.Ordinal)];
    }

    private static async Task<(BackupTestResult Result, List<BackupDifference> Differences)> RunTestAsync(BackupTestRequest request)
    {
        ConcurrentQueue<BackupDifference> found = new();
        BackupTestResult result = await BackupTest.RunAsync(request, new RecordingObserver(), found.Enqueue, CancellationToken.None);
        return (result, [.. found]);
    }

    private BackupConfiguration Configuration => new()
    {
        Name = JobName,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Destination,
    };

    private void WriteLarge(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        File.WriteAllBytes(Files["source/large.bin"], content);
    }

    /// <summary>Does something to a file and gives it back its modification time, to the nanosecond.</summary>
    private static void KeepingTime(string path, Action change)
    {
        long modified = FileAttributesReader.Read(path).ModifiedNanoseconds;
        change();
        RawFileSystem.SetModified(MirrorTrees.Latin1(path), modified / 1_000_000_000, modified % 1_000_000_000);
    }
}
