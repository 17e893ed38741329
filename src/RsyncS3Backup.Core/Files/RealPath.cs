namespace RsyncS3Backup.Files;

/// <summary>Where a path really leads.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>How names are compared where this runs; Windows and macOS ignore case unless told otherwise.</summary>
    public static StringComparison Comparison { get; } =
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <summary>The absolute path with every symbolic link followed. What does not exist is taken as it is.</summary>
    /// <exception cref="IOException">The links go in circles.</exception>
    public static string Of(string path) => Of(path, _ => { });

    /// <summary>
    /// The first link on the way to a path that neither this user nor root made, so that somebody else says where the path leads; null for none, and
    /// on Windows.
    /// </summary>
    /// <exception cref="IOException">The links go in circles.</exception>
    public static string? ForeignLink(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;
        string? foreign = null;
        Of(path, link =>
        {
            if (foreign is null && FileAttributesReader.TryRead(link) is { } found && found.UserId != 0 && found.UserId != UnixCalls.User)
                foreign = link;
        });
        return foreign;
    }

    private static string Of(string path, Action<string> onLink)
    {
        string full = Path.GetFullPath(path);
        string real = Path.GetPathRoot(full)!;
        Stack<string> remaining = new(Enumerable.Reverse(Parts(full)));
        int links = 0;
        while (remaining.TryPop(out string? part))
        {
            string candidate = Path.GetFullPath(Path.Combine(real, part));
            if (new DirectoryInfo(candidate).LinkTarget is not { } target || IsMountedVolume(target))
            {
                real = candidate;
                continue;
            }

            onLink(candidate);
            if (++links > MostLinks)
                throw new IOException($"'{path}' has symbolic links that go in circles.");
            // Parts of a link's target may be links themselves, and ".." in it counts from where the link really is.
            if (Path.IsPathRooted(target))
                real = Path.GetPathRoot(target)!;
            foreach (string targetPart in Enumerable.Reverse(Parts(target)))
                remaining.Push(targetPart);
        }

        return real;
    }

    /// <summary>
    /// True for what .NET calls the target of a folder in which Windows has mounted a volume: no path, but the volume's name. The folder is where it is.
    /// Pure.
    /// </summary>
    internal static bool IsMountedVolume(string target) =>
        OperatingSystem.IsWindows() && IsVolumeName(target);

    /// <summary>As above, on any system.</summary>
    internal static bool IsVolumeName(string target) =>
        target.TrimStart('\\', '?').StartsWith("Volume{", StringComparison.OrdinalIgnoreCase) && target.TrimEnd('\\').EndsWith('}');

    /// <summary>True when <paramref name="path"/> is <paramref name="folder"/> or lies in it. Both real.</summary>
    public static bool IsInside(string path, string folder)
    {
        if (path.Equals(folder, Comparison))
            return true;
        string prefix = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        return path.StartsWith(prefix, Comparison);
    }

    private static string[] Parts(string path) => path[Path.GetPathRoot(path)!.Length..]
        .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
}
