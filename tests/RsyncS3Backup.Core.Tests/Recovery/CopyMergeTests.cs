using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State.Catalogs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Mirror, catalog and listing side by side.</summary>
public sealed class CopyMergeTests
{
    [Theory]
    [InlineData("a b c", "a b c", "a b c", "a:LRS b:LRS c:LRS")]
    [InlineData("a", "b", "c", "a:L b:R c:S")]
    [InlineData("c", "b", "a", "a:S b:R c:L")]
    [InlineData("b", "a", "", "a:R b:L")]
    [InlineData("a", "", "b", "a:L b:S")]
    [InlineData("a c", "b c", "a b", "a:LS b:RS c:LR")]
    [InlineData("", "", "", "")]
    [InlineData("a b", "", "", "a:L b:L")]
    [InlineData("", "a b", "", "a:R b:R")]
    [InlineData("", "", "a b", "a:S b:S")]
    public async Task Each_key_comes_once_with_what_has_it(string mirror, string catalog, string listing, string expected) =>
        Assert.Equal(expected, await Merge(mirror, catalog, listing));

    [Theory]
    [InlineData("b a", "", "")]
    [InlineData("", "b a", "")]
    [InlineData("", "", "b a")]
    [InlineData("a a", "", "")]
    [InlineData("", "", "a a")]
    public async Task A_side_that_is_not_in_key_order_is_refused(string mirror, string catalog, string listing) =>
        await Assert.ThrowsAsync<BackupException>(() => Merge(mirror, catalog, listing));

    [Fact]
    public void A_pair_has_the_key_of_what_it_has()
    {
        // Of one merge they are the same; the mirror's comes first.
        CopyPair pair = new(Local("local"), Row("row"), new StoredObject("remote", 1, "e"));

        Assert.Equal("local", pair.RelativeKey);
        Assert.Equal("remote", (pair with { Local = null }).RelativeKey);
        Assert.Equal("row", (pair with { Local = null, Remote = null }).RelativeKey);
    }

    private static async Task<string> Merge(string mirror, string catalog, string listing)
    {
        List<string> pairs = [];
        await foreach (CopyPair pair in CopyMerge.MergeAsync(
            Keys(mirror).Select(Local), Keys(catalog).Select(Row), Listing(Keys(listing)), CancellationToken.None))
        {
            Assert.All(
                new[] { pair.Local?.RelativeKey, pair.Row?.RelativeKey, pair.Remote?.RelativeKey }.Where(key => key is not null),
                key => Assert.Equal(pair.RelativeKey, key));
            pairs.Add($"{pair.RelativeKey}:{(pair.Local is null ? "" : "L")}{(pair.Row is null ? "" : "R")}{(pair.Remote is null ? "" : "S")}");
        }

        return string.Join(' ', pairs);
    }

    private static string[] Keys(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static MirrorEntry Local(string key) => new(key, "/m/" + key, MirrorEntryKind.File, default);

    private static CatalogEntry Row(string key) => CatalogEntry.Uncertain(key);

    private static async IAsyncEnumerable<StoredObject> Listing(string[] keys)
    {
        foreach (string key in keys)
        {
            await Task.Yield();
            yield return new StoredObject(key, 1, "e");
        }
    }
}
