using FsCheck.Xunit;
using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Which entries of a copy paths mean.</summary>
public sealed class ItemFilterTests
{
    [Theory]
    [InlineData("a/b", "a/b")]
    [InlineData("a/b", "a/b/c/d")]
    [InlineData("a/b", "a/b/")]
    [InlineData("./a//b/", "a/b")]
    [InlineData("/a/b", "a/b")]
    [InlineData("*.jpg", "x.jpg")]
    [InlineData("*.jpg", "folder.jpg/inner.txt")]
    [InlineData("2024/*", "2024/may/x.jpg")]
    [InlineData("*/may", "2024/may/x.jpg")]
    [InlineData("**/*.jpg", "x.jpg")]
    [InlineData("**/*.jpg", "a/b/x.jpg")]
    [InlineData("a/**/x", "a/x")]
    [InlineData("a/**/x", "a/b/c/x")]
    [InlineData("a**x", "a/b/x")]
    [InlineData("?.txt", "é.txt")]
    [InlineData("?.txt", "\U0001F600.txt")]
    [InlineData("[a-c]1", "b1")]
    [InlineData("[a-]1", "-1")]
    [InlineData("a[1].txt", "a[1].txt")]
    [InlineData("a[1].txt", "a1.txt")]
    [InlineData("a`*b", "a*b")]
    [InlineData("a[", "a[")]
    [InlineData("line\nbreak*", "line\nbreak\n2")]
    [InlineData("", "anything")]
    [InlineData(".", "any/thing")]
    [InlineData("*", "any/thing")]
    public void A_path_means(string path, string entry) => Assert.True(ItemFilter.Parse([path]).Matches(entry));

    [Theory]
    [InlineData("a/b", "a/bc")]
    [InlineData("a/b", "a")]
    [InlineData("a/b", "A/B")]
    [InlineData("*.jpg", "a/x.jpg")]
    [InlineData("2024/*", "2024")]
    [InlineData("*/may", "2024/5/may")]
    [InlineData("?.txt", "/.txt")]
    [InlineData("?.txt", "ab.txt")]
    [InlineData("[a-c]1", "d1")]
    [InlineData("[^a]1", "b1")]
    [InlineData("a`*b", "axb")]
    [InlineData("a+b*", "aab")]
    [InlineData("a[/]b", "a/b")]
    [InlineData("x*\n", "x")]
    public void A_path_does_not_mean(string path, string entry) => Assert.False(ItemFilter.Parse([path]).Matches(entry));

    [Theory]
    [InlineData("*")]
    [InlineData("a[1]")]
    [InlineData("a`b")]
    public void A_literal_path_has_no_wildcards(string path)
    {
        ItemFilter filter = ItemFilter.Literal([path]);

        Assert.True(path == "*" || filter.Matches(path));
        Assert.True(path == "*" || !filter.Matches("a1"));
    }

    [Fact]
    public void One_of_several_paths_is_enough()
    {
        ItemFilter filter = ItemFilter.Parse(["a", "*.txt"]);

        Assert.Equal([true, true, false], new[] { "a/x", "b.txt", "b.jpg" }.Select(filter.Matches));
    }

    [Fact]
    public void Of_a_folder_only_that_key_and_what_is_beneath_it_is_listed() =>
        Assert.Equal([new KeyRange("a/b", true), new KeyRange("a/b/", false)], ItemFilter.Parse(["a/b"]).Ranges());

    [Fact]
    public void What_another_path_lists_is_not_listed_twice() =>
        Assert.Equal(
            [new KeyRange("a", true), new KeyRange("a/", false), new KeyRange("x", false)],
            ItemFilter.Parse(["x*", "a/b/c", "a", "a/b", "x/y", "xyz"]).Ranges());

    [Fact]
    public void No_path_lists_everything() => Assert.Equal([KeyRange.Everything], ItemFilter.Parse([]).Ranges());

    [Property]
    public void Whatever_matches_is_in_exactly_one_range_and_beneath_folders_that_may_hold_it(int[] patternSeeds, int entrySeed)
    {
        ItemFilter filter = ItemFilter.Parse(patternSeeds.Take(3).Select(seed => Text(seed, "ab*?/[]-`.")));
        string entry = Text(entrySeed, "ab./[]*-").Trim('/');
        if (entry.Length == 0 || entry.Split('/').Any(part => part is "" or ".") || !filter.Matches(entry))
            return;

        Assert.Single(filter.Ranges(), range => range.IsOneKey ? range.Start == entry : entry.StartsWith(range.Start, StringComparison.Ordinal));
        for (int slash = entry.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = entry.IndexOf('/', slash + 1))
            Assert.True(filter.MayHold(entry[..(slash + 1)]), $"'{entry[..slash]}' of '{entry}'");
    }

    [Property]
    [Trait("Category", "Slow")]
    public void Ranges_follow_each_other_in_key_order(int[] patternSeeds)
    {
        IReadOnlyList<KeyRange> ranges = ItemFilter.Parse(patternSeeds.Select(seed => Text(seed, "ab*/.!"))).Ranges();

        Assert.All(ranges.Zip(ranges.Skip(1)), pair => Assert.True(KeyOrder.Compare(pair.First.Start, pair.Second.Start) < 0));
    }

    private static string Text(int seed, string alphabet)
    {
        Random random = new(seed);
        return new string([.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
    }
}
