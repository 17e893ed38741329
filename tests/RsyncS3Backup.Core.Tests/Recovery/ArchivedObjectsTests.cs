using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Objects that a lifecycle rule or a tier has moved to an archive after they were sent.</summary>
public sealed class ArchivedObjectsTests : RestoreHarness
{
    [SkippableTheory]
    [InlineData("GLACIER", null)]
    [InlineData("DEEP_ARCHIVE", null)]
    [InlineData("INTELLIGENT_TIERING", "ARCHIVE_ACCESS")]
    public async Task New_attributes_are_kept_and_the_next_restore_sets_them_and_nothing_is_sent(string storageClass, string? tier)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no modes");
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", storageClass, tier);
        Change("a");
        Server.Requests.Reset();

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L, 0L, 0L), (result.Status, result.PendingAttributes, result.MetadataChanged, result.Updated));
        Assert.Equal((0L, 1L), (Server.Requests["PutObject"], Server.Requests["CopyObject"]));
        await ServerBringsBackAsync("a");
        await RestoreWellAsync(Restore());
        AssertSameTree("restored", ReadTree(Source), ReadTree(Target));
    }

    [Fact]
    public async Task A_run_without_changes_after_that_makes_no_request()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Change("a");
        await RunAsync();
        Server.Requests.Reset();

        foreach (S3SyncMode mode in (S3SyncMode[])[S3SyncMode.Journal, S3SyncMode.Catalog])
        {
            Options = Options with { SyncMode = mode };
            S3SyncStageResult result = await RunAsync();
            Assert.Equal((0L, 2L), (result.PendingAttributes, result.Unchanged));
        }

        Assert.Equal(0, Server.Requests.Total);
    }

    [Fact]
    public async Task A_reconcile_learns_where_objects_are_and_then_tries_no_copy()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Options = Options with { SyncMode = S3SyncMode.Reconcile };
        await RunAsync();
        Assert.Equal("GLACIER", ReadCatalog().Single(row => row.RelativeKey == "a").StorageClass);
        Change("a");
        Server.Requests.Reset();

        S3SyncStageResult first = await RunAsync();
        S3SyncStageResult second = await RunAsync();

        Assert.Equal((1L, 0L), (first.PendingAttributes, second.PendingAttributes));
        Assert.Equal(0, Server.Requests["CopyObject"] + Server.Requests["PutObject"]);
    }

    [Fact]
    public async Task Once_the_object_is_out_of_the_archive_a_reconcile_gives_it_the_attributes()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Change("a");
        await RunAsync();
        Server.Store.Move(BucketName, Prefix + "a", "STANDARD");
        Options = Options with { SyncMode = S3SyncMode.Reconcile };

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((1L, 0L), (result.MetadataChanged, result.PendingAttributes));
        AssertMirrored("after the reconcile");
        AssertCatalog("after the reconcile");
    }

    [Fact]
    public async Task A_lost_catalog_costs_requests_and_no_upload()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Change("a");
        await RunAsync();
        File.Delete(CatalogPath);
        Server.Requests.Reset();

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((S3SyncMode.Reconcile, 1L), (result.SyncMode, result.PendingAttributes));
        Assert.Equal(0, Server.Requests["PutObject"]);
    }

    [Fact]
    public async Task When_it_is_asked_for_the_file_is_sent_again()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Change("a");
        Options = Options with { ArchivedAttributes = ArchivedAttributes.Upload };

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((0L, 1L), (result.PendingAttributes, result.Updated));
        AssertMirrored("sent again");
    }

    [Fact]
    public async Task New_content_is_sent_and_ends_what_was_pending()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Change("a");
        await RunAsync();
        Write("a", "another content");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((1L, 0L), (result.Updated, result.PendingAttributes));
        AssertMirrored("new content");
        AssertCatalog("new content");
    }

    [Fact]
    public async Task A_test_finds_no_difference_in_what_is_pending()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS");
        Change("a");
        await RunAsync();
        List<BackupDifference> differences = [];

        foreach (BackupTestLevel level in Enum.GetValues<BackupTestLevel>())
        {
            BackupTestRequest request = new() { Configuration = Job, S3 = Request, Level = level, SamplePercent = 100 };
            BackupTestResult result = await BackupTest.RunAsync(request, Observer, differences.Add, CancellationToken.None);
            Assert.Equal((null, level >= BackupTestLevel.Sample ? 1L : 0L), (result.Error, result.Archived));
        }

        Assert.Empty(differences);
    }

    [Fact]
    public async Task A_listing_shows_where_objects_are()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        BackupItemRequest request = new() { Name = JobName, S3 = Request, From = BackupCopy.S3, Paths = ["?"] };
        List<string?> classes = [];

        await foreach (BackupItem item in BackupItems.ListAsync(request, Observer, CancellationToken.None))
            classes.Add(item.StorageClass);

        Assert.Equal(["GLACIER", "STANDARD"], classes);
    }

    [Fact]
    public async Task A_marker_in_the_archive_is_brought_back_when_it_is_this_mirrors()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + MirrorMarker.FileName, "GLACIER");
        Write("c", "new");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Created));
        Assert.Equal("STANDARD", Server.Store.Find(BucketName, Prefix + MirrorMarker.FileName)!.StorageClass);
    }

    [Fact]
    public async Task A_marker_in_the_archive_that_nobody_can_read_is_refused()
    {
        await MirrorAsync();
        Server.Store.Put(BucketName, Prefix + MirrorMarker.FileName, "somebody else's"u8, storageClass: "DEEP_ARCHIVE");
        Write("a", "1");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, "PrefixOwnedByOther"), (result.Status, result.Error?.Id));
        Assert.Contains("DEEP_ARCHIVE", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(0, Server.Requests["PutObject"]);
    }

    [Fact]
    public async Task What_is_in_a_tier_is_told_with_the_tier_and_comes_back_for_good()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "INTELLIGENT_TIERING", "ARCHIVE_ACCESS");

        RestoreResult told = await RestoreAsync(Restore());
        RestoreResult asked = await RestoreAsync(Restore() with { Retrieval = new RestoreRetrieval(RetrievalTier.Standard, 3) });
        await RestoreWellAsync(Restore());

        Assert.Contains("(INTELLIGENT_TIERING, ARCHIVE_ACCESS)", Assert.Single(told.FailedItems).Message, StringComparison.Ordinal);
        Assert.Contains(told.Warnings, text => text.Contains("1 object (3 B) of INTELLIGENT_TIERING in 1 to 5 minutes", StringComparison.Ordinal));
        Assert.True(asked.RetrievalReadyBy > DateTimeOffset.Now.AddHours(11));
    }

    [Fact]
    public async Task What_has_to_be_retrieved_is_counted_before_a_restore()
    {
        await SendAsync();
        Server.Store.Move(BucketName, Prefix + "a", "GLACIER");
        Server.Store.Move(BucketName, Prefix + "b", "DEEP_ARCHIVE");

        Assert.Equal(
            [new ArchivedObjects("DEEP_ARCHIVE", 1, 4), new ArchivedObjects("GLACIER", 1, 3)],
            await RestorePreview.FindArchivedAsync(Restore(), CancellationToken.None));
        Assert.Single(await RestorePreview.FindArchivedAsync(Restore() with { Paths = ["a"] }, CancellationToken.None));
        Assert.Empty(await RestorePreview.FindArchivedAsync(Restore(BackupCopy.Local), CancellationToken.None));
        Assert.Equal(0, Server.Requests["RestoreObject"]);
    }

    [Theory]
    [InlineData("GLACIER", null, "2 objects (5 B) of GLACIER in 1 to 5 minutes (Expedited, 0.02 USD), in 3 to 5 hours (Standard, 0.0001 USD), in 5 to 12 hours (Bulk, "
        + "less than 0.000001 USD) [prices: AWS us-east-1, 2026-06]")]
    [InlineData("DEEP_ARCHIVE", null, "2 objects (5 B) of DEEP_ARCHIVE within 12 hours (Standard, 0.0002 USD), within 48 hours (Bulk, 0.00005 USD) "
        + "[prices: AWS us-east-1, 2026-06]")]
    [InlineData("DEEP_ARCHIVE", RetrievalTier.Expedited, "2 objects (5 B) of DEEP_ARCHIVE, which has no tier Expedited")]
    [InlineData("GLACIER", RetrievalTier.Bulk, "2 objects (5 B) of GLACIER in 5 to 12 hours (Bulk, less than 0.000001 USD) [prices: AWS us-east-1, 2026-06]")]
    // Nobody knows in which of its archives an object is.
    [InlineData("INTELLIGENT_TIERING", RetrievalTier.Bulk, "2 objects (5 B) of INTELLIGENT_TIERING in 5 to 48 hours (Bulk)")]
    public void How_long_S3_takes_and_what_it_costs_is_said_by_tier(string storageClass, RetrievalTier? tier, string expected) =>
        Assert.Equal(expected, ArchivedObjects.Text(
            [new ArchivedObjects(storageClass, 2, 5)], tier is { } chosen ? new RestoreRetrieval(chosen, 7) : null, PriceList.Aws));

    [Fact]
    public void The_price_of_a_retrieval_is_the_jobs_where_it_has_one_and_says_so()
    {
        PriceList prices = PriceList.Of(new PriceOptions
        {
            Currency = "EUR",
            Retrieval = new Dictionary<string, decimal> { ["GLACIER/Bulk"] = 0.5m },
        });
        ArchivedObjects[] archived = [new("GLACIER", 1, 3L << 30), new("INTELLIGENT_TIERING", 1, 5)];

        Assert.Equal(
            "1 object (3.0 GiB) of GLACIER in 5 to 12 hours (Bulk, 1.50 EUR); 1 object (5 B) of INTELLIGENT_TIERING in 5 to 48 hours (Bulk) "
                + "[prices: configuration]",
            ArchivedObjects.Text(archived, new RestoreRetrieval(RetrievalTier.Bulk, 7), prices));
    }

    private async Task SendAsync()
    {
        Write("a", "one");
        Write("b", "four");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    // A touch and, where there are modes, a chmod.
    private void Change(string path)
    {
        string file = Path.Combine(Source, path);
        File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
    }

    private Task<RestoreResult> ServerBringsBackAsync(string path) => RestoreAsync(
        Restore() with { Paths = [path], Retrieval = new RestoreRetrieval(RetrievalTier.Standard, 1), Destination = Files["asked"] });
}
