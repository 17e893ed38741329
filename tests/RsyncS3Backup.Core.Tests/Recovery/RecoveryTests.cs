using System.Collections.Concurrent;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using Xunit;
using RestoreRequest = RsyncS3Backup.Recovery.RestoreRequest;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>
/// A tree through both stages and back: listed, tested, damaged with nothing but S3's own requests, repaired. Runs against independent servers too.
/// </summary>
[Trait("Suite", "S3")]
[Trait("Category", "Slow")]
public sealed class RecoveryTests(S3Fixture server) : IClassFixture<S3Fixture>, IAsyncLifetime
{
    private const string Prefix = "p q+/%/";
    private const string Large = "large é.bin";

    private static readonly BackupTestLevel[] Levels = [BackupTestLevel.Quick, BackupTestLevel.Checksums, BackupTestLevel.Full];

    private readonly TemporaryFolder files = new();
    private readonly string name = $"recovery-{Guid.NewGuid():N}";

    public async Task InitializeAsync() => await server.Client.PutBucketAsync(name);

    public async Task DisposeAsync()
    {
        files.Dispose();
        foreach (S3ObjectVersion version in await VersionsAsync())
            await server.Client.DeleteObjectAsync(name, version.Key, version.VersionId);
        await server.Client.DeleteBucketAsync(name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_backed_up_comes_back_from_S3_in_bytes_and_attributes(bool hasJob)
    {
        WriteTree();
        await RunAsync();

        RestoreResult result = await RestoreAsync(hasJob ? Restore : Restore with { Configuration = null });

        RestoreHarness.AssertSameTree("restored", RestoreHarness.ReadTree(Source), RestoreHarness.ReadTree(Target));
        Assert.Equal(BackupCopy.S3, result.From);
    }

    [Fact]
    public async Task Both_copies_list_what_was_backed_up_and_nothing_else()
    {
        WriteTree();
        await RunAsync();
        List<string> expected = Expected(RestoreHarness.ReadTree(Source), Everything);

        Assert.Equal(expected, (await ListAsync(new() { From = BackupCopy.Local })).Select(Everything));
        Assert.Equal(expected, (await ListAsync(new() { From = BackupCopy.S3 })).Select(Everything));
    }

    [Fact]
    public async Task A_bucket_with_versions_has_the_tree_of_each_earlier_time()
    {
        await KeepVersionsAsync();
        List<(DateTimeOffset Time, Dictionary<string, RawEntry> Tree)> past = [];
        WriteTree();
        await RunAsync();
        await RememberAsync();
        ChangeTree();
        await RunAsync();
        await RememberAsync();
        await DeleteAsync("folder/kept");
        await Bucket.PutAsync(Large, "no longer large");

        foreach ((DateTimeOffset time, Dictionary<string, RawEntry> tree) in past)
        {
            Assert.Equal(Expected(tree, PathAndSize), (await ListAsync(new() { AsOf = time })).Select(PathAndSize));
            string target = files[$"restored-{time.Ticks}"];
            await RestoreAsync(Restore with { AsOf = time, Destination = target });
            RestoreHarness.AssertSameTree($"as of {time:O}", tree, RestoreHarness.ReadTree(target));
        }

        async Task RememberAsync() => past.Add((await PassAsync(), RestoreHarness.ReadTree(Source)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_test_of_any_level_says_of_a_whole_backup_that_it_is_whole(bool hasCatalog)
    {
        WriteTree();
        await RunAsync();
        if (!hasCatalog)
            File.Delete(Path.Combine(StateFolder.ForJob(name).Path, "catalog.db"));

        foreach (BackupTestLevel level in Levels)
            await AssertDifferencesAsync(level, []);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_level_finds_what_it_can_see_and_repair_mends_it_in_both_directions(bool keepsVersions)
    {
        if (keepsVersions)
            await KeepVersionsAsync();
        WriteTree();
        await RunAsync();
        Dictionary<string, RawEntry> before = RestoreHarness.ReadTree(Mirror);

        await DeleteAsync("a b+c%2F/\"quoted\" it's");
        await Bucket.PutAsync("folder/kept", "something of another size");
        await Bucket.PutAsync("folder/same size", "CONTENT");
        await Bucket.PutAsync("folder/no attributes", "content");
        await StoreInOnePieceAsync("large again.bin");
        Rot("rotten é 100%");
        Rot("large rotten.bin");
        File.Delete(InMirror("lost +"));
        File.Delete(InMirror("large lost.bin"));

        string[] seen =
        [
            "a b+c%2F/\"quoted\" it's MissingInS3 Local", "folder/kept S3Corrupted Local",
            "folder/same size S3Corrupted Local", "large again.bin MetadataDiffers Local", "large lost.bin MissingInMirror S3",
            "lost + MissingInMirror S3",
        ];
        string[] read = ["large rotten.bin MirrorCorrupted S3", "rotten é 100% MirrorCorrupted S3"];
        // Its size and entity tag are those that were confirmed.
        string[] downloaded = ["folder/no attributes MetadataDiffers Local"];
        await AssertDifferencesAsync(BackupTestLevel.Quick, seen);
        await AssertDifferencesAsync(BackupTestLevel.Checksums, [.. seen, .. read]);
        List<BackupDifference> found = await AssertDifferencesAsync(BackupTestLevel.Full, [.. seen, .. read, .. downloaded]);

        List<BackupRepair> repairs = await RepairAsync(found);

        Assert.Equal(
            found.Select(item => $"{item.Path} Succeeded {(item.GoodCopy == BackupCopy.S3 ? BackupCopy.Local : BackupCopy.S3)} "),
            repairs.Select(item => $"{item.Path} {item.Status} {item.RepairedCopy} {item.Error?.Message}"));
        foreach (BackupTestLevel level in Levels)
            await AssertDifferencesAsync(level, []);
        RestoreHarness.AssertSameTree("mended mirror", before, RestoreHarness.ReadTree(Mirror));
        await RestoreAsync(Restore);
        RestoreHarness.AssertSameTree("restored", before, RestoreHarness.ReadTree(Target));
        S3SyncStageResult next = await RunAsync();
        Assert.Equal((0L, 0L, 0L, 0L), (next.Created, next.Updated, next.Deleted, next.Requests.Put));
    }

    [Fact]
    public async Task A_damaged_file_with_several_names_is_mended_as_one_file()
    {
        WriteTree();
        await RunAsync();
        Dictionary<string, RawEntry> before = RestoreHarness.ReadTree(Mirror);
        Rot(Large);
        File.Delete(InMirror("hard 1"));
        File.Delete(InMirror("hard 2"));
        List<BackupDifference> found = await AssertDifferencesAsync(
            BackupTestLevel.Checksums,
            ["hard 1 MissingInMirror S3", "hard 2 MissingInMirror S3", "large hard MirrorCorrupted S3", $"{Large} MirrorCorrupted S3"]);

        List<BackupRepair> repairs = await RepairAsync(found);

        Assert.Equal((4, 4), (repairs.Count, repairs.Count(item => item.RepairedCopy == BackupCopy.Local)));
        RestoreHarness.AssertSameTree("mended mirror", before, RestoreHarness.ReadTree(Mirror));
        // S3 knows the names of a file by the number that the file had. That of the small file was free again, and its new one may have got it.
        S3SyncStageResult next = await RunAsync();
        Assert.InRange(next.MetadataChanged, 2, 4);
        Assert.Equal((0L, 0L), (next.Updated, next.Created));
        await AssertDifferencesAsync(BackupTestLevel.Full, []);
    }

    private string Source => files["source"];

    private string Mirror => files["mirror"];

    private string Target => files["restored"];

    private BucketView Bucket => new(server.Client, name, Prefix);

    private static S3SyncOptions Options => new()
    {
        S3Prefix = Prefix,
        DeleteFromS3 = true,
        // Then the bucket has the attributes of all folders.
        DirectoryMarkers = S3DirectoryMarkers.All,
    };

    private RsyncOptions Rsync => new()
    {
        LocalDestination = Mirror,
        DeleteExtraneous = true,
        HardLinks = true,
        MaxDelete = DeleteLimit.Unlimited,
    };

    private S3SyncRequest Request => new()
    {
        MirrorPath = Mirror,
        Destination = server.Destination with { Bucket = name },
        Options = Options,
        Credentials = server.Credentials,
        MaxDelete = DeleteLimit.Unlimited,
        FollowsStage1 = true,
    };

    private BackupConfiguration Job => new()
    {
        Name = name,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Request.Destination,
    };

    private RestoreRequest Restore => new()
    {
        Name = name,
        Configuration = Job,
        S3 = Request,
        From = BackupCopy.S3,
        Destination = Target,
    };

    private string InMirror(string path) => Path.Combine(Mirror, path);

    private void WriteTree()
    {
        // What keys, addresses, listings and signatures treat in their own ways.
        string[] names =
        [
            "a b+c%2F/\"quoted\" it's", "a b+c%2F/é", "a b+c%2F/e\u0301", "\U0001F600 \uFF5E/\uE000", "rotten é 100%", "lost +", "folder/kept",
            "folder/changed", "folder/gone", "folder.txt", "<&>;#?*[1]{2}\\~,=@:$!", " blank ", "line\nbreak", "-dash", ".hidden",
        ];
        foreach (string path in names)
            files.File("source/" + path, "content of " + path);
        files.File("source/folder/same size", "content");
        files.File("source/folder/no attributes", "content");
        files.File("source/empty");
        files.Folder("source/hollow +/%");
        foreach ((string path, int seed) in new[] { (Large, 1), ("large rotten.bin", 2), ("large lost.bin", 3), ("large again.bin", 4) })
        {
            byte[] content = new byte[(8 << 20) + seed];
            new Random(seed).NextBytes(content);
            File.WriteAllBytes(files["source/" + path], content);
        }

        File.CreateSymbolicLink(files["source/link"], "folder/é +%");
        RawFileSystem.MakeHardLink(MirrorTrees.Latin1(files["source/folder/hard é"]), MirrorTrees.Latin1(files["source/folder/kept"]));
        files.File("source/hard 1", "hard");
        RawFileSystem.MakeHardLink(MirrorTrees.Latin1(files["source/hard 2"]), MirrorTrees.Latin1(files["source/hard 1"]));
        // S3 says in other ways what a copy of an object in parts holds.
        RawFileSystem.MakeHardLink(MirrorTrees.Latin1(files["source/large hard"]), MirrorTrees.Latin1(files["source/" + Large]));
        File.SetUnixFileMode(files["source/empty"], UnixFileMode.UserRead | UnixFileMode.GroupExecute);
        RawFileSystem.SetModified(MirrorTrees.Latin1(files["source/folder.txt"]), 1_595_002_920, 123_456_789);
        RawFileSystem.SetModified(MirrorTrees.Latin1(files["source/link"]), 1_234_567_890, 1);
        RawFileSystem.SetModified(MirrorTrees.Latin1(files["source/hollow +/%"]), 86_400, 999_999_999);
    }

    private void ChangeTree()
    {
        files.File("source/folder/changed", "changed");
        files.File("source/new é +/%41", "new");
        File.Delete(files["source/folder/gone"]);
        Directory.Delete(files["source/a b+c%2F"], recursive: true);
        File.Delete(files["source/link"]);
        File.CreateSymbolicLink(files["source/link"], "elsewhere");
        File.SetUnixFileMode(files["source/.hidden"], UnixFileMode.UserRead);
    }

    /// <summary>Other content in a file of the mirror, and nothing else that one sees.</summary>
    private void Rot(string path)
    {
        long modified = FileAttributesReader.Read(InMirror(path)).ModifiedNanoseconds;
        using (FileStream file = new(InMirror(path), FileMode.Open))
        {
            file.Position = file.Length / 2;
            int was = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(was ^ 1));
        }

        RawFileSystem.SetModified(MirrorTrees.Latin1(InMirror(path)), modified / 1_000_000_000, modified % 1_000_000_000);
    }

    /// <summary>Both stages, which must succeed.</summary>
    private async Task<S3SyncStageResult> RunAsync()
    {
        using RunContext context = RunContext.Start(name, SilentObserver.Instance);
        RsyncStageRequest request = new() { Sources = Job.Sources, Options = Rsync };
        RsyncStageResult mirrored = await RsyncStage.RunAsync(request, context, CancellationToken.None);
        Assert.True(mirrored.Status == BackupStatus.Succeeded, mirrored.Error?.Message);
        S3SyncStageResult result = await S3SyncStage.RunAsync(Request, context, CancellationToken.None);
        Assert.True(result.Status == BackupStatus.Succeeded, result.Error?.Message);
        return result;
    }

    /// <summary>A restore that must succeed without anything to say.</summary>
    private static async Task<RestoreResult> RestoreAsync(RestoreRequest request)
    {
        RestoreResult result = await BackupRestore.RunAsync(request, SilentObserver.Instance, CancellationToken.None);
        string said = string.Join(' ', result.FailedItems.Select(item => item.Message).Concat(result.Warnings).Prepend(result.Error?.ToString()));
        Assert.True(result.Status == BackupStatus.Succeeded, said);
        return result;
    }

    private async Task<List<BackupItem>> ListAsync(BackupItemRequest request)
    {
        List<BackupItem> found = [];
        BackupItemRequest ours = request with { Name = name, MirrorPath = Mirror, S3 = Request, Recurse = true };
        await foreach (BackupItem item in BackupItems.ListAsync(ours, SilentObserver.Instance, CancellationToken.None))
            found.Add(item);
        return found;
    }

    private async Task<List<BackupDifference>> AssertDifferencesAsync(BackupTestLevel level, string[] expected)
    {
        ConcurrentQueue<BackupDifference> queue = new();
        BackupTestRequest request = new() { Configuration = Job, S3 = Request, Level = level };
        BackupTestResult result = await BackupTest.RunAsync(request, SilentObserver.Instance, queue.Enqueue, CancellationToken.None);
        List<BackupDifference> found = [.. queue.OrderBy(item => item.Path, StringComparer.Ordinal)];
        Assert.Equal(
            expected.Order(StringComparer.Ordinal).Prepend($"{level}:"),
            found.Select(item => $"{item.Path} {item.Kind} {item.GoodCopy}").Order(StringComparer.Ordinal).Prepend($"{level}:"));
        Assert.Equal(
            (expected.Length == 0 ? BackupStatus.Succeeded : BackupStatus.Failed, (long)expected.Length, 0L),
            (result.Status, result.Differences, result.Failed));
        return found;
    }

    private async Task<List<BackupRepair>> RepairAsync(List<BackupDifference> differences)
    {
        ConcurrentQueue<BackupRepair> repairs = new();
        BackupTestRequest request = new() { Configuration = Job, S3 = Request, Level = BackupTestLevel.Full };
        RepairWish[] wishes = [.. differences.Select(item => new RepairWish(item.Path, item.GoodCopy))];
        await BackupRepairs.RunAsync(request, wishes, SilentObserver.Instance, repairs.Enqueue, CancellationToken.None);
        return [.. repairs.OrderBy(item => item.Path, StringComparer.Ordinal)];
    }

    private async Task KeepVersionsAsync() => await server.Client.PutBucketVersioningAsync(new PutBucketVersioningRequest
    {
        BucketName = name,
        VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
    });

    private async Task DeleteAsync(string relativeKey) => await server.Client.DeleteObjectAsync(name, Prefix + relativeKey);

    /// <summary>The same bytes again, as somebody else would send them: with another entity tag and without our metadata.</summary>
    private async Task StoreInOnePieceAsync(string relativeKey)
    {
        using MemoryStream content = new(await Bucket.BytesAsync(relativeKey));
        await server.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = name, Key = Prefix + relativeKey, InputStream = content, UseChunkEncoding = false });
    }

    /// <summary>
    /// The time of the last version, once the store's clock shows another one: S3 tells times in whole seconds, so that what comes right after may
    /// have the same.
    /// </summary>
    private async Task<DateTimeOffset> PassAsync()
    {
        DateTime last = (await VersionsAsync()).Max(version => version.LastModified!.Value.ToUniversalTime());
        BucketView beside = new(server.Client, name, "clock/");
        do
        {
            await beside.PutAsync("tick", "");
        }
        while ((await VersionsAsync()).Max(version => version.LastModified!.Value.ToUniversalTime()) <= last);
        return last;
    }

    private async Task<List<S3ObjectVersion>> VersionsAsync()
    {
        List<S3ObjectVersion> versions = [];
        ListVersionsRequest request = new() { BucketName = name, Encoding = EncodingType.Url };
        ListVersionsResponse page;
        do
        {
            page = await server.Client.ListVersionsAsync(request);
            versions.AddRange(page.Versions ?? []);
            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
        while (page.IsTruncated == true);
        foreach (S3ObjectVersion version in versions)
            version.Key = System.Net.WebUtility.UrlDecode(version.Key);
        return versions;
    }

    /// <summary>What a listing of that tree should show, in the order of keys.</summary>
    private static List<string> Expected(Dictionary<string, RawEntry> tree, Func<BackupItem, string> show) =>
        [.. tree.Select(entry => ToItem(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(entry.Key)), entry.Value))
            .OrderBy(item => item.Kind == BackupEntryType.Folder ? item.Path + "/" : item.Path, KeyOrder.Instance)
            .Select(show)];

    private static BackupItem ToItem(string path, RawEntry entry) => new()
    {
        Path = path,
        Kind = entry.IsFolder ? BackupEntryType.Folder : entry.IsLink ? BackupEntryType.SymbolicLink : BackupEntryType.File,
        Length = entry.IsLink ? entry.Content.Length : entry.Size,
        ModifiedTime = DateTimeOffset.UnixEpoch.AddTicks(entry.Modified / 100),
        UnixMode = FileModeText.Of(entry.Mode),
        UserId = entry.Owner,
        GroupId = entry.Group,
        Copy = BackupCopy.Local,
    };

    private static string PathAndSize(BackupItem item) => $"{item.Path}{(item.Kind == BackupEntryType.Folder ? "/" : "")} {item.Length}";

    private static string Everything(BackupItem item) =>
        $"{item.Path} {item.Kind} {item.Length} {item.ModifiedTime:O} {item.UnixMode} {item.UserId} {item.GroupId}";
}
