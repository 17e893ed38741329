using System.Collections.Concurrent;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>Replaces the bad copy of each file that differs between the copies of a backup by the good one.</summary>
internal static class BackupRepairs
{
    private const int MostNamed = 500;

    /// <summary>
    /// Looks at entries again and repairs what differs, under the job's lock. Never throws for what can go wrong with one entry. Where it is not
    /// known which copy is good, or another one is than was wished for, nothing is done.
    /// </summary>
    /// <param name="test">The job, its bucket, and how thoroughly to look again: as thoroughly as the differences were found.</param>
    /// <param name="wishes">The entries; of several wishes for one path the first counts.</param>
    /// <param name="observer">Hears what the repair tells.</param>
    /// <param name="emit">Called for each entry, from any thread, as soon as it is repaired.</param>
    /// <param name="cancellationToken">Stops it; each file is the old one or the whole new one.</param>
    /// <exception cref="BackupException">Nothing can be repaired: the job runs, or a copy cannot be reached.</exception>
    public static async Task RunAsync(
        BackupTestRequest test, IReadOnlyList<RepairWish> wishes, IRunObserver observer, Action<BackupRepair> emit, CancellationToken cancellationToken)
    {
        BackupConfiguration job = test.Configuration ?? throw new ArgumentException("A repair needs a job.", nameof(test));
        using RunContext context = RunContext.Start(job.Name, observer);
        S3Target target = S3Target.Unresolved(test.S3 ?? throw CopyErrors.NoBucket(job.Name));
        try
        {
            using JobLock? held = await JobLocks.TakeAsync(job.Name, test.WaitForLock, context, cancellationToken).ConfigureAwait(false);
            using MirrorLock? mirror = await JobLocks
                .TakeMirrorAsync(job.Options.Rsync.LocalDestination, test.WaitForLock, context, cancellationToken).ConfigureAwait(false);
            int total = wishes.DistinctBy(wish => wish.Path, StringComparer.Ordinal).Count();
            using RepairRecord record = RepairRecord.Begin(test, job, total, context, ownsJob: held is not null);
            try
            {
                await Task.Run(() => RepairAsync(test, wishes, context, Ended, cancellationToken), CancellationToken.None)
                    .ConfigureAwait(false);
                record.End();
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                record.End(exception is BackupException known ? known.Error : TestErrors.Failed(exception, target));
                throw;
            }

            void Ended(BackupRepair repair)
            {
                record.Add(repair);
                emit(repair);
            }
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(TestErrors.Failed(exception, target), exception);
        }
    }

    private static async Task RepairAsync(
        BackupTestRequest test, IReadOnlyList<RepairWish> wishes, RunContext context, Action<BackupRepair> emit, CancellationToken cancellationToken)
    {
        Dictionary<string, RepairWish> wanted = new(StringComparer.Ordinal);
        foreach (RepairWish wish in wishes)
            wanted.TryAdd(wish.Path, wish);
        ConcurrentDictionary<string, FoundDifference> found = new(StringComparer.Ordinal);
        StageReport report = new(context);
        long transferred = 0;
        long ended = 0;
        string keyPrefix;
        // Each name costs a request; beyond so many, a listing of everything is cheaper.
        BackupTestRequest again = test with { Exactly = wanted.Count <= MostNamed ? [.. wanted.Keys] : null, Paths = [] };
        using (TestRun run = await TestRun.PrepareAsync(again, report, Note, cancellationToken).ConfigureAwait(false))
        {
            await using (PeriodicProgress.Start(context, seconds => run.Progress(context.JobName, seconds)))
                await run.RunAsync(cancellationToken).ConfigureAwait(false);
            keyPrefix = run.KeyPrefix;
        }

        void Note(BackupDifference difference, CopyPair pair)
        {
            if (wanted.TryGetValue(difference.Path, out RepairWish? wish))
                found[difference.Path] = new FoundDifference(wish, difference, pair);
        }

        IReadOnlyList<BackupError> failedItems = report.FailedItems();
        foreach (string path in wanted.Keys.Where(path => !found.ContainsKey(path)).Order(StringComparer.Ordinal))
        {
            BackupError? unread = failedItems.FirstOrDefault(
                item => item.Target == keyPrefix + path || item.Target == Path.Join(test.MirrorPath, path));
            Ended(new BackupRepair
            {
                Name = context.JobName,
                Path = path,
                Status = unread is null ? BackupStatus.Skipped : BackupStatus.Failed,
                Reason = unread?.Message ?? "The copies do not differ, as far as this level sees.",
                Error = unread,
            });
        }

        S3SyncRequest request = new(test.S3!, test.MirrorPath!);
        using Repairer repairer = new(request, keyPrefix, context, bytes => Interlocked.Add(ref transferred, bytes));
        await using PeriodicProgress progress = PeriodicProgress.Start(context, Progress);
        await repairer.RunAsync([.. found.Values], Ended, cancellationToken).ConfigureAwait(false);

        void Ended(BackupRepair repair)
        {
            context.Verbose($"Repair {repair.Status} '{repair.Path}': {repair.Reason}");
            emit(repair);
            if (found.ContainsKey(repair.Path))
                Interlocked.Increment(ref ended);
        }

        StageProgress Progress(double seconds)
        {
            long bytes = Interlocked.Read(ref transferred);
            return new StageProgress
            {
                Stage = 2,
                Name = context.JobName,
                Title = "Repair",
                Activity = "Repairing",
                Files = Interlocked.Read(ref ended),
                TotalFiles = found.Count,
                Bytes = bytes,
                BytesPerSecond = bytes / seconds,
            };
        }
    }
}
