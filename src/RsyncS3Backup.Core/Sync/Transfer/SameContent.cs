using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Finds objects that hold an entry's content under another name, so that a renamed or copied file need not go over the network.
/// Size and time name the candidates, the hash of the bytes that S3 took decides.
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="catalog">What S3 holds; null where that is not kept.</param>
/// <param name="unknown">What S3 holds that no catalog knows of.</param>
internal sealed class SameContent(SyncScope scope, ICatalog? catalog, UnknownObjects unknown)
{
    /// <summary>
    /// Bytes from which on a copy inside S3 takes the place of an upload. Both cost the same as requests, and a copy 0.8 ms more
    /// of a processor (measured on loopback, 1,500 objects, the server's part included: a copy 1.1 ms, an upload of 4 KiB 0.3 ms,
    /// of 16 KiB 0.5 ms, of 64 KiB 1.1 ms). Sixteen KiB take longer than that at 100 Mbit/s, which is a quick line for a backup.
    /// </summary>
    public const long SmallestCopy = 16 * 1024;

    // A first upload need not ask for each file. What a run sends twice at the same time is sent twice.
    private readonly bool hasRows = catalog?.Count > 0;

    /// <summary>False where nothing can be copied from an object of that class.</summary>
    public static bool CanBeCopied(IObjectStore store, string storageClass) =>
        store.Abilities.CanCopy && !S3StorageClasses.IsArchive(storageClass);

    /// <summary>The entry's content where it is worth looking for; null where it is not.</summary>
    public EntryContent? Look(MirrorEntry local) =>
        local.Kind == MirrorEntryKind.File && local.ContentLength >= scope.Request.SmallestCopy && scope.Store.Abilities.CanCopy
            ? new EntryContent(local)
            : null;

    /// <summary>The rows of other entries whose objects hold that content.</summary>
    public IEnumerable<CatalogEntry> Find(EntryContent content, CancellationToken cancellationToken) => !hasRows
        ? []
        : Find(catalog!, content, cancellationToken).Where(row => row.RelativeKey != content.Entry.RelativeKey);

    /// <summary>An object of which no catalog knows and that holds that content; null where there is none.</summary>
    /// <param name="content">The content.</param>
    /// <param name="ask">Asks S3 about a key.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<CatalogEntry?> FindUnknownAsync(
        EntryContent content, Func<string, CancellationToken, Task<StoredObject?>> ask, CancellationToken cancellationToken) =>
        unknown.FindAsync(content.Entry, ask, cancellationToken);

    /// <summary>The rows of a catalog whose objects hold that content.</summary>
    public static IReadOnlyList<CatalogEntry> Find(ICatalog catalog, EntryContent content, CancellationToken cancellationToken)
    {
        (long size, long time) = (content.Entry.ContentLength, content.Entry.Attributes.ModifiedNanoseconds);
        if (Ask(() => catalog.FindAlike(size, time)) is not { Hash: { } alike } row)
            return [];
        if (!content.IsInMirror)
            return [row];
        return content.Hash(alike.PartSize, cancellationToken) is { } hash
            ? Ask(() => catalog.FindSame(size, time, hash)) ?? []
            : [];
    }

    /// <summary>The hashes of the parts of an object; null where they are not known.</summary>
    public static IReadOnlyList<UInt128>? Parts(ICatalog catalog, CatalogEntry row) =>
        row.Hash is { IsOfParts: true } ? Ask(() => catalog.FindParts(row)) : null;

    private static T? Ask<T>(Func<T?> ask)
        where T : class
    {
        try
        {
            return ask();
        }
        catch (SqliteException)
        {
            // Then the content is uploaded, which is never wrong; it is not the file that cannot be read.
            return null;
        }
    }
}
