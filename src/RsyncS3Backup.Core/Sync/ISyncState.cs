using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Sync;

/// <summary>What a job keeps on this machine for stage 2: a run writes it, a plan only looks at it.</summary>
internal interface ISyncState
{
    /// <summary>The file of the job's own catalog.</summary>
    /// <exception cref="IOException">The state folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be made.</exception>
    string CatalogPath();

    /// <summary>The catalogs of dated snapshots.</summary>
    /// <exception cref="IOException">The state folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be made.</exception>
    SnapshotCatalogs Snapshots();

    /// <summary>A folder for a file that is gone when the run is.</summary>
    string SpoolFolder();

    /// <summary>Opens a catalog. Where there is none, it is a new one.</summary>
    /// <exception cref="IOException">It cannot be had.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be had.</exception>
    ICatalog Open(string path, CatalogIdentity identity);

    /// <summary>Where the destination's requests go.</summary>
    /// <param name="access">The destination.</param>
    /// <param name="resolve">Asks the SDK.</param>
    string Endpoint(S3Access access, Func<string> resolve);

    /// <summary>Tells a store what earlier runs found out about it.</summary>
    void Recall(StoreAbilities abilities, string endpoint, string bucket, DateTimeOffset now);

    /// <summary>Writes down what a run found out about a store.</summary>
    void Keep(StoreAbilities abilities, string endpoint, string bucket);

    /// <summary>Remembers the dated snapshot that the run leaves to the next one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    void KeepPaused(S3CopyRequest request, string keyPrefix, DateTimeOffset time);

    /// <summary>Nothing is left of a dated snapshot.</summary>
    /// <exception cref="IOException">It cannot be forgotten.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be forgotten.</exception>
    void ForgetPaused();

    /// <summary>Notes that nobody needs to look at these changes again.</summary>
    /// <exception cref="IOException">It cannot be noted.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be noted.</exception>
    void MarkCarriedOut(PendingChanges changes);
}
