namespace RsyncS3Backup.Configuration;

/// <summary>Paths in a configuration, as text. Links are not followed here; the run compares the real paths again.</summary>
internal static class ConfigurationPaths
{
    /// <summary>How this system compares names. macOS' file systems ignore case unless somebody chose otherwise.</summary>
    public static StringComparer NameComparer { get; } =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    private static StringComparison NameComparison =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    /// <summary>The path with a leading <c>~/</c> (on Windows also <c>~\</c>) replaced by the home folder and without separators at its end; one on another machine as it is.</summary>
    public static string Expand(string path)
    {
        if (RemotePath.IsRemote(path))
            return path;
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string expanded = path == "~" ? home
            : IsBelowHome(path, Path.DirectorySeparatorChar) ? Path.Join(home, path[2..])
            : path;
        string previous;
        do
        {
            // One call takes one separator away, and none from a root.
            previous = expanded;
            expanded = Path.TrimEndingDirectorySeparator(previous);
        }
        while (expanded != previous);
        return expanded;
    }

    /// <summary>True for a path that begins in the home folder. Pure.</summary>
    /// <param name="path">The path.</param>
    /// <param name="separator">The system's separator; a slash is one everywhere.</param>
    internal static bool IsBelowHome(string path, char separator) => path is ['~', var next, ..] && (next == '/' || next == separator);

    /// <summary>The last part of a path, here or on another machine; empty for a root.</summary>
    public static string LastPart(string path) =>
        RemotePath.IsRemote(path) ? RemotePath.TryRead(path, out RemotePath? remote) is null ? remote!.LastPart : ""
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    /// <summary>True when both paths name one folder, as text.</summary>
    public static bool AreSame(string left, string right) =>
        string.Equals(WithSeparator(left), WithSeparator(right), NameComparison);

    /// <summary>True when <paramref name="path"/> is below <paramref name="folder"/>, as text.</summary>
    public static bool IsInside(string path, string folder) =>
        !AreSame(path, folder) && WithSeparator(path).StartsWith(WithSeparator(folder), NameComparison);

    private static string WithSeparator(string path)
    {
        string full = Path.GetFullPath(path);
        return Path.EndsInDirectorySeparator(full) ? full : full + Path.DirectorySeparatorChar;
    }
}
