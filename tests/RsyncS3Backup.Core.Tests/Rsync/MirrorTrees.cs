using System.Text;
using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Reads and compares a source and its mirror.</summary>
internal static class MirrorTrees
{
    /// <summary>All entries of the backup below a folder.</summary>
    public static Dictionary<string, RawEntry> Read(string root, int sourceCount = 1)
    {
        Dictionary<string, RawEntry> entries = RawFileSystem.ReadTree(Latin1(root));
        // Ours, and no part of the backup.
        entries.Remove(MirrorMarker.FileName);
        entries.Remove(MirrorExclusions.LockFile);
        // With several sources the mirror's root itself belongs to none of them.
        if (sourceCount > 1)
            entries.Remove("");
        return entries;
    }

    /// <summary>A tree without the bits by which a program runs as its owner or group.</summary>
    public static Dictionary<string, RawEntry> WithoutSetId(Dictionary<string, RawEntry> tree) =>
        tree.ToDictionary(entry => entry.Key, entry => entry.Value with { Mode = entry.Value.Mode & ~0xC00u });

    /// <summary>The mirror is the source, hard links included.</summary>
    public static void AssertSame(string where, Dictionary<string, RawEntry> source, Dictionary<string, RawEntry> mirror)
    {
        string[] different = [.. source.Keys.Union(mirror.Keys)
            .Where(path => source.GetValueOrDefault(path)?.Looks != mirror.GetValueOrDefault(path)?.Looks)
            .Select(path => $"'{path}': {source.GetValueOrDefault(path)} is {mirror.GetValueOrDefault(path)}")];
        Assert.True(different.Length == 0, $"{where}: {string.Join(Environment.NewLine, different)}");
        Assert.Equal(Groups(source), Groups(mirror));
    }

    private static SortedSet<string> Groups(Dictionary<string, RawEntry> entries) =>
        [.. entries.Where(item => item.Value.Links > 1)
            .GroupBy(item => item.Value.Inode)
            .Select(group => string.Join('\0', group.Select(item => item.Key).Order(StringComparer.Ordinal)))];

    /// <summary>A path as <see cref="RawFileSystem"/> takes it.</summary>
    public static string Latin1(string path) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path));
}
