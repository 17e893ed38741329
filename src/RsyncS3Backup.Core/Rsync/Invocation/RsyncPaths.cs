namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>How an rsync names the paths of this machine. All but the first run on Windows.</summary>
internal enum RsyncPathStyle
{
    /// <summary>As the system does.</summary>
    Native,

    /// <summary>cwRsync and Cygwin: <c>/cygdrive/c/x</c>.</summary>
    Cygwin,

    /// <summary>MSYS2 and Git for Windows: <c>/c/x</c>.</summary>
    Msys,

    /// <summary>An rsync inside WSL: <c>/mnt/c/x</c>.</summary>
    Wsl,
}

/// <summary>Writes Windows' paths as the rsync at hand reads them; to rsync <c>C:\x</c> is a folder on a host named C. Pure.</summary>
internal static class RsyncPaths
{
    /// <summary>The style of a program on Windows, by its place.</summary>
    /// <param name="program">Its absolute path.</param>
    public static RsyncPathStyle StyleOf(string program)
    {
        string path = program.Replace('\\', '/');
        string name = path[(path.LastIndexOf('/') + 1)..];
        // wsl.exe and a link or a wrapper that is named after it start what is inside WSL.
        if (name.StartsWith("wsl", StringComparison.OrdinalIgnoreCase))
            return RsyncPathStyle.Wsl;
        return path.Contains("msys", StringComparison.OrdinalIgnoreCase) || path.Contains("/Git/usr/bin/", StringComparison.OrdinalIgnoreCase)
            ? RsyncPathStyle.Msys
            : RsyncPathStyle.Cygwin;
    }

    /// <summary>An absolute Windows path in a style; any other path, and every path in the native style, as it is.</summary>
    public static string Translate(string path, RsyncPathStyle style)
    {
        if (style == RsyncPathStyle.Native)
            return path;
        string plain = WithoutDevicePrefix(path);
        if (plain.Length >= 3 && char.IsAsciiLetter(plain[0]) && plain[1] == ':' && plain[2] is '\\' or '/')
            return $"{Root(style)}/{char.ToLowerInvariant(plain[0])}{plain[2..].Replace('\\', '/')}";
        return plain.StartsWith(@"\\", StringComparison.Ordinal) ? plain.Replace('\\', '/') : path;
    }

    // \\?\C:\x and \\?\UNC\server\share are the long forms of C:\x and \\server\share.
    private static string WithoutDevicePrefix(string path)
    {
        const string unc = @"\\?\UNC\";
        const string device = @"\\?\";
        return path.StartsWith(unc, StringComparison.OrdinalIgnoreCase) ? @"\\" + path[unc.Length..]
            : path.StartsWith(device, StringComparison.Ordinal) ? path[device.Length..]
            : path;
    }

    private static string Root(RsyncPathStyle style) => style switch
    {
        RsyncPathStyle.Cygwin => "/cygdrive",
        RsyncPathStyle.Wsl => "/mnt",
        _ => "",
    };
}
