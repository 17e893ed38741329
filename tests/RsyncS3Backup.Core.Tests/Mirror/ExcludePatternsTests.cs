using System.Diagnostics;
using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

public sealed class ExcludePatternsTests : IDisposable
{
    private static readonly string[] Names = ["a", "b", "ab", "a.tmp", "b.TMP", ".a", "a b", "[a]", "a*", "a\\b", "-", "ü", "🎉", "é.tmp"];

    private static readonly string[] Pieces =
    [
        "a", "b", "ab", ".tmp", "*", "*", "**", "***", "?", "/", "/", "[ab]", "[!a]", "[a-c]", "[[:alpha:]]", "[^b]*", "\\*", "\\[", "ü", "[", "]",
        "[]a]", "[a\\-]", "??", "+ ", "- ", "🎉",
    ];

    private readonly TemporaryFolder tree = new();

    public void Dispose() => tree.Dispose();

    [Theory]
    [InlineData("*.tmp", "x/a.tmp", true)]
    [InlineData("*.tmp", "x/a.tmpx", false)]
    [InlineData("/cache", "cache/", true)]
    [InlineData("/cache", "x/cache/", false)]
    [InlineData("cache/", "x/cache/y/z", true)]
    [InlineData("cache/", "x/cache", false)]
    [InlineData("a/b", "x/a/b", true)]
    [InlineData("/a/*", "a/b/c", true)]
    [InlineData("/a/*", "a/", false)]
    [InlineData("/a/***", "a/", true)]
    [InlineData("**/a", "a", true)]
    [InlineData("x/**/a", "y/x/1/2/a", true)]
    [InlineData("?", "ü", false)]
    [InlineData("??", "ü", true)]
    public void A_pattern_means_what_it_means_to_rsync(string pattern, string key, bool expected) =>
        Assert.Equal(expected, new ExcludePatterns([pattern]).IsExcluded(key));

    [Fact]
    public void The_first_pattern_that_matches_decides()
    {
        ExcludePatterns patterns = new(["+ /keep/*.log", "*.log"]);

        Assert.False(patterns.IsExcluded("keep/a.log"));
        Assert.True(patterns.IsExcluded("other/a.log"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Random_patterns_leave_of_random_trees_what_the_real_rsync_leaves()
    {
        int excluded = 0;
        for (int seed = 0; seed < TestEffort.Times(4); seed++)
        {
            Random random = new(seed);
            string root = Path.Combine(tree.Path, $"tree{seed}");
            Directory.CreateDirectory(root);
            MakeTree(random, root, depth: 3);
            string[] all = [.. Entries(root).Order(StringComparer.Ordinal)];
            for (int round = 0; round < 25; round++)
            {
                string[] patterns = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pattern(random))];
                ExcludePatterns ours = new(patterns);

                string[] expected = Rsync(root, patterns);
                string[] actual = [.. all.Where(key => !ours.IsExcluded(key))];

                Assert.True(expected.SequenceEqual(actual), $"seed {seed}: {string.Join(" | ", patterns)}\n"
                    + $"only rsync keeps: {string.Join(", ", expected.Except(actual))}\nonly we keep: {string.Join(", ", actual.Except(expected))}");
                excluded += all.Length - actual.Length;
            }
        }

        Assert.InRange(excluded, 300, int.MaxValue);
    }

    private static string Pattern(Random random)
    {
        while (true)
        {
            string pattern = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => Pieces[random.Next(Pieces.Length)]));
            // A lone prefix is no rule at all.
            if (pattern is not ("+ " or "- ") && pattern.Trim('/').Length > 0)
                return pattern;
        }
    }

    private static void MakeTree(Random random, string folder, int depth)
    {
        foreach (string name in Names.Where(_ => random.Next(3) > 0))
        {
            string path = Path.Combine(folder, name);
            if (depth > 0 && random.Next(3) == 0)
            {
                Directory.CreateDirectory(path);
                MakeTree(random, path, depth - 1);
            }
            else
            {
                File.WriteAllText(path, "");
            }
        }
    }

    private static IEnumerable<string> Entries(string root) =>
        Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories)
            .Select(path => path[(root.Length + 1)..] + (Directory.Exists(path) ? "/" : ""));

    private static string[] Rsync(string root, string[] patterns)
    {
        ProcessStartInfo start = new("rsync") { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 };
        foreach (string argument in new[] { "-rn8", "--out-format=%n" }.Concat(patterns.Select(pattern => "--exclude=" + pattern)))
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(root + "/");
        start.ArgumentList.Add(root + "-copy/");
        start.Environment["LC_ALL"] = "C";
        using Process rsync = Process.Start(start)!;
        string output = rsync.StandardOutput.ReadToEnd();
        rsync.WaitForExit();
        Assert.Equal(0, rsync.ExitCode);
        return [.. output.Split('\n').Where(line => line is not ("" or "./") && !line.StartsWith("created ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }
}
