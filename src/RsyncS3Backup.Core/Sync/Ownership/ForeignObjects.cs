using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>
/// Tells what a job sent from what only lies under its prefix: from before the job was there, or put there by somebody else. A job does not
/// delete what it never sent. Pure.
/// </summary>
/// <param name="isNewOwner">The prefix was nobody's until this run, so that nothing there is known to be the job's.</param>
/// <param name="doubt">What is wrong with the catalog.</param>
/// <param name="since">When the mirror was made: what S3 stored before that was not sent from it.</param>
internal readonly struct ForeignObjects(bool isNewOwner, CatalogDoubt doubt, DateTimeOffset since)
{
    /// <summary>True for an object that the mirror does not have and the job never sent.</summary>
    /// <param name="row">What the catalog says of the key; null when nothing.</param>
    /// <param name="remote">The object as a listing shows it; null where nothing was listed.</param>
    public bool Include(CatalogEntry? row, StoredObject? remote)
    {
        if (row is not null)
            return row.IsForeign;
        if (remote is null)
            return false;
        // A catalog has a row for all that was sent, unless it was lost, or a run died before it could write one.
        bool knowsAll = doubt is CatalogDoubt.None or CatalogDoubt.Contradicted;
        return isNewOwner || knowsAll || (remote.LastModified is { } stored && stored < since);
    }
}
