using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Stage 2 after a stage 1 that could not copy single entries.</summary>
public sealed class PartialStage1Tests : SyncHarness
{
    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task It_sends_what_there_is_and_deletes_nothing_and_the_next_run_makes_it_good(S3SyncMode mode)
    {
        Write("gone", "gone");
        Write("becomes-folder", "file");
        Write("stays", "stays");
        await RunAsync();
        File.Delete(Path.Combine(Source, "gone"));
        File.Delete(Path.Combine(Source, "becomes-folder"));
        Write("becomes-folder/inner", "inner");
        Write("new", "new");
        Options = Options with { SyncMode = mode };
        await MirrorAsync();

        S3SyncStageResult partial = await SyncAsync(Request with { IsPartial = true });

        Assert.Equal((BackupStatus.SucceededWithWarnings, 0L), (partial.Status, partial.Deleted));
        Assert.Equal(["becomes-folder", "becomes-folder/inner", "gone", "new", "stays"], ReadBucket().Keys.Order(StringComparer.Ordinal));
        Options = Options with { SyncMode = S3SyncMode.Auto };
        Assert.Equal((BackupStatus.Succeeded, 2L), (await RunAsync()) is { } whole ? (whole.Status, whole.Deleted) : default);
        AssertMirrored("after the next run");
    }

    [Fact]
    public async Task No_dated_snapshot_is_complete_by_it()
    {
        Options = Options with { S3Prefix = "s/{yyyy-MM-dd}/", DeleteFromS3 = false };
        Write("a", "a");
        await MirrorAsync();

        S3SyncStageResult partial = await SyncAsync(Request with { IsPartial = true });

        Assert.Equal((BackupStatus.SucceededWithWarnings, false, 1L), (partial.Status, partial.IsSnapshotComplete, partial.Created));
        Assert.True((await SyncAsync()).IsSnapshotComplete);
    }
}
