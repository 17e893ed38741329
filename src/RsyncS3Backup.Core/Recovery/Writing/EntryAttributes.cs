using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>What an entry is to be, besides its content; null for what the backup does not know.</summary>
internal readonly record struct EntryAttributes
{
    private const uint PermissionBits = 0xFFF;
    private const uint SpecialBits = 0xC00;
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

    /// <summary>Bits by which a program runs as its owner or group, and which are not set because a bucket alone asked for them.</summary>
    public uint LeftOutBits { get; init; }

    /// <summary>True when permissions are what these are to be; a file that has the bits that are left out may keep them.</summary>
    public bool HasMode(uint mode) => Mode is not { } wanted || wanted == (mode & PermissionBits) || (wanted | LeftOutBits) == (mode & PermissionBits);

    /// <summary>
    /// What a bucket may ask for. Whoever writes to it could else have any program run as any user: set-user-ID and set-group-ID are left out
    /// unless they were asked for, and also then where it is not said whose program it is.
    /// </summary>
    /// <param name="keepsSpecialBits">True when they were asked for.</param>
    public EntryAttributes FromBucket(bool keepsSpecialBits)
    {
        // To the system it is no user at all, and chown(2) leaves the owner as it is.
        const uint nobody = uint.MaxValue;
        EntryAttributes known = this with { UserId = UserId == nobody ? null : UserId, GroupId = GroupId == nobody ? null : GroupId };
        uint left = (keepsSpecialBits && known is { UserId: not null, GroupId: not null }) || IsSymbolicLink ? 0 : Mode & SpecialBits ?? 0;
        return known with { Mode = Mode & ~left, LeftOutBits = left };
    }

    /// <summary>True for a symbolic link, whose content is its target.</summary>
    public bool IsSymbolicLink { get; init; }

    /// <summary>True when an entry of the destination has them already, as far as its drive keeps them.</summary>
    public bool AreThoseOf(FileAttributesSnapshot there, DestinationTree tree) =>
        (OperatingSystem.IsWindows() || !tree.Traits.KeepsPermissions || HasMode(there.Mode))
        && (OperatingSystem.IsWindows() || !tree.Traits.KeepsOwners || (UserId ?? there.UserId) == there.UserId)
        && (OperatingSystem.IsWindows() || !tree.Traits.KeepsOwners || (GroupId ?? there.GroupId) == there.GroupId)
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
            IsSymbolicLink = found.Mode is { } mode && (mode & TypeBits) != 0 ? (mode & TypeBits) == LinkType : stored.ContentType == EntryHeaders.LinkType,
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
