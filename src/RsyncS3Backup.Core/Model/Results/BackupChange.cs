using System.Text;

namespace RsyncS3Backup;

/// <summary>What happened to one entry of the mirror.</summary>
public enum BackupChangeKind : long
{
    /// <summary>It was not in the mirror before, or another kind of entry was in its place.</summary>
    Created = 1,

    /// <summary>Its content, or a link's target, was replaced.</summary>
    Updated = 2,

    /// <summary>Only its attributes changed: mode, owner, times.</summary>
    Metadata = 3,

    /// <summary>It was deleted from the mirror.</summary>
    Deleted = 4,

    /// <summary>It became a further name of another file of the mirror.</summary>
    HardLinked = 5,
}

/// <summary>What kind of entry of a mirror it is.</summary>
public enum BackupEntryType : long
{
    /// <summary>A regular file; of a deleted entry, anything but a folder.</summary>
    File = 1,

    /// <summary>A folder.</summary>
    Folder = 2,

    /// <summary>A symbolic link.</summary>
    SymbolicLink = 3,

    /// <summary>A device.</summary>
    Device = 4,

    /// <summary>A FIFO or a socket.</summary>
    Special = 5,
}

/// <summary>One change that stage 1 made to the mirror, as rsync reported it.</summary>
public sealed record BackupChange
{
    private readonly byte[] path;
    private readonly byte[] target;

    internal BackupChange(BackupChangeKind kind, BackupEntryType entryType, long size, byte[] path, byte[] target)
    {
        Kind = kind;
        EntryType = entryType;
        Size = size;
        this.path = path;
        this.target = target;
    }

    /// <summary>
    /// The path below the mirror's root, <c>.</c> for the root itself. Bytes that are not UTF-8 are U+FFFD here; <see cref="GetPathBytes"/>
    /// is exact.
    /// </summary>
    public string Path => path.Length == 0 ? "." : Encoding.UTF8.GetString(path);

    /// <summary>What rsync did with the entry, as its itemised line says.</summary>
    public BackupChangeKind Kind { get; }

    /// <summary>To what.</summary>
    public BackupEntryType EntryType { get; }

    /// <summary>The entry's size in bytes; 0 for a deleted one.</summary>
    public long Size { get; }

    /// <summary>Where a symbolic link points, or the other name of a hard link, below the mirror's root; null when the entry is no link.</summary>
    public string? LinkTarget => target.Length == 0 ? null : Encoding.UTF8.GetString(target);

    /// <summary>The path's bytes as on disk; none for the root itself.</summary>
    public byte[] GetPathBytes() => [.. path];

    /// <summary>The link target's bytes; none when the entry is no link.</summary>
    public byte[] GetLinkTargetBytes() => [.. target];

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Path}";

    /// <inheritdoc/>
    public bool Equals(BackupChange? other) =>
        other is not null && (Kind, EntryType, Size) == (other.Kind, other.EntryType, other.Size)
        && path.AsSpan().SequenceEqual(other.path) && target.AsSpan().SequenceEqual(other.target);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Kind);
        hash.AddBytes(path);
        return hash.ToHashCode();
    }
}
