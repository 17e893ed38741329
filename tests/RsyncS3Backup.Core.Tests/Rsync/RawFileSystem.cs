using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What one entry is. Names and targets are Latin-1 of their bytes, so that no byte is lost.</summary>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Modified">Nanoseconds since 1970.</param>
/// <param name="Size">Bytes of a file; 0 for all else.</param>
/// <param name="Content">A hash of a file's content, or a link's target.</param>
/// <param name="Inode">The same for all names of one file.</param>
/// <param name="Links">How many names it has.</param>
internal sealed record RawEntry(uint Mode, long Modified, long Size, string Content, ulong Inode, uint Links)
{
    public uint Owner { get; init; }

    public uint Group { get; init; }

    public uint Type => Mode & 0xF000;

    public bool IsFile => Type == 0x8000;

    public bool IsFolder => Type == 0x4000;

    public bool IsLink => Type == 0xA000;

    /// <summary>All but which other names it has.</summary>
    public (uint, long, long, string) Looks => (Mode, Modified, Size, Content);
}

/// <summary>The file system without .NET's idea of names: a path is Latin-1 of its bytes. Linux only.</summary>
internal static unsafe partial class RawFileSystem
{
    private const int CurrentFolder = -100;
    private const int DoNotFollow = 0x100;

    public static void MakeFile(string path, byte[] content)
    {
        const int writeCreateTruncate = 1 | 0x40 | 0x200;
        int file = Check(open(Bytes(path), writeCreateTruncate, 0x180), path);
        fixed (byte* first = content)
            Check((int)write(file, first, content.Length), path);
        Check(close(file), path);
    }

    public static void MakeFolder(string path) => Check(mkdir(Bytes(path), 0x1ED), path);

    public static void MakeLink(string path, string target) => Check(symlink(Bytes(target), Bytes(path)), path);

    public static void MakeHardLink(string path, string other) => Check(link(Bytes(other), Bytes(path)), path);

    public static void MakeFifo(string path) => Check(mknod(Bytes(path), 0x1000 | 0x1A4, 0), path);

    public static void MakeSocket(string path) => Check(mknod(Bytes(path), 0xC000 | 0x1ED, 0), path);

    public static void SetMode(string path, uint mode) => Check(chmod(Bytes(path), mode), path);

    public static void SetOwner(string path, uint owner, uint group) => Check(lchown(Bytes(path), owner, group), path);

    public static void Rename(string path, string to) => Check(rename(Bytes(path), Bytes(to)), path);

    public static void SetModified(string path, long seconds, long nanoseconds)
    {
        long[] times = [seconds, nanoseconds, seconds, nanoseconds];
        Check(utimensat(CurrentFolder, Bytes(path), times, DoNotFollow), path);
    }

    public static void Remove(string path)
    {
        if (Read(path).IsFolder)
        {
            foreach (string name in Names(path))
                Remove(path + "/" + name);
            Check(rmdir(Bytes(path)), path);
        }
        else
        {
            Check(unlink(Bytes(path)), path);
        }
    }

    /// <summary>Everything below a folder and the folder itself, whose name is empty.</summary>
    public static Dictionary<string, RawEntry> ReadTree(string root)
    {
        Dictionary<string, RawEntry> entries = [];
        Statx unused;
        if (statx(CurrentFolder, Bytes(root), DoNotFollow, 0, &unused) == 0)
            Add("");
        return entries;

        void Add(string relative)
        {
            string path = relative.Length == 0 ? root : root + "/" + relative;
            RawEntry entry = entries[relative] = Read(path);
            if (!entry.IsFolder)
                return;
            foreach (string name in Names(path))
                Add(relative.Length == 0 ? name : relative + "/" + name);
        }
    }

    private static RawEntry Read(string path)
    {
        Statx result;
        Check(statx(CurrentFolder, Bytes(path), DoNotFollow, 0x7FF, &result), path);
        uint type = result.Mode & 0xF000u;
        string content = type switch
        {
            0x8000 => Hash(path),
            0xA000 => Target(path),
            _ => "",
        };
        long modified = (result.ModifiedSeconds * 1_000_000_000) + result.ModifiedNanoseconds;
        return new RawEntry(result.Mode, modified, type == 0x8000 ? (long)result.Size : 0, content, result.Inode, type == 0x8000 ? result.Links : 1)
        {
            Owner = result.Owner,
            Group = result.Group,
        };
    }

    private static string Hash(string path)
    {
        int file = Check(open(Bytes(path), 0, 0), path);
        byte[] content = new byte[4096];
        int count;
        fixed (byte* first = content)
            count = (int)read(file, first, content.Length);
        Check(close(file), path);
        return Convert.ToHexString(SHA256.HashData(content.AsSpan(0, Check(count, path))));
    }

    private static string Target(string path)
    {
        byte[] target = new byte[4096];
        fixed (byte* first = target)
            return Encoding.Latin1.GetString(target, 0, Check((int)readlink(Bytes(path), first, target.Length), path));
    }

    private static List<string> Names(string path)
    {
        // struct dirent of a 64-bit glibc: the name is at 19.
        const int nameOffset = 19;
        List<string> names = [];
        nint folder = opendir(Bytes(path));
        if (folder == 0)
            throw new IOException($"opendir '{path}'");
        for (byte* entry = readdir(folder); entry is not null; entry = readdir(folder))
        {
            string name = Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + nameOffset));
            if (name is not ("." or ".."))
                names.Add(name);
        }

        _ = closedir(folder);
        return names;
    }

    /// <summary>Opens each descriptor that this process has of a folder a second time, as fork(2) does, and leaves it open.</summary>
    public static void DuplicateOpenFolder(string path)
    {
        foreach (string descriptor in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (new FileInfo(descriptor).LinkTarget == path)
                _ = Check(dup(int.Parse(Path.GetFileName(descriptor), CultureInfo.InvariantCulture)), path);
        }
    }

    private static byte[] Bytes(string path) => Encoding.Latin1.GetBytes(path + "\0");

    private static int Check(int outcome, string path) =>
        outcome >= 0 ? outcome : throw new IOException($"'{path}': {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte[] path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int file, byte* content, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int file, byte* content, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdir(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rmdir(byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlink(byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int symlink(byte[] target, byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int link(byte[] other, byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rename(byte[] path, byte[] to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mknod(byte[] path, uint mode, ulong device);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int chmod(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int lchown(byte[] path, uint owner, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int utimensat(int folder, byte[] path, long[] times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlink(byte[] path, byte* target, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint opendir(byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* readdir(nint folder);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int closedir(nint folder);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int folder, byte[] path, int flags, uint mask, Statx* result);

    // struct statx has one layout on every architecture: statx(2), linux/stat.h.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(24)] public uint Group;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
    }
}
