using System.IO.Enumeration;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Makes and changes small trees whose names are as bad as names can be.</summary>
internal sealed class HostileTree(Random random)
{
    private static readonly string[] Letters =
    [
        "a", "B", "-", "--", " ", "\n", "\r", "\t", "\\", "#", "\\#012", "1", "\"", "'", "*", "?", "[", "]", "%", "+", ":", "->", " => ", " -> ",
        "é", "e\u0301", "😀", "\uFFFD", "\uE000", "\u001b", "\u007f", ".", "~", "!", "{", "$", "|", "&", ";", "(", "\u200b", "名",
    ];

    private static readonly UnixFileMode[] Modes =
    [
        (UnixFileMode)0b110_100_100, (UnixFileMode)0b111_101_101, (UnixFileMode)0b110_000_000, (UnixFileMode)0b100_100_100,
        (UnixFileMode)0b110_110_110,
    ];

    /// <summary>Everything below a folder, without what links to other folders lead to.</summary>
    public static IEnumerable<FileSystemInfo> Entries(string root) =>
        new FileSystemEnumerable<FileSystemInfo>(
            root,
            (ref FileSystemEntry entry) => entry.ToFileSystemInfo(),
            new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true, IgnoreInaccessible = false })
        {
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    /// <summary>Adds, changes and removes a few entries.</summary>
    public void Change(string root)
    {
        for (int i = random.Next(1, 8); i > 0; i--)
            Create(Any(Folders(root)));
        List<string> files = [.. Entries(root).Where(entry => entry is FileInfo { LinkTarget: null }).Select(entry => entry.FullName)];
        for (int i = random.Next(0, 4); i > 0 && files.Count > 0; i--)
            Alter(Any(files));
        List<string> entries = [.. Entries(root).Select(entry => entry.FullName)];
        for (int i = random.Next(0, 3); i > 0 && entries.Count > 3; i--)
            Remove(Any(entries));
        Time(root);
    }

    private static List<string> Folders(string root) =>
        [root, .. Entries(root).Where(entry => entry is DirectoryInfo { LinkTarget: null }).Select(entry => entry.FullName)];

    private static void Remove(string path)
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    private void Create(string folder)
    {
        string path = Path.Combine(folder, Name());
        if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null)
            return;
        switch (random.Next(5))
        {
            case 0:
                Directory.CreateDirectory(path);
                break;
            case 1:
                File.CreateSymbolicLink(path, Name());
                break;
            default:
                Alter(path);
                break;
        }
    }

    private void Alter(string path)
    {
        byte[] content = new byte[random.Next(0, 300)];
        random.NextBytes(content);
        // A new file instead of a write into the old one, which may be read-only.
        File.Delete(path);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, Any(Modes));
        Time(path);
    }

    private void Time(string path) =>
        File.SetLastWriteTimeUtc(path, new DateTime(1975 + random.Next(80), 1, 1, 0, 0, 0, DateTimeKind.Utc).AddTicks(random.NextInt64(1L << 48)));

    private string Name()
    {
        string name = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => Any(Letters)));
        return name is "." or ".." ? "dots" : name;
    }

    private T Any<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
}
