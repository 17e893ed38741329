using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class SyncPlannerTests
{
    [Fact]
    public async Task Creates_what_only_the_mirror_has() =>
        Assert.Equal([(SyncActionKind.Create, "a")], await Plan([File("a", 1)], Array.Empty<StoredObject>()));

    [Fact]
    public async Task Deletes_what_only_the_bucket_has() =>
        Assert.Equal([(SyncActionKind.Delete, "a")], await Plan([], [Remote("a", 1)]));

    [Fact]
    public async Task Updates_what_differs_in_size() =>
        Assert.Equal([(SyncActionKind.Update, "a")], await Plan([File("a", 1)], [Remote("a", 2)]));

    [Fact]
    public async Task Examines_what_has_the_same_size_and_no_row() =>
        Assert.Equal([(SyncActionKind.Examine, "a")], await Plan([File("a", 1)], [Remote("a", 1)]));

    [Fact]
    public async Task Keeps_what_its_row_knows_and_S3_confirms() =>
        Assert.Equal([(SyncActionKind.Keep, "a")], await Plan([File("a", 1)], [Remote("a", 1)], [Row("a", 1)]));

    [Fact]
    public async Task Disbelieves_a_row_that_S3_contradicts() =>
        Assert.Equal(
            [(SyncActionKind.Examine, "a"), (SyncActionKind.Create, "b"), (SyncActionKind.Update, "c")],
            await Plan(
                [File("a", 1), File("b", 1), File("c", 1)],
                [Remote("a", 1) with { ETag = "another" }, Remote("c", 7)],
                [Row("a", 1), Row("b", 1), Row("c", 1)]));

    [Fact]
    public async Task Forgets_a_row_that_neither_side_has() =>
        Assert.Equal([(SyncActionKind.Forget, "a")], await Plan([], [], [Row("a", 1)]));

    [Fact]
    public void Takes_the_catalog_at_its_word_without_a_listing() =>
        Assert.Equal(
            [(SyncActionKind.Create, "a"), (SyncActionKind.Keep, "b"), (SyncActionKind.Delete, "c"), (SyncActionKind.Update, "d")],
            Plan([File("a", 1), File("b", 1), File("d", 2)], [Row("b", 1), Row("c", 1), Row("d", 1)]));

    [Theory]
    [InlineData("a/x", true)]
    [InlineData("a/", true)]
    [InlineData("a x", false)]
    [InlineData("a0", false)]
    public async Task A_new_file_waits_where_keys_of_a_folder_of_its_name_follow(string last, bool waits)
    {
        string[] known = [.. new[] { "a!", "a.txt", last }.Order(KeyOrder.Instance)];
        MirrorEntry[] mirror = [File("a", 1), File("a-b", 1)];

        List<SyncAction> byCatalog = [.. SyncPlanner.Plan(mirror, known.Select(key => Row(key, 1)))];
        List<SyncAction> byListing = [];
        await foreach (SyncAction action in SyncPlanner.PlanAsync(mirror, [], Listing([.. known.Select(key => Remote(key, 1))])))
            byListing.Add(action);

        string[] expected = waits ? ["a"] : [];
        string[] all = [.. known.Concat(["a", "a-b"]).Order(KeyOrder.Instance)];
        Assert.Equal(expected, byCatalog.Where(action => action.ReplacesFolder).Select(action => action.RelativeKey));
        Assert.Equal(expected, byListing.Where(action => action.ReplacesFolder).Select(action => action.RelativeKey));
        // Nothing that was looked at ahead is lost.
        Assert.Equal(all, byCatalog.Select(action => action.RelativeKey));
        Assert.Equal(all, byListing.Select(action => action.RelativeKey));
    }

    [Theory]
    // Of these names in the mirror, those that have to wait, by what S3 has.
    [InlineData("a a+", "a! a+! a+/x a/x", "a a+")]
    [InlineData("a a+", "a! a+! a/x", "a")]
    [InlineData("a a!", "a!/x a/x", "a a!")]
    [InlineData("a a-b", "a! a.txt", "")]
    [InlineData("a", "a a/x", "")]
    [InlineData("a/", "a//x", "")]
    public async Task Only_new_files_wait_each_for_what_is_in_the_folder_of_its_name(string local, string known, string waiting)
    {
        MirrorEntry[] mirror = [.. local.Split(' ').Select(key => key.EndsWith('/')
            ? new MirrorEntry(key, "/m/" + key, MirrorEntryKind.Folder, new FileAttributesSnapshot { Mode = 0x41ED }) : File(key, 1))];
        string[] keys = known.Split(' ');

        List<SyncAction> byCatalog = [.. SyncPlanner.Plan(mirror, keys.Select(key => Row(key, 1)))];
        List<SyncAction> byListing = [];
        await foreach (SyncAction action in SyncPlanner.PlanAsync(mirror, [], Listing([.. keys.Select(key => Remote(key, 1))])))
            byListing.Add(action);

        Assert.Equal(waiting, string.Join(' ', byCatalog.Where(action => action.ReplacesFolder).Select(action => action.RelativeKey)));
        Assert.Equal(waiting, string.Join(' ', byListing.Where(action => action.ReplacesFolder).Select(action => action.RelativeKey)));
        Assert.Equal(byCatalog.Select(action => action.RelativeKey), byListing.Select(action => action.RelativeKey));
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public void So_many_keys_are_looked_at_ahead(int between, bool waits)
    {
        IEnumerable<CatalogEntry> rows = [.. Enumerable.Range(0, between).Select(number => Row($"a!{number:d5}", 1)), Row("a/x", 1)];

        Assert.Equal(waits, SyncPlanner.Plan([File("a", 1)], rows).First().ReplacesFolder);
    }

    [Fact]
    public void What_is_looked_at_ahead_has_to_be_in_key_order_too() =>
        Assert.Throws<BackupException>(() => Plan([File("a", 1)], [Row("a!", 1), Row("a.x", 1), Row("a,x", 1)]));

    [Fact]
    public async Task Each_action_has_the_row_of_its_own_key()
    {
        List<SyncAction> actions = [];
        await foreach (SyncAction action in SyncPlanner.PlanAsync(
            [File("a", 1)], [Row("b", 1), Row("c", 1), Row("d", 1)],
            Listing([Remote("a", 1), Remote("b", 1), Remote("c", 2)])))
            actions.Add(action);

        Assert.Equal(
            [
                (SyncActionKind.Examine, "a", null, false), (SyncActionKind.Delete, "b", "b", false),
                (SyncActionKind.Delete, "c", "c", true), (SyncActionKind.Forget, "d", "d", true),
            ],
            actions.Select(action => (action.Kind, action.RelativeKey, action.Row?.RelativeKey, action.IsRowRefuted)));
    }

    [Fact]
    public async Task A_file_that_could_not_be_read_and_a_folder_that_could_protect_nothing_else()
    {
        MirrorEntry[] mirror =
            [Unreadable("a"), new MirrorEntry("f/", "/m/f", MirrorEntryKind.Folder, new FileAttributesSnapshot { Mode = 0x41ED })];
        (SyncActionKind, string)[] expected =
            [(SyncActionKind.Protect, "a"), (SyncActionKind.Delete, "ab"), (SyncActionKind.Create, "f/"), (SyncActionKind.Delete, "f/x")];

        Assert.Equal(expected, Plan(mirror, [Row("a", 1), Row("ab", 1), Row("f/x", 1)]));
        Assert.Equal(expected, await Plan(mirror, [Remote("a", 1), Remote("ab", 1), Remote("f/x", 1)]));
    }

    [Fact]
    public void Protects_what_the_catalog_knows_beneath_a_folder_that_could_not_be_read() =>
        Assert.Equal(
            [(SyncActionKind.Delete, "a.txt"), (SyncActionKind.Protect, "a/"), (SyncActionKind.Protect, "a/b"), (SyncActionKind.Delete, "a0")],
            Plan([Unreadable("a/")], [Row("a.txt", 1), Row("a/b", 1), Row("a0", 1)]));

    [Fact]
    public async Task Every_folder_that_could_not_be_read_protects_what_is_beneath_it_and_nothing_between_them()
    {
        MirrorEntry[] mirror = [Unreadable("a/"), Unreadable("c/")];
        (SyncActionKind, string)[] expected =
        [
            (SyncActionKind.Protect, "a/"), (SyncActionKind.Protect, "a/x"), (SyncActionKind.Delete, "b"),
            (SyncActionKind.Protect, "c/"), (SyncActionKind.Protect, "c/y"),
        ];

        Assert.Equal(expected, Plan(mirror, [Row("a/x", 1), Row("b", 1), Row("c/y", 1)]));
        Assert.Equal(expected, await Plan(mirror, [Remote("a/x", 1), Remote("b", 1), Remote("c/y", 1)]));
    }

    [Fact]
    public async Task Refuses_a_mirror_that_is_not_in_key_order()
    {
        Assert.Throws<BackupException>(() => Plan([File("b", 1), File("a", 1)], Array.Empty<CatalogEntry>()));
        await Assert.ThrowsAsync<BackupException>(() => Plan([File("b", 1), File("a", 1)], Array.Empty<StoredObject>()));
    }

    [Fact]
    public void Refuses_a_catalog_that_is_not_in_key_order() =>
        Assert.Throws<BackupException>(() => Plan([], [Row("b", 1), Row("a", 1)]));

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
    [Trait("Category", "Slow")]
    public Property Agrees_with_dictionaries_for_any_three_sets_of_keys()
    {
        Gen<string> key = Gen.Elements("a", "b", "/", ".", "~", "😀", "\uFF5E", "é", " ", "\u0001").ListOf()
            .Where(parts => parts.Count is > 0 and < 6).Select(parts => string.Concat(parts));
        Gen<Dictionary<string, int>> side = key.ListOf().SelectMany(keys => Gen.Choose(0, 2).ListOf(keys.Count)
            .Select(sizes => keys.Zip(sizes).DistinctBy(pair => pair.First).ToDictionary(pair => pair.First, pair => pair.Second)));
        return Prop.ForAll(side.Three().ToArbitrary(), sides => AgreesWithModel(sides.Item1, sides.Item2, sides.Item3));
    }

    private static bool AgreesWithModel(Dictionary<string, int> local, Dictionary<string, int> remote, Dictionary<string, int> catalog)
    {
        MirrorEntry[] entries = [.. InOrder(local).Select(item => File(item.Key, item.Value))];
        CatalogEntry[] rows = [.. InOrder(catalog).Select(item => Row(item.Key, item.Value))];
        StoredObject[] objects = [.. InOrder(remote).Select(item => Remote(item.Key, item.Value))];

        List<(SyncActionKind, string)> listed = Plan(entries, objects, rows).GetAwaiter().GetResult();
        Dictionary<string, SyncActionKind> expected = local.Keys.Union(remote.Keys).Union(catalog.Keys).ToDictionary(key => key, key =>
            (local.TryGetValue(key, out int l), remote.TryGetValue(key, out int r), catalog.TryGetValue(key, out int c)) switch
            {
                (true, false, _) => SyncActionKind.Create,
                (false, true, _) => SyncActionKind.Delete,
                (false, false, _) => SyncActionKind.Forget,
                _ when l != r => SyncActionKind.Update,
                (_, _, true) when c == r => SyncActionKind.Keep,
                _ => SyncActionKind.Examine,
            });
        List<(SyncActionKind, string)> believed = Plan(entries, rows);
        Dictionary<string, SyncActionKind> expectedOfCatalog = local.Keys.Union(catalog.Keys).ToDictionary(key => key, key =>
            (local.TryGetValue(key, out int l), catalog.TryGetValue(key, out int c)) switch
            {
                (true, false) => SyncActionKind.Create,
                (false, _) => SyncActionKind.Delete,
                _ => l == c ? SyncActionKind.Keep : SyncActionKind.Update,
            });
        return IsSame(listed, expected) && IsSame(believed, expectedOfCatalog);

        static IEnumerable<KeyValuePair<string, int>> InOrder(Dictionary<string, int> side) => side.OrderBy(item => item.Key, KeyOrder.Instance);

        static bool IsSame(List<(SyncActionKind, string)> planned, Dictionary<string, SyncActionKind> expected) =>
            planned.Count == expected.Count && planned.All(action => expected[action.Item2] == action.Item1);
    }

    private static async Task<List<(SyncActionKind, string)>> Plan(MirrorEntry[] local, StoredObject[] remote, params CatalogEntry[] rows)
    {
        List<(SyncActionKind, string)> actions = [];
        await foreach (SyncAction action in SyncPlanner.PlanAsync(local, rows, Listing(remote)))
            actions.Add((action.Kind, action.RelativeKey));
        return actions;
    }

    private static List<(SyncActionKind, string)> Plan(MirrorEntry[] local, CatalogEntry[] rows) =>
        [.. SyncPlanner.Plan(local, rows).Select(action => (action.Kind, action.RelativeKey))];

    private static CatalogEntry Row(string key, long size) => new()
    {
        RelativeKey = key,
        Size = size,
        Mode = 0x81A4,
        ModifiedNanoseconds = 0,
        ETag = "d41d8cd98f00b204e9800998ecf8427e",
        StorageClass = "STANDARD",
    };

    private static async IAsyncEnumerable<StoredObject> Listing(StoredObject[] objects)
    {
        foreach (StoredObject item in objects)
        {
            await Task.Yield();
            yield return item;
        }
    }

    private static MirrorEntry File(string key, long size) =>
        new(key, "/m/" + key, MirrorEntryKind.File, new FileAttributesSnapshot { Size = size, Mode = 0x81A4 });

    private static MirrorEntry Unreadable(string key) => new(key, "/m/" + key, MirrorEntryKind.Unreadable, default);

    private static StoredObject Remote(string key, long size) => new(key, size, "d41d8cd98f00b204e9800998ecf8427e");
}
