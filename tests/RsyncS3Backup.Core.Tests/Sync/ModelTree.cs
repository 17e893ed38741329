using System.Text;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Changes a small tree in every way that makes a difference to S3. Paths are Latin-1 of their UTF-8, as for <see cref="RawFileSystem"/>.</summary>
internal sealed class ModelTree(Random random, string root)
{
    private const int Most = 45;
    private const int LongName = 200;

    private static readonly string[] Letters =
    [
        "a", "a", "b", "b", "B", "-", "+", "%", "%2F", " ", ".", "\n", "\u0001", "\\", "#", "&", "<", "'", "\"", "?", "*", "~", "é", "e\u0301",
        "😀", "\uFF5E", "\uE000", "\uFFFD", "0", ".tmp",
    ];

    private static readonly uint[] Modes = [0x1A4, 0x1ED, 0x180, 0x124, 0x1B6, 0x9ED, 0x1C0];

    private readonly string root = MirrorTrees.Latin1(root);

    /// <summary>A few changes.</summary>
    public void Change(int most = 10)
    {
        for (int count = random.Next(1, most); count > 0; count--)
            ChangeOne();
        while (Read().Count > Most)
            Remove(Any(Others()));
    }

    /// <summary>A file in folders, whose path has so many bytes.</summary>
    public void MakeLongPath(int bytes)
    {
        string path = "";
        while (bytes > LongName + 2)
        {
            path += new string('x', LongName);
            if (!Read().ContainsKey(path))
                RawFileSystem.MakeFolder(At(path));
            path += "/";
            bytes -= LongName + 1;
        }

        path += new string('y', bytes);
        if (!Read().ContainsKey(path))
            Write(path, Content(random.Next(50)));
    }

    /// <summary>Changes bytes of a file and hides it: same size, same modification time.</summary>
    public void EditSecretly()
    {
        if (Files() is not { Count: > 0 } files)
            return;
        string path = Any(files);
        RawEntry entry = Read()[path];
        RawFileSystem.MakeFile(At(path), Content((int)entry.Size));
        RawFileSystem.SetModified(
            At(path), (long)Math.Floor(entry.Modified / 1e9m), (long)(entry.Modified - (Math.Floor(entry.Modified / 1e9m) * 1e9m)));
    }

    private void ChangeOne()
    {
        List<string> others = Others();
        if (others.Count < 6 || random.Next(4) == 0)
        {
            Make(NewPath());
            return;
        }

        string path = Any(others);
        RawEntry entry = Read()[path];
        switch (random.Next(14))
        {
            case 0 when entry.IsFile:
                Write(path, Content(random.Next(200)));
                break;
            case 1 when entry.IsFile:
                // Older, of the same size.
                RawFileSystem.MakeFile(At(path), Content((int)entry.Size));
                RawFileSystem.SetModified(At(path), (long)(entry.Modified / 1e9m) - random.Next(1, 1000), random.Next(1_000_000_000));
                break;
            case 2:
                EditSecretly();
                break;
            case 3 when !entry.IsLink:
                RawFileSystem.SetMode(At(path), entry.IsFolder ? Any(Modes) | 0x1C0 : Any(Modes));
                break;
            case 4 when Environment.IsPrivilegedProcess:
                RawFileSystem.SetOwner(At(path), (uint)random.Next(4), (uint)random.Next(4));
                break;
            case 5:
                Touch(path);
                break;
            case 6 or 7:
                string to = NewPath();
                if (!(to + "/").StartsWith(path + "/", StringComparison.Ordinal))
                    RawFileSystem.Rename(At(path), At(to));
                break;
            case 12 when entry.IsFile:
                // In the place of another one.
                string over = Any(Files());
                if (over != path)
                    RawFileSystem.Rename(At(path), At(over));
                break;
            case 13 when entry.IsFile:
                // The other one takes its place.
                string other = Any(Files());
                string aside = NewPath();
                if (other == path)
                    break;
                RawFileSystem.Rename(At(path), At(aside));
                RawFileSystem.Rename(At(other), At(path));
                RawFileSystem.Rename(At(aside), At(other));
                break;
            case 8 when entry.Links > 1:
                // Parts from its group and keeps everything else.
                byte[] content = File.ReadAllBytes(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(At(path))));
                Remove(path);
                RawFileSystem.MakeFile(At(path), content);
                Touch(path);
                break;
            case 9 when entry.IsFolder:
                // Empty: its marker comes and goes.
                foreach (string inner in Read().Keys.Where(key => key.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
                {
                    if (Read().ContainsKey(inner))
                        Remove(inner);
                }

                break;
            case 10:
                Remove(path);
                break;
            default:
                // Of another type perhaps.
                Remove(path);
                Make(path);
                break;
        }
    }

    private void Make(string path)
    {
        List<string> files = Files();
        switch (random.Next(10))
        {
            case 0 or 1:
                RawFileSystem.MakeFolder(At(path));
                if (random.Next(2) == 0)
                    Make(path + "/" + Name());
                break;
            case 2:
                RawFileSystem.MakeLink(At(path), MirrorTrees.Latin1(Name()));
                Touch(path);
                break;
            case 3 or 4 or 5 when files.Count > 0:
                RawFileSystem.MakeHardLink(At(path), At(Any(files)));
                break;
            default:
                Write(path, Content(random.Next(4) == 0 ? 0 : random.Next(200)));
                break;
        }
    }

    private void Write(string path, byte[] content)
    {
        RawFileSystem.MakeFile(At(path), content);
        if (random.Next(3) > 0)
            Touch(path);
    }

    private void Touch(string path) =>
        RawFileSystem.SetModified(At(path), random.NextInt64(-2_000_000_000, 8_000_000_000), random.Next(1_000_000_000));

    private byte[] Content(int size)
    {
        byte[] content = new byte[size];
        random.NextBytes(content);
        return content;
    }

    private void Remove(string path) => RawFileSystem.Remove(At(path));

    private Dictionary<string, RawEntry> Read()
    {
        Dictionary<string, RawEntry> entries = RawFileSystem.ReadTree(root);
        entries.Remove(MirrorMarker.FileName);
        // What a killed run leaves.
        entries.Remove(MirrorExclusions.LockFile);
        return entries;
    }

    private List<string> Others() => [.. Read().Keys.Where(path => path.Length > 0).Order(StringComparer.Ordinal)];

    private List<string> Files() => [.. Read().Where(item => item.Value.IsFile).Select(item => item.Key).Order(StringComparer.Ordinal)];

    private string NewPath()
    {
        // Not into the long ones, beneath which a key might become too long.
        List<string> folders = [.. Read().Where(item => item.Value.IsFolder && item.Key.Length < 2 * LongName).Select(item => item.Key)
            .Order(StringComparer.Ordinal)];
        while (true)
        {
            string folder = Any(folders);
            string path = (folder.Length == 0 ? "" : folder + "/") + Name();
            if (!Read().ContainsKey(path))
                return path;
        }
    }

    private string Name()
    {
        string name = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Any(Letters)));
        return MirrorTrees.Latin1(name is "." or ".." ? "dots" : name);
    }

    private string At(string path) => path.Length == 0 ? root : root + "/" + path;

    private T Any<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
}
