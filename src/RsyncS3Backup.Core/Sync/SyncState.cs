using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Sync;

/// <summary>The state of a run, which makes what is not there.</summary>
/// <param name="jobName">The job.</param>
internal sealed class SyncState(string jobName) : ISyncState
{
    /// <inheritdoc/>
    public string CatalogPath() => Path.Combine(StateFolder.ForJob(jobName).Path, Catalog.FileName);

    /// <inheritdoc/>
    public SnapshotCatalogs Snapshots() => SnapshotCatalogs.ForJob(jobName);

    /// <inheritdoc/>
    public string SpoolFolder() => StateFolder.ForJob(jobName).Path;

    /// <inheritdoc/>
    public ICatalog Open(string path, CatalogIdentity identity) => Catalog.Open(path, identity);

    /// <inheritdoc/>
    public string Endpoint(S3Access access, Func<string> resolve) => EndpointMemory.FindAndRemember(access, jobName, resolve);

    /// <inheritdoc/>
    public void Recall(StoreAbilities abilities, string endpoint, string bucket, DateTimeOffset now) =>
        StoreMemory.Recall(abilities, jobName, endpoint, bucket, now);

    /// <inheritdoc/>
    public void Keep(StoreAbilities abilities, string endpoint, string bucket) => StoreMemory.Keep(abilities, jobName, endpoint, bucket);

    /// <inheritdoc/>
    public void KeepPaused(S3CopyRequest request, string keyPrefix, DateTimeOffset time) => PausedSnapshot.Keep(jobName, request, keyPrefix, time);

    /// <inheritdoc/>
    public void ForgetPaused() => PausedSnapshot.Forget(jobName);

    /// <inheritdoc/>
    public void MarkCarriedOut(PendingChanges changes) => changes.MarkCarriedOut();
}
