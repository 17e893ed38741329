using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// Mirrors of other jobs that lie in a mirror, or around it. To rsync one that lies in another is something that no source has, and so
/// something to delete.
/// </summary>
internal static class NestedMirrors
{
    private static readonly EnumerationOptions Folders = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    /// <summary>
    /// The mirrors of other jobs in a mirror, as far as this user's jobs and the mirror's own top folders tell, by their paths below it in
    /// ordinal order.
    /// </summary>
    /// <param name="mirror">The mirror's root folder.</param>
    public static IReadOnlyList<string> Below(string mirror) => Below(mirror, StateFolder.Root());

    /// <summary>As above.</summary>
    /// <param name="mirror">The mirror's root folder.</param>
    /// <param name="stateRoot">The folder with a folder for the state of each job.</param>
    internal static IReadOnlyList<string> Below(string mirror, string stateRoot)
    {
        if (!Directory.Exists(mirror))
            return [];
        string root = RealPath.Of(mirror);
        IEnumerable<string> tops = Directory.EnumerateDirectories(root, "*", Folders);
        return
        [
            .. KnownMirrors(stateRoot).Concat(tops)
                .Where(folder => folder != root && RealPath.IsInside(folder, root) && IsMirror(folder))
                .Select(folder => Path.GetRelativePath(root, folder).Replace(Path.DirectorySeparatorChar, '/'))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The nearest folder above a mirror that is a mirror itself, and its job; null when there is none.</summary>
    /// <param name="mirror">The mirror's root folder, or where it will be.</param>
    public static (string Folder, string Job)? Above(string mirror)
    {
        for (string? folder = Path.GetDirectoryName(RealPath.Of(mirror)); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Marker(folder) is { } marker && marker.Path == folder)
                return (folder, marker.Job);
        }

        return null;
    }

    /// <summary>True for a folder that is the root of a mirror, and not a copy of one.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsMirror(string folder) => Marker(folder)?.Path is { } path && path == RealPath.Of(folder);

    private static MirrorMarker? Marker(string folder)
    {
        try
        {
            return MirrorMarker.Read(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    // What each job with a state folder remembers of its own mirror.
    private static IEnumerable<string> KnownMirrors(string stateRoot)
    {
        if (!Directory.Exists(stateRoot))
            yield break;
        foreach (string folder in Directory.EnumerateDirectories(stateRoot, "*", Folders))
        {
            if (MirrorMemory.PathIn(folder) is { } path)
                yield return RealPath.Of(path);
        }
    }
}
