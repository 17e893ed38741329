using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync;

/// <summary>What a job keeps on this machine for stage 2: written by a run, and only looked at by a plan.</summary>
/// <param name="jobName">The job.</param>
/// <param name="isReadOnly">True when nothing may be made or changed.</param>
internal sealed class SyncState(string jobName, bool isReadOnly)
{
    /// <summary>True when nothing may be made or changed.</summary>
    public bool IsReadOnly => isReadOnly;

    /// <summary>The file of the job's own catalog.</summary>
    /// <exception cref="IOException">The state folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be made.</exception>
    public string CatalogPath() =>
        Path.Combine(isReadOnly ? StateFolder.PathFor(jobName) : StateFolder.ForJob(jobName).Path, Catalog.FileName);

    /// <summary>The catalogs of dated snapshots.</summary>
    /// <exception cref="IOException">The state folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be made.</exception>
    public SnapshotCatalogs Snapshots() => isReadOnly ? SnapshotCatalogs.ToRead(jobName) : SnapshotCatalogs.ForJob(jobName);

    /// <summary>A folder for a file that is gone when the run is.</summary>
    public string SpoolFolder() => isReadOnly ? Path.GetTempPath() : StateFolder.ForJob(jobName).Path;

    /// <summary>Opens a catalog, or makes one.</summary>
    /// <exception cref="IOException">It cannot be had; to look at, also when there is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be had.</exception>
    public Catalog Open(string path, CatalogIdentity identity) => isReadOnly
        ? Catalog.OpenToRead(path, identity) ?? throw new FileNotFoundException("There is no catalog.", path)
        : Catalog.Open(path, identity);
}
