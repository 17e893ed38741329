namespace RsyncS3Backup.Mirror;

/// <summary>What systems keep at the root of a drive for themselves. A mirror at a drive's root holds them and no source does.</summary>
internal static class VolumeFolders
{
    /// <summary>Their names: of Linux' ext file systems, of macOS and of Windows.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "lost+found", ".Trashes", ".Spotlight-V100", ".fseventsd", "System Volume Information", "$RECYCLE.BIN",
    ];
}
