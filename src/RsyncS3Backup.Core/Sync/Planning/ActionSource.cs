using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>Every action of a run, found in the way that the run takes.</summary>
/// <param name="mirror">The mirror.</param>
/// <param name="session">The catalog, and the way.</param>
/// <param name="store">The bucket.</param>
/// <param name="changes">What stage 1 changed, or would change; enumerated only on the way by journal.</param>
/// <param name="nested">Meets the markers of other jobs' prefixes.</param>
/// <param name="report">Hears what goes wrong.</param>
internal sealed class ActionSource(
    MirrorWalker mirror, CatalogSession session, IObjectStore store, IEnumerable<BackupChange> changes, NestedPrefixes nested,
    StageReport report)
{
    /// <summary>Hands out one action after the other; the next is not looked for before the last one's task has ended.</summary>
    public async Task ForEachAsync(Func<SyncAction, CancellationToken, ValueTask> take, CancellationToken cancellationToken)
    {
        if (session.Mode.Mode == S3SyncMode.Reconcile)
        {
            IEnumerable<CatalogEntry> rows = session.Catalog?.Read() ?? [];
            IAsyncEnumerable<SyncAction> plan =
                SyncPlanner.PlanAsync(mirror.Walk(cancellationToken), rows, ListAsync(cancellationToken), cancellationToken);
            await foreach (SyncAction action in plan.ConfigureAwait(false))
                await take(action, cancellationToken).ConfigureAwait(false);
            return;
        }

        ICatalog catalog = session.Catalog!;
        IEnumerable<SyncAction> known = session.Mode.Mode == S3SyncMode.Journal
            ? new JournalPlanner(mirror, catalog, report).Plan(changes, session.Due, cancellationToken)
            : SyncPlanner.Plan(mirror.Walk(cancellationToken), catalog.Read());
        foreach (SyncAction action in known)
            await take(action, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<StoredObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        KeyRange everything = KeyRange.Everything with { Cuts = session.Catalog?.Cuts(after: "") };
        await foreach (StoredObject item in store.ListAsync(everything, cancellationToken).ConfigureAwait(false))
        {
            if (item.RelativeKey is SnapshotManifest.RelativeKey or MirrorMarker.FileName)
                continue;
            await nested.MeetAsync(item, cancellationToken).ConfigureAwait(false);
            yield return item;
        }
    }
}
