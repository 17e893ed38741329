namespace RsyncS3Backup.Configuration;

/// <summary>
/// The rsync arguments that a job may add. A list of what is allowed: an argument that deletes, changes what rsync prints, reads other lists
/// of files, runs programs or leaves part of the source out would undo a guard or the journal, and new versions of rsync bring new ones.
/// </summary>
internal static class ExtraArguments
{
    /// <summary>Those without a value.</summary>
    public static IReadOnlyList<string> Flags { get; } =
    [
        "--atimes", "--compress", "--copy-links", "--copy-unsafe-links", "--crtimes", "--fake-super", "--fuzzy", "--ipv4", "--ipv6",
        "--munge-links", "--no-devices", "--no-group", "--no-links", "--no-owner", "--no-perms", "--no-specials", "--no-whole-file",
        "--omit-dir-times", "--omit-link-times", "--one-file-system", "--open-noatime", "--preallocate", "--safe-links", "--whole-file",
    ];

    /// <summary>Those with a value, written <c>--name=value</c>.</summary>
    public static IReadOnlyList<string> WithValue { get; } =
    [
        "--address", "--block-size", "--checksum-choice", "--chmod", "--chown", "--compress-choice", "--compress-level", "--contimeout",
        "--groupmap", "--max-alloc", "--max-size", "--min-size", "--skip-compress", "--sockopts", "--timeout", "--usermap",
    ];

    /// <summary>Those with which the mirror is still all that the sources are, with nothing older in it.</summary>
    public static IReadOnlyList<string> LeavingMirrorWhole { get; } =
        ["--compress", "--compress-choice", "--compress-level", "--contimeout", "--ipv4", "--ipv6", "--timeout"];

    /// <summary>True for an argument with which the mirror is still all that the sources are.</summary>
    public static bool LeavesMirrorWhole(string argument) => LeavingMirrorWhole.Contains(argument.Split('=')[0], StringComparer.Ordinal);

    /// <summary>What is wrong with an argument; null when it is allowed.</summary>
    public static string? Problem(string argument)
    {
        string quoted = ConfigurationText.Quote(argument);
        if (!argument.StartsWith("--", StringComparison.Ordinal))
            return $"{quoted} is not an argument in its long form (--name or --name=value).";
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? argument : argument[..equals];
        if (Flags.Contains(name, StringComparer.Ordinal))
            return equals < 0 ? null : $"{quoted}: {name} has no value.";
        if (!WithValue.Contains(name, StringComparer.Ordinal))
            return $"{quoted} is not among the arguments that are known to leave the guards alone.";
        bool isGood = equals >= 0 && equals < argument.Length - 1 && !argument.AsSpan().ContainsAny("\0\r\n")
            && !ConfigurationText.HasLoneSurrogate(argument);
        return isGood ? null : $"{quoted}: {name} needs a value, written {name}=value.";
    }
}
