using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Sync.Deletion;

/// <summary>What becomes of an object that the mirror does not have.</summary>
internal enum DeletionChoice
{
    /// <summary>It stays.</summary>
    Stays,

    /// <summary>It is a file's where a folder is now, and goes before what is in the folder is sent.</summary>
    AtOnce,

    /// <summary>It was in a folder where a file or a link is now, and goes before that is sent.</summary>
    BeforeItsSuccessor,

    /// <summary>It goes when all uploads are done, where the job deletes.</summary>
    AtTheEnd,
}

/// <summary>Decides that. Pure.</summary>
internal static class DeletionChoices
{
    /// <summary>What becomes of it.</summary>
    /// <param name="request">The run's.</param>
    /// <param name="place">What the mirror has at its place.</param>
    /// <param name="isForeign">The job never sent it.</param>
    public static DeletionChoice Of(S3SyncRequest request, MirrorPlace place, bool isForeign) =>
        // What stage 1 could not copy may be in the source.
        request.IsPartial || (isForeign && !request.AllowNewDestination) ? DeletionChoice.Stays : place switch
        {
            MirrorPlace.IsFolder => DeletionChoice.AtOnce,
            MirrorPlace.InFile => DeletionChoice.BeforeItsSuccessor,
            _ => DeletionChoice.AtTheEnd,
        };

    /// <summary>True when S3 need not be asked whether this module sent it.</summary>
    public static bool IsKnown(S3SyncRequest request, in SyncAction action) =>
        request.AllowNewDestination || action is { Row.IsOurs: true, IsRowRefuted: false };

    /// <summary>
    /// The row that says from now on that S3 has what the mirror has not; null where there is no need for another one. A later run that does not
    /// list must know of it to delete it, and not count it as the mirror's.
    /// </summary>
    public static CatalogEntry? Row(in SyncAction action, bool isForeign)
    {
        if (action is { Row: { } row, IsRowRefuted: false })
            return row.IsLeftover && row.IsForeign == isForeign ? null : row with { IsLeftover = true, IsForeign = isForeign };
        return action.Remote is not { } remote ? null : CatalogEntry.Uncertain(remote.RelativeKey) with
        {
            Size = remote.Size,
            ETag = remote.ETag,
            StorageClass = remote.StorageClass,
            IsLeftover = true,
            IsForeign = isForeign,
        };
    }
}
