using System.Net;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Snapshots;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Sync.Deletion;

/// <summary>
/// Deletes what the mirror no longer has, when all uploads are done: nothing of it, when an upload failed, when the mirror is empty, or when
/// there is more of it than the job allows. With <c>deleteAfter</c> it is only noted then, and goes in a later run. What has another kind of entry in its place goes earlier (<see cref="RunReplacedAsync"/>).
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="catalog">What S3 holds; null where that is not kept.</param>
/// <param name="snapshot">The dated snapshot, where there is one.</param>
/// <param name="nested">Prefixes of other jobs.</param>
/// <param name="mirror">Where the mirror is; null in a plan.</param>
internal sealed class DeletePhase(SyncScope scope, ICatalog? catalog, SnapshotRun? snapshot, NestedPrefixes nested, FolderPlace? mirror = null) : IDisposable
{
    private const int QuestionsAtATime = 16;

    private readonly S3SyncRequest request = scope.Request;
    private readonly IObjectStore store = scope.Store;
    private readonly SyncCounters counters = scope.Counters;
    private readonly RunContext context = scope.Context;
    private readonly StageReport report = scope.Report;
    private readonly KeySpool deletes = new("deletes", scope.State.SpoolFolder);
    private readonly KeySpool due = new("due", scope.State.SpoolFolder);
    private readonly KeySpool later = new("later", scope.State.SpoolFolder);
    private readonly KeySpool doubtful = new("doubtful", scope.State.SpoolFolder);
    private readonly KeySpool replaced = new("replaced", scope.State.SpoolFolder);
    private readonly KeySpool doubtfulReplaced = new("doubtful-replaced", scope.State.SpoolFolder);
    private long protectedObjects;

    /// <summary>The mirror does not have it.</summary>
    /// <param name="action">What was found.</param>
    /// <param name="isKnown">False when nothing on this machine tells that the job sent it.</param>
    public void Add(SyncAction action, bool isKnown)
    {
        if (!request.Options.DeleteFromS3)
            return;
        // What the listing refutes is another object than the one that was noted as gone.
        if (isKnown)
            AddOurs(action.RelativeKey, action.RemoteSize, action.IsRowRefuted ? null : action.Row?.GoneTime);
        else
            doubtful.Add(action.RelativeKey, action.RemoteSize);
    }

    /// <summary>The mirror has a file or a link where its folder was: a change of that entry, whether the job deletes from S3 or not.</summary>
    /// <param name="action">What was found.</param>
    /// <param name="isKnown">False when nothing on this machine tells that the job sent it.</param>
    public void AddReplaced(SyncAction action, bool isKnown) => (isKnown ? replaced : doubtfulReplaced).Add(action.RelativeKey, action.RemoteSize);

    /// <summary>
    /// The mirror has a folder where it was a file: a change of that entry, whether the job deletes from S3 or not. It goes before what is in
    /// the folder is sent, because some stores (MinIO) keep no key beneath another one.
    /// </summary>
    /// <param name="action">What was found.</param>
    /// <param name="isKnown">False when nothing on this machine tells that the job sent it.</param>
    /// <param name="begin">Called before the first request.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task DeleteNowAsync(SyncAction action, bool isKnown, Action begin, CancellationToken cancellationToken)
    {
        begin();
        if (isKnown || await IsOursAsync(action.RelativeKey, cancellationToken).ConfigureAwait(false))
            await DeleteAsync([(action.RelativeKey, action.RemoteSize)], cancellationToken).ConfigureAwait(false);
        else
            Leave(action.RelativeKey);
    }

    /// <summary>Deletes what files and links have the place of, before those are sent.</summary>
    /// <param name="begin">Called before the first change.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It is refused: nothing was deleted.</exception>
    public async Task RunReplacedAsync(Action begin, CancellationToken cancellationToken)
    {
        await AskAsync(doubtfulReplaced, replaced.Add, begin, cancellationToken).ConfigureAwait(false);
        if (replaced.Count == 0)
            return;
        RequireAllowed();
        begin();
        context.Verbose($"Stage 2 deletes {replaced.Count} objects of folders that are files or links now ({HumanText.Bytes(replaced.Bytes)}).");
        await DeleteAllAsync(replaced, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The mirror may have it; it could not be read.</summary>
    public void Protect() => protectedObjects++;

    /// <summary>
    /// Asks S3 of each doubtful object whether this module sent it. What it did not send stays, and so does what may not be looked at.
    /// </summary>
    /// <param name="begin">Called before the first request.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task AskAsync(Action begin, CancellationToken cancellationToken) =>
        counters.FailedTransfers > 0 ? Task.CompletedTask : AskAsync(
            doubtful, (key, size) => AddOurs(key, size, catalog?.Find(key)?.GoneTime), begin, cancellationToken);

    /// <summary>Does it.</summary>
    /// <param name="begin">Called before the first change.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It is refused: nothing was deleted.</exception>
    public async Task RunAsync(Action begin, CancellationToken cancellationToken)
    {
        if (protectedObjects > 0 && request.Options.DeleteFromS3)
            report.Warning($"{protectedObjects} objects beneath folders of the mirror that could not be read stay in S3 as they are.");
        long count = deletes.Count + due.Count + later.Count;
        if (count == 0)
            return;
        if (counters.FailedTransfers > 0)
        {
            report.Warning(
                $"{count} objects that the mirror no longer has stay in S3, because {counters.FailedTransfers} uploads failed: each of "
                + "them may be the new name of one of those objects. The next run without failed uploads deletes them.");
            return;
        }

        RequireAllowed();
        begin();
        context.Verbose($"Stage 2 deletes {deletes.Count + due.Count} objects ({HumanText.Bytes(deletes.Bytes + due.Bytes)}).");
        await DeleteAllAsync(deletes, cancellationToken).ConfigureAwait(false);
        await DeleteAllAsync(due, cancellationToken).ConfigureAwait(false);
        Postpone();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        deletes.Dispose();
        due.Dispose();
        later.Dispose();
        doubtful.Dispose();
        replaced.Dispose();
        doubtfulReplaced.Dispose();
    }

    private void AddOurs(string relativeKey, long size, DateTimeOffset? goneTime)
    {
        KeySpool? where = DeletionTimes.Of(goneTime, request.Options.DeleteAfter ?? TimeSpan.Zero, scope.StartTime) switch
        {
            DeletionTime.Now => deletes,
            DeletionTime.Due => due,
            DeletionTime.Later => later,
            _ => null,
        };
        where?.Add(relativeKey, size);
    }

    // Not before this run was allowed to delete them: what is noted is not counted again.
    private void Postpone()
    {
        if (later.Count > 0 && catalog is null)
        {
            string what = later.Count == 1 ? "object that the mirror no longer has stays" : "objects that the mirror no longer has stay";
            report.Warning(
                $"{later.Count} {what} in S3: this run has no catalog, so the time of deleteAfter cannot begin. "
                + "Check the state folder; the next run with a catalog starts it.");
            return;
        }

        foreach (IReadOnlyList<(string RelativeKey, long Size)> batch in later.Batches(DeleteRequests.KeysPerRequest))
        {
            foreach ((string relativeKey, _) in batch.Where(item => !nested.Covers(item.RelativeKey)))
            {
                if (catalog!.Find(relativeKey) is not { IsLeftover: true } row)
                    continue;
                catalog.Put(row with { GoneTime = scope.StartTime });
                counters.DeletionPostponed(1);
            }
        }
    }

    private async Task DeleteAllAsync(KeySpool keys, CancellationToken cancellationToken)
    {
        foreach (IReadOnlyList<(string RelativeKey, long Size)> batch in keys.Batches(DeleteRequests.KeysPerRequest))
        {
            // What came before the marker of another job's prefix, which the listing met later.
            List<(string RelativeKey, long Size)> own = [.. batch.Where(item => !nested.Covers(item.RelativeKey))];
            if (own.Count > 0)
                await DeleteAsync(own, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AskAsync(KeySpool asked, Action<string, long> ours, Action begin, CancellationToken cancellationToken)
    {
        if (asked.Count == 0)
            return;
        begin();
        foreach (IReadOnlyList<(string RelativeKey, long Size)> batch in asked.Batches(DeleteRequests.KeysPerRequest))
        {
            bool[] isOurs = new bool[batch.Count];
            ParallelOptions parallel = new() { MaxDegreeOfParallelism = QuestionsAtATime, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, batch.Count, parallel, async (index, token) =>
                isOurs[index] = await IsOursAsync(batch[index].RelativeKey, token).ConfigureAwait(false)).ConfigureAwait(false);
            for (int index = 0; index < batch.Count; index++)
            {
                if (isOurs[index])
                    ours(batch[index].RelativeKey, batch[index].Size);
                else
                    Leave(batch[index].RelativeKey);
            }
        }
    }

    private void Leave(string relativeKey)
    {
        counters.ForeignSeen();
        CatalogEntry row = catalog?.Find(relativeKey) ?? CatalogEntry.Uncertain(relativeKey);
        catalog?.Put(row with { IsLeftover = true, IsForeign = true });
    }

    private void NoteGone(string relativeKey)
    {
        try
        {
            if (catalog?.Find(relativeKey) is { StorageClass.Length: > 0 } row)
                scope.Storage.Gone(row.StorageClass, row.Size, row.StoredTime, row.VersionId);
        }
        catch (SqliteException)
        {
            // The catalog knows that it cannot be read; what the object cost is the least of it.
        }
    }

    private async Task<bool> IsOursAsync(string relativeKey, CancellationToken cancellationToken)
    {
        try
        {
            StoredObject? found = await store.HeadAsync(new ObjectQuery(store.Key(relativeKey)), cancellationToken).ConfigureAwait(false);
            // What is gone is deleted once more: that does no harm, and clears its row.
            return found is null || ObjectMetadata.IsOurs(found.Metadata);
        }
        catch (Exception exception) when (S3Errors.From(exception, store.Target).Id == ErrorIds.S3AccessDenied)
        {
            return false;
        }
    }

    private void RequireAllowed()
    {
        string where = $"s3://{request.Destination.Bucket}/{store.KeyPrefix}";
        long allowed = request.MaxDelete.Allowed(counters.Remote);
        bool isMirrorEmpty = counters.Total == 0;
        long count = deletes.Count + replaced.Count + later.Count;
        if (isMirrorEmpty && !request.AllowEmptyMirror)
            throw SyncErrors.MirrorEmpty(request.MirrorPath, count + due.Count, where);
        if (count > allowed && !isMirrorEmpty)
            throw SyncErrors.DeleteLimitExceeded(count, counters.Remote, allowed, where, replaced.First.Concat(deletes.First).Concat(later.First).Take(KeySpool.FirstKeys));
    }

    // Credentials that may not delete belong to a job that does not delete.
    private void WarnOfBoth(string key) => report.Warning(
        $"The object '{key}' is out of date: the entry is of another kind now (a file, a link or a folder). It was not deleted, because these "
        + "credentials lack s3:DeleteObject. Until it is deleted, a restore takes whichever of the two was stored last.");

    private async Task DeleteAsync(IReadOnlyList<(string RelativeKey, long Size)> batch, CancellationToken cancellationToken)
    {
        // What lies beneath a drive that was unmounted meanwhile has none of the mirror's files.
        if (mirror?.IsStillThere() == false)
            throw MirrorErrors.MirrorWentAway(mirror.Path);
        if (snapshot is not null)
            await snapshot.BeforeChangeAsync(cancellationToken).ConfigureAwait(false);
        HashSet<string> refused = [];
        string[] keys = [.. batch.Select(item => item.RelativeKey)];
        try
        {
            await foreach (BackupError error in store.DeleteAsync(keys, cancellationToken).ConfigureAwait(false))
            {
                refused.Add(error.Target!);
                if (error.S3ErrorCode == "AccessDenied" && !request.Options.DeleteFromS3)
                    WarnOfBoth(error.Target!);
                else
                    report.ItemFailed(error);
                // Of one that S3 refused the row stays right; of one that it did not speak of nobody knows.
                if (error.S3ErrorCode is null)
                    catalog?.Put(CatalogEntry.Uncertain(error.Target![store.KeyPrefix.Length..]) with { IsLeftover = true });
            }
        }
        catch (Exception exception)
        {
            // Some may be gone, also when one of several requests was refused; then a file that comes back must not be taken for one that S3 has.
            if (S3Errors.MayBeCarriedOut(exception) || DeleteRequests.Count(keys, store.Abilities.Has(StoreFeature.DeleteObjects)) > 1)
            {
                foreach (string key in keys)
                    catalog?.Put(CatalogEntry.Uncertain(key) with { IsLeftover = true });
            }

            if (request.Options.DeleteFromS3 || exception is not AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden })
                throw;
            foreach (string key in keys)
                WarnOfBoth(store.Key(key));
            return;
        }

        foreach ((string relativeKey, long size) in batch)
        {
            if (refused.Contains(store.Key(relativeKey)))
                continue;
            counters.ObjectDeleted(size);
            NoteGone(relativeKey);
            catalog?.Remove(relativeKey);
            await report.ActedAsync(BackupActionKind.Deleted, relativeKey, store.Key(relativeKey), size).ConfigureAwait(false);
        }
    }
}
