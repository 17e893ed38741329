namespace RsyncS3Backup.Files;

/// <summary>A folder where a file system is mounted.</summary>
/// <param name="Path">The folder, links followed.</param>
/// <param name="FileSystem">What is mounted there.</param>
internal sealed record MountPoint(string Path, FileSystemIdentity FileSystem);

/// <summary>Says where file systems are mounted.</summary>
internal static class MountPoints
{
    // What the kernel shows of itself, what waits for a mount, and what containers and desktops mount for a moment: none of it is data that
    // somebody misses when it is gone.
    private static readonly string[] Passing =
    [
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse",
        "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "squashfs",
        "sysfs", "tracefs",
    ];

    /// <summary>The mount points at a folder and below it that hold data, in ordinal order; none where the system does not say.</summary>
    /// <param name="folder">A folder; links are followed.</param>
    public static IReadOnlyList<MountPoint> In(string folder)
    {
        string real = RealPath.Of(folder);
        try
        {
            IEnumerable<string> paths = OperatingSystem.IsLinux()
                ? In(File.ReadLines("/proc/self/mountinfo"), real)
                : DriveInfo.GetDrives()
                    .Select(drive => Path.TrimEndingDirectorySeparator(drive.RootDirectory.FullName))
                    .Where(path => RealPath.IsInside(path, real));
            return [.. paths.Order(StringComparer.Ordinal).Select(path => new MountPoint(path, FileSystemIdentity.Of(path)))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The mount point at a folder or above it that holds it; null where the system does not say.</summary>
    /// <param name="realFolder">The folder, links followed.</param>
    public static string? Holding(string realFolder)
    {
        try
        {
            IEnumerable<string> all = OperatingSystem.IsLinux()
                ? Types(File.ReadLines("/proc/self/mountinfo")).Keys
                : DriveInfo.GetDrives().Select(drive => Path.TrimEndingDirectorySeparator(drive.RootDirectory.FullName));
            return all.Where(path => RealPath.IsInside(realFolder, path)).MaxBy(path => path.Length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>As above, from the lines of <c>/proc/self/mountinfo</c>. Pure.</summary>
    internal static IEnumerable<string> In(IEnumerable<string> mountInfo, string realFolder) => Types(mountInfo)
        .Where(mount => RealPath.IsInside(mount.Key, realFolder) && !Passing.Contains(mount.Value))
        .Select(mount => mount.Key);

    private static Dictionary<string, string> Types(IEnumerable<string> mountInfo)
    {
        // Of several mounts on one folder, the last one hides the others.
        Dictionary<string, string> types = new(StringComparer.Ordinal);
        foreach (string line in mountInfo)
        {
            // proc_pid_mountinfo(5): id parent major:minor root mount-point options [optional …] - type source super-options
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash >= 6 && fields.Length > dash + 1)
                types[FileSystemIdentity.Unescape(fields[4])] = fields[dash + 1];
        }

        return types;
    }
}
