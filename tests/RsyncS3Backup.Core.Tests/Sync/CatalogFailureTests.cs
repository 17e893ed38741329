using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>A catalog whose damage shows only when stage 2 reads its rows.</summary>
[Trait("Category", "Slow")]
public sealed class CatalogFailureTests : SyncHarness
{
    [Fact]
    public async Task A_catalog_that_fails_in_the_middle_of_a_run_is_named_with_the_way_out_and_the_next_run_sends_nothing_again()
    {
        for (int i = 0; i < 20; i++)
            Write($"file{i:D2}", $"content {i}");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Damage();
        File.Delete(Path.Combine(Mirror, "file00"));
        Options = Options with { SyncMode = S3SyncMode.Catalog };

        S3SyncStageResult failed = await SyncAsync();

        Assert.Equal((BackupStatus.Failed, "CatalogFailed", CatalogPath), (failed.Status, failed.Error?.Id, failed.Error?.Target));
        Assert.Contains("delete the file", failed.Error!.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(20, ReadBucket().Count);

        S3SyncStageResult next = await SyncAsync();
        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Reconcile), (next.Status, next.SyncMode));
        Assert.Equal((0, 1, 0), (next.TransferredBytes, next.Deleted, next.Requests.Put));
        AssertMirrored("after the damage");
    }

    /// <summary>One byte of one row.</summary>
    private void Damage()
    {
        byte[] file = File.ReadAllBytes(CatalogPath);
        int at = file.AsSpan().LastIndexOf("file10"u8);
        Assert.True(at > 0);
        int state = at + "file10".Length;
        file[state] ^= 0x55;
        File.WriteAllBytes(CatalogPath, file);
    }
}
