using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>Which snapshots can be what they say, and which of them one run prunes.</summary>
public sealed class SnapshotDoubtTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);
    private readonly MemoryStore store = new("p/");

    [Theory]
    // Date, when it was written, and what is wrong.
    [InlineData("2026-03-31", "2026-03-31T02:00", null)]
    [InlineData("2026-03-30", "2026-03-31T02:00", null)]
    [InlineData("2026-03-29", "2026-03-31T02:00", "which is not its date")]
    [InlineData("2026-03-31", "2026-03-30T00:00", null)]
    [InlineData("2026-03-31", "2026-03-29T23:59", "which is not its date")]
    [InlineData("2026-03-29", "2026-03-30T23:59", null)]
    [InlineData("2026-03-29", "2026-03-31T00:00", "which is not its date")]
    [InlineData("2026-04-01", "2026-04-01T11:59", null)]
    [InlineData("2026-04-01", "2026-04-01T12:00", null)]
    [InlineData("2026-04-01", "2026-04-01T12:01", "written on 2026-04-01, which is yet to come")]
    [InlineData("2026-04-02", "2026-04-01T11:00", "its date is yet to come")]
    [InlineData("2099-01-01", "2026-03-31T02:00", "its date is yet to come")]
    [InlineData("1999-12-31", "1999-12-31T12:00", "which is not its date")]
    [InlineData("2000-01-01", "2000-01-01T00:00", "which is not its date")]
    [InlineData("2000-01-01", "2000-01-01T00:01", null)]
    public void Its_times_can_be_true_when_they_fit_each_other_and_the_clock(string date, string written, string? doubt) =>
        AssertDoubt(doubt, Doubt(date, written, isComplete: true));

    [Theory]
    // Of one that is being pruned only what is yet to come is wrong.
    [InlineData("2026-01-01", "2026-03-31T02:00", null)]
    [InlineData("2026-01-01", "2099-01-01T00:00", "which is yet to come")]
    [InlineData("2099-01-01", "2026-03-31T02:00", "its date is yet to come")]
    public void One_that_is_incomplete_was_written_at_any_time(string date, string written, string? doubt) =>
        AssertDoubt(doubt, Doubt(date, written, isComplete: false));

    [Theory]
    // Auckland is thirteen hours ahead in March.
    [InlineData("2026-04-02", "Pacific/Auckland", null)]
    [InlineData("2026-04-02", "UTC", "its date is yet to come")]
    public void Its_date_is_that_of_the_jobs_zone(string date, string zone, string? doubt) =>
        AssertDoubt(doubt, Doubt(date, "2026-03-31T12:00", isComplete: true, zone));

    [Theory]
    // Of so many objects that the manifest tells of, so many are there.
    [InlineData(0, 0, true)]
    [InlineData(1, 0, false)]
    [InlineData(3, 2, false)]
    [InlineData(3, 3, true)]
    [InlineData(3, 4, true)]
    // Only a page is looked at.
    [InlineData(999, 999, true)]
    [InlineData(1500, 998, false)]
    [InlineData(1500, 999, true)]
    public async Task Its_objects_are_as_many_as_its_manifest_tells_of(long told, int found, bool isSound)
    {
        store.Put($"d/{SnapshotManifest.RelativeKey}");
        store.Put($"d/{MirrorMarker.FileName}");
        for (int i = 0; i < found; i++)
            store.Put($"d/{i}");

        string? doubt = await SnapshotDoubt.OfObjectsAsync(store, Snapshot("d/", new DateTime(2026, 3, 1), told), CancellationToken.None);

        Assert.Equal(isSound ? null : $"its manifest tells of {told} objects, and there are {found}", doubt);
        Assert.Equal(told == 0 ? [] : ["LIST d/"], store.Asked);
        Assert.True(store.IsClosed);
    }

    [Fact]
    public async Task Only_what_counts_makes_others_go_and_only_that_is_looked_at()
    {
        Snapshot[] all = [.. Enumerable.Range(1, 8).Select(day => Made(day))];
        // The newest three: one has nothing of what it tells of, and of one the times are wrong.
        all[7] = all[7] with { Manifest = all[7].Manifest with { Objects = 9 } };
        all[6] = all[6] with { Doubt = "its date is yet to come" };

        SnapshotRetention retention = await SnapshotRetention.ChooseAsync(store, all, new S3SyncOptions { KeepLast = 3 }, "6/", CancellationToken.None);

        // Six count, of which three stay; three may go at once.
        Assert.Equal(["1/", "2/", "3/"], retention.Expired.Select(snapshot => snapshot.KeyPrefix));
        Assert.Equal(0, retention.Left);
        Assert.Equal(["7/", "8/"], retention.Doubtful.Select(snapshot => snapshot.KeyPrefix).Order());
        Assert.Equal("its manifest tells of 9 objects, and there are 1", retention.Doubtful.Single(snapshot => snapshot.KeyPrefix == "8/").Doubt);
        // Not the run's own, nor what goes, and each once.
        Assert.Equal(["LIST 4/", "LIST 5/", "LIST 8/"], store.Asked.Order());
    }

    [Fact]
    public async Task What_nothing_goes_for_is_not_looked_at()
    {
        Snapshot[] all = [Made(1), Made(2) with { Doubt = "wrong" }, Made(3)];

        SnapshotRetention retention = await SnapshotRetention.ChooseAsync(store, all, new S3SyncOptions { KeepLast = 2 }, "3/", CancellationToken.None);

        Assert.Empty(retention.Expired);
        Assert.Equal((0, "2/"), (retention.Left, Assert.Single(retention.Doubtful).KeyPrefix));
        Assert.Empty(store.Asked);
    }

    [Fact]
    public async Task An_incomplete_one_makes_nothing_go_and_is_not_looked_at()
    {
        Snapshot incomplete = Made(2);
        Snapshot[] all = [Made(1), incomplete with { Manifest = incomplete.Manifest with { IsComplete = false, Objects = 9 } }, Made(3)];

        SnapshotRetention retention = await SnapshotRetention.ChooseAsync(store, all, new S3SyncOptions { KeepLast = 1 }, "2/", CancellationToken.None);

        Assert.Equal(["1/"], retention.Expired.Select(snapshot => snapshot.KeyPrefix));
        Assert.Equal(["LIST 3/"], store.Asked);
    }

    [Theory]
    [InlineData(7, 3, 3)]
    [InlineData(12, 6, 5)]
    public async Task One_run_prunes_the_oldest_half_and_tells_how_many_are_left(int count, int now, int left)
    {
        Snapshot[] all = [.. Enumerable.Range(1, count).Select(day => Made(day))];

        SnapshotRetention retention =
            await SnapshotRetention.ChooseAsync(store, all, new S3SyncOptions { KeepLast = 1 }, $"{count}/", CancellationToken.None);

        Assert.Equal(Enumerable.Range(1, now).Select(day => $"{day}/"), retention.Expired.Select(snapshot => snapshot.KeyPrefix));
        Assert.Equal(left, retention.Left);
    }

    private static string? Doubt(string date, string written, bool isComplete, string zone = "UTC")
    {
        Snapshot snapshot = new($"p/{date}/", DateTime.Parse(date, System.Globalization.CultureInfo.InvariantCulture), new SnapshotManifest
        {
            Job = "job",
            IsComplete = isComplete,
            Time = new DateTimeOffset(DateTime.Parse(written, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero),
        });
        return SnapshotDoubt.OfTimes(new DatedPrefix("p/{yyyy-MM-dd}/"), snapshot, Now, TimeZoneInfo.FindSystemTimeZoneById(zone));
    }

    private static void AssertDoubt(string? expected, string? doubt)
    {
        if (expected is null)
            Assert.Null(doubt);
        else
            Assert.EndsWith(expected, doubt, StringComparison.Ordinal);
    }

    private Snapshot Made(int day)
    {
        store.Put($"{day}/a");
        return Snapshot($"{day}/", new DateTime(2026, 3, day), objects: 1);
    }

    private static Snapshot Snapshot(string keyPrefix, DateTime time, long objects) => new(
        keyPrefix, time, new SnapshotManifest { Job = "job", IsComplete = true, Time = new DateTimeOffset(time, TimeSpan.Zero), Objects = objects });
}
