using System.Collections;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>What rsync's environment must have and must not have, so that every run means the same.</summary>
internal static class RsyncEnvironment
{
    private static readonly string[] SecretsOfAws =
    [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    ];

    /// <summary>The variables to set, and, with null, to remove.</summary>
    /// <param name="program">The rsync that is started, by its absolute path.</param>
    public static IReadOnlyDictionary<string, string?> Changes(string program)
    {
        Dictionary<string, string?> changes = new(StringComparer.Ordinal);
        // RSYNC_PARTIAL_DIR, RSYNC_ICONV, RSYNC_OLD_ARGS and others change what the same arguments do (rsync(1), "ENVIRONMENT VARIABLES").
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && name.StartsWith("RSYNC_", StringComparison.OrdinalIgnoreCase))
                changes[name] = null;
        }

        // Neither rsync nor what it starts, such as ssh and what that runs, has a use for the keys of the bucket; a profile's name may stay.
        foreach (string secret in SecretsOfAws)
            changes[secret] = null;

        // Without a password rsync would ask at the terminal for a daemon's; a wrong one, such as none, is refused. One that is set is used.
        const string password = "RSYNC_PASSWORD";
        changes[password] = Environment.GetEnvironmentVariable(password) ?? "";

        // Messages in English and bytes as they are.
        changes["LC_ALL"] = "C";
        changes["LANGUAGE"] = null;

        // It looks for ssh there.
        changes["PATH"] = SearchPath(ProgramFinder.SafePath, OperatingSystem.IsWindows() ? program : null);
        return changes;
    }

    /// <summary>The PATH of rsync. Pure.</summary>
    /// <param name="safe">The absolute folders of this process's.</param>
    /// <param name="first">
    /// The rsync whose folder comes before all others; null for none. An rsync of Cygwin or MSYS2 can only talk through an ssh of the same kind, which lies
    /// beside it, and not through the one of Windows.
    /// </param>
    internal static string SearchPath(string safe, string? first) => first is null ? safe : $"{FolderOf(first)};{safe}";

    private static string FolderOf(string program) => program[..Math.Max(program.LastIndexOfAny(['\\', '/']), 0)];
}
