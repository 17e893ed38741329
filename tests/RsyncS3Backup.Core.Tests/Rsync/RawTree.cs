using System.Text;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>
/// Changes a small tree into another, with names, types and times as bad as they can be, bytes that are not UTF-8 among them. Paths are
/// Latin-1 of their bytes.
/// </summary>
internal sealed class RawTree(Random random, string root)
{
    private const int Most = 40;

    private static readonly string[] Letters =
    [
        "a", "B", "-", "--", " ", "\n", "\r", "\t", "\\", "#", "\\#012", "\\#134#123", "1", "\"", "'", "*", "?", "[", "%", ":", "->", " => x", " -> ",
        "é", "😀", "\uFFFD", "\uE000", "\u001b", "\u007f", ".", "~", "$", "|", "(", "deleting   ",
    ];

    private static readonly byte[][] BadLetters = [[0xFF], [0xC3], [0x80], [0xED, 0xA0, 0x80], [0xF8, 0x88], [0x01]];

    private static readonly uint[] Modes = [0x1A4, 0x1ED, 0x180, 0x124, 0x1B6, 0x9ED, 0x1C0];

    public void Change()
    {
        for (int count = random.Next(1, 7); count > 0; count--)
            Create(Any(Folders()));
        for (int count = random.Next(0, 6); count > 0; count--)
            Alter();
        Dictionary<string, RawEntry> entries = RawFileSystem.ReadTree(root);
        for (int count = random.Next(0, 3) + Math.Max(0, (entries.Count - Most) / 3); count > 0; count--)
        {
            List<string> others = Others();
            if (others.Count > 2)
                RawFileSystem.Remove(At(Any(others)));
        }
    }

    private void Create(string folder)
    {
        string name = Name();
        string path = folder.Length == 0 ? name : folder + "/" + name;
        if (!RawFileSystem.ReadTree(root).ContainsKey(path))
            Make(path);
    }

    private void Make(string path)
    {
        List<string> files = Files();
        switch (random.Next(12))
        {
            case 0 or 1:
                RawFileSystem.MakeFolder(At(path));
                if (random.Next(2) == 0)
                    Make(path + "/" + Name());
                break;
            case 2 or 3:
                RawFileSystem.MakeLink(At(path), random.Next(4) == 0 ? "/etc/../" + Name() : Name());
                break;
            case 4:
                RawFileSystem.MakeFifo(At(path));
                break;
            case 5:
                RawFileSystem.MakeSocket(At(path));
                break;
            case 6 or 7 when files.Count > 0:
                RawFileSystem.MakeHardLink(At(path), At(Any(files)));
                return;
            default:
                Write(path);
                break;
        }

        if (random.Next(3) > 0)
            Touch(path);
    }

    private void Alter()
    {
        List<string> others = Others();
        if (others.Count == 0)
            return;
        string path = Any(others);
        RawEntry entry = RawFileSystem.ReadTree(root)[path];
        switch (random.Next(5))
        {
            case 0:
                Touch(path);
                break;
            case 1 when !entry.IsLink:
                RawFileSystem.SetMode(At(path), Any(Modes));
                break;
            case 2 when entry.IsFile:
                // Through all its names when it has several.
                Write(path);
                break;
            case 3:
                string to = Any(Folders());
                string moved = (to.Length == 0 ? "" : to + "/") + Name();
                if (!(moved + "/").StartsWith(path + "/", StringComparison.Ordinal) && !others.Contains(moved))
                    RawFileSystem.Rename(At(path), At(moved));
                break;
            default:
                RawFileSystem.Remove(At(path));
                Make(path);
                break;
        }
    }

    private void Write(string path)
    {
        byte[] content = new byte[random.Next(0, 300)];
        random.NextBytes(content);
        RawFileSystem.MakeFile(At(path), content);
        Touch(path);
    }

    // Never the same twice: rsync cannot see another content of the same size and time, by design of its quick check.
    private void Touch(string path) =>
        RawFileSystem.SetModified(At(path), random.NextInt64(-2_000_000_000, 8_000_000_000), random.Next(1_000_000_000));

    private List<string> Others() => [.. RawFileSystem.ReadTree(root).Keys.Where(path => path.Length > 0)];

    private List<string> Files() => [.. RawFileSystem.ReadTree(root).Where(item => item.Value.IsFile).Select(item => item.Key)];

    private List<string> Folders() => [.. RawFileSystem.ReadTree(root).Where(item => item.Value.IsFolder).Select(item => item.Key)];

    private string At(string path) => path.Length == 0 ? root : root + "/" + path;

    private string Name()
    {
        StringBuilder name = new();
        for (int count = random.Next(1, 6); count > 0; count--)
        {
            byte[] letter = random.Next(6) == 0 ? Any(BadLetters) : Encoding.UTF8.GetBytes(Any(Letters));
            name.Append(Encoding.Latin1.GetString(letter));
        }

        return name.ToString() is "." or ".." ? "dots" : name.ToString();
    }

    private T Any<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
}
