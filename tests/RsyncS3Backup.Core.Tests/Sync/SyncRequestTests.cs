using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.State.Catalogs;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What a run asks of S3: what changed, and no more.</summary>
[Trait("Category", "Slow")]
public sealed class SyncRequestTests : SyncHarness
{
    private const int Count = 200;

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task Without_a_change_there_is_no_request(S3SyncMode mode)
    {
        await FillAsync(mode);

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((mode, 0L, (long)Count), (result.SyncMode, result.Requests.Total, result.Unchanged));
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task Each_change_is_one_upload_and_nothing_is_listed_or_looked_at(S3SyncMode mode)
    {
        await FillAsync(mode);
        for (int i = 0; i < 20; i++)
            Write($"{i % 7}/{i}", "changed");

        S3SyncStageResult result = await RunAsync();

        // And a look at whose the prefix is.
        Assert.Equal((mode, 20L, 20L, 1L, 21L), (result.SyncMode, result.Updated, result.Requests.Put, result.Requests.Get, result.Requests.Total));
    }

    [SkippableTheory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task Another_mode_is_one_copy_inside_S3(S3SyncMode mode)
    {
        Skip.If(OperatingSystem.IsWindows(), "there are no modes");
        await FillAsync(mode);
        File.SetUnixFileMode(Files["source/1/1"], UnixFileMode.UserRead);

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((mode, 1L, 0L, 1L), (result.SyncMode, result.MetadataChanged, result.Requests.Put, result.Requests.Copy));
        Assert.Equal(0, result.TransferredBytes);
    }

    [SkippableTheory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task A_further_name_of_a_file_is_two_requests(S3SyncMode mode)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "makes hard links with Linux's system calls");
        await FillAsync(mode);
        RawFileSystem.MakeHardLink(Files["source/further"], Files["source/1/1"]);

        S3SyncStageResult result = await RunAsync();

        // The new name, and the group that the old one is now of. When the new name is looked at first, it is uploaded.
        Assert.Equal((mode, 2L), (result.SyncMode, result.Requests.Put + result.Requests.Copy));
        Assert.InRange(result.Requests.Put, 0, 1);
        AssertMirrored("with a further name");
    }

    [Fact]
    public async Task A_lost_catalog_costs_a_listing_and_a_look_at_each_object_and_changes_nothing()
    {
        await FillAsync(S3SyncMode.Auto);
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
            File.Delete(file);

        S3SyncStageResult result = await RunAsync();

        Assert.Equal(
            (S3SyncMode.Reconcile, 0L, 0L, (long)Count, (long)Count),
            (result.SyncMode, result.Requests.Put, result.Requests.Copy, result.Requests.Head, result.Unchanged));
        AssertCatalog("rebuilt");
    }

    [Fact]
    public async Task What_a_run_without_a_catalog_could_not_find_out_is_not_sent_again_by_the_next_one()
    {
        const int few = 20;
        await FillAsync(S3SyncMode.Auto);
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
            File.Delete(file);
        Server.Faults.Add(new FaultRule
        {
            Operation = "HeadObject",
            Kind = FaultKind.Refuse,
            Status = 409,
            ErrorCode = "OperationAborted",
            Skip = Count - few,
            Times = int.MaxValue,
        });
        S3SyncStageResult refused = await RunAsync();
        Server.Faults.Clear();

        S3SyncStageResult next = await RunAsync();

        Assert.Equal((BackupStatus.Failed, (long)few), (refused.Status, refused.Failed));
        Assert.Equal(
            (S3SyncMode.Reconcile, 0L, (long)few, (long)Count),
            (next.SyncMode, next.Requests.Put, next.Requests.Head, next.Unchanged));
        AssertCatalog("found out");
        Assert.Equal(S3SyncMode.Journal, (await RunAsync()).SyncMode);
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task What_a_second_writer_did_is_found_out_by_a_copy_and_healed_by_the_next_run(S3SyncMode mode)
    {
        await FillAsync(mode);
        Server.Store.Delete(BucketName, Prefix + "1/1");
        Server.Store.Put(BucketName, Prefix + "2/2", "theirs"u8);
        Server.Store.Put(BucketName, Prefix + "3/3", "theirs"u8);
        Server.Store.Put(BucketName, Prefix + "stray", "theirs"u8);
        File.SetLastWriteTimeUtc(Files["source/1/1"], DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(Files["source/2/2"], DateTime.UnixEpoch);

        S3SyncStageResult found = await RunAsync();
        S3SyncStageResult healed = await RunAsync();

        Assert.Equal((mode, 2L), (found.SyncMode, found.Requests.Put));
        // What the job never sent stays.
        Assert.Equal(
            (S3SyncMode.Reconcile, 1L, 0L, 1L), (healed.SyncMode, healed.Requests.Put, healed.Deleted, healed.Foreign));
        AssertCatalog("healed");
        Assert.Equal(1, (await SyncAsync(Request with { AllowNewDestination = true })).Deleted);
        AssertMirrored("healed");
        AssertCatalog("healed");
    }

    [Fact]
    public async Task Deletion_that_is_switched_on_deletes_what_was_left_without_a_listing()
    {
        Options = Options with { DeleteFromS3 = false };
        Server.Store.Put(BucketName, Prefix + "theirs", "x"u8);
        await FillAsync(S3SyncMode.Auto);
        File.Delete(Files["source/1/1"]);
        Assert.Equal(Count - 1, (await RunAsync()).Total);
        Assert.Equal(Count - 1, (await RunAsync()).Total);
        Options = Options with { DeleteFromS3 = true };

        S3SyncStageResult result = await RunAsync();

        // And a look at whose the prefix is. What was there before the job is not the job's.
        Assert.Equal(
            (S3SyncMode.Catalog, 1L, 1L, 1L, 2L),
            (result.SyncMode, result.Deleted, result.Foreign, result.Requests.Delete, result.Requests.Total));
        Assert.Equal(1, (await SyncAsync(Request with { AllowNewDestination = true })).Deleted);
        AssertMirrored("deletion is on");
    }

    [Fact]
    public async Task A_row_that_a_listing_refutes_is_not_believed_when_the_upload_failed()
    {
        await FillAsync(S3SyncMode.Reconcile);
        Server.Store.Put(BucketName, Prefix + "1/1", "theirs"u8);
        Server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        Assert.Equal(1, (await RunAsync()).Failed);
        Server.Faults.Clear();
        Options = Options with { SyncMode = S3SyncMode.Auto };

        await RunAsync();

        AssertMirrored("after the failure");
    }

    [Theory]
    [InlineData("another bucket")]
    [InlineData("another mirror")]
    public async Task A_catalog_about_something_else_is_not_believed(string what)
    {
        await FillAsync(S3SyncMode.Catalog);
        if (what == "another bucket")
        {
            Server.Store.CreateBucket("other");
            Destination = Destination with { Bucket = "other" };
        }

        S3SyncStageResult result = what == "another bucket" ? await SyncAsync() : await SyncAsync(Request with { MirrorPath = Files.Folder("copy"), AllowNewDestination = true });

        Assert.Equal(S3SyncMode.Reconcile, result.SyncMode);
        Assert.Equal(what == "another bucket" ? Count : 0, result.Created);
    }

    [Fact]
    public async Task An_entry_that_can_never_be_sent_does_not_withhold_deletions()
    {
        await FillAsync(S3SyncMode.Auto);
        File.Delete(Files["source/1/1"]);
        string folder = new('x', 250);
        Write(Path.Combine(folder, folder, folder, folder, folder, "too long"), "x");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, 1L, 1L), (result.Status, result.Failed, result.Deleted));
        Assert.DoesNotContain("p/1/1", Server.Store.Keys(BucketName));
    }

    private async Task FillAsync(S3SyncMode mode)
    {
        for (int i = 0; i < Count; i++)
            Write($"{i % 7}/{i}", $"content {i}");
        S3SyncStageResult result = await RunAsync();
        Assert.Equal((null, (long)Count), (result.Error, result.Created));
        Options = Options with { SyncMode = mode };
    }
}
