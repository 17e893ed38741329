using System.Collections.Concurrent;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Runs;
using RsyncS3Backup.S3;
using RsyncS3Backup.S3.Client;
using RsyncS3Backup.S3.Planning;
using RsyncS3Backup.S3.Transfer;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>Takes the good copy for each difference between the copies of a backup.</summary>
public static class BackupRepairs
{
    private const int MostNamed = 500;

    /// <summary>
    /// Looks at entries again and repairs what differs, under the job's lock. Never throws for what can go wrong with one entry. Where it is not
    /// known which copy is good, nothing is done.
    /// </summary>
    /// <param name="test">The job, its bucket, and how thoroughly to look again: as thoroughly as the differences were found.</param>
    /// <param name="paths">The entries, as their differences name them.</param>
    /// <param name="observer">Hears what the repair tells.</param>
    /// <param name="emit">Called for each entry.</param>
    /// <param name="cancellationToken">Stops it; each file is the old one or the whole new one.</param>
    /// <exception cref="BackupException">Nothing can be repaired: the job runs, or a copy cannot be reached.</exception>
    public static async Task RunAsync(
        BackupTestRequest test, IReadOnlyList<string> paths, IRunObserver observer, Action<BackupRepair> emit, CancellationToken cancellationToken)
    {
        BackupConfiguration job = test.Configuration ?? throw new ArgumentException("A repair needs a job.", nameof(test));
        using RunContext context = RunContext.Start(job.Name, observer);
        S3Target target = S3Target.Unresolved(test.S3 ?? throw CopyErrors.NoBucket(job.Name));
        try
        {
            using JobLock? held = await JobLocks.TakeAsync(job.Name, test.WaitForLock, context, cancellationToken).ConfigureAwait(false);
            await Task.Run(() => RepairAsync(test, paths, context, emit, cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(TestErrors.Failed(exception, target), exception);
        }
    }

    private static async Task RepairAsync(
        BackupTestRequest test, IReadOnlyList<string> paths, RunContext context, Action<BackupRepair> emit, CancellationToken cancellationToken)
    {
        HashSet<string> wanted = new(paths, StringComparer.Ordinal);
        ConcurrentDictionary<string, (BackupDifference Difference, CopyPair Pair)> found = new(StringComparer.Ordinal);
        StageReport report = new(context);
        string keyPrefix;
        // Each name costs a request; beyond so many, a listing of everything is cheaper.
        BackupTestRequest again = test with { Exactly = paths.Count <= MostNamed ? paths : null, Paths = [] };
        using (TestRun run = await TestRun.PrepareAsync(again, report, Note, cancellationToken).ConfigureAwait(false))
        {
            await run.RunAsync(cancellationToken).ConfigureAwait(false);
            keyPrefix = run.KeyPrefix;
        }

        void Note(BackupDifference difference, CopyPair pair)
        {
            if (wanted.Contains(difference.Path))
                found[difference.Path] = (difference, pair);
        }

        using Repairer repairer = new(test, keyPrefix, context);
        foreach (string path in wanted.Order(StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            BackupRepair repair = found.TryGetValue(path, out (BackupDifference Difference, CopyPair Pair) item)
                ? await repairer.RepairAsync(item.Difference, item.Pair, cancellationToken).ConfigureAwait(false)
                : new BackupRepair
                {
                    Name = context.JobName,
                    Path = path,
                    Status = BackupStatus.Skipped,
                    Reason = "The copies do not differ, as far as this level sees.",
                };
            context.Verbose($"Repair {repair.Status} '{path}': {repair.Reason}");
            emit(repair);
        }
    }

    /// <summary>Repairs single entries, one after the other.</summary>
    private sealed class Repairer(BackupTestRequest test, string keyPrefix, RunContext context) : IDisposable
    {
        private const int Connections = 32;

        private readonly S3SyncRequest request = test.S3!;
        private Bucket? bucket;
        private CatalogSession? session;

        public async Task<BackupRepair> RepairAsync(BackupDifference difference, CopyPair pair, CancellationToken cancellationToken)
        {
            BackupRepair repair = new()
            {
                Name = context.JobName,
                Path = difference.Path,
                Kind = difference.Kind,
                Status = BackupStatus.Skipped,
                Length = difference.Length,
                Reason = difference.Reason,
            };
            if (difference.Kind == BackupDifferenceKind.NotYetSent)
                return repair with { Reason = "No damage: the next stage 2 sends it. " + difference.Reason };
            if (difference.GoodCopy is not { } good)
                return repair with { Reason = "It is not known which copy is good. " + difference.Reason };
            StageReport report = new(context);
            try
            {
                if (good == BackupCopy.S3)
                    await FetchAsync(pair, report, cancellationToken).ConfigureAwait(false);
                else
                    await SendAsync(pair, report, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                report.ItemFailed(exception is BackupException known ? known.Error : S3Errors.ItemFailed(difference.Key, exception, S3Target.Unresolved(request)));
            }

            if (report.FailedItems() is [var error, ..])
                return repair with { Status = BackupStatus.Failed, Error = error, Reason = error.Message };
            return repair with
            {
                Status = BackupStatus.Succeeded,
                RepairedCopy = good == BackupCopy.S3 ? BackupCopy.Local : BackupCopy.S3,
                Reason = good == BackupCopy.S3 ? "Fetched from S3. " + difference.Reason : "Sent to S3. " + difference.Reason,
            };
        }

        public void Dispose()
        {
            // Not seen as a whole, so the next run looks at all of the mirror.
            session?.End(isDone: false, isComplete: false, new SyncCounters());
            session?.Dispose();
            bucket?.Dispose();
        }

        private async Task FetchAsync(CopyPair pair, StageReport report, CancellationToken cancellationToken)
        {
            using BucketReader listings = new(request, Connections);
            using ObjectReader reader = new(listings);
            using RestoreTargets targets = RestoreTargets.OfMirror(request.MirrorPath);
            RestoreCounters counters = new();
            TransferLimiter limiter = new(reader.Traffic, Connections / 2, TimeProvider.System);
            ObjectContents contents = new(reader, keyPrefix, limiter, counters.Transferred, counters.Kept);
            Committer committer = new();
            try
            {
                EntryRestorer restorer = new(targets, contents, RestoreOverwrite.Always, committer, new FolderList(), counters, report);
                if (restorer.Place(new ObjectItem(pair.Remote!)) is { } task)
                    await restorer.RestoreAsync(task, cancellationToken).ConfigureAwait(false);
                await committer.CompleteAsync().ConfigureAwait(false);
                restorer.FinishFolders(cancellationToken);
            }
            finally
            {
                await committer.CompleteAsync().ConfigureAwait(false);
            }
        }

        private async Task SendAsync(CopyPair pair, StageReport report, CancellationToken cancellationToken)
        {
            if (bucket is null)
            {
                bucket = new Bucket(request, keyPrefix, Connections);
                string endpoint = EndpointMemory.Find(request, context.JobName, () => bucket.Connect().Endpoint);
                string? catalogPath = KeyPrefix.HasDateTokens(request.Options.S3Prefix) ? SnapshotCatalogs.ForJob(context.JobName).PathOf(keyPrefix) : null;
                session = new CatalogSession(
                    request, endpoint, keyPrefix, catalogPath, DateTimeOffset.Now, PendingChanges.Open(context.JobName, request.MirrorPath), context.JobName, report);
                bucket.Connect();
                session.Begin();
            }

            EntryHeaders headers = new(request);
            TransferLimiter limiter = new(bucket.Traffic, Connections / 2, TimeProvider.System);
            Uploader uploader = new(bucket, headers, limiter, session!.Catalog, _ => { }, _ => { });
            SyncWorker worker = new(
                bucket, headers, limiter, new EntrySender(bucket, uploader), session.Catalog, null, new SyncCounters(), report);
            SyncActionKind kind = pair.Remote is null ? SyncActionKind.Create : SyncActionKind.Update;
            await worker.CarryOutAsync(new SyncAction(kind, pair.Local, null, null), null, cancellationToken).ConfigureAwait(false);
        }
    }
}
