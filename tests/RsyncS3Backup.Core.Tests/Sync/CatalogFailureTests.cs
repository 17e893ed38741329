using RsyncS3Backup.State.Sqlite;
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

    [Fact]
    public async Task Versions_of_the_module_that_take_turns_send_nothing_again()
    {
        for (int i = 0; i < 20; i++)
            Write($"file{i:D2}", $"content {i}");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        SetFormat(99);

        S3SyncStageResult older = await RunAsync();
        Assert.Equal((S3SyncMode.Reconcile, 0L, 0L), (older.SyncMode, older.Requests.Put, older.Requests.Copy));
        Write("file00", "changed while the older version ran");
        Assert.Equal((1L, 0L), (await RunAsync()) is var sent ? (sent.Requests.Put, sent.Requests.List) : default);
        SetFormat(4);

        S3SyncStageResult newer = await RunAsync();
        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Reconcile, 0L), (newer.Status, newer.SyncMode, newer.Requests.Put));
        Assert.Contains("Another version", newer.SyncModeReason, StringComparison.Ordinal);
        AssertMirrored("after both");
    }

    private void SetFormat(int format)
    {
        using SqliteDatabase database = SqliteDatabase.Open(CatalogPath);
        database.Execute($"PRAGMA user_version={format}");
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
