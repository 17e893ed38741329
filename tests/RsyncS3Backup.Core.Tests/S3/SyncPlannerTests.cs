using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RsyncS3Backup.Files;
using RsyncS3Backup.S3.Mirror;
using RsyncS3Backup.S3.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.S3;

public sealed class SyncPlannerTests
{
    [Fact]
    public async Task Creates_what_only_the_mirror_has() =>
        Assert.Equal([(SyncActionKind.Create, "a")], await Plan([File("a", 1)], []));

    [Fact]
    public async Task Deletes_what_only_the_bucket_has() =>
        Assert.Equal([(SyncActionKind.Delete, "a")], await Plan([], [Remote("a", 1)]));

    [Fact]
    public async Task Updates_what_differs_in_size() =>
        Assert.Equal([(SyncActionKind.Update, "a")], await Plan([File("a", 1)], [Remote("a", 2)]));

    [Fact]
    public async Task Compares_the_content_of_what_has_the_same_size() =>
        Assert.Equal([(SyncActionKind.Compare, "a")], await Plan([File("a", 1)], [Remote("a", 1)]));

    [Fact]
    public async Task Keeps_what_is_empty_on_both_sides() =>
        Assert.Equal([(SyncActionKind.Keep, "a/")], await Plan([Folder("a/")], [Remote("a/", 0)]));

    [Fact]
    public async Task Protects_a_key_whose_file_could_not_be_read() =>
        Assert.Equal([(SyncActionKind.Protect, "a")], await Plan([Unreadable("a")], [Remote("a", 1)]));

    [Fact]
    public async Task Protects_everything_beneath_a_folder_that_could_not_be_read() =>
        Assert.Equal(
            [
                (SyncActionKind.Delete, "a.txt"), (SyncActionKind.Protect, "a/"), (SyncActionKind.Protect, "a/b"),
                (SyncActionKind.Protect, "a/c/d"), (SyncActionKind.Delete, "a0"),
            ],
            await Plan([Unreadable("a/")], [Remote("a.txt", 1), Remote("a/", 0), Remote("a/b", 1), Remote("a/c/d", 1), Remote("a0", 1)]));

    [Fact]
    public async Task A_file_that_became_a_folder_is_a_create_and_a_delete() =>
        Assert.Equal(
            [(SyncActionKind.Delete, "a"), (SyncActionKind.Create, "a/b")],
            await Plan([File("a/b", 1)], [Remote("a", 1)]));

    [Fact]
    public async Task Refuses_a_listing_that_is_not_in_key_order()
    {
        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => Plan([], [Remote("b", 1), Remote("a", 1)]));
        Assert.Equal("S3ListingUnordered", refused.Error.Id);
    }

    [Fact]
    public async Task Refuses_a_listing_in_the_order_of_UTF16()
    {
        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => Plan([], [Remote("😀", 1), Remote("\uFF5E", 1)]));
        Assert.Equal("S3ListingUnordered", refused.Error.Id);
    }

    [Fact]
    public async Task Refuses_a_listing_that_names_a_key_twice() =>
        await Assert.ThrowsAsync<BackupException>(() => Plan([], [Remote("a", 1), Remote("a", 1)]));

    [Property(MaxTest = 500)]
    public Property Agrees_with_a_dictionary_for_any_two_sets_of_keys()
    {
        Gen<string> key = Gen.Elements("a", "b", "/", ".", "~", "😀", "\uFF5E", "é", " ", "\u0001").ListOf()
            .Where(parts => parts.Count is > 0 and < 6).Select(parts => string.Concat(parts));
        Gen<Dictionary<string, int>> side = key.ListOf().SelectMany(keys => Gen.Choose(0, 2).ListOf(keys.Count)
            .Select(sizes => keys.Zip(sizes).DistinctBy(pair => pair.First).ToDictionary(pair => pair.First, pair => pair.Second)));
        return Prop.ForAll(side.Two().ToArbitrary(), sides => AgreesWithModel(sides.Item1, sides.Item2));
    }

    private static bool AgreesWithModel(Dictionary<string, int> local, Dictionary<string, int> remote)
    {
        List<(SyncActionKind, string)> planned = Plan(
            [.. local.OrderBy(item => item.Key, KeyOrder.Instance).Select(item => File(item.Key, item.Value))],
            [.. remote.OrderBy(item => item.Key, KeyOrder.Instance).Select(item => Remote(item.Key, item.Value))]).GetAwaiter().GetResult();
        Dictionary<string, SyncActionKind> expected = local.Keys.Union(remote.Keys).ToDictionary(key => key, key =>
            !remote.TryGetValue(key, out int remoteSize) ? SyncActionKind.Create
            : !local.TryGetValue(key, out int localSize) ? SyncActionKind.Delete
            : localSize != remoteSize ? SyncActionKind.Update
            : localSize == 0 ? SyncActionKind.Keep
            : SyncActionKind.Compare);
        return planned.Count == expected.Count && planned.All(action => expected[action.Item2] == action.Item1);
    }

    private static async Task<List<(SyncActionKind, string)>> Plan(MirrorEntry[] local, RemoteObject[] remote)
    {
        List<(SyncActionKind, string)> actions = [];
        await foreach (SyncAction action in SyncPlanner.PlanAsync(local, Listing(remote)))
            actions.Add((action.Kind, action.RelativeKey));
        return actions;
    }

    private static async IAsyncEnumerable<RemoteObject> Listing(RemoteObject[] objects)
    {
        foreach (RemoteObject item in objects)
        {
            await Task.Yield();
            yield return item;
        }
    }

    private static MirrorEntry File(string key, long size) =>
        new(key, "/m/" + key, MirrorEntryKind.File, new FileAttributesSnapshot { Size = size, Mode = 0x81A4 });

    private static MirrorEntry Folder(string key) =>
        new(key, "/m/" + key, MirrorEntryKind.EmptyFolder, new FileAttributesSnapshot { Size = 4096, Mode = 0x41ED });

    private static MirrorEntry Unreadable(string key) => new(key, "/m/" + key, MirrorEntryKind.Unreadable, default);

    private static RemoteObject Remote(string key, long size) => new(key, size, "d41d8cd98f00b204e9800998ecf8427e");
}
