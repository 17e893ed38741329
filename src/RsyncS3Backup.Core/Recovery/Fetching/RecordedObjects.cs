using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>
/// What the job's catalog knows of objects, so that S3 need not be asked about each one that is restored already. A row counts only for the very
/// object that the listing shows. Safe for threads.
/// </summary>
internal sealed class RecordedObjects : IDisposable
{
    private readonly object gate = new();
    private readonly CatalogView catalog;

    private RecordedObjects(CatalogView catalog) => this.catalog = catalog;

    /// <summary>Opens the catalog of the copy; null when there is none, it is doubtful or being changed, or the copy is one of the past.</summary>
    public static RecordedObjects? TryOpen(string jobName, S3Copy copy)
    {
        if (copy.AsOf is not null || CatalogView.TryOpen(jobName, copy.Store.BucketName, copy.KeyPrefix, copy.Snapshot is not null) is not { } catalog)
            return null;
        if (catalog.IsSound)
            return new RecordedObjects(catalog);
        catalog.Dispose();
        return null;
    }

    /// <summary>What an object is to be; null when S3 has to be asked.</summary>
    public EntryFacts? Find(StoredObject stored)
    {
        CatalogEntry? row;
        lock (gate)
            row = catalog.Find(stored.RelativeKey);
        // A change of nothing but the metadata may keep the entity tag, and shows in the time. Names of one file are told by what S3 says of their
        // content, which may be said in other words than here.
        if (row is not { IsOurs: true, LinkGroup: 0, StoredTime: { } storedTime }
            || row.ModifiedNanoseconds == long.MinValue
            || row.Size != stored.Size
            || row.ETag != stored.ETag
            || stored.LastModified?.ToUnixTimeSeconds() > storedTime.ToUnixTimeSeconds())
        {
            return null;
        }

        return new EntryFacts(EntryAttributes.Of(row), row.Size, row.ETag);
    }

    /// <summary>
    /// The attributes that the mirror's entry has, where the object still carries older ones because it was in an archive when they changed; else null.
    /// </summary>
    public EntryAttributes? FindPending(StoredObject stored)
    {
        CatalogEntry? row;
        lock (gate)
            row = catalog.Find(stored.RelativeKey);
        bool isOfObject = row is { HasPendingAttributes: true } && row.Size == stored.Size && row.ETag == stored.ETag
            && !(stored.LastModified?.ToUnixTimeSeconds() > row.StoredTime?.ToUnixTimeSeconds());
        return isOfObject ? EntryAttributes.Of(row!) with { LinkGroup = row!.LinkGroup == 0 ? null : row.LinkGroup } : null;
    }

    /// <summary>
    /// True for an object that the mirror did not have any more when it was last sent. One that somebody stored since then, or that is not
    /// recorded, may be anything.
    /// </summary>
    public bool IsDeleted(StoredObject stored)
    {
        lock (gate)
        {
            return catalog.Find(stored.RelativeKey) is { IsLeftover: true } row
                && (row.ETag.Length == 0 || (row.Size == stored.Size && row.ETag == stored.ETag));
        }
    }

    /// <summary>The CRC32 of an object that this machine sent, base64; null when nothing is recorded of this very object.</summary>
    public string? Crc32Of(StoredObject stored)
    {
        lock (gate)
            return catalog.Find(stored.RelativeKey) is { IsOurs: true } row && row.Size == stored.Size && row.ETag == stored.ETag ? row.Crc32 : null;
    }

    /// <inheritdoc/>
    public void Dispose() => catalog.Dispose();
}
