using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Jobs;

/// <summary>A folder whose files are jobs that are known by name.</summary>
/// <param name="Path">Absolute; it need not exist.</param>
/// <param name="Scope">Whose it is.</param>
internal sealed record JobFolder(string Path, BackupJobScope Scope);

/// <summary>
/// Where jobs lie that are known by name. <c>RSYNCS3BACKUP_JOBS</c> replaces all of these folders by its own, separated as in PATH.
/// </summary>
/// <remarks>
/// Jobs are written by people, so they are where people keep such files: on macOS where PowerShell keeps its own profile, and not in
/// ~/Library, which its file manager hides. The state folder cannot hold them: there each folder is named after a job.
/// </remarks>
internal static class JobFolders
{
    /// <summary>The environment variable that replaces the folders.</summary>
    public const string EnvironmentVariable = "RSYNCS3BACKUP_JOBS";

    /// <summary>The folders; a job of an earlier one comes before one of the same name in a later one.</summary>
    public static IReadOnlyList<JobFolder> Current() => From(Environment.GetEnvironmentVariable);

    /// <summary>The folders in an environment.</summary>
    /// <param name="variable">The value of an environment variable; null or empty when it is not set.</param>
    internal static IReadOnlyList<JobFolder> From(Func<string, string?> variable)
    {
        JobFolder system = new(SystemFolder(), BackupJobScope.System);
        if (variable(EnvironmentVariable) is not { Length: > 0 } list)
            return [new JobFolder(UserFolder(variable), BackupJobScope.User), system];
        return
        [
            .. list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(ConfigurationPaths.Expand(folder))))
                .Distinct(ConfigurationPaths.NameComparer)
                .Select(folder => ConfigurationPaths.AreSame(folder, system.Path) ? system : new JobFolder(folder, BackupJobScope.User)),
        ];
    }

    /// <summary>Makes a job folder that only its user may write, where there is none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static string UserFolder(Func<string, string?> variable)
    {
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "RsyncS3Backup", "Jobs");
        string? configurationHome = variable("XDG_CONFIG_HOME");
        // The XDG specification says that a relative path there is invalid and must be ignored.
        string parent = Path.IsPathRooted(configurationHome)
            ? configurationHome
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        return Path.Combine(parent, "rsyncs3backup", "jobs");
    }

    private static string SystemFolder()
    {
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "RsyncS3Backup", "Jobs");
        return OperatingSystem.IsMacOS() ? "/Library/Application Support/RsyncS3Backup/Jobs" : "/etc/rsyncs3backup/jobs";
    }
}
