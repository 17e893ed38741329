namespace RsyncS3Backup.Files;

/// <summary>How Windows wants to be told of a path. Pure.</summary>
internal static class WindowsPath
{
    private const string Verbatim = @"\\?\";
    private const string Device = @"\\.\";

    /// <summary>
    /// A path by which Windows takes each name for what it is: without it <c>aux.txt</c> and <c>con</c> are devices, and the dot at the end of
    /// <c>trail.</c> is dropped. Elsewhere the path itself. Source: "Naming Files, Paths, and Namespaces" of the Win32 documentation.
    /// </summary>
    /// <param name="path">An absolute path; one that is not, or has <c>.</c> or <c>..</c> in it, stays as it is.</param>
    public static string Exact(string path) => OperatingSystem.IsWindows() ? ToExact(path) : path;

    /// <summary>A path below a folder, with the separators of this system, as a message shows it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="relativePath">The path below it, with <c>/</c> between parts.</param>
    public static string Below(string folder, string relativePath) => Below(folder, relativePath, Path.DirectorySeparatorChar);

    /// <summary>As above, with the separators of a system.</summary>
    internal static string Below(string folder, string relativePath, char separator)
    {
        string below = separator == '/' ? relativePath : relativePath.Replace('/', separator);
        return folder.Length == 0 || folder[^1] == separator || folder[^1] == '/' ? folder + below : $"{folder}{separator}{below}";
    }

    /// <summary>As <see cref="Exact"/> on Windows.</summary>
    internal static string ToExact(string path)
    {
        string plain = path.Replace('/', '\\');
        // Of what is left to Windows to work out, nothing is taken away.
        bool isRelative = plain.Split('\\').Any(part => part is "." or "..");
        if (isRelative || plain.StartsWith(Verbatim, StringComparison.Ordinal) || plain.StartsWith(Device, StringComparison.Ordinal))
            return plain;
        if (IsShare(plain))
            return $@"{Verbatim}UNC\{WithoutEmptyParts(plain[2..])}";
        return plain is [_, ':', '\\', ..] ? Verbatim + plain[..3] + WithoutEmptyParts(plain[3..]) : plain;
    }

    /// <summary>True for a path on another machine, as <c>\\server\share</c> names it.</summary>
    internal static bool IsShare(string path) =>
        path.Replace('/', '\\') is var plain && plain.StartsWith(@"\\", StringComparison.Ordinal)
        && (plain.StartsWith(Verbatim + @"UNC\", StringComparison.OrdinalIgnoreCase)
            || (!plain.StartsWith(Verbatim, StringComparison.Ordinal) && !plain.StartsWith(Device, StringComparison.Ordinal)));

    // Windows looks for a name that is empty where nothing is done to a path.
    private static string WithoutEmptyParts(string path) =>
        path.Contains(@"\\", StringComparison.Ordinal) ? string.Join('\\', path.Split('\\', StringSplitOptions.RemoveEmptyEntries)) : path;
}
