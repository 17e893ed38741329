using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Schedulers;

/// <summary>What of this session's environment a job needs when a scheduler starts it. Nothing secret: what is registered, others can read.</summary>
/// <param name="Shell">What PowerShell needs before it can start.</param>
/// <param name="Job">What the launcher sets for the job.</param>
/// <param name="Withheld">Variables that the job has here and will not have there, because their values may be secret.</param>
internal sealed record JobEnvironment(
    IReadOnlyList<KeyValuePair<string, string>> Shell,
    IReadOnlyList<KeyValuePair<string, string>> Job,
    IReadOnlyList<string> Withheld)
{
    // Where to look, never what to find there: AWS_ACCESS_KEY_ID and its kin, and proxies, which may hold a password, stay out.
    private static readonly string[] Names =
    [
        StateFolder.EnvironmentVariable, JobFolders.EnvironmentVariable, "XDG_CONFIG_HOME", "XDG_STATE_HOME", "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
        "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
        // The file's name; the token stays in it.
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ];

    // Addresses, which may hold a user and a password.
    private static readonly string[] AddressNames = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"];

    // What every cron and launchd has.
    private static readonly string[] SureFolders = ["/usr/bin", "/bin"];

    /// <summary>That of this session.</summary>
    /// <param name="program">The PowerShell that is registered.</param>
    public static JobEnvironment Current(string program) =>
        From(
            Environment.GetEnvironmentVariable,
            OperatingSystem.IsWindows() ? null : PowerShellProgram.RuntimeOf(program),
            program);

    /// <summary>That of a session.</summary>
    /// <param name="variable">Its variables.</param>
    /// <param name="runtime">The folder of the .NET that the program does not bring along; null: it needs none.</param>
    /// <param name="program">The PowerShell that is registered.</param>
    internal static JobEnvironment From(Func<string, string?> variable, string? runtime, string program)
    {
        KeyValuePair<string, string>[] addresses = [.. Set(AddressNames)];
        List<KeyValuePair<string, string>> job = [.. Set(Names), .. addresses.Where(address => IsPlainAddress(address.Value))];
        List<KeyValuePair<string, string>> shell = [];
        if (runtime is not null)
        {
            // A shell that is a .NET tool ends with code 131 where it does not find .NET; a script in its place may look for
            // 'dotnet', and a hook for 'pwsh'.
            shell.Add(KeyValuePair.Create("DOTNET_ROOT", runtime));
            shell.Add(KeyValuePair.Create("PATH", SearchPath([runtime, Path.GetDirectoryName(program)!, .. ProgramFolders()])));
        }
        else if (ProgramFolders() is { Length: > 0 } folders)
        {
            job.Add(KeyValuePair.Create("PATH", SearchPath(folders)));
        }

        return new JobEnvironment(
            shell, job, [.. addresses.Where(address => !IsPlainAddress(address.Value)).Select(address => address.Key)]);

        IEnumerable<KeyValuePair<string, string>> Set(IEnumerable<string> names) => names
            .Select(name => KeyValuePair.Create(name, variable(name)))
            .Where(pair => !string.IsNullOrEmpty(pair.Value))
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value!));
    }

    /// <summary>True for an address that holds no user, no password and nothing else that could be one.</summary>
    private static bool IsPlainAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http"
            && address is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 }
            && !text.Contains('@', StringComparison.Ordinal);

    /// <summary>
    /// The folders of rsync and ssh, only where those are not in a folder that every scheduler knows (Homebrew's on macOS).
    /// </summary>
    private static string[] ProgramFolders() => OperatingSystem.IsWindows()
        ? []
        : [.. ((string[])["rsync", "ssh"]).Select(ProgramFinder.Find).OfType<string>()
            .Select(path => Path.GetDirectoryName(path)!)
            .Where(folder => !SureFolders.Contains(folder)).Distinct()];

    /// <summary>A short PATH: cron takes no long commands, and the same job registered from another session should be the
    /// same.</summary>
    private static string SearchPath(IEnumerable<string> folders) =>
        string.Join(':', folders.Concat(["/usr/local/bin", .. SureFolders, "/usr/sbin", "/sbin"]).Distinct());
}
