using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

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

    /// <summary>What tells a file system from others of its type; null where nothing stable does. Pure.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="source">What was mounted.</param>
    /// <param name="uuid">Its UUID; null where the system does not know one.</param>
    /// <param name="statfsId">Gives the id that statfs(2) tells, where it tells one.</param>
    internal static string? StableId(string type, string source, string? uuid, Func<string?> statfsId) =>
        uuid is not null ? "uuid:" + uuid
        : NetworkTypes.Contains(type) ? "source:" + source
        : TypesWithStableId.Contains(type) && statfsId() is { } id ? "fsid:" + id
        : null;

    /// <summary>The UUID of a device; null where there is none.</summary>
    /// <param name="source">What was mounted.</param>
    /// <param name="uuidFolder">The folder with a link to each device by its UUID.</param>
    internal static string? Uuid(string source, string uuidFolder)
    {
        if (!Path.IsPathRooted(source) || !Directory.Exists(uuidFolder))
            return null;
        string device = RealPath.Of(source);
        return Directory.EnumerateFileSystemEntries(uuidFolder)
            .Where(link => RealPath.Of(link) == device)
            .Select(link => Path.GetFileName(link))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
    }

    [SupportedOSPlatform("linux")]
    private static FileSystemIdentity OnLinux(string real) =>
        MountLine.Holding(MountLine.Read(File.ReadLines(MountLine.File)), real) is { } mount
            ? new FileSystemIdentity(mount.Type, StableId(mount.Type, mount.Source, Uuid(mount.Source, UuidFolder), () => StatfsId(real)))
            : new FileSystemIdentity("", null);

    private static string? StatfsId(string path)
    {
        // struct statfs of every 64-bit Linux: seven words before f_fsid (statfs(2)). The call writes at most 120 bytes.
        const int word = 7;
        if (!Environment.Is64BitProcess)
            return null;
        Span<ulong> result = stackalloc ulong[32];
        return Statfs(path, ref MemoryMarshal.GetReference(result)) == 0 ? StatfsId(result[word]) : null;
    }

    /// <summary>An id as text; null for zero, which is none. Pure.</summary>
    internal static string? StatfsId(ulong id) => id == 0 ? null : id.ToString("x16", CultureInfo.InvariantCulture);

    private static string Kind(string id) => id[..id.IndexOf(':', StringComparison.Ordinal)];

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statfs(string path, ref ulong result);
}
