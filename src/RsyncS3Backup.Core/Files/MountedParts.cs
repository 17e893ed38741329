namespace RsyncS3Backup.Files;

/// <summary>
/// A folder as a part of a file system. The same folder can be seen at two places (bind mounts, a drive that is mounted twice), where neither
/// paths nor links tell that the two are one. Linux only.
/// </summary>
/// <param name="Device">The file system's numbers.</param>
/// <param name="Path">The folder in that file system, from its root.</param>
internal readonly record struct MountedPart(string Device, string Path)
{
    /// <summary>True when it is that folder or lies in it.</summary>
    public bool IsInside(MountedPart other) => Device == other.Device && RealPath.IsInside(Path, other.Path);
}

/// <summary>Finds overlaps that paths do not show.</summary>
internal static class MountedParts
{
    /// <summary>How two folders overlap, whose paths do not; null when they do not, or when the system does not say.</summary>
    /// <param name="realSource">The source, links followed.</param>
    /// <param name="realDestination">The destination, links followed.</param>
    public static string? Overlap(string realSource, string realDestination)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            return Overlap(File.ReadAllLines(MountLine.File), realSource, realDestination);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>As above, from the lines of <c>/proc/self/mountinfo</c>. Pure.</summary>
    internal static string? Overlap(IReadOnlyList<string> mountInfo, string realSource, string realDestination)
    {
        List<MountedPart> source = Of(mountInfo, realSource);
        List<MountedPart> destination = Of(mountInfo, realDestination);
        return source.Count == 0 || destination.Count == 0 ? null
            : source[0] == destination[0] ? "they are the same folder, which is mounted at two places"
            : source.Any(part => destination[0].IsInside(part)) ? "the destination is inside the source, part of which is mounted at two places"
            : destination.Any(part => source[0].IsInside(part)) ? "the source is inside the destination, part of which is mounted at two places"
            : null;
    }

    /// <summary>What a folder shows: itself, and what is mounted below it; empty when it is on nothing that is listed.</summary>
    private static List<MountedPart> Of(IReadOnlyList<string> mountInfo, string realFolder)
    {
        IReadOnlyCollection<MountLine> mounts = MountLine.Read(mountInfo);
        if (MountLine.Holding(mounts, realFolder) is not { } holder)
            return [];
        MountedPart whole = new(holder.Device, holder.Root);
        string below = Path.GetRelativePath(holder.Path, realFolder);
        MountedPart own = below == "." ? whole : whole with { Path = Path.Combine(whole.Path, below) };
        return
        [
            own,
            .. mounts.Where(mount => mount.Path != realFolder && RealPath.IsInside(mount.Path, realFolder))
                .Select(mount => new MountedPart(mount.Device, mount.Root)),
        ];
    }
}
