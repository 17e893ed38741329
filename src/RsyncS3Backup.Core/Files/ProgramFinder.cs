namespace RsyncS3Backup.Files;

/// <summary>Finds the programs that this module starts; there is no other way to them.</summary>
/// <remarks>
/// <c>Process.Start</c> looks for a bare name beside the running program, then in the current directory, and only then on the
/// PATH, also on Unix. The current directory is somebody else's, as is a folder that the PATH names relative to it: whoever
/// writes there would have root start what lies there under the name of <c>rsync</c> or <c>crontab</c>. So only folders that are
/// absolute are looked into, and every start is by an absolute path.
/// </remarks>
internal static class ProgramFinder
{
    // Where there is nothing absolute on the PATH: an empty PATH is the current directory to execvp(3).
    private const string LeastPath = "/usr/bin:/bin";

    /// <summary>A folder to start programs in that need none: only the system's owner writes there.</summary>
    public static string SafeFolder => OperatingSystem.IsWindows() ? Environment.SystemDirectory : "/";

    /// <summary>
    /// The PATH for programs that look for further ones, as rsync does for ssh: what is absolute of this process's.
    /// </summary>
    public static string SafePath =>
        string.Join(Path.PathSeparator, Folders(Environment.GetEnvironmentVariable("PATH"))) is { Length: > 0 } path ? path
        : OperatingSystem.IsWindows() ? Environment.SystemDirectory
        : LeastPath;

    /// <summary>A program by its path, or by its name the first on the PATH.</summary>
    /// <param name="program">A name; or a path, which whoever wrote it has chosen and which is taken as it is.</param>
    /// <returns>The absolute path; null when there is none.</returns>
    public static string? Find(string program) => Find(program, Environment.GetEnvironmentVariable("PATH"));

    /// <summary>A program by its path, or by its name the first on a PATH.</summary>
    internal static string? Find(string program, string? path)
    {
        if (IsPath(program))
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        string name = FileName(program);
        return Folders(path).Select(folder => Path.GetFullPath(Path.Combine(folder, name))).FirstOrDefault(IsProgram);
    }

    /// <summary>A program that is part of the system: on Windows only from the system's own folder, which the PATH need not name
    /// first.</summary>
    /// <param name="program">A name; or a path, which is taken as it is.</param>
    /// <returns>The absolute path; null when there is none.</returns>
    public static string? FindOfSystem(string program)
    {
        if (!OperatingSystem.IsWindows() || IsPath(program))
            return Find(program);
        string path = Path.Combine(Environment.SystemDirectory, FileName(program));
        return File.Exists(path) ? path : null;
    }

    /// <summary>The folders of a PATH that do not depend on the current directory. An empty entry is the current directory
    /// itself.</summary>
    internal static IEnumerable<string> Folders(string? path) =>
        (path ?? "").Split(Path.PathSeparator).Select(Unquoted).Where(Path.IsPathFullyQualified);

    // Windows takes quotation marks around an entry.
    private static string Unquoted(string folder) => OperatingSystem.IsWindows() ? folder.Trim('"') : folder;

    // On Windows 'C:rsync.exe' is a file in the current directory of that drive.
    private static bool IsPath(string program) =>
        program.Contains('/', StringComparison.Ordinal) || program.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || (OperatingSystem.IsWindows() && program.Contains(':', StringComparison.Ordinal));

    private static string FileName(string program) =>
        OperatingSystem.IsWindows() && !Path.HasExtension(program) ? program + ".exe" : program;

    private static bool IsProgram(string path)
    {
        const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & anyExecute) != 0);
    }
}
