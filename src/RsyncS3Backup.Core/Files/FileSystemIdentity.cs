using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace RsyncS3Backup.Files;

/// <summary>
/// Which file system a folder is on, told in a way that outlives a reboot. Device numbers do not: they are given out in the order in which
/// drives are found. So it is the UUID where udev lists it, the server and export of a network file system, or the id of statfs(2) where the
/// file system itself keeps that. Where there is none of these, only the type is compared.
/// </summary>
/// <param name="Type">The file system's type, e.g. <c>ext4</c>.</param>
/// <param name="Id">What tells it from others of its type, as <c>kind:value</c>; null where nothing stable is known.</param>
internal sealed partial record FileSystemIdentity(string Type, string? Id)
{
    private const string UuidFolder = "/dev/disk/by-uuid";

    // XFS, FAT and others derive it from the device number, which changes (statfs(2), "f_fsid").
    private static readonly string[] TypesWithStableId = ["ext2", "ext3", "ext4", "btrfs", "zfs", "f2fs", "tmpfs"];
    private static readonly string[] NetworkTypes = ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "glusterfs"];

    /// <summary>The file system of a folder that exists.</summary>
    public static FileSystemIdentity Of(string folder)
    {
        string real = RealPath.Of(folder);
        try
        {
            return OperatingSystem.IsLinux() ? OnLinux(real) : new FileSystemIdentity(new DriveInfo(real).DriveFormat, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new FileSystemIdentity("", null);
        }
    }

    /// <summary>True when both are known well enough to say that they are two.</summary>
    public bool IsOtherThan(FileSystemIdentity other) =>
        (Type.Length > 0 && other.Type.Length > 0 && Type != other.Type)
        || (Id is not null && other.Id is not null && Kind(Id) == Kind(other.Id) && Id != other.Id);

    /// <summary>For people.</summary>
    public override string ToString() => Id is null ? Type : $"{Type} {Id}";

    /// <summary>The line of /proc/self/mountinfo that holds a path. Pure.</summary>
    /// <returns>The device's numbers, the type and the source; null when no line does.</returns>
    internal static (string Device, string Type, string Source)? FindMount(IEnumerable<string> mountInfo, string realPath)
    {
        (string Device, string Type, string Source)? found = null;
        int longest = -1;
        foreach (string line in mountInfo)
        {
            // proc_pid_mountinfo(5): id parent major:minor root mount-point options [optional …] - type source super-options
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 6 || fields.Length < dash + 3)
                continue;
            string mountPoint = Unescape(fields[4]);
            // Of two on one folder the later one hides the other.
            if (mountPoint.Length >= longest && RealPath.IsInside(realPath, mountPoint))
            {
                longest = mountPoint.Length;
                found = (fields[2], fields[dash + 1], Unescape(fields[dash + 2]));
            }
        }

        return found;
    }

    [SupportedOSPlatform("linux")]
    private static FileSystemIdentity OnLinux(string real)
    {
        if (FindMount(File.ReadLines("/proc/self/mountinfo"), real) is not { } mount)
            return new FileSystemIdentity("", null);
        string? id = Uuid(mount.Source) is { } uuid ? "uuid:" + uuid
            : NetworkTypes.Contains(mount.Type) ? "source:" + mount.Source
            : TypesWithStableId.Contains(mount.Type) && StatfsId(real) is { } statfsId ? "fsid:" + statfsId
            : null;
        return new FileSystemIdentity(mount.Type, id);
    }

    private static string? Uuid(string source)
    {
        if (!Path.IsPathRooted(source) || !Directory.Exists(UuidFolder))
            return null;
        string device = RealPath.Of(source);
        return Directory.EnumerateFileSystemEntries(UuidFolder)
            .Where(link => RealPath.Of(link) == device)
            .Select(link => Path.GetFileName(link))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private static string? StatfsId(string path)
    {
        // struct statfs of every 64-bit Linux: seven words before f_fsid (statfs(2)). The call writes at most 120 bytes.
        const int word = 7;
        if (!Environment.Is64BitProcess)
            return null;
        Span<ulong> result = stackalloc ulong[32];
        if (Statfs(path, ref MemoryMarshal.GetReference(result)) != 0 || result[word] == 0)
            return null;
        return result[word].ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <summary>Undoes what the kernel does to a path in mountinfo: blanks, tabs, newlines and backslashes are written as three octal digits.</summary>
    internal static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
            return field;
        byte[] bytes = Encoding.UTF8.GetBytes(field);
        return Encoding.UTF8.GetString(UnescapeOctal(bytes));
    }

    private static byte[] UnescapeOctal(ReadOnlySpan<byte> bytes)
    {
        List<byte> plain = new(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            bool isEscape = bytes[i] == '\\' && i + 3 < bytes.Length;
            plain.Add(isEscape ? (byte)(((bytes[i + 1] - '0') << 6) | ((bytes[i + 2] - '0') << 3) | (bytes[i + 3] - '0')) : bytes[i]);
            i += isEscape ? 3 : 0;
        }

        return [.. plain];
    }

    private static string Kind(string id) => id[..id.IndexOf(':', StringComparison.Ordinal)];

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statfs(string path, ref ulong result);
}
