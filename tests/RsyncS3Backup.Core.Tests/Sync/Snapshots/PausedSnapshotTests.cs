using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Snapshots;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>A dated snapshot that several days are needed for.</summary>
public sealed class PausedSnapshotTests : SyncHarness
{
    private const int MiB = 1024 * 1024;

    private readonly ManualClock clock = new();

    private S3SyncRequest Limited => Request with
    {
        Options = Options with { MaxUpload = MiB, S3Prefix = "s/{yyyy-MM-dd}/", KeepLast = 1 },
        Clock = clock,
        Timezone = "Etc/UTC",
    };

    [Fact]
    public async Task The_next_runs_go_on_with_it_until_it_is_complete_and_the_one_after_has_its_own_date()
    {
        WriteRandom("a", "b", "c");
        await MirrorAsync();

        S3SyncStageResult first = await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult second = await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult next = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, false, 1L), (first.Status, first.IsSnapshotComplete, first.Created));
        Assert.Equal((BackupStatus.Paused, first.KeyPrefix, 1L), (second.Status, second.KeyPrefix, second.Created));
        Assert.Equal((BackupStatus.Succeeded, first.KeyPrefix, true, 1L), (next.Status, next.KeyPrefix, next.IsSnapshotComplete, next.Created));

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult own = await SyncAsync(Limited);
        Assert.Equal((BackupStatus.Succeeded, "s/2026-01-04/", 3L, 0L), (own.Status, own.KeyPrefix, own.Copied, own.TransferredBytes));
    }

    [Fact]
    public async Task A_complete_one_that_a_pause_opened_is_not_pruned_by_the_next_day()
    {
        await MirrorAsync();
        WriteRandom("a");
        await MirrorAsync();
        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync(Limited)).Status);
        WriteRandom("b", "c");
        await MirrorAsync();
        S3SyncStageResult paused = await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));

        S3SyncStageResult next = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, "s/2026-01-01/"), (paused.Status, paused.KeyPrefix));
        Assert.Equal((0, "s/2026-01-01/"), (next.PrunedSnapshots, next.KeyPrefix));
    }

    [Fact]
    public async Task A_run_that_ends_without_a_pause_is_its_last_one_whatever_failed()
    {
        WriteRandom("a", "b");
        await MirrorAsync();
        await SyncAsync(Limited);
        WriteRandom("refused");
        await MirrorAsync();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", KeyContains = "/refused", Times = int.MaxValue });
        clock.Advance(TimeSpan.FromDays(1));

        S3SyncStageResult failed = await SyncAsync(Limited with { NoPause = true });
        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult next = await SyncAsync(Limited with { NoPause = true });

        Assert.Equal((BackupStatus.Failed, "s/2026-01-01/"), (failed.Status, failed.KeyPrefix));
        Assert.Equal("s/2026-01-03/", next.KeyPrefix);
    }

    [Fact]
    public async Task A_pause_that_changed_nothing_leaves_a_complete_one_alone()
    {
        WriteRandom("a");
        await MirrorAsync();
        await SyncAsync(Limited);
        WriteRandom("b");
        await MirrorAsync();
        S3SyncStageResult late = await SyncAsync(Limited with { StopTime = clock.GetUtcNow() });
        clock.Advance(TimeSpan.FromDays(1));

        S3SyncStageResult next = await SyncAsync(Limited with { NoPause = true });

        Assert.Equal((BackupStatus.Paused, true), (late.Status, late.IsSnapshotComplete));
        Assert.Equal("s/2026-01-02/", next.KeyPrefix);
    }

    [Fact]
    public async Task It_says_how_late_what_it_holds_may_be()
    {
        WriteRandom("a", "b");
        await MirrorAsync();
        S3SyncStageResult first = await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));
        await SyncAsync(Limited);

        using S3ObjectStore store = new(Request, first.KeyPrefix!, connections: 2);
        SnapshotManifest manifest = (await SnapshotManifest.ReadAsync(store, default))!;

        Assert.Equal((true, 1, 2), (manifest.IsComplete, manifest.Time.UtcDateTime.Day, manifest.ContentTime.UtcDateTime.Day));
        Snapshot snapshot = new(first.KeyPrefix, new DateTime(2026, 1, 1), manifest);
        Assert.Null(S3Copy.Choose([snapshot], date: null, new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero)));
        Assert.Same(snapshot, S3Copy.Choose([snapshot], date: null, new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero)));
        Assert.Null(SnapshotDoubt.OfTimes(new DatedPrefix("s/{yyyy-MM-dd}/"), snapshot, clock.GetUtcNow(), TimeZoneInfo.Utc));
    }

    [Fact]
    public async Task A_plan_forgets_nothing()
    {
        WriteRandom("a", "b");
        await MirrorAsync();
        S3SyncStageResult first = await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));

        using RunContext context = RunContext.ForPlan(JobName, new RecordingObserver());
        S3SyncStageResult plan = await S3SyncStage.PlanAsync(Limited, context, new PlannedSync(null), CancellationToken.None);

        Assert.Equal((first.KeyPrefix, first.KeyPrefix), (plan.KeyPrefix, (await SyncAsync(Limited)).KeyPrefix));
    }

    [Fact]
    public async Task To_another_bucket_it_begins_anew()
    {
        WriteRandom("a", "b");
        await MirrorAsync();
        await SyncAsync(Limited);
        clock.Advance(TimeSpan.FromDays(1));
        Server.Store.CreateBucket("others");

        S3SyncStageResult other = await SyncAsync(Limited with { Destination = Destination with { Bucket = "others" } });

        Assert.Equal("s/2026-01-02/", other.KeyPrefix);
    }

    // 700 KiB each: one a day.
    private void WriteRandom(params string[] names)
    {
        foreach (string name in names)
            File.WriteAllBytes(Path.Combine(Source, name), RandomNumberGenerator.GetBytes(700 * 1024));
    }
}
