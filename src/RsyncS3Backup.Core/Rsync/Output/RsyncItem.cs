using System.Text;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>What rsync did with one entry of the mirror.</summary>
internal enum RsyncChange
{
    /// <summary>It was not in the mirror before.</summary>
    Created,

    /// <summary>Its content, or a link's target, was replaced.</summary>
    Updated,

    /// <summary>Only its attributes changed.</summary>
    Metadata,

    /// <summary>It was deleted from the mirror.</summary>
    Deleted,
}

/// <summary>What kind of entry it is, as the second letter of rsync's <c>%i</c> says.</summary>
internal enum RsyncEntryType
{
    /// <summary>A regular file; of a deleted entry, anything but a folder.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A device.</summary>
    Device,

    /// <summary>A FIFO or a socket.</summary>
    Special,
}

/// <summary>
/// One itemised change, as rsync reported it. The spans point into the parser's buffers and are valid only during the call that hands the
/// item over.
/// </summary>
internal readonly ref struct RsyncItem
{
    /// <summary>What happened.</summary>
    public required RsyncChange Change { get; init; }

    /// <summary>To what.</summary>
    public required RsyncEntryType EntryType { get; init; }

    /// <summary>The entry's size in bytes; 0 for a deleted one.</summary>
    public long Size { get; init; }

    /// <summary>
    /// The path below the mirror's root, exactly as on disk (rsync's escapes undone, no trailing slash). Empty for the root itself. Any bytes
    /// but NUL, so not always UTF-8.
    /// </summary>
    public ReadOnlySpan<byte> NameBytes { get; init; }

    /// <summary>Where a symbolic link points, or the other name of a hard link; empty otherwise.</summary>
    public ReadOnlySpan<byte> LinkTargetBytes { get; init; }

    /// <summary>True when the entry became a hard link to <see cref="LinkTargetBytes"/>, a path below the mirror's root.</summary>
    public bool IsHardLink { get; init; }

    /// <summary>
    /// True for a folder of which only the time changed, which it does whenever an entry in it comes or goes: that entry is the change, as in S3,
    /// which has no object for such a folder.
    /// </summary>
    public bool IsTimeOfFolder { get; init; }

    /// <summary>The path for people: bytes that are not UTF-8 become U+FFFD.</summary>
    public string Name => NameBytes.IsEmpty ? "." : Encoding.UTF8.GetString(NameBytes);
}
