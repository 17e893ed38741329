using System.Globalization;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Configuration;

/// <summary>How rsync reaches another machine.</summary>
internal enum RemoteTransport
{
    /// <summary><c>[user@]host:path</c>: rsync starts ssh, which starts an rsync there.</summary>
    Ssh,

    /// <summary><c>[user@]host::module/path</c> and <c>rsync://[user@]host[:port]/module/path</c>: an rsync daemon.</summary>
    Daemon,
}

/// <summary>A folder on another machine, as rsync writes it. Pure.</summary>
/// <param name="Transport">How it is reached.</param>
/// <param name="User">Who to be there; null: ssh's or rsync's own default.</param>
/// <param name="Host">The host's name or address; one with colons is in brackets.</param>
/// <param name="Port">The port in an <c>rsync://</c> address; null: the default one.</param>
/// <param name="Folder">The path there, a daemon's with its module first and without a slash before it.</param>
internal sealed partial record RemotePath(RemoteTransport Transport, string? User, string Host, int? Port, string Folder)
{
    private const string Scheme = "rsync://";

    /// <summary>The last part of the path; empty where there is none, or none that could name a folder.</summary>
    public string LastPart
    {
        get
        {
            string trimmed = Folder.TrimEnd('/');
            string last = trimmed[(trimmed.LastIndexOf('/') + 1)..];
            return last is "." or ".." ? "" : last;
        }
    }

    /// <summary>
    /// True for what names another machine: as rsync sees it, a colon before the first slash. <c>C:\x</c>, <c>C:/x</c> and <c>C:x</c> are on a
    /// drive of Windows, wherever this runs; a host of one letter needs its user before it.
    /// </summary>
    public static bool IsRemote(string path)
    {
        int colon = path.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && path.AsSpan(0, colon).IndexOfAny('/', '\\') < 0 && !IsOnDrive(path);
    }

    /// <summary>Reads what <see cref="IsRemote"/> is true for.</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryRead(string text, out RemotePath? path)
    {
        path = null;
        // A password must not get into a message, so no text that may hold one is repeated.
        if (PasswordBeforeHost().IsMatch(text))
            return "The address holds a password; it belongs into a file of its own that passwordFile names.";
        string quoted = ConfigurationText.Quote(text);
        if (text.Contains('\0', StringComparison.Ordinal) || ConfigurationText.HasLoneSurrogate(text))
            return $"{quoted} holds a character that no path can have.";
        bool isUrl = text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        Match match = isUrl ? Url().Match(text[Scheme.Length..]) : HostAndPath().Match(text);
        if (!match.Success)
            return $"{quoted} is not an address that rsync understands.";
        string? user = match.Groups["user"].Success ? match.Groups["user"].Value : null;
        string host = match.Groups["host"].Value;
        // ssh would take either for an option, and an option can run a program.
        if (user?.StartsWith('-') == true || host.StartsWith('-'))
            return $"{quoted} has a user or a host that begins with '-'.";
        if (!HostName().IsMatch(host))
            return $"{ConfigurationText.Quote(host)} cannot be a host's name.";
        if (user is not null && !UserName().IsMatch(user))
            return $"{ConfigurationText.Quote(user)} cannot be a user's name.";
        int? port = null;
        if (match.Groups["port"].Success)
        {
            if (KeyRule.Port.Problem(match.Groups["port"].Value) is { } problem)
                return problem;
            port = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
        }

        string folder = match.Groups["folder"].Value;
        bool isDaemon = isUrl || match.Groups["daemon"].Success;
        if (isDaemon && folder.TrimStart('/') != folder)
            return $"{quoted} has a '/' before its module.";
        if (folder.Length == 0)
            return isDaemon ? $"{quoted} names no module." : $"{quoted} names no folder.";
        if (folder.StartsWith('~'))
            return $"{quoted}: rsync takes '~' for a name there; a path without '/' at its start is in the user's home folder.";
        path = new RemotePath(isDaemon ? RemoteTransport.Daemon : RemoteTransport.Ssh, user, host, port, folder);
        return null;
    }

    private static bool IsOnDrive(string path) =>
        path.Length >= 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && (path.Length == 2 || path[2] != ':');

    [GeneratedRegex(@"^(rsync://)?[^/@:\[]*:[^/]*@", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex PasswordBeforeHost();

    [GeneratedRegex(@"^((?<user>[^/:]*)@)?(?<host>\[[^\]/]*\]|[^/:@\[\]]*)(:(?<port>[^/]*))?(/(?<folder>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex Url();

    [GeneratedRegex(@"^((?<user>[^/:]*)@)?(?<host>\[[^\]/]*\]|[^/:@\[\]]*):(?<daemon>:)?(?<folder>.*)\z", RegexOptions.Singleline)]
    private static partial Regex HostAndPath();

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.]+(%[\w.\-]+)?\]|[\w.\-]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[\w.\-+@\\$]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex UserName();
}
