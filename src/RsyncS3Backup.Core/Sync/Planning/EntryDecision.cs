using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>What to do about one entry of the mirror, decided without I/O from what was recorded when it was last sent.</summary>
internal static class EntryDecision
{
    /// <summary>Against a catalog row that S3 does not contradict.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static SyncActionKind Decide(MirrorEntry local, CatalogEntry? row)
    {
        if (local.Kind == MirrorEntryKind.Unreadable)
            return SyncActionKind.Protect;
        if (row is null)
            return SyncActionKind.Create;
        if (local.ContentLength != row.Size || !FileAttributesSnapshot.HaveSameType(local.Attributes.Mode, row.Mode))
            return SyncActionKind.Update;
        if (!HasSureContent(local, row))
            return SyncActionKind.Compare;
        return HasSameMetadata(local.Attributes, row) ? SyncActionKind.Keep : SyncActionKind.Metadata;
    }

    /// <summary>Against what a listing shows and a catalog row that may be about another version of the object.</summary>
    public static SyncAction Decide(MirrorEntry local, CatalogEntry? row, StoredObject? remote)
    {
        // A row about a version that S3 does not have (any more) says nothing.
        bool isRefuted = IsRefuted(row, remote);
        CatalogEntry? known = !isRefuted && row is { IsOurs: true } ? row : null;
        bool isMoved = known is not null && known.StorageClass != remote!.StorageClass;
        if (isMoved)
            known = known! with { StorageClass = remote!.StorageClass };
        SyncActionKind kind =
            local.Kind == MirrorEntryKind.Unreadable ? SyncActionKind.Protect
            : remote is null ? SyncActionKind.Create
            : known is not null ? DecideListed(local, known)
            : remote.Size != local.ContentLength ? SyncActionKind.Update
            : SyncActionKind.Examine;
        return new SyncAction(kind, local, known, remote) { IsRowRefuted = isRefuted, IsMoved = isMoved };
    }

    /// <summary>
    /// Where drives take turns: the change time is of one drive only, so size and time speak for the content. Its bytes must not: they may be older
    /// than those of another drive that had them compared by checksum.
    /// </summary>
    public static SyncAction Settle(SyncAction action)
    {
        if (action is not { Kind: SyncActionKind.Compare, Local: { } local, Row: { } row } || row.ModifiedNanoseconds != local.Attributes.ModifiedNanoseconds)
            return action;
        CatalogEntry known = row with { ChangedNanoseconds = local.Attributes.ChangedNanoseconds };
        return action with { Kind = Decide(local, known), Row = known, IsSettled = true };
    }

    // Attributes that could not be changed in an archive are, once the object is out of it.
    private static SyncActionKind DecideListed(MirrorEntry local, CatalogEntry row)
    {
        SyncActionKind kind = Decide(local, row);
        bool isDue = kind == SyncActionKind.Keep && row.HasPendingAttributes && !S3StorageClasses.IsArchive(row.StorageClass);
        return isDue ? SyncActionKind.Metadata : kind;
    }

    /// <summary>True for a row about another version of the object than the one that a listing shows.</summary>
    public static bool IsRefuted(CatalogEntry? row, StoredObject? remote) =>
        row is not null && (remote is null || row.Size != remote.Size || row.ETag != remote.ETag);

    /// <summary>True when the object's metadata says what the mirror says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool HasSameMetadata(FileAttributesSnapshot attributes, CatalogEntry row) =>
        attributes.ModifiedNanoseconds == row.ModifiedNanoseconds
        && (attributes.LacksPermissions
            // What another system recorded of them stays, and nothing is known against it.
            ? FileAttributesSnapshot.HaveSameType(attributes.Mode, row.Mode)
            : attributes.Mode == row.Mode && attributes.UserId == row.UserId && attributes.GroupId == row.GroupId)
        && LinkGroup(attributes) == row.LinkGroup;

    /// <summary>What the names of one file have in common in S3; 0 for what has one name only.</summary>
    public static ulong LinkGroup(FileAttributesSnapshot attributes) =>
        attributes.IsRegularFile && attributes.LinkCount > 1 ? attributes.Inode : 0;

    /// <summary>The other names that the catalog has of a file with several: what stage 1 tells of one of them may be news for all.</summary>
    public static IEnumerable<string> OtherNames(ICatalog catalog, string relativeKey, CatalogEntry? row, MirrorEntry? local)
    {
        ulong was = row?.LinkGroup ?? 0;
        ulong isNow = local is null ? 0 : LinkGroup(local.Attributes);
        return new[] { was, isNow }.Distinct().SelectMany(catalog.FindLinkGroup)
            .Select(other => other.RelativeKey).Where(other => other != relativeKey);
    }

    // Any write moves the change time, and no program can move it back: with it, an edit that keeps size and modification time is seen. It
    // moves with a chmod or a new name too, so when it differs, the bytes have to tell.
    private static bool HasSureContent(MirrorEntry local, CatalogEntry row) =>
        local.ContentLength == 0
        || (local.Attributes.ModifiedNanoseconds == row.ModifiedNanoseconds && local.Attributes.ChangedNanoseconds == row.ChangedNanoseconds);
}
