using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Carries out what is about an entry of the mirror, many at a time, while actions are still being found. One entry's failure is one entry's;
/// what would fail for every other one too ends the stage.
/// </summary>
internal sealed class TransferPhase
{
    // Of large files, parts make up for fewer at a time. A small one has its one request, and waits for it.
    private const int LargeFilesAtATime = 4;

    // Some of them are hashed, and sent by nobody.
    private const int FewestSmallFiles = 64;
    private const int ActionsAhead = 1024;

    // After this many failures with not one success, the next file will not do better.
    private const int HopelessFailures = 50;

    private readonly IObjectStore store;
    private readonly ICatalog? catalog;
    private readonly SnapshotRun? snapshot;
    private readonly SyncCounters counters;
    private readonly StageReport report;
    private readonly Uploader uploader;
    private readonly SyncWorker worker;
    private readonly TransferLimiter limiter;
    private readonly int smallFilesAtATime;
    private readonly long partSize;
    private readonly UploadGate? gate;

    /// <param name="scope">The run's.</param>
    /// <param name="catalog">What S3 holds.</param>
    /// <param name="snapshot">The dated snapshot, where there is one.</param>
    /// <param name="unknown">What S3 holds that no catalog knows of.</param>
    /// <param name="mostRequests">How many requests may be under way.</param>
    /// <param name="sender">Sends content; null: from the mirror to the store.</param>
    /// <param name="gate">Says what may still begin; null: everything.</param>
    public TransferPhase(
        SyncScope scope, ICatalog? catalog, SnapshotRun? snapshot, UnknownObjects unknown, int mostRequests, IEntrySender? sender,
        UploadGate? gate)
    {
        this.gate = gate;
        this.catalog = catalog;
        this.snapshot = snapshot;
        store = scope.Store;
        partSize = scope.Request.UploadPartSize;
        counters = scope.Counters;
        report = scope.Report;
        limiter = new TransferLimiter(store.Traffic, mostRequests, TimeProvider.System, store.Abilities.BestRequests?.Count);
        smallFilesAtATime = Math.Max(FewestSmallFiles, mostRequests);
        uploader = new Uploader(
            store, new EntryHeaders(scope.Request), limiter, catalog?.Uploads, scope.Request, counters.Sent, counters.Kept,
            counters.PartCopied, gate);
        worker = new SyncWorker(scope, sender ?? uploader, limiter, catalog, snapshot, new SameContent(scope, catalog, unknown));
    }

    /// <summary>Runs until everything that was found is carried out.</summary>
    /// <param name="find">Finds actions and hands each to what it is given, which waits while there are enough.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">Something that ends the stage.</exception>
    public async Task RunAsync(
        Func<Func<SyncAction, CancellationToken, ValueTask>, CancellationToken, Task> find, CancellationToken cancellationToken)
    {
        TransferLanes<Work> lanes = new(
            ActionsAhead, smallFilesAtATime, LargeFilesAtATime, work => work.Action.Local!.ContentLength >= partSize, WorkAsync);
        // Before the workers race each other: the order in which actions are found is the one in which the names of a file are carried out.
        LinkGroups links = new();
        await lanes.RunAsync(
            (add, stopped) => find((action, token) => add(new Work(action, links.Join(action.Local!)), token), stopped),
            cancellationToken).ConfigureAwait(false);
        if (limiter.Best is { } best)
            store.Abilities.NoteBestRequests(best);
    }

    /// <summary>Aborts uploads that earlier runs left unfinished, when nothing of the mirror needs them any more.</summary>
    /// <param name="begin">Called before the first request.</param>
    /// <param name="includeUnknown">True to abort also old ones that nobody remembers.</param>
    /// <param name="context">The run.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task AbortStaleUploadsAsync(Action begin, bool includeUnknown, RunContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<UnfinishedUpload> remembered = catalog?.Uploads.All() ?? [];
        if (remembered.Count == 0 && !includeUnknown)
            return;
        begin();
        (int aborted, Exception? problem) = await uploader.Parts
            .AbortStaleAsync(remembered, includeUnknown, DateTimeOffset.UtcNow, cancellationToken).ConfigureAwait(false);
        if (aborted > 0)
            context.Verbose($"Aborted {aborted} unfinished uploads of earlier runs; their parts cost nothing any more.");
        if (problem is not null)
            context.LogWarning($"Unfinished uploads of earlier runs may be left under s3://{store.BucketName}/{store.KeyPrefix}: {problem.Message}");
    }

    private async Task<BackupError?> WorkAsync(Work work, CancellationToken cancellationToken)
    {
        (SyncAction action, LinkPlace? place) = work;
        string path = action.Local!.Path;
        bool isDecided = false;
        try
        {
            if (gate?.Refuses() == true)
            {
                counters.EntryRemains(action.Kind == SyncActionKind.Metadata ? 0 : action.Local.ContentLength);
                return null;
            }

            if (snapshot is not null)
                await snapshot.BeforeChangeAsync(cancellationToken).ConfigureAwait(false);
            await worker.CarryOutAsync(action, place, cancellationToken).ConfigureAwait(false);
            isDecided = true;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Nothing more is begun.
        }
        catch (UploadPausedException paused)
        {
            counters.EntryRemains(paused.Bytes);
        }
        catch (FileNotFoundException)
        {
            counters.EntryLeftOut();
            report.Warning($"'{path}' vanished before it was sent; its copy in S3 stays as it is until the next run.");
        }
        catch (Exception exception) when (S3Errors.IsAboutFile(exception))
        {
            counters.TransferFailed();
            report.ItemFailed(MirrorErrors.FileUnreadable(path, exception));
        }
        catch (Exception exception)
        {
            BackupError error = S3Errors.From(exception, store.Target);
            if (error.EndsStage)
                return error;
            if (report.Failed >= HopelessFailures && counters.SentBytes == 0 && counters.Copied == 0)
                return SyncErrors.GivenUp(error, report.Failed);
            counters.TransferFailed();
            report.ItemFailed(S3Errors.ItemFailed(path, exception, store.Target));
        }
        finally
        {
            if (!isDecided && action.Kind == SyncActionKind.Examine)
                counters.EntryUndecided();
            place?.Leave();
        }

        return null;
    }

    private readonly record struct Work(SyncAction Action, LinkPlace? Place);
}
