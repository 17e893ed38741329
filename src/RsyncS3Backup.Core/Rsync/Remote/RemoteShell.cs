using System.Globalization;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>Makes the command that rsync starts to reach another machine. Pure.</summary>
internal static class RemoteShell
{
    private static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The ssh command as rsync's <c>--rsh</c> takes it.</summary>
    public static string CommandLine(SshOptions ssh, RsyncPathStyle style) =>
        string.Join(' ', Command(ssh, style).Select(Quote));

    /// <summary>The ssh program and its arguments. What is not named here is as ssh's own configuration says.</summary>
    public static IReadOnlyList<string> Command(SshOptions ssh, RsyncPathStyle style)
    {
        List<string> command =
        [
            "ssh",
            // Never ask: nobody may be there, and a question would hang for ever.
            "-oBatchMode=yes",
            Option("ConnectTimeout", Math.Clamp((long)Math.Ceiling((ssh.ConnectTimeout ?? DefaultConnectTimeout).TotalSeconds), 1, int.MaxValue)),
            // A peer that is gone without a word is given up after two minutes.
            "-oServerAliveInterval=15",
            "-oServerAliveCountMax=8",
            // A shared connection would let this one's options count for nothing, and a master that ssh leaves behind would keep our pipes open.
            "-oControlPath=none",
            "-oClearAllForwardings=yes",
            "-oForwardAgent=no",
            "-oForwardX11=no",
            "-oRequestTTY=no",
        ];
        if (ssh.Port is { } port)
            command.Add(Option("Port", port));
        if (ssh.IdentityFile is { } identityFile)
            command.AddRange([Option("IdentityFile", identityFile, style), "-oIdentitiesOnly=yes"]);
        if (ssh.KnownHostsFile is { } knownHostsFile)
            command.Add(Option("UserKnownHostsFile", knownHostsFile, style));
        return command;
    }

    /// <summary>
    /// One word of <c>--rsh</c>: rsync splits at spaces, takes both quotes for quotes anywhere, a doubled one in quotes for itself, and knows
    /// no other escape (main.c, do_cmd).
    /// </summary>
    public static string Quote(string word) =>
        word.Length > 0 && !word.AsSpan().ContainsAny(' ', '\'', '"') ? word : $"'{word.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Option(string name, long value) => string.Create(CultureInfo.InvariantCulture, $"-o{name}={value}");

    // ssh splits the value at spaces unless it is in quotes, in which a backslash escapes a backslash, and expands what begins with '%'
    // (ssh_config(5), "TOKENS"; misc.c, argv_split).
    private static string Option(string name, string path, RsyncPathStyle style) =>
        $"-o{name}=\"{RsyncPaths.Translate(path, style)
            .Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", "%%", StringComparison.Ordinal)}\"";
}
