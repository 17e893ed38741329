using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Sync;

/// <summary>The state as a plan sees it: nothing of it is made or changed.</summary>
/// <param name="jobName">The job.</param>
internal sealed class PlannedSyncState(string jobName) : ISyncState
{
    /// <inheritdoc/>
    public string CatalogPath() => Path.Combine(StateFolder.PathFor(jobName), Catalog.FileName);

    /// <inheritdoc/>
    public SnapshotCatalogs Snapshots() => SnapshotCatalogs.ToRead(jobName);

    /// <inheritdoc/>
    public string SpoolFolder() => Path.GetTempPath();

    /// <inheritdoc/>
    public ICatalog Open(string path, CatalogIdentity identity) => ReadOnlyCatalog.Open(path, identity);

    /// <inheritdoc/>
    public string Endpoint(S3Access access, Func<string> resolve) => EndpointMemory.Find(access, jobName, resolve);

    /// <inheritdoc/>
    public void Recall(StoreAbilities abilities, string endpoint, string bucket, DateTimeOffset now) =>
        StoreMemory.Recall(abilities, jobName, endpoint, bucket, now);

    /// <inheritdoc/>
    public void Keep(StoreAbilities abilities, string endpoint, string bucket)
    {
    }

    /// <inheritdoc/>
    public void KeepPaused(S3CopyRequest request, string keyPrefix, DateTimeOffset time)
    {
    }

    /// <inheritdoc/>
    public void ForgetPaused()
    {
    }

    /// <inheritdoc/>
    public void MarkCarriedOut(PendingChanges changes)
    {
    }
}
