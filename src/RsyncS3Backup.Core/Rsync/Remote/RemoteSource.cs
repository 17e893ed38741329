using System.Text;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>A source on another machine and how to reach it. Pure.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Ssh">How ssh reaches it; null: as ssh's own configuration says.</param>
/// <param name="PasswordFile">The file with the password for a daemon; null: none.</param>
internal sealed record RemoteSource(RemotePath Path, SshOptions? Ssh, string? PasswordFile)
{
    /// <summary>How long a daemon may take to accept the connection, unless the job's extra arguments say otherwise.</summary>
    private const string DaemonConnectTimeout = "--contimeout=30";

    /// <summary>True when ssh is the transport.</summary>
    public bool IsSsh => Path.Transport == RemoteTransport.Ssh;

    /// <summary>What a source's path names on another machine; null for a source on this one.</summary>
    /// <exception cref="BackupException">It is not an address that rsync understands.</exception>
    public static RemoteSource? Of(BackupSource source)
    {
        if (!RemotePath.IsRemote(source.Path))
            return null;
        return RemotePath.TryRead(source.Path, out RemotePath? path) is { } problem
            ? throw new BackupException(RsyncErrors.SourceAddressInvalid(problem))
            : new RemoteSource(path!, source.Ssh, source.PasswordFile);
    }

    /// <summary>The folder's contents as rsync's argument.</summary>
    public string Argument()
    {
        string user = Path.User is null ? "" : Path.User + "@";
        string folder = WithoutWildcards(Path.Folder.EndsWith('/') ? Path.Folder : Path.Folder + "/");
        if (IsSsh)
            return $"{user}{Path.Host}:{folder}";
        string port = Path.Port is { } number ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{number}") : "";
        return $"rsync://{user}{Path.Host}{port}/{folder}";
    }

    /// <summary>
    /// The folder that holds the source's, and the source's name there; null where rsync cannot be asked for one, or shows the name in other
    /// characters.
    /// </summary>
    public (RemoteSource Above, string Name)? Above()
    {
        string folder = Path.Folder.TrimEnd('/');
        int slash = folder.LastIndexOf('/');
        string name = folder[(slash + 1)..];
        // Above a daemon's module is nothing.
        if (name is "" or "." or ".." || (slash < 0 && !IsSsh) || name.Any(character => char.IsControl(character) || character == '\\'))
            return null;
        string above = slash < 0 ? "." : slash == 0 ? "/" : folder[..slash];
        return (this with { Path = Path with { Folder = above } }, name);
    }

    /// <summary>rsync's arguments about the connection. They come before the job's extra arguments, which may say otherwise.</summary>
    public IEnumerable<string> Arguments(RsyncProgram program)
    {
        // Secluded arguments: names go over the wire and through no shell of the other machine.
        yield return "-s";
        if (IsSsh)
        {
            yield return "--rsh=" + RemoteShell.CommandLine(Ssh ?? new SshOptions(), program.PathStyle);
            yield break;
        }

        yield return DaemonConnectTimeout;
        // The message of the day is no output of a run.
        yield return "--no-motd";
        // A peer that is gone without a word is noticed by the system; unlike --timeout this never takes a busy peer for a dead one.
        yield return "--sockopts=SO_KEEPALIVE";
        if (PasswordFile is not null)
            yield return "--password-file=" + RsyncPaths.Translate(PasswordFile, program.PathStyle);
    }

    // The rsync on the other side expands wildcards in what it is asked for, and takes a backslash for an escape only in a part that has one
    // (util1.c, glob_match).
    private static string WithoutWildcards(string folder) => string.Join('/', folder.Split('/').Select(part =>
    {
        if (!part.AsSpan().ContainsAny('*', '?', '['))
            return part;
        StringBuilder escaped = new();
        foreach (char character in part)
            escaped.Append(character is '*' or '?' or '[' or ']' or '\\' ? "\\" : "").Append(character);
        return escaped.ToString();
    }));
}
