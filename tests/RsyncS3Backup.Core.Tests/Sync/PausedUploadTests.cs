using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>A stage 2 whose job may send so many bytes a day, or whose time is up, and the runs that go on with it.</summary>
public sealed class PausedUploadTests : SyncHarness
{
    private const int MiB = 1024 * 1024;
    private const int Size = 400 * 1024;

    private readonly ManualClock clock = new();

    private S3SyncRequest Limited => Request with
    {
        Options = Options with { MaxUpload = MiB },
        Clock = clock,
        Timezone = "Etc/UTC",
    };

    [Fact]
    public async Task A_first_upload_takes_as_many_days_as_its_bytes_need_and_is_whole_then()
    {
        WriteRandom("a", "b", "c", "d", "e");
        await MirrorAsync();

        S3SyncStageResult first = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, null, 2L, 3L, 3L * Size), (first.Status, first.Error, first.Created, first.RemainingItems, first.RemainingBytes));
        Assert.Equal(
            "The day's maxUpload (1.0 MiB) is used up: 3 items (1.2 MiB) remain, and a run after 2026-01-02 00:00 +00:00 goes on.",
            first.PausedReason);
        Assert.Equal(2, ReadBucket().Count);

        clock.Advance(TimeSpan.FromHours(23));
        S3SyncStageResult sameDay = await SyncAsync(Limited);
        Assert.Equal((BackupStatus.Paused, 0L, 3L), (sameDay.Status, sameDay.TransferredBytes, sameDay.RemainingItems));

        clock.Advance(TimeSpan.FromHours(1));
        S3SyncStageResult second = await SyncAsync(Limited);
        Assert.Equal((BackupStatus.Paused, 2L, 1L), (second.Status, second.Created, second.RemainingItems));

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult last = await SyncAsync(Limited);
        Assert.Equal((BackupStatus.Succeeded, 1L, 0L, null), (last.Status, last.Created, last.RemainingItems, last.PausedReason));
        AssertMirrored("after the last");
        AssertCatalog("after the last");
    }

    [Fact]
    public async Task The_next_run_goes_on_without_a_listing()
    {
        WriteRandom("a", "b", "c");
        await MirrorAsync();
        await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));
        long lists = Server.Requests["ListObjectsV2"];

        S3SyncStageResult next = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Catalog, 0L), (next.Status, next.SyncMode, Server.Requests["ListObjectsV2"] - lists));
        AssertMirrored("after the second");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_file_that_is_larger_than_a_day_gets_through_by_its_parts()
    {
        const int part = 5 * MiB;
        WriteRandom(((5 * part) - 1, "image"));
        await MirrorAsync();
        S3SyncRequest request = Limited with { Options = Options with { MaxUpload = (2 * part) + MiB }, UploadPartSize = part };

        long left = (5 * part) - 1;
        for (int day = 0; day < 2; day++)
        {
            S3SyncStageResult paused = await SyncAsync(request);

            // Parts are sent beside one another, and the last one, which is shorter, may come before another.
            Assert.InRange(paused.TransferredBytes, (2 * part) - 1, 2 * part);
            left -= paused.TransferredBytes;
            Assert.Equal((BackupStatus.Paused, 1L, left), (paused.Status, paused.RemainingItems, paused.RemainingBytes));
            Assert.Single(Server.Store.UnfinishedUploads(BucketName));
            clock.Advance(TimeSpan.FromDays(1));
        }

        S3SyncStageResult last = await SyncAsync(request);

        Assert.Equal((BackupStatus.Succeeded, left), (last.Status, last.TransferredBytes));
        Assert.Equal((1, 5), (Server.Requests["CreateMultipartUpload"], Server.Requests["UploadPart"]));
        AssertMirrored("after the last");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task No_upload_in_parts_is_begun_for_which_there_is_no_room()
    {
        S3SyncRequest request = Limited with { Options = Options with { MaxUpload = 6 * MiB }, UploadPartSize = 5 * MiB };
        WriteRandom((2 * MiB, "a"));
        await MirrorAsync();
        await SyncAsync(request);
        WriteRandom((6 * MiB, "b"));
        await MirrorAsync();

        S3SyncStageResult paused = await SyncAsync(request);

        Assert.Equal((BackupStatus.Paused, 0), (paused.Status, Server.Requests["CreateMultipartUpload"]));
    }

    [Fact]
    public async Task Nothing_is_deleted_while_its_new_name_may_wait_for_the_next_run()
    {
        WriteRandom("gone");
        await RunAsync();
        File.Move(Path.Combine(Source, "gone"), Path.Combine(Source, "z"));
        File.AppendAllText(Path.Combine(Source, "z"), "and more");
        WriteRandom("b", "c");
        await MirrorAsync();

        S3SyncStageResult paused = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, 0L), (paused.Status, paused.Deleted));
        Assert.Contains("gone", ReadBucket().Keys);

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult last = await SyncAsync(Limited);
        Assert.Equal((BackupStatus.Succeeded, 1L), (last.Status, last.Deleted));
        AssertMirrored("after the last");
    }

    [Fact]
    public async Task A_folder_whose_place_a_file_takes_stays_as_long_as_the_file_waits()
    {
        Write("place/inner", "inner");
        await RunAsync();
        Directory.Delete(Path.Combine(Source, "place"), recursive: true);
        WriteRandom("a", "b", "place");
        await MirrorAsync();

        S3SyncStageResult paused = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, 1L), (paused.Status, paused.RemainingItems));
        Assert.Contains("place/inner", ReadBucket().Keys);

        clock.Advance(TimeSpan.FromDays(1));
        await SyncAsync(Limited);
        AssertMirrored("after the last");
    }

    [Fact]
    public async Task A_run_that_must_not_pause_sends_everything_and_counts_it()
    {
        WriteRandom("a", "b", "c");
        await MirrorAsync();

        Assert.Equal((BackupStatus.Succeeded, 3L), Ended(await SyncAsync(Limited with { NoPause = true })));

        WriteRandom("d");
        await MirrorAsync();
        Assert.Equal((BackupStatus.Paused, 0L), Ended(await SyncAsync(Limited)));
    }

    [Fact]
    public async Task What_a_failed_run_has_sent_counts()
    {
        WriteRandom("a", "b");
        await MirrorAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", KeyContains = Prefix + "b", Times = int.MaxValue });
        Assert.Equal(BackupStatus.Failed, (await SyncAsync(Limited)).Status);
        Server.Faults.Clear();
        WriteRandom("c");
        await MirrorAsync();

        // Of b the bytes went out too, although S3 did not take it.
        Assert.Equal((BackupStatus.Paused, 0L), Ended(await SyncAsync(Limited)));
    }

    [Fact]
    public async Task A_run_whose_time_is_up_begins_nothing_and_one_without_anything_to_do_succeeds()
    {
        WriteRandom("a");
        await MirrorAsync();
        S3SyncRequest late = Limited with { StopTime = clock.GetUtcNow() };

        S3SyncStageResult paused = await SyncAsync(late);

        Assert.Equal((BackupStatus.Paused, 0L, 1L), (paused.Status, paused.Created, paused.RemainingItems));
        Assert.Equal("The run's time is up (stopAt): 1 item (400.0 KiB) remains, and the next run goes on.", paused.PausedReason);
        Assert.Equal((BackupStatus.Succeeded, 1L), Ended(await SyncAsync(Limited)));
        Assert.Equal((BackupStatus.Succeeded, 0L), Ended(await SyncAsync(late)));
    }

    [Fact]
    public async Task A_timetable_limits_what_is_sent()
    {
        WriteRandom((128 * 1024, "a"));
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Request with { Options = Options with { BandwidthTimetable = "00:00 64KiB, 12:00 64KiB" } });

        // A quarter of a second's bytes go at once.
        Assert.Equal((BackupStatus.Succeeded, true), (result.Status, result.Duration > TimeSpan.FromSeconds(1.5)));
    }

    private static (BackupStatus, long) Ended(S3SyncStageResult result) => (result.Status, result.Created);

    private void WriteRandom(params string[] names) => WriteRandom([.. names.Select(name => (Size, name))]);

    private void WriteRandom(params (int Size, string Name)[] files)
    {
        foreach ((int size, string name) in files)
            File.WriteAllBytes(Path.Combine(Source, name), RandomNumberGenerator.GetBytes(size));
    }
}
