using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>An earlier snapshot whose objects can be copied.</summary>
/// <param name="keyPrefix">What its keys start with.</param>
/// <param name="catalog">What it holds; null where S3 has to be asked about each object.</param>
internal sealed class SnapshotSource(string keyPrefix, ICatalog? catalog) : IDisposable
{
    /// <summary>What its keys start with.</summary>
    public string KeyPrefix => keyPrefix;

    /// <summary>False when S3 has to be asked about each object.</summary>
    public bool HasCatalog => catalog is not null;

    /// <summary>
    /// The rows that may be about the entry's content: the one of its name, then those of the file's other names; and whether that is sure or
    /// the bytes have to tell.
    /// </summary>
    public IEnumerable<(CatalogEntry Row, bool IsSure)> Candidates(MirrorEntry local)
    {
        foreach (CatalogEntry row in Rows(local))
        {
            SyncActionKind kind = EntryDecision.Decide(local, row);
            // What is archived would have to be restored first.
            bool canBeCopied = kind is SyncActionKind.Keep or SyncActionKind.Metadata or SyncActionKind.Compare
                && !S3StorageClasses.IsArchive(row.StorageClass);
            if (canBeCopied)
                yield return (row, kind != SyncActionKind.Compare);
        }
    }

    /// <summary>The row of another name whose object holds that content; null where there is none.</summary>
    public CatalogEntry? FindSame(EntryContent content, CancellationToken cancellationToken) =>
        catalog is not null && SameContent.Find(catalog, content, cancellationToken) is [var row, ..] ? row : null;

    /// <summary>The row of a key; null where there is none.</summary>
    public CatalogEntry? Find(string relativeKey)
    {
        try
        {
            return catalog?.Find(relativeKey);
        }
        catch (IOException)
        {
            // Then the content is uploaded, which is never wrong.
            return null;
        }
    }

    /// <summary>The hashes of the parts of an object; null where they are not known.</summary>
    public IReadOnlyList<UInt128>? Parts(CatalogEntry row) => catalog is null ? null : SameContent.Parts(catalog, row);

    /// <summary>Multipart uploads of that snapshot that were neither completed nor aborted.</summary>
    public IReadOnlyList<UnfinishedUpload> UnfinishedUploads => catalog?.Uploads.All() ?? [];

    /// <inheritdoc/>
    public void Dispose() => catalog?.Dispose();

    private List<CatalogEntry> Rows(MirrorEntry local)
    {
        if (catalog is null)
            return [];
        try
        {
            List<CatalogEntry> rows = [];
            if (catalog.Find(local.RelativeKey) is { } same)
                rows.Add(same);
            else if (local.ContentLength > 0)
                rows.AddRange(catalog.FindLinkGroup(EntryDecision.LinkGroup(local.Attributes)).Take(1));
            return rows;
        }
        catch (IOException)
        {
            // Then the content is uploaded, which is never wrong.
            return [];
        }
    }
}
