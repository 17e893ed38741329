using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Scheduling.Native;

/// <summary>What of this session's environment a job needs when a scheduler starts it. Nothing secret: what is registered, others can read.</summary>
internal static class JobEnvironment
{
    // Where to look, never what to find there: AWS_ACCESS_KEY_ID and its kin, and proxies, which may hold a password, stay out.
    private static readonly string[] Names =
    [
        StateFolder.EnvironmentVariable, JobFolders.EnvironmentVariable, "XDG_CONFIG_HOME", "XDG_STATE_HOME", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
    ];

    // What every cron and launchd has.
    private static readonly string[] SureFolders = ["/usr/bin", "/bin"];

    /// <summary>The variables, by name.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Current()
    {
        List<KeyValuePair<string, string>> variables =
        [
            .. Names.Select(name => KeyValuePair.Create(name, Environment.GetEnvironmentVariable(name)))
                .Where(pair => !string.IsNullOrEmpty(pair.Value))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value!)),
        ];
        if (ProgramFolders() is { } path)
            variables.Add(KeyValuePair.Create("PATH", path));
        return variables;
    }

    /// <summary>
    /// The PATH, only where rsync or ssh is not in a folder that every scheduler knows (Homebrew's on macOS), and then short: cron takes no long
    /// commands, and the same job registered from another session should be the same.
    /// </summary>
    private static string? ProgramFolders()
    {
        if (OperatingSystem.IsWindows())
            return null;
        string[] folders =
        [
            .. ((string[])["rsync", "ssh"]).Select(ProgramFinder.Find).OfType<string>().Select(path => Path.GetDirectoryName(path)!)
                .Where(folder => !SureFolders.Contains(folder)).Distinct(),
        ];
        return folders.Length == 0 ? null : string.Join(':', [.. folders, "/usr/local/bin", .. SureFolders, "/usr/sbin", "/sbin"]);
    }
}
