using System.Globalization;
using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>Snapshots that somebody made up, or that are suddenly too many, cost no real one.</summary>
[Collection(FakeRsync.Collection)]
public sealed class SnapshotTests : RestoreHarness
{
    private const string Dated = Prefix + "{yyyy-MM-dd}/";
    private readonly ManualClock clock = new();

    [Fact]
    public async Task Snapshots_of_the_future_make_no_real_one_go()
    {
        await MakeAsync(days: 5);
        for (int day = 1; day <= 5; day++)
            Fake($"2099-01-0{day}", new DateTimeOffset(2099, 1, day, 0, 0, 0, TimeSpan.Zero), objects: 0);

        S3SyncStageResult result = await RunDayAsync(keepLast: 5);

        Assert.Equal(["p/2026-01-01/"], result.PrunedPrefixes);
        Assert.Equal(["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"], Dates().Where(IsReal));
        Assert.Equal(5, Dates().Count(date => !IsReal(date)));
        string warning = Assert.Single(result.Warnings);
        Assert.Contains("p/2099-01-05/ (", warning, StringComparison.Ordinal);
        Assert.Contains("and 2 more", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_of_the_same_job_on_another_machine_neither_count_nor_go()
    {
        await MakeAsync(days: 2);
        string[] theirs = ["2025-12-30", "2025-12-31"];
        foreach (string date in theirs)
            Fake(date, DateTimeOffset.Parse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), objects: 0, mirror: "another");

        S3SyncStageResult result = await RunDayAsync(keepLast: 2);

        Assert.Equal(["p/2026-01-01/"], result.PrunedPrefixes);
        Assert.Equal([.. theirs, "2026-01-02", "2026-01-03"], Dates());
        Assert.Empty(result.Warnings);
    }

    [Theory]
    [InlineData("2026-01-05", "2026-01-05", 5)]
    [InlineData("2026-01-05", "2026-01-08", 0)]
    [InlineData("2026-01-05", "2025-12-01", 0)]
    [InlineData("2026-01-05", "2099-01-01", 0)]
    [InlineData("2099-01-01", "2026-01-05", 0)]
    public async Task A_snapshot_that_is_not_what_it_says_makes_no_real_one_go_and_stays(string date, string written, long objects)
    {
        await MakeAsync(days: 2);
        clock.Advance(TimeSpan.FromDays(5));
        Fake(date, DateTimeOffset.Parse(written, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), objects);

        S3SyncStageResult result = await RunDayAsync(keepLast: 3);

        Assert.Empty(result.PrunedPrefixes);
        Assert.Equal(4, Dates().Count);
        result = await RunDayAsync(keepLast: 3);
        Assert.Equal(["p/2026-01-01/"], result.PrunedPrefixes);
        Assert.Contains(date, Dates());
        Assert.Contains($"p/{date}/ (its ", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_run_prunes_no_more_than_half_of_them_and_the_next_ones_go_on()
    {
        await MakeAsync(days: 9);

        S3SyncStageResult first = await RunDayAsync(keepLast: 1);
        S3SyncStageResult second = await RunDayAsync(keepLast: 1);
        S3SyncStageResult third = await RunDayAsync(keepLast: 1);

        Assert.Equal(["p/2026-01-01/", "p/2026-01-02/", "p/2026-01-03/", "p/2026-01-04/", "p/2026-01-05/"], first.PrunedPrefixes);
        Assert.Equal((5L, 3L, 3L), (first.PrunedSnapshots, second.PrunedSnapshots, third.PrunedSnapshots));
        Assert.Contains("9 snapshots", Assert.Single(first.Warnings), StringComparison.Ordinal);
        Assert.Single(second.Warnings);
        Assert.Empty(third.Warnings);
        Assert.Equal(["2026-01-12"], Dates());
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(6, 3)]
    [InlineData(8, 4)]
    [InlineData(9, 4)]
    [InlineData(400, 200)]
    public void So_many_of_so_many_go_at_once(int snapshots, int most) => Assert.Equal(most, SnapshotRetention.MostAtOnce(snapshots));

    [Fact]
    public async Task A_restore_takes_the_newest_real_one_and_the_list_says_why_another_does_not_count()
    {
        await MakeAsync(days: 2);
        Fake("2099-01-01", new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero), objects: 0);

        RestoreResult restored = await RestoreWellAsync(Restore());
        IReadOnlyList<BackupSnapshot> listed = await ListAsync();

        Assert.Equal(new DateTime(2026, 1, 2), restored.Snapshot);
        Assert.Equal([true, false, false], listed.Select(snapshot => snapshot.Problem is not null));
        Assert.Equal([false, true, true], listed.Select(snapshot => snapshot.IsComplete));
    }

    [Fact]
    public async Task The_snapshots_of_a_job_of_the_same_name_are_not_restored_unless_they_are_named()
    {
        await MakeAsync(days: 1);
        DateTime theirs = new(2026, 1, 2);
        Fake("2026-01-02", new DateTimeOffset(theirs, TimeSpan.Zero), objects: 1, mirror: "another");
        Server.Store.Put(BucketName, Prefix + "2026-01-02/theirs", "x"u8);

        RestoreResult own = await RestoreWellAsync(Restore());
        RestoreResult named = await RestoreWellAsync(Restore() with { Snapshot = theirs });
        IReadOnlyList<BackupSnapshot> listed = await ListAsync();
        Directory.Delete(Request.MirrorPath, recursive: true);
        RestoreResult ofWhom = await RestoreAsync(Restore());

        Assert.Equal((new DateTime(2026, 1, 1), theirs), (own.Snapshot, named.Snapshot));
        Assert.Equal([new DateTime(2026, 1, 1)], listed.Select(snapshot => snapshot.Date));
        Assert.Equal("SnapshotOwnedByOther", ofWhom.Error?.Id);
        Assert.Contains("mirror another", ofWhom.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(["another", listed[0].MirrorId], (await ListAsync()).Select(snapshot => snapshot.MirrorId));
        Assert.DoesNotContain(await ListAsync(), snapshot => snapshot.IsExpired);
    }

    [Fact]
    public async Task A_manifest_that_a_rule_archived_is_told_and_neither_pruned_nor_passed_over()
    {
        await MakeAsync(days: 3);
        Server.Store.Move(BucketName, Prefix + "2026-01-03/" + SnapshotManifest.RelativeKey, "GLACIER");
        clock.Advance(TimeSpan.FromDays(1));

        RestoreResult newest = await RestoreAsync(Restore());
        RestoreResult ofDate = await RestoreAsync(Restore() with { Snapshot = new DateTime(2026, 1, 3) });
        RestoreResult earlier = await RestoreWellAsync(Restore() with { Snapshot = new DateTime(2026, 1, 2) });
        IReadOnlyList<BackupSnapshot> listed = await ListAsync();
        S3SyncStageResult run = await RunDayAsync(keepLast: 1);

        Assert.Equal(("SnapshotManifestArchived", "SnapshotManifestArchived"), (newest.Error?.Id, ofDate.Error?.Id));
        Assert.Contains("p/2026-01-03/ (GLACIER)", newest.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("--key 'p/2026-01-03/.rsyncs3backup-snapshot.json'", newest.Error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(new DateTime(2026, 1, 2), earlier.Snapshot);
        Assert.Equal([true, false, false], listed.Select(snapshot => snapshot.Problem is not null));
        Assert.Equal([false, true, true], listed.Select(snapshot => snapshot.IsComplete));
        Assert.Equal(["p/2026-01-01/", "p/2026-01-02/"], run.PrunedPrefixes);
        Assert.Contains("p/2026-01-03/ (GLACIER)", Assert.Single(run.Warnings), StringComparison.Ordinal);
        Assert.Equal((new DateTime(2026, 1, 5), "2026-01-03"), ((await RestoreWellAsync(Restore())).Snapshot, Dates()[0]));
    }

    private Task<IReadOnlyList<BackupSnapshot>> ListAsync() =>
        BackupSnapshots.ListAsync(Job, Request.Credentials, allowInsecureEndpoint: false, CancellationToken.None);

    private async Task MakeAsync(int days)
    {
        Write("a", "alpha");
        Write("b", "beta");
        await MirrorAsync();
        for (int day = 0; day < days; day++)
            Assert.Equal(BackupStatus.Succeeded, (await RunDayAsync(keepLast: null)).Status);
    }

    private async Task<S3SyncStageResult> RunDayAsync(int? keepLast)
    {
        Options = Options with { S3Prefix = Dated, KeepLast = keepLast };
        S3SyncStageResult result = await SyncAsync(Request with { Clock = clock, Timezone = "UTC", FollowsStage1 = false });
        Assert.True(result.IsSnapshotComplete, result.Error?.Message);
        clock.Advance(TimeSpan.FromDays(1));
        return result;
    }

    private static bool IsReal(string date) => date.StartsWith("2026", StringComparison.Ordinal);

    private void Fake(string date, DateTimeOffset written, long objects, string? mirror = null) => Server.Store.Put(
        BucketName, $"{Prefix}{date}/{SnapshotManifest.RelativeKey}",
        new SnapshotManifest { Job = JobName, Mirror = mirror, IsComplete = true, Time = written, Objects = objects }.ToJson());

    private IReadOnlyList<string> Dates() =>
        [.. Server.Store.Keys(BucketName, Prefix).Select(key => key[Prefix.Length..key.IndexOf('/', Prefix.Length)]).Distinct()];
}
