using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>What a restore takes from the catalog instead of asking S3.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RecordedObjectsTests : RestoreHarness
{
    [Fact]
    public async Task What_is_restored_already_is_not_asked_for_when_the_catalog_knows_it()
    {
        WriteTree();
        await RunAsync();
        await RestoreWellAsync(Restore());

        RestoreResult again = await RestoreWellAsync(Restore());

        Assert.Equal((3L, 0L), (again.Unchanged, again.Restored));
        Assert.Equal((1L, 0L, 0L), (again.Requests.List, again.Requests.Head, again.Requests.Get));
        AssertSameTree("again", FilesOf(Source), FilesOf(Target));
    }

    [Fact]
    public async Task Attributes_that_are_others_come_back_without_a_request()
    {
        WriteTree();
        await RunAsync();
        await RestoreWellAsync(Restore());
        File.SetUnixFileMode(Path.Combine(Target, "a"), UnixFileMode.UserRead);

        RestoreResult again = await RestoreWellAsync(Restore());

        Assert.Equal((0L, 0L), (again.Requests.Head, again.Requests.Get));
        AssertSameTree("again", FilesOf(Source), FilesOf(Target));
    }

    [Fact]
    public async Task After_a_copy_inside_S3_the_catalog_knows_the_copy()
    {
        WriteTree();
        await RunAsync();
        File.SetUnixFileMode(Path.Combine(Source, "a"), UnixFileMode.UserRead);
        Assert.Equal(1L, (await RunAsync()).Requests.Copy);
        await RestoreWellAsync(Restore());

        RestoreResult again = await RestoreWellAsync(Restore());

        Assert.Equal((3L, 0L), (again.Unchanged, again.Requests.Head));
        AssertSameTree("again", FilesOf(Source), FilesOf(Target));
    }

    [Fact]
    public async Task Without_a_catalog_S3_is_asked_about_each_object()
    {
        WriteTree();
        await RunAsync();
        await RestoreWellAsync(Restore());
        File.Delete(CatalogPath);

        RestoreResult again = await RestoreWellAsync(Restore());

        Assert.Equal((3L, 3L, 0L), (again.Unchanged, again.Requests.Head, again.Requests.Get));
    }

    [Fact]
    public async Task A_row_says_nothing_of_an_object_that_the_listing_shows_in_another_way()
    {
        WriteTree();
        await RunAsync();
        using S3Copy copy = new(new S3ObjectStore(Request, Prefix, 1));
        StoredObject shown = await copy.ListAsync(ItemFilter.Parse([]), CancellationToken.None).FirstAsync();
        using RecordedObjects recorded = RecordedObjects.TryOpen(JobName, copy)!;

        Assert.Equal(1, recorded.Find(shown)?.Size);
        Assert.Null(recorded.Find(shown with { RelativeKey = "other" }));
        Assert.Null(recorded.Find(shown with { Size = 2 }));
        Assert.Null(recorded.Find(shown with { ETag = new string('0', 32) }));
        Assert.Null(recorded.Find(shown with { LastModified = shown.LastModified!.Value.AddSeconds(1) }));
    }

    [Fact]
    public async Task The_names_of_one_file_are_asked_for()
    {
        Write("a", "1");
        RawFileSystem.MakeHardLink(MirrorTrees.Latin1(Files["source/b"]), MirrorTrees.Latin1(Files["source/a"]));
        await RunAsync();
        using S3Copy copy = new(new S3ObjectStore(Request, Prefix, 1));
        using RecordedObjects recorded = RecordedObjects.TryOpen(JobName, copy)!;

        Assert.Null(recorded.Find(await copy.ListAsync(ItemFilter.Parse([]), CancellationToken.None).FirstAsync()));
    }

    [Fact]
    public async Task Nothing_is_taken_from_a_catalog_while_a_run_changes_it_or_of_the_past()
    {
        WriteTree();
        await RunAsync();
        using S3Copy past = new(new S3ObjectStore(Request, Prefix, 1), DateTimeOffset.UtcNow);
        using S3Copy copy = new(new S3ObjectStore(Request, Prefix, 1));
        Assert.Null(RecordedObjects.TryOpen(JobName, past));

        using (SqliteDatabase database = SqliteDatabase.Open(CatalogPath))
            (CatalogProperties.Read(database) with { RunStart = DateTimeOffset.UtcNow }).Write(database);

        Assert.Null(RecordedObjects.TryOpen(JobName, copy));
    }

    private static Dictionary<string, RawEntry> FilesOf(string folder) =>
        ReadTree(folder).Where(item => item.Value.IsFile).ToDictionary();

    private void WriteTree()
    {
        Write("a", "1");
        Write("b", "22");
        Write("c", "");
    }
}
