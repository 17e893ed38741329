namespace RsyncS3Backup.Files;

/// <summary>The attributes of a file at one moment.</summary>
internal readonly record struct FileAttributesSnapshot
{
    /// <summary>Bytes; for a symbolic link the length of its target.</summary>
    public long Size { get; init; }

    /// <summary>Modification time in nanoseconds since 1970-01-01 UTC.</summary>
    public long ModifiedNanoseconds { get; init; }

    /// <summary>
    /// When content or attributes last changed, in nanoseconds since 1970-01-01 UTC. No program can set it, so a file whose change time is the
    /// same was not touched. 0 where the file system keeps none, as FAT.
    /// </summary>
    public long ChangedNanoseconds { get; init; }

    /// <summary>Type and permission bits as <c>st_mode</c> has them; on Windows those of the type alone.</summary>
    public uint Mode { get; init; }

    /// <summary>The owner's numeric id; 0 on Windows.</summary>
    public uint UserId { get; init; }

    /// <summary>The group's numeric id; 0 on Windows.</summary>
    public uint GroupId { get; init; }

    /// <summary>The file's number on its file system; 0 on Windows for a file with one name.</summary>
    public ulong Inode { get; init; }

    /// <summary>The file system's number.</summary>
    public ulong Device { get; init; }

    /// <summary>How many names the file has on its file system.</summary>
    public uint LinkCount { get; init; }

    /// <summary>True where the system keeps neither permissions nor owners as numbers: then the mode tells the type and no more.</summary>
    public bool LacksPermissions { get; init; }

    /// <summary>The bits of a mode that say that an entry is a file, a folder or a symbolic link.</summary>
    public const uint RegularType = 0x8000, FolderType = 0x4000, LinkType = 0xA000;

    private const uint TypeMask = 0xF000;

    public bool IsRegularFile => (Mode & TypeMask) == RegularType;

    public bool IsFolder => (Mode & TypeMask) == FolderType;

    public bool IsSymbolicLink => (Mode & TypeMask) == LinkType;

    /// <summary>True when two modes are of one type of entry.</summary>
    public static bool HaveSameType(uint mode, uint other) => (mode & TypeMask) == (other & TypeMask);

    /// <summary>The bits of the type of an entry.</summary>
    public static uint TypeOf(uint mode) => mode & TypeMask;

    /// <summary>
    /// True when not even the change time is another one: the very file that was looked at, and nobody touched it since.
    /// </summary>
    public bool IsUntouchedSince(FileAttributesSnapshot other) =>
        IsSameVersionAs(other) && ChangedNanoseconds == other.ChangedNanoseconds && HaveSameType(Mode, other.Mode);

    /// <summary>True when content read between two snapshots with this result was not touched in between.</summary>
    public bool IsSameVersionAs(FileAttributesSnapshot other) =>
        Size == other.Size && ModifiedNanoseconds == other.ModifiedNanoseconds && Inode == other.Inode && Device == other.Device;
}
