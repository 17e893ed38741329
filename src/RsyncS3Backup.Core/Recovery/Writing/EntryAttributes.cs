using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>What an entry is to be, besides its content; null for what the backup does not know.</summary>
internal readonly record struct EntryAttributes
{
    private const uint PermissionBits = 0xFFF;
    private const uint TypeBits = 0xF000;
    private const uint LinkType = 0xA000;

    /// <summary>Permissions, without the bits of the type.</summary>
    public uint? Mode { get; init; }

    /// <summary>The owner's number.</summary>
    public uint? UserId { get; init; }

    /// <summary>The group's number.</summary>
    public uint? GroupId { get; init; }

    /// <summary>Nanoseconds since 1970-01-01 UTC.</summary>
    public long? ModifiedNanoseconds { get; init; }

    /// <summary>The same for all names of one file; null for a file with one name.</summary>
    public ulong? LinkGroup { get; init; }

    /// <summary>True for a symbolic link, whose content is its target.</summary>
    public bool IsSymbolicLink { get; init; }

    /// <summary>True when an entry of the destination has them already.</summary>
    public bool AreThoseOf(FileAttributesSnapshot there, DestinationTree tree) =>
        (OperatingSystem.IsWindows() || (Mode ?? (there.Mode & PermissionBits)) == (there.Mode & PermissionBits))
        && (OperatingSystem.IsWindows() || (UserId ?? there.UserId) == there.UserId)
        && (OperatingSystem.IsWindows() || (GroupId ?? there.GroupId) == there.GroupId)
        && (ModifiedNanoseconds is not { } modified || tree.IsSameTime(there.ModifiedNanoseconds, modified));

    /// <summary>What an object carries. One that another tool wrote has at least the time when S3 stored it.</summary>
    public static EntryAttributes Of(StoredObject stored)
    {
        StoredAttributes found = ObjectMetadata.TryParse(stored.Metadata, out StoredAttributes written) ? written : default;
        StoredAttributes foreign = found.Mode is null ? ForeignMetadata.Read(stored.Metadata) : default;
        return new EntryAttributes
        {
            Mode = found.Mode & PermissionBits ?? foreign.Mode,
            UserId = found.UserId ?? foreign.UserId,
            GroupId = found.GroupId ?? foreign.GroupId,
            ModifiedNanoseconds = found.ModifiedNanoseconds ?? foreign.ModifiedNanoseconds ?? (stored.LastModified - DateTimeOffset.UnixEpoch)?.Ticks * TimeSpan.NanosecondsPerTick,
            LinkGroup = found.LinkGroup,
            // From Windows there is no mode; then the type of the content tells.
            IsSymbolicLink = found.Mode is { } mode && (mode & TypeBits) != 0 ? (mode & TypeBits) == LinkType : stored.ContentType == "inode/symlink",
        };
    }

    /// <summary>What the object of a catalog's row carries.</summary>
    public static EntryAttributes Of(CatalogEntry row) => Of(new FileAttributesSnapshot
    {
        Mode = row.Mode,
        UserId = row.UserId,
        GroupId = row.GroupId,
        ModifiedNanoseconds = row.ModifiedNanoseconds,
    });

    /// <summary>What an entry of the mirror has.</summary>
    public static EntryAttributes Of(FileAttributesSnapshot entry) => new()
    {
        Mode = OperatingSystem.IsWindows() ? null : entry.Mode & PermissionBits,
        UserId = OperatingSystem.IsWindows() ? null : entry.UserId,
        GroupId = OperatingSystem.IsWindows() ? null : entry.GroupId,
        ModifiedNanoseconds = entry.ModifiedNanoseconds,
        LinkGroup = entry is { IsRegularFile: true, LinkCount: > 1, Inode: > 0 } ? entry.Inode : null,
        IsSymbolicLink = entry.IsSymbolicLink,
    };
}
