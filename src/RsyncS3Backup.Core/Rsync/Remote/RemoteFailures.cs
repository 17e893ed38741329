using System.Globalization;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>Tells from rsync's code, and from what it and ssh said, why a source on another machine could not be read. Pure.</summary>
internal static partial class RemoteFailures
{
    private const int StartOfProtocol = 5;
    private const int Socket = 10;
    private const int Stream = 12;
    private const int Ipc = 14;
    private const int Timeout = 30;
    private const int DaemonTimeout = 35;
    private const int CannotRun = 126;
    private const int NotFound = 127;
    private const int SshFailed = 255;

    /// <summary>The error; null when it is none of the connection's or of the source's root.</summary>
    /// <param name="source">The source as configured.</param>
    /// <param name="remote">The same, read.</param>
    /// <param name="code">rsync's exit code.</param>
    /// <param name="said">The last that rsync and ssh said.</param>
    /// <param name="isRootOnly">True when only the source's root was asked for, so that what failed can be nothing else.</param>
    public static BackupError? Find(string source, RemoteSource remote, int code, string said, bool isRootOnly = false)
    {
        BackupError? error = code switch
        {
            RsyncExitCodes.Partial => OfRoot(source, said, isRootOnly),
            Ipc when said.Contains("Failed to exec", StringComparison.Ordinal) => RsyncErrors.SshNotFound(source, said),
            2 when said.Contains("is your shell clean", StringComparison.Ordinal) => RsyncErrors.RemoteShellNotClean(source, said),
            CannotRun or NotFound when remote.IsSsh => RsyncErrors.RemoteRsyncMissing(source, said),
            StartOfProtocol or Socket or Stream or Timeout or DaemonTimeout or SshFailed =>
                remote.IsSsh ? OfSsh(source, code, said) : OfDaemon(source, remote, code, said),
            _ => null,
        };
        return error is null ? null : error with { RsyncExitCode = code };
    }

    /// <summary>True when a daemon has as many connections as it takes.</summary>
    public static bool IsBusy(int code, string said) =>
        code == StartOfProtocol && said.Contains("@ERROR: max connections", StringComparison.Ordinal);

    private static BackupError? OfRoot(string source, string said, bool isRootOnly)
    {
        // The sender enters the root and nothing else; any other call may fail on an entry deeper down.
        Match failed = RootFailed().Match(said);
        if (!failed.Success || !(isRootOnly || failed.Groups["call"].Value == "change_dir"))
            return null;
        return int.Parse(failed.Groups["errno"].ValueSpan, CultureInfo.InvariantCulture) switch
        {
            2 => RsyncErrors.SourceMissing(source),
            20 => RsyncErrors.SourceNotDirectory(source),
            _ => RsyncErrors.SourceUnreadable(source, failed.Groups["reason"].Value + "."),
        };
    }

    private static BackupError OfSsh(string source, int code, string said)
    {
        if (said.Contains("Host key verification failed", StringComparison.Ordinal))
            return RsyncErrors.RemoteHostKeyNotTrusted(source, said);
        if (SshDenied().IsMatch(said))
            return RsyncErrors.RemoteAuthenticationFailed(source, said, isSsh: true);
        // The shell's words for a program that is not there; rsync does not always hear of the shell's code 127.
        if (code == Stream && ShellNotFound().IsMatch(said))
            return RsyncErrors.RemoteRsyncMissing(source, said);
        return Disconnected(source, said);
    }

    private static BackupError OfDaemon(string source, RemoteSource remote, int code, string said)
    {
        if (said.Contains("@ERROR: auth failed", StringComparison.Ordinal))
            return RsyncErrors.RemoteAuthenticationFailed(source, said, isSsh: false);
        if (said.Contains("@ERROR: Unknown module", StringComparison.Ordinal))
            return RsyncErrors.RemoteModuleUnknown(source, remote.Path.Folder.Split('/')[0], said);
        // The module's own folder is not there, as when its drive is not mounted.
        if (said.Contains("@ERROR: chdir failed", StringComparison.Ordinal))
            return RsyncErrors.SourceMissing(source);
        if (IsBusy(code, said))
            return RsyncErrors.RemoteBusy(source, said);
        return said.Contains("@ERROR", StringComparison.Ordinal) ? RsyncErrors.RemoteRefused(source, said) : Disconnected(source, said);
    }

    private static BackupError Disconnected(string source, string said) =>
        NothingReceived().IsMatch(said) ? RsyncErrors.RemoteUnreachable(source, said) : RsyncErrors.RemoteConnectionLost(source, said);

    [GeneratedRegex(@"(?<call>change_dir|opendir|link_stat|readlink_stat|stat) ""[^""]*"" (\(in [^)]*\) )?failed: (?<reason>[^/]*) \((?<errno>\d+)\)")]
    private static partial Regex RootFailed();

    // "Permission denied (publickey,password)." is ssh's; "(13)" is a file's.
    [GeneratedRegex(@"Permission denied \([a-z]|Too many authentication failures|No supported authentication methods|Permission denied, please try")]
    private static partial Regex SshDenied();

    [GeneratedRegex(@"rsync: (command )?not found|rsync: No such file or directory|not recognized as an internal")]
    private static partial Regex ShellNotFound();

    [GeneratedRegex(@"\(0 bytes received so far\)|failed to connect|getaddrinfo|did not see server greeting|timed out waiting for daemon|Connection timed out")]
    private static partial Regex NothingReceived();
}
