using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Recovery;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Looks into both copies of backups that both stages made.</summary>
public sealed class BackupItemsTests : SyncHarness
{
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Random_trees_look_the_same_in_both_copies_and_at_each_time_in_the_past(int seed)
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Random random = new(seed);
        ModelTree source = new(random, Source);
        List<(DateTimeOffset Time, List<string> Tree)> past = [];
        for (int run = 0; run < 5; run++)
        {
            source.Change();
            S3SyncStageResult result = await RunAsync();
            Assert.True(result.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings, result.Error?.Message);

            List<BackupItem> local = await ListAsync(new() { From = BackupCopy.Local, Recurse = true });
            List<BackupItem> remote = await ListAsync(new() { From = BackupCopy.S3, Recurse = true });

            // The catalog knows all of S3 but folders with something in them.
            Assert.Equal(local.Select(Everything), remote.Select(item => item.Key is null ? Everything(Match(local, item)) : Everything(item)));
            past.Add((DateTimeOffset.UtcNow, [.. local.Select(PathAndSize)]));
        }

        foreach ((DateTimeOffset time, List<string> tree) in past)
            Assert.Equal(tree, (await ListAsync(new() { AsOf = time, Recurse = true })).Select(PathAndSize));
    }

    [Fact]
    public async Task Without_recursion_both_copies_show_one_level()
    {
        Write("a.txt", "1");
        Write("b/c.txt", "22");
        Write("b/d/e.txt", "333");
        await RunAsync();

        foreach (BackupCopy copy in new[] { BackupCopy.Local, BackupCopy.S3 })
        {
            Assert.Equal(["a.txt 1", "b/ 0"], (await ListAsync(new() { From = copy })).Select(PathAndSize));
            Assert.Equal(["b/c.txt 2", "b/d/ 0"], (await ListAsync(new() { From = copy, Paths = ["b"] })).Select(PathAndSize));
            Assert.Equal(["a.txt 1"], (await ListAsync(new() { From = copy, Paths = ["a.txt"] })).Select(PathAndSize));
            Assert.Equal(["b/c.txt 2"], (await ListAsync(new() { From = copy, Paths = ["*/*.txt"] })).Select(PathAndSize));
            Assert.Equal(
                ["a.txt 1", "b/c.txt 2", "b/d/e.txt 3"], (await ListAsync(new() { From = copy, Paths = ["**/*.txt"] })).Select(PathAndSize));
            Assert.Equal(["b/d/ 0", "b/d/e.txt 3"], (await ListAsync(new() { From = copy, Paths = ["b/d"], Recurse = true })).Select(PathAndSize));
        }
    }

    [Fact]
    public async Task What_is_not_there_is_an_error_but_what_matches_nothing_is_not()
    {
        Write("a.txt", "1");
        await RunAsync();

        foreach (BackupCopy copy in new[] { BackupCopy.Local, BackupCopy.S3 })
        {
            foreach (bool recurse in new[] { false, true })
            {
                BackupException exception = await Assert.ThrowsAsync<BackupException>(
                    () => ListAsync(new() { From = copy, Paths = ["A.TXT"], Recurse = recurse }));
                Assert.Equal("ItemNotFound", exception.Error.Id);
                Assert.Empty(await ListAsync(new() { From = copy, Paths = ["*.jpg"], Recurse = recurse }));
            }
        }
    }

    [Fact]
    public async Task Versions_show_what_was_replaced_and_deleted()
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Write("kept.txt", "x");
        Write("a.txt", "1");
        await RunAsync();
        Write("a.txt", "22");
        await RunAsync();
        File.Delete(Path.Combine(Source, "a.txt"));
        await RunAsync();

        List<BackupItem> found = await ListAsync(new() { Versions = true, Paths = ["a.txt"] });

        Assert.Equal(
            ["deleted latest", "2", "1"], found.Select(item => $"{(item.IsDeleteMarker ? "deleted" : item.Length)}{(item.IsLatest ? " latest" : "")}"));
        Assert.Equal(3, found.Select(item => item.VersionId).Distinct().Count());
    }

    [Fact]
    public async Task A_bucket_is_shown_without_a_job()
    {
        Write("a/b.txt", "1");
        await RunAsync();

        List<BackupItem> found = [];
        BackupItemRequest request = new() { S3 = Request with { MirrorPath = "" }, Recurse = true };
        await foreach (BackupItem item in BackupItems.ListAsync(request, new RecordingObserver(), CancellationToken.None))
            found.Add(item);

        Assert.Equal([("a", null, null), ("a/b.txt", Prefix + "a/b.txt", (string?)null)], found.Select(item => (item.Path, item.Key, item.UnixMode)));
        Assert.NotNull(found[1].LastModified);
        Assert.Null(found[1].ModifiedTime);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task The_modules_own_files_are_no_items()
    {
        Options = Options with { S3Prefix = "s/{yyyy-MM-dd}/" };
        Write("a.txt", "1");
        await RunAsync();

        Assert.Equal(["a.txt"], (await ListAsync(new() { From = BackupCopy.Local, Recurse = true })).Select(item => item.Path));
        Assert.Equal(["a.txt"], (await ListAsync(new() { From = BackupCopy.S3, Recurse = true })).Select(item => item.Path));
        Assert.Equal(["a.txt"], (await ListAsync(new() { Snapshot = DateTime.Today })).Select(item => item.Path));
        Assert.Equal(["-rw-r--r--"], (await ListAsync(new() { From = BackupCopy.S3 })).Select(item => item.UnixMode));
        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => ListAsync(new() { Snapshot = new DateTime(2001, 1, 1) }));
        Assert.Equal("SnapshotNotFound", exception.Error.Id);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(FaultKind.TruncatedList, "ListObjectsV2")]
    [InlineData(FaultKind.TruncatedList, "ListObjectVersions")]
    [InlineData(FaultKind.ConnectionDroppedMidBody, "ListObjectsV2")]
    [InlineData(FaultKind.ConnectionDroppedMidBody, "ListObjectVersions")]
    public async Task A_listing_that_ends_early_is_an_error(FaultKind kind, string operation)
    {
        for (int i = 0; i < 20; i++)
            Write($"{i}.txt", "x");
        await RunAsync();
        Server.Faults.Add(new FaultRule { Kind = kind, Operation = operation, Skip = 1, Times = int.MaxValue });

        BackupException exception = await Assert.ThrowsAsync<BackupException>(
            () => ListAsync(new() { From = BackupCopy.S3, Recurse = true, Versions = operation == "ListObjectVersions" }));

        Assert.Equal("S3ListingIncomplete", exception.Error.Id);
    }

    private async Task<List<BackupItem>> ListAsync(BackupItemRequest request)
    {
        List<BackupItem> found = [];
        BackupItemRequest ours = request with { Name = JobName, MirrorPath = Mirror, S3 = Request };
        await foreach (BackupItem item in BackupItems.ListAsync(ours, new RecordingObserver(), CancellationToken.None))
            found.Add(item);
        return found;
    }

    private static BackupItem Match(List<BackupItem> items, BackupItem other) => items.Single(item => item.Path == other.Path);

    private static string PathAndSize(BackupItem item) => $"{item.Path}{(item.Kind == BackupEntryType.Folder ? "/" : "")} {item.Length}";

    private static string Everything(BackupItem item) =>
        $"{item.Path} {item.Kind} {item.Length} {item.ModifiedTime:O} {item.UnixMode} {item.UserId} {item.GroupId}";
}
