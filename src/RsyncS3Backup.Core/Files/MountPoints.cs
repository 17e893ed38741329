namespace RsyncS3Backup.Files;

/// <summary>A folder where a file system is mounted.</summary>
/// <param name="Path">The folder, links followed.</param>
/// <param name="FileSystem">What is mounted there.</param>
internal sealed record MountPoint(string Path, FileSystemIdentity FileSystem);

/// <summary>Says where file systems are mounted.</summary>
internal static class MountPoints
{
    private const string Automounter = "autofs";

    // What the kernel shows of itself, what waits for a mount, and what containers and desktops mount for a moment: none of it is data that
    // somebody misses when it is gone.
    private static readonly string[] Passing =
    [
        Automounter, "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse",
        "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "squashfs",
        "sysfs", "tracefs",
    ];

    /// <summary>The mount points at a folder and below it that hold data, in ordinal order; none where the system does not say.</summary>
    /// <param name="folder">A folder; links are followed.</param>
    public static IReadOnlyList<MountPoint> In(string folder)
    {
        string real = RealPath.Of(folder);
        return OfPaths(In(Read(), real));
    }

    /// <summary>
    /// Those of them that an automounter mounts when somebody looks into their folder, and unmounts again when nobody does for a while.
    /// </summary>
    /// <param name="folder">A folder; links are followed.</param>
    public static IReadOnlyList<MountPoint> Automounted(string folder)
    {
        string real = RealPath.Of(folder);
        return OfPaths(Automounted(ReadAll(), real));
    }

    /// <summary>The mount point at a folder or above it that holds it; null where the system does not say.</summary>
    /// <param name="realFolder">The folder, links followed.</param>
    public static string? Holding(string realFolder) => MountLine.Holding(Read(), realFolder)?.Path;

    /// <summary>Those at a folder and below it that hold data. Pure.</summary>
    internal static IEnumerable<string> In(IEnumerable<MountLine> mounts, string realFolder) => mounts
        .Where(mount => RealPath.IsInside(mount.Path, realFolder) && !Passing.Contains(mount.Type))
        .Select(mount => mount.Path);

    /// <summary>As above, of those that an automounter mounts. Pure.</summary>
    internal static IEnumerable<string> Automounted(IReadOnlyList<MountLine> mounts, string realFolder) => In(mounts, realFolder)
        .Distinct(StringComparer.Ordinal)
        .Where(path => mounts.Any(mount => mount.Type == Automounter && RealPath.IsInside(path, mount.Path)));

    private static MountPoint[] OfPaths(IEnumerable<string> paths) =>
        [.. paths.Order(StringComparer.Ordinal).Select(path => new MountPoint(path, FileSystemIdentity.Of(path)))];

    private static IReadOnlyCollection<MountLine> Read() => MountLine.Visible(ReadAll());

    private static MountLine[] ReadAll()
    {
        try
        {
            return OperatingSystem.IsLinux()
                ? [.. MountLine.ReadAll(File.ReadLines(MountLine.File))]
                : [.. DriveInfo.GetDrives().Select(drive =>
                    new MountLine("", "", Path.TrimEndingDirectorySeparator(drive.RootDirectory.FullName), "", ""))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
