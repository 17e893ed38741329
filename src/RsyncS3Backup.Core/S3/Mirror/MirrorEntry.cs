namespace RsyncS3Backup.S3.Mirror;

/// <summary>What an entry of the mirror is to stage 2.</summary>
internal enum MirrorEntryKind
{
    /// <summary>A regular file: its bytes become an object.</summary>
    File,

    /// <summary>A symbolic link: its target becomes the object's content.</summary>
    SymbolicLink,

    /// <summary>A folder with nothing in it: an object without content, whose key ends in a slash.</summary>
    EmptyFolder,

    /// <summary>
    /// Something is there, or may be, but it could not be read. It is not uploaded, and neither its key nor any key beneath it is deleted.
    /// </summary>
    Unreadable,
}

/// <summary>One entry of the mirror.</summary>
/// <param name="RelativeKey">The path below the mirror's root with <c>/</c> between parts; ends in <c>/</c> for a folder.</param>
/// <param name="Path">The path on this machine.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Attributes">Its attributes; all zero for an unreadable one.</param>
internal sealed record MirrorEntry(string RelativeKey, string Path, MirrorEntryKind Kind, FileAttributesSnapshot Attributes)
{
    /// <summary>Bytes that the entry's object has. A folder's own size is none of its object's business.</summary>
    public long ContentLength => Kind is MirrorEntryKind.File or MirrorEntryKind.SymbolicLink ? Attributes.Size : 0;
}

/// <summary>The attributes of a file at one moment.</summary>
internal readonly record struct FileAttributesSnapshot
{
    /// <summary>Bytes; for a symbolic link the length of its target.</summary>
    public long Size { get; init; }

    /// <summary>Modification time in nanoseconds since 1970-01-01 UTC.</summary>
    public long ModifiedNanoseconds { get; init; }

    /// <summary>Type and permission bits as <c>st_mode</c> has them; 0 on Windows.</summary>
    public uint Mode { get; init; }

    /// <summary>The owner's numeric id; 0 on Windows.</summary>
    public uint UserId { get; init; }

    /// <summary>The group's numeric id; 0 on Windows.</summary>
    public uint GroupId { get; init; }

    /// <summary>The file's number on its file system; 0 on Windows.</summary>
    public ulong Inode { get; init; }

    /// <summary>The file system's number; 0 on Windows.</summary>
    public ulong Device { get; init; }

    private const uint TypeMask = 0xF000;

    public bool IsRegularFile => (Mode & TypeMask) == 0x8000;

    public bool IsFolder => (Mode & TypeMask) == 0x4000;

    public bool IsSymbolicLink => (Mode & TypeMask) == 0xA000;

    /// <summary>True when content read between two snapshots with this result was not touched in between.</summary>
    public bool IsSameVersionAs(FileAttributesSnapshot other) =>
        Size == other.Size && ModifiedNanoseconds == other.ModifiedNanoseconds && Inode == other.Inode && Device == other.Device;
}
