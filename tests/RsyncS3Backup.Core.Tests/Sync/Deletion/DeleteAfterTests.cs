using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Deletion;

/// <summary>What the mirror no longer has stays in S3 for as long as <c>deleteAfter</c> says.</summary>
public sealed class DeleteAfterTests : SyncHarness
{
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task It_stays_and_goes_when_its_time_has_come(S3SyncMode mode)
    {
        Keep(days: 30, mode);
        Write("gone", "gone");
        Write("folder/too", "too");
        Write("stays", "stays");
        await RunOnAsync();
        File.Delete(Path.Combine(Source, "gone"));
        Directory.Delete(Path.Combine(Source, "folder"), recursive: true);

        S3SyncStageResult first = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, mode, 0L, 2L), (first.Status, first.SyncMode, first.Deleted, first.Postponed));
        Assert.Equal(["folder/too", "gone", "stays"], Keys());

        clock.Advance(TimeSpan.FromDays(29));
        S3SyncStageResult early = await RunOnAsync();
        Assert.Equal((mode, 0L, 0L), (early.SyncMode, early.Deleted, early.Postponed));
        Assert.Equal(["folder/too", "gone", "stays"], Keys());
        if (mode != S3SyncMode.Reconcile)
            Assert.Equal(0, early.Requests.Total);

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult due = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, mode, 2L, 0L), (due.Status, due.SyncMode, due.Deleted, due.Postponed));
        Assert.Equal(["stays"], Keys());
        AssertCatalog("after it was due");
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task What_comes_back_in_time_is_not_sent_again_and_its_time_begins_anew(S3SyncMode mode)
    {
        Keep(days: 30, mode);
        string path = Write("gone", "gone");
        Write("stays", "stays");
        // As precise as .NET can set it again.
        DateTime modified = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, modified);
        await RunOnAsync();
        File.Delete(path);
        await RunOnAsync();

        clock.Advance(TimeSpan.FromDays(20));
        File.SetLastWriteTimeUtc(Write("gone", "gone"), modified);
        S3SyncStageResult back = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, 0L, 2L), (back.Status, back.TransferredBytes, back.Unchanged));

        clock.Advance(TimeSpan.FromDays(20));
        await RunOnAsync();
        File.Delete(path);
        Assert.Equal(1, (await RunOnAsync()).Postponed);
        clock.Advance(TimeSpan.FromDays(20));
        Assert.Equal(0, (await RunOnAsync()).Deleted);
        clock.Advance(TimeSpan.FromDays(10));
        Assert.Equal(1, (await RunOnAsync()).Deleted);
    }

    [Fact]
    public async Task It_is_counted_against_the_limit_when_it_is_found_gone_and_not_again()
    {
        Keep(days: 30, S3SyncMode.Auto);
        for (int i = 0; i < 20; i++)
            Write($"gone{i}", "gone");
        Write("stays", "stays");
        await RunOnAsync();
        for (int i = 0; i < 20; i++)
            File.Delete(Path.Combine(Source, $"gone{i}"));
        S3SyncRequest limited = Request with { MaxDelete = Limit("5"), Clock = clock };

        await MirrorAsync();
        S3SyncStageResult refused = await SyncAsync(limited);
        Assert.Equal((ErrorIds.DeleteLimitExceeded, 0L), (refused.Error?.Id, refused.Postponed));
        clock.Advance(TimeSpan.FromDays(31));
        // What was refused is not noted as gone, so nothing of it is due.
        Assert.Equal(ErrorIds.DeleteLimitExceeded, (await SyncAsync(limited)).Error?.Id);
        Assert.Equal(21, Keys().Count);

        Assert.Equal(20, (await SyncAsync(limited with { MaxDelete = Limit("20") })).Postponed);
        clock.Advance(TimeSpan.FromDays(31));
        Assert.Equal((BackupStatus.Succeeded, 20L), await SyncAsync(limited) is { } due ? (due.Status, due.Deleted) : default);
        Assert.Equal(["stays"], Keys());
    }

    [Fact]
    public async Task Nothing_waits_any_longer_once_the_job_says_no_more_that_it_should()
    {
        Keep(days: 30, S3SyncMode.Auto);
        Write("gone", "gone");
        Write("stays", "stays");
        await RunOnAsync();
        File.Delete(Path.Combine(Source, "gone"));
        Assert.Equal(1, (await RunOnAsync()).Postponed);
        clock.Advance(TimeSpan.FromHours(1));

        Options = Options with { DeleteAfter = null };
        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((S3SyncMode.Journal, 1L), (result.SyncMode, result.Deleted));
    }

    [Fact]
    public async Task Another_object_by_that_name_begins_its_time_anew_and_a_lost_catalog_the_time_of_all()
    {
        Keep(days: 30, S3SyncMode.Reconcile);
        Write("gone", "gone");
        Write("stays", "stays");
        await RunOnAsync();
        File.Delete(Path.Combine(Source, "gone"));
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(20));
        StoredObjectInfo sent = Server.Store.Objects(BucketName, Prefix).Single(item => item.Key == Prefix + "gone");
        Server.Store.Put(BucketName, Prefix + "gone", "other"u8.ToArray(), sent.Metadata);

        Assert.Equal((0L, 1L), await RunOnAsync() is { } other ? (other.Deleted, other.Postponed) : default);
        clock.Advance(TimeSpan.FromDays(20));
        Directory.Delete(StateFolder.ForJob(JobName).Path, recursive: true);
        await MirrorAsync();
        Assert.Equal((0L, 1L), await SyncAsync(Request with { Clock = clock }) is { } lost ? (lost.Deleted, lost.Postponed) : default);
        clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal(1, (await RunOnAsync()).Deleted);
    }

    [Fact]
    public async Task What_became_something_else_goes_at_once()
    {
        Keep(days: 30, S3SyncMode.Auto);
        Write("becomes-folder", "file");
        Write("becomes-file/inner", "inner");
        await RunOnAsync();
        File.Delete(Path.Combine(Source, "becomes-folder"));
        Directory.Delete(Path.Combine(Source, "becomes-file"), recursive: true);
        Write("becomes-folder/inner", "inner");
        Write("becomes-file", "file");

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 2L, 0L), (result.Status, result.Deleted, result.Postponed));
        AssertMirrored("afterwards");
    }

    private void Keep(int days, S3SyncMode mode) =>
        Options = Options with { DeleteAfter = TimeSpan.FromDays(days), SyncMode = mode, ReconcileEvery = TimeSpan.FromDays(1000) };

    private async Task<S3SyncStageResult> RunOnAsync()
    {
        await MirrorAsync();
        return await SyncAsync(Request with { Clock = clock });
    }

    private static DeleteLimit Limit(string text) => DeleteLimit.TryParse(text, out DeleteLimit limit) ? limit : throw new ArgumentException(text);

    private List<string> Keys() => [.. ReadBucket().Keys.Order(StringComparer.Ordinal)];
}
