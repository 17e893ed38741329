using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Costs;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Costs;

[Collection(FakeRsync.Collection)]
public sealed class BackupCostTests : SyncHarness
{
    private const decimal Gigabyte = 1024L * 1024 * 1024;

    private CostRequest Asked => new()
    {
        Configuration = new BackupConfiguration
        {
            Name = JobName,
            Sources = [new BackupSource { Path = Source }],
            Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
            Destination = Destination,
        },
        S3 = new S3CopyRequest { Destination = Destination, Options = Options, Credentials = Request.Credentials },
    };

    [Fact]
    public async Task The_catalog_tells_what_storing_costs_and_no_request_is_sent()
    {
        Options = Options with { StorageClass = "STANDARD_IA" };
        Write("a.txt", "alpha");
        Write("big.bin", new string('x', 200 * 1024));
        await RunAsync();
        long requests = Server.Requests.Total;

        BackupCost cost = (await WorkOutAsync(Asked)).Cost;

        BackupStorageCost line = Assert.Single(cost.Storage);
        Assert.Equal(
            (BackupStorageKind.Current, "STANDARD_IA", 2L, 5L + (200 * 1024), (128L + 200) * 1024),
            (line.Kind, line.StorageClass, line.Objects, line.Bytes, line.BilledBytes));
        Assert.Equal(Math.Round(0.0125m * 328 * 1024 / Gigabyte, 6), line.StorageCost);
        Assert.Equal((line.StorageCost, "USD", "AWS us-east-1, 2026-06"), (cost.StorageCost, cost.Currency, line.PriceSource));
        Assert.Equal((2L, line.Bytes, Prefix, false), (cost.Objects, cost.Bytes, cost.KeyPrefix, cost.IsMeasured));
        // Nearly all of the 30 days are left.
        Assert.InRange(cost.EarlyDeletionCost, 0.99m * line.StorageCost - 0.000001m, line.StorageCost);
        Assert.Equal(requests, Server.Requests.Total);
    }

    [Fact]
    public async Task A_restore_is_the_requests_the_reading_and_the_traffic()
    {
        // 10 GB of traffic are free, 100 are not.
        await RunAsync();
        Record("a", 200L << 30, "STANDARD_IA");

        BackupRestoreCost restore = Assert.Single((await WorkOutAsync(Asked)).Cost.Restore);

        long parts = PartSize.Count(200L << 30, PartSize.For(200L << 30));
        Assert.Equal(
            ((RetrievalTier?)null, (TimeSpan?)null, Math.Round((0.000001m * parts) + 0.000005m, 6), 2.00m, 9.00m),
            (restore.Tier, restore.Wait, restore.RequestCost, restore.RetrievalCost, restore.TransferCost));
        Assert.Equal(restore.RequestCost + 11.00m, restore.TotalCost);
    }

    [Fact]
    public async Task What_is_in_an_archive_costs_and_waits_by_tier()
    {
        await RunAsync();
        Record("a", 60L << 30, "GLACIER");

        IReadOnlyList<BackupRestoreCost> restores = (await WorkOutAsync(Asked)).Cost.Restore;

        // Brought back for 7 days in STANDARD.
        decimal copies = Math.Round(60 * 0.023m * 7 / 30, 6);
        Assert.Equal(
            [
                (RetrievalTier.Expedited, TimeSpan.FromMinutes(5), 60 * 0.03m + copies),
                (RetrievalTier.Standard, TimeSpan.FromHours(5), 60 * 0.01m + copies),
                (RetrievalTier.Bulk, TimeSpan.FromHours(12), copies),
            ],
            restores.Select(restore => (restore.Tier!.Value, restore.Wait!.Value, restore.RetrievalCost)));

        Record("b", 1, "DEEP_ARCHIVE");
        Assert.Equal(
            [(RetrievalTier.Standard, TimeSpan.FromHours(12)), (RetrievalTier.Bulk, TimeSpan.FromHours(48))],
            (await WorkOutAsync(Asked)).Cost.Restore.Select(restore => (restore.Tier!.Value, restore.Wait!.Value)));
    }

    [Fact]
    public async Task Classes_are_compared_as_the_job_would_use_them()
    {
        Options = Options with { SmallObjectStorageClass = "STANDARD" };
        await RunAsync();
        Record("large", 100L << 30, "STANDARD");
        Record("small", 1024, "STANDARD");

        IReadOnlyList<BackupClassCost> classes =
            (await WorkOutAsync(Asked with { StorageClasses = ["GLACIER_IR", "DEEP_ARCHIVE", "STANDARD"] })).Classes;

        Assert.Equal(["GLACIER_IR", "DEEP_ARCHIVE", "STANDARD"], classes.Select(one => one.StorageClass));
        // The small one stays in STANDARD, so it is not billed as 128 KiB.
        Assert.Equal((100L << 30) + 1024, classes[0].BilledBytes);
        Assert.Equal((0.4m, 90, (RetrievalTier?)null), (classes[0].StorageCost, classes[0].MinimumDays, classes[0].Tier));
        Assert.Equal(classes[0].StorageCost - 2.3m, classes[0].Change);
        Assert.Equal((180, RetrievalTier.Bulk, TimeSpan.FromHours(48)), (classes[1].MinimumDays, classes[1].Tier, classes[1].Wait));
        Assert.Equal((2.3m, 0m), (classes[2].StorageCost, classes[2].Change));
        long writes = PartSize.WriteRequests(100L << 30);
        Assert.Equal(Math.Round((0.00002m * writes) + 0.000005m, 6), classes[0].UploadCost);
    }

    [Fact]
    public async Task A_measure_lists_old_versions_and_unfinished_uploads_and_needs_no_catalog()
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Server.Store.Put(BucketName, Prefix + "a", "first"u8);
        Server.Store.Put(BucketName, Prefix + "a", "second!"u8);
        Server.Store.Put(BucketName, Prefix + "gone", "123"u8);
        Server.Store.Delete(BucketName, Prefix + "gone");
        Server.Store.Put(BucketName, "elsewhere/a", "x"u8);
        using (S3ObjectStore store = new(Asked.S3, Prefix, 1))
        {
            string upload = await store.StartPartsAsync("b", new ObjectHeaders { ContentType = "a/b", StorageClass = "STANDARD" }, default);
            await store.PutPartAsync(upload, 1, new ObjectContent("b", new byte[1000], 1000), default);
        }

        BackupCost cost = (await WorkOutAsync(Asked with { Measure = true })).Cost;

        Assert.Equal(
            [(BackupStorageKind.Current, 1L, 7L), (BackupStorageKind.OldVersions, 2L, 8L), (BackupStorageKind.UnfinishedUploads, 1L, 1000L)],
            cost.Storage.Select(line => (line.Kind, line.Objects, line.Bytes)));
        Assert.True(cost.IsMeasured);
        Assert.Equal((1L, 7L), (cost.Objects, cost.Bytes));
        Assert.DoesNotContain(cost.Notes, note => note.Contains("not counted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_what_the_date_tokens_can_have_given_is_measured()
    {
        Options = Options with { S3Prefix = "rsync/{yyyy-MM-dd}/" };
        foreach (string key in (string[])["rsync/2026-01-01/a", "rsync/2026-01-01/sub/b", "rsync/2026-01-02/a", "rsync/photos/a", "rsync/x"])
            Server.Store.Put(BucketName, key, "12345"u8);

        BackupCost cost = (await WorkOutAsync(Asked with { Measure = true })).Cost;

        Assert.Equal((3L, 15L, "rsync/{yyyy-MM-dd}/"), (cost.Objects, cost.Bytes, cost.KeyPrefix));
    }

    [Fact]
    public async Task A_store_that_lists_no_versions_is_measured_without_them()
    {
        Server.Store.Put(BucketName, Prefix + "a", "12345"u8);
        Server.Faults.Add(new FaultRule { Operation = "ListObjectVersions", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        BackupCost cost = (await WorkOutAsync(Asked with { Measure = true })).Cost;

        Assert.Equal((1L, 5L), (cost.Objects, cost.Bytes));
        Assert.Contains(cost.Notes, note => note.StartsWith("Old versions are not counted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_catalog_the_error_says_how_else()
    {
        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => WorkOutAsync(Asked));

        Assert.Equal((ErrorIds.CatalogMissing, JobName), (exception.Error.Id, exception.Error.Target));
        Assert.Contains("-Measure", exception.Error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_tells_requests_and_growth()
    {
        Write("a.txt", new string('x', 1 << 20));
        await RunAsync();
        DateTimeOffset now = DateTimeOffset.Now;
        History("old", now.AddDays(-60), bytes: 0, new S3RequestCounts { Put = 1_000_000 });
        History("new", now.AddDays(-1), bytes: 59L << 20, new S3RequestCounts { Put = 1000, List = 1 });

        BackupCost cost = (await WorkOutAsync(Asked)).Cost;

        Assert.Equal((1, 1000L, 0.005005m), (cost.Runs, cost.Requests.Put, cost.RequestCost));
        Assert.Equal((30L << 20, 59), (cost.GrowthBytes, cost.GrowthDays));
        Assert.Equal([3, 6, 12], cost.Forecast.Select(forecast => forecast.Months));
        Assert.Equal((1L + 90) << 20, cost.Forecast[0].Bytes);
    }

    [Fact]
    public async Task Prices_of_the_configuration_are_named_as_such()
    {
        Write("a.txt", "alpha");
        await RunAsync();
        CostRequest asked = Asked;

        BackupCost cost = (await WorkOutAsync(asked with { S3 = asked.S3 with { Prices = new PriceOptions { Currency = "EUR" } } })).Cost;

        Assert.Equal(("EUR", "configuration", 0m), (cost.Currency, cost.PriceSource, cost.StorageCost));
        Assert.Contains(cost.Notes, note => note.Contains("counts as free", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_says_what_it_changed_in_what_is_stored_and_what_went_early()
    {
        Options = Options with { StorageClass = "STANDARD_IA" };
        Write("a.txt", "alpha");
        Write("b.txt", "beta");
        S3SyncStageResult first = await RunAsync();
        File.Delete(Path.Combine(Source, "a.txt"));
        Write("b.txt", "gamma");
        await MirrorAsync();

        S3SyncStageResult second = await SyncAsync(Request with { StartTime = DateTimeOffset.Now.AddDays(10) });

        decimal small = 0.0125m * 128 * 1024 / Gigabyte;
        Assert.Equal((Math.Round(2 * small, 6), 0m), (first.EstimatedStorageChange, first.EstimatedEarlyDeletionCost));
        Assert.Equal(Math.Round(-small, 6), second.EstimatedStorageChange);
        // Two objects with 20 of 30 days left.
        Assert.Equal(Math.Round(2 * small * 20 / 30, 6), second.EstimatedEarlyDeletionCost, 6);
        Assert.Equal(("USD", "AWS us-east-1, 2026-06"), (second.Currency, second.PriceSource));
    }

    [SkippableFact]
    public async Task A_chmod_is_a_copy_that_pays_for_reading_and_for_the_days_of_what_it_replaces()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Options = Options with { StorageClass = "GLACIER_IR" };
        string path = Write("a.txt", new string('x', 5 << 20));
        await RunAsync();
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Request with { StartTime = DateTimeOffset.Now.AddDays(30) });

        Assert.Equal(1, result.MetadataChanged);
        Assert.Equal(Math.Round(5m / 1024 * 0.03m, 6), result.EstimatedRetrievalCost);
        Assert.Equal(Math.Round(5m / 1024 * 0.008m, 6), result.EstimatedEarlyDeletionCost, 6);
        Assert.Equal(0, result.EstimatedStorageChange);
    }

    private static Task<CostAnswer> WorkOutAsync(CostRequest request) => BackupCosts.WorkOutAsync(request, CancellationToken.None);

    /// <summary>A row of an object that nobody has to upload.</summary>
    private void Record(string key, long size, string storageClass)
    {
        string identity;
        using (CatalogView view = CatalogView.TryOpen(JobName, BucketName, Prefix, isDated: false)!)
            identity = view.Properties.Identity!;
        using SqliteDatabase database = SqliteDatabase.Open(CatalogPath);
        CatalogEntry row = new()
        {
            RelativeKey = key,
            Size = size,
            ModifiedNanoseconds = 1,
            Mode = 0x81A4,
            ETag = "e",
            StorageClass = storageClass,
            ConfirmedTime = DateTimeOffset.UtcNow,
        };
        database.Transaction(isDurable: false, () =>
        {
            CatalogProperties now = CatalogProperties.Read(database);
            (now with { Identity = identity, Count = now.Count + CatalogRowWriter.Write(database, new() { [key] = row }) }).Write(database);
        });
    }

    private void History(string runId, DateTimeOffset time, long bytes, S3RequestCounts requests)
    {
        RunHeader header = new() { Name = JobName, RunId = runId, Started = time, Kind = BackupRunKind.Backup, Stage = 1 };
        using HistoryWriter writer = HistoryWriter.Begin(header, ownsJob: false, message => Assert.Fail(message));
        writer.Ended(new S3SyncStageResult
        {
            Name = JobName,
            RunId = runId,
            Status = BackupStatus.Succeeded,
            Path = Mirror,
            SyncMode = S3SyncMode.Journal,
            TotalBytes = bytes,
            Requests = requests,
        });
        writer.End(runId, BackupStatus.Succeeded, BackupExitCode.Succeeded, DateTimeOffset.MinValue);
    }
}
