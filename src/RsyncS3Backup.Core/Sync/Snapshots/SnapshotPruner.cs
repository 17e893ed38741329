using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>Deletes a whole snapshot, so that one of which something is left is never taken for complete.</summary>
internal sealed class SnapshotPruner(IObjectStore store, S3CopyRequest request, StorageChange storage, DateTimeOffset now)
{
    /// <summary>Prunes one snapshot.</summary>
    /// <returns>How many objects were deleted, and why not all of them were.</returns>
    public async Task<(long Deleted, BackupError? Problem)> PruneAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        long deleted = 0;
        using IObjectStore at = store.At(snapshot.KeyPrefix);
        try
        {
            if (snapshot.IsComplete)
            {
                SnapshotManifest whole = snapshot.Manifest;
                SnapshotManifest incomplete =
                    new() { Job = whole.Job, Mirror = whole.Mirror, Host = whole.Host, IsComplete = false, Time = now };
                await incomplete.WriteAsync(at, request, cancellationToken).ConfigureAwait(false);
            }

            await foreach (PendingUpload upload in at.ListUploadsAsync(cancellationToken).ConfigureAwait(false))
                await at.TryAbortAsync(upload.RelativeKey, upload.UploadId, cancellationToken).ConfigureAwait(false);
            List<StoredObject> batch = [];
            await foreach (StoredObject item in at.ListAsync(KeyRange.Everything, cancellationToken).ConfigureAwait(false))
            {
                if (item.RelativeKey == SnapshotManifest.RelativeKey)
                    continue;
                batch.Add(item);
                if (batch.Count < DeleteRequests.KeysPerRequest)
                    continue;
                if (await DeleteAsync(at, batch, cancellationToken).ConfigureAwait(false) is { } problem)
                    return (deleted, problem);
                deleted += batch.Count;
                batch.Clear();
            }

            // The manifest is the last to go: without it, nobody would know what the rest is.
            foreach (List<StoredObject> rest in new[] { batch, [new StoredObject(SnapshotManifest.RelativeKey, 0, "")] })
            {
                if (await DeleteAsync(at, rest, cancellationToken).ConfigureAwait(false) is { } problem)
                    return (deleted, problem);
                deleted += rest.Count;
            }

            return (deleted, null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return (deleted, S3Errors.From(exception, store.Target));
        }
    }

    private async Task<BackupError?> DeleteAsync(IObjectStore at, IReadOnlyList<StoredObject> items, CancellationToken cancellationToken)
    {
        BackupError? first = null;
        string[] relativeKeys = [.. items.Select(item => item.RelativeKey)];
        await foreach (BackupError error in at.DeleteAsync(relativeKeys, cancellationToken).ConfigureAwait(false))
            first ??= error;
        if (first is not null)
            return first;
        foreach (StoredObject item in items)
            storage.Gone(item.StorageClass, item.Size, item.LastModified, item.VersionId);
        return null;
    }
}
