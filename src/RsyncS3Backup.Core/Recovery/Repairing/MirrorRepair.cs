using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>Brings single objects to the mirror. Thread-safe.</summary>
internal sealed class MirrorRepair : IDisposable
{
    private const int Connections = 32;

    private readonly object gate = new();
    private readonly S3ObjectStore store;
    private readonly RestoreTargets targets;
    private readonly ObjectContents contents;
    private readonly RestoreCounters counters = new();
    private readonly Committer committer = new();
    private readonly LinkNames links = new();

    /// <exception cref="BackupException">The mirror or the bucket cannot be used.</exception>
    public MirrorRepair(S3SyncRequest request, string keyPrefix, Action<long> transferred)
    {
        targets = RestoreTargets.OfMirror(request.MirrorPath);
        store = new S3ObjectStore(request, keyPrefix, Connections);
        store.Connect();
        TransferLimiter limiter = new(store.Traffic, Connections / 2, TimeProvider.System);
        contents = new ObjectContents(store, limiter, transferred, counters.Kept);
    }

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => store.Requests;

    /// <summary>Fetches one object; what goes wrong is an exception or in the report.</summary>
    public async Task RepairAsync(StoredObject stored, StageReport report, CancellationToken cancellationToken)
    {
        EntryPlacer placer = new(targets, report);
        FolderFinisher folders = new(counters, report);
        EntryWriter writer = new(committer, counters, report);
        EntryRestorer restorer = new(contents, writer, folders, RestoreOverwrite.Always, counters)
        {
            // A file is damaged under all its names.
            Links = links,
        };
        RestoreTask? task;
        lock (gate)
            task = placer.Place(new ObjectItem(stored));
        if (task is null)
            return;
        await restorer.RestoreAsync(task, cancellationToken).ConfigureAwait(false);
        await committer.FlushAsync().ConfigureAwait(false);
        folders.Finish(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        committer.CompleteAsync().GetAwaiter().GetResult();
        targets.Dispose();
        store.Dispose();
    }
}
