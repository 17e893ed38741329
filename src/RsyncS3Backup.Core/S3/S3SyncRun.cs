using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RsyncS3Backup.Reporting;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using RsyncS3Backup.S3.Client;
using RsyncS3Backup.S3.Mirror;
using RsyncS3Backup.S3.Planning;
using RsyncS3Backup.S3.Snapshots;
using RsyncS3Backup.S3.Transfer;
using RsyncS3Backup.State;

namespace RsyncS3Backup.S3;

/// <summary>
/// One run of stage 2: walk and listing are merged into actions, workers carry out uploads while the merge goes on, deletes come last and
/// only after everything else succeeded.
/// </summary>
internal sealed class S3SyncRun : IDisposable
{
    // Small files are opened and hashed by so many at a time; of large ones, parts make up for fewer of them.
    private const int SmallFilesAtATime = 64;
    private const int LargeFilesAtATime = 4;
    private const int ActionsAhead = 1024;
    private const string CatalogFile = "catalog.db";

    // After this many failures with not one success, the next file will not do better.
    private const int HopelessFailures = 50;

    private readonly S3SyncRequest request;
    private readonly RunContext context;
    private readonly StageReport report;
    private readonly PendingChanges pending;
    private readonly DateTimeOffset startTime;
    private readonly MirrorWalker mirror;
    private readonly Bucket bucket;
    private readonly SnapshotRun? snapshot;
    private readonly Catalog? catalog;

    // As the last run left it; the catalog forgets it when this one begins.
    private readonly MirrorSummary? lastMirror;
    private readonly Uploader uploader;
    private readonly SyncWorker worker;
    private readonly DeleteSpool deletes;
    private readonly TransferLimits limits;
    private readonly string endpoint;
    private BackupError? fatal;
    private bool hasBegun;
    private long protectedObjects;

    private S3SyncRun(
        S3SyncRequest request, string keyPrefix, DateTimeOffset startTime, PendingChanges pending, RunContext context, StageReport report)
    {
        this.request = request;
        this.context = context;
        this.report = report;
        this.pending = pending;
        this.startTime = startTime;
        KeyPrefix = keyPrefix;
        mirror = Walker(report);
        limits = new TransferLimits { BytesPerSecond = request.Options.BandwidthLimit, Timeout = request.Options.Timeout };
        int mostRequests = request.Options.ThrottleLimit ?? TransferLimiter.DefaultMaximum;
        bucket = new Bucket(request, keyPrefix, mostRequests * 2, limits);
        endpoint = EndpointMemory.Find(request, context.JobName, () => bucket.Connect().Endpoint);
        if (RsyncS3Backup.KeyPrefix.HasDateTokens(request.Options.S3Prefix))
            snapshot = new SnapshotRun(request, bucket, keyPrefix, startTime, context, report);
        catalog = OpenCatalog();
        lastMirror = catalog?.Mirror;
        Mode = ChooseMode();
        EntryHeaders headers = new(request);
        TransferLimiter limiter = new(bucket.Traffic, mostRequests, TimeProvider.System);
        uploader = new Uploader(bucket, headers, limiter, catalog, Counters.Sent, Counters.Kept);
        worker = new SyncWorker(bucket, headers, limiter, uploader, catalog, snapshot, Counters, report);
        deletes = new DeleteSpool(context.JobName);
    }

    /// <summary>What every key starts with, date tokens replaced.</summary>
    public string KeyPrefix { get; }

    /// <summary>How differences are found, and why so.</summary>
    public SyncModeChoice Mode { get; }

    /// <summary>What was done so far.</summary>
    public SyncCounters Counters { get; } = new();

    /// <summary>How many old snapshots were pruned.</summary>
    public long PrunedSnapshots => snapshot?.Pruned ?? 0;

    /// <summary>True when the dated snapshot has all that belongs in it, and says so; null where there are no dated snapshots.</summary>
    public bool? IsSnapshotComplete => snapshot?.IsComplete;

    /// <summary>What error messages name.</summary>
    public S3Target Target => bucket.Target;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => bucket.Requests;

    /// <summary>What those requests cost, in US dollars.</summary>
    public decimal EstimatedRequestCost => RequestPrices.Estimate(bucket.Requests, request.Options.StorageClass);

    /// <summary>What listing everything under the prefix costs, in US dollars.</summary>
    public decimal EstimatedListingCost => RequestPrices.OfListing(Counters.Remote);

    /// <summary>True when everything that was to be done is done, so that nobody needs to look at it again.</summary>
    public bool IsComplete => report.Failed == 0 && Counters.LeftOut == 0;

    // What a journal cannot tell: that other entries of the mirror belong in S3 than before.
    private string Settings => string.Join(
        '\n', [$"{request.Options.DirectoryMarkers} {request.Options.DeleteFromS3}", .. request.Options.ExcludePatterns]);

    private string Where => $"s3://{request.Destination.Bucket}/{KeyPrefix}";

    /// <summary>Checks everything that can be checked without a request, and chooses how differences are found.</summary>
    /// <exception cref="BackupException">The mirror is missing, or a setting is wrong.</exception>
    public static S3SyncRun Prepare(
        S3SyncRequest request, DateTimeOffset now, PendingChanges pending, RunContext context, StageReport report)
    {
        RequireValid(request);
        if (request.Destination.EndpointUrl is { } named)
            S3ClientFactory.RequireSecure(new Uri(named), request);
        if (!Directory.Exists(request.MirrorPath))
            throw S3Errors.MirrorMissing(request.MirrorPath);
        string keyPrefix = RsyncS3Backup.KeyPrefix.Resolve(request.Options.S3Prefix, context.JobName, now, request.Timezone);
        return new S3SyncRun(request, keyPrefix, now, pending, context, report);
    }

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">The stage cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        context.Verbose(
            $"Stage 2: {request.MirrorPath} to {Where} in {request.Options.StorageClass}"
            + $"{(request.Options.DeleteFromS3 ? ", deleting what is gone" : "")}, at {endpoint}. By {Mode.Mode}: {Mode.Reason}");
        if (Mode.Mode == S3SyncMode.Reconcile)
            Begin();
        bool isDone = false;
        try
        {
            await using SyncProgress progress = SyncProgress.Start(Measure, Counters, context);
            StallWatch watch = new(bucket.Traffic, limits.Timeout, TimeProvider.System);
            await watch.RunAsync(
                async token =>
                {
                    if (snapshot is not null)
                    {
                        bucket.Connect();
                        await snapshot.BeginAsync(OpenCatalog, token).ConfigureAwait(false);
                    }

                    await TransferAsync(token).ConfigureAwait(false);
                    await AbortStaleUploadsAsync(token).ConfigureAwait(false);
                    progress.Activity = "Deleting";
                    await DeleteAsync(token).ConfigureAwait(false);
                    if (snapshot is not null && IsComplete)
                    {
                        await snapshot.CompleteAsync(Counters, token).ConfigureAwait(false);
                        progress.Activity = "Pruning";
                        await snapshot.PruneAsync(token).ConfigureAwait(false);
                    }
                },
                endpoint,
                cancellationToken).ConfigureAwait(false);
            isDone = true;
        }
        finally
        {
            End(isDone, isDone ? new MirrorSummary(IsComplete, Counters.Total, Counters.TotalBytes, Settings) : null);
            if (catalog?.Failure is { } failure)
                report.Warning($"The catalog of what S3 holds could not be written, so the next run compares everything: {failure}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        deletes.Dispose();
        catalog?.Dispose();
        snapshot?.Dispose();
        bucket.Dispose();
    }

    private static void RequireValid(S3SyncRequest request)
    {
        (string What, string Value, string? Problem)[] checks =
        [
            ("The bucket's name", request.Destination.Bucket, ConfigurationRules.BucketName(request.Destination.Bucket)),
            ("The storage class", request.Options.StorageClass, ConfigurationRules.StorageClass(request.Options.StorageClass)),
            ("The key prefix", request.Options.S3Prefix ?? "", request.Options.S3Prefix is { } prefix ? ConfigurationRules.KeyPrefix(prefix) : null),
            ("The endpoint", request.Destination.EndpointUrl ?? "",
                request.Destination.EndpointUrl is { } endpoint ? ConfigurationRules.EndpointUrl(endpoint) : null),
        ];
        foreach ((string what, string value, string? problem) in checks)
        {
            if (problem is not null)
                throw S3Errors.ParameterInvalid(what, value, problem);
        }
    }

    private MirrorWalker Walker(StageReport onto) =>
        new(request.MirrorPath, onto, new ExcludePatterns(request.Options.ExcludePatterns), request.Options.DirectoryMarkers);

    /// <summary>
    /// Makes ready for requests, and has the catalog write down that a run is on. A run that finds nothing to do needs neither, and each
    /// costs more than looking through ten thousand files.
    /// </summary>
    private void Begin()
    {
        if (hasBegun)
            return;
        bucket.Connect();
        catalog?.BeginRun(Mode.Mode == S3SyncMode.Reconcile, startTime);
        hasBegun = true;
    }

    private void End(bool isDone, MirrorSummary? summary)
    {
        if (catalog is null)
            return;
        try
        {
            // A run that changed nothing in S3 and knows what is known has nothing to write.
            if (!hasBegun && catalog.Failure is null && catalog.Mirror != summary)
                catalog.BeginRun(isReconcile: false, startTime);
            catalog.EndRun(isDone, summary);
        }
        catch (IOException)
        {
            // What led here is the one to report; the catalog says for itself that it failed.
        }
    }

    private Catalog? OpenCatalog()
    {
        try
        {
            string path = snapshot?.CatalogPath ?? Path.Combine(StateFolder.ForJob(context.JobName).Path, CatalogFile);
            return OpenCatalog(path, KeyPrefix);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.Warning($"No catalog of what S3 holds can be kept, so every run compares everything: {exception.Message}");
            return null;
        }
    }

    private Catalog OpenCatalog(string path, string keyPrefix)
    {
        string mirrorPath = ChangeJournalFolder.Mirror(request.MirrorPath);
        string mirrorId = ReadMarker() is { } marker ? $"{mirrorPath}\n{marker.Id}" : mirrorPath;
        return Catalog.Open(path, new CatalogIdentity(endpoint, request.Destination.Bucket, keyPrefix, mirrorId));
    }

    private SyncModeChoice ChooseMode()
    {
        if (catalog is null)
            return new SyncModeChoice(S3SyncMode.Reconcile, "No catalog of what S3 holds can be kept.");
        return SyncModeChoice.From(new SyncModeFacts
        {
            Requested = request.Options.SyncMode,
            Doubt = catalog.Doubt,
            DoubtReason = catalog.DoubtReason,
            LastRunWasComplete = lastMirror is { IsEverythingSent: true },
            HasSameSettings = lastMirror?.Settings == Settings,
            LastReconcile = catalog.LastReconcile,
            ReconcileEvery = request.Options.ReconcileEvery,
            Now = startTime,
            IsMirrorOfStage1 = ReadMarker()?.Job == context.JobName,
            FollowsStage1 = request.FollowsStage1,
            IsJournalComplete = !pending.RequiresWalk,
            JournalChanges = pending.Count,
            Objects = catalog.Count,
        });
    }

    private MirrorMarker? ReadMarker()
    {
        try
        {
            return MirrorMarker.Read(request.MirrorPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    private async Task TransferAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TransferLanes<SyncAction> lanes = new(
            ActionsAhead, SmallFilesAtATime, LargeFilesAtATime,
            action => action.Local!.ContentLength >= PartSize.Threshold, reader => WorkAsync(reader, stop));
        try
        {
            await PlanAsync(lanes, stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (fatal is not null)
        {
            // A worker met what ends the stage; it is thrown below.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            lanes.Complete();
            await lanes.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (fatal is not null)
            throw new BackupException(fatal);
        await lanes.Completion.ConfigureAwait(false);
    }

    private async Task PlanAsync(TransferLanes<SyncAction> actions, CancellationToken cancellationToken)
    {
        if (Mode.Mode == S3SyncMode.Reconcile)
        {
            IEnumerable<CatalogEntry> rows = catalog?.Read() ?? [];
            IAsyncEnumerable<SyncAction> plan =
                SyncPlanner.PlanAsync(mirror.Walk(cancellationToken), rows, ListAsync(cancellationToken), cancellationToken);
            await foreach (SyncAction action in plan.ConfigureAwait(false))
                await DispatchAsync(action, actions, cancellationToken).ConfigureAwait(false);
            return;
        }

        IEnumerable<SyncAction> known = Mode.Mode == S3SyncMode.Journal
            ? new JournalPlanner(mirror, catalog!, report).Plan(pending.Enumerate(), cancellationToken)
            : SyncPlanner.Plan(mirror.Walk(cancellationToken), catalog!.Read());
        if (Mode.Mode == S3SyncMode.Journal)
            Counters.StartFrom(lastMirror!, catalog!.Count);
        foreach (SyncAction action in known)
            await DispatchAsync(action, actions, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<RemoteObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (RemoteObject item in bucket.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item.RelativeKey != SnapshotManifest.RelativeKey)
                yield return item;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ValueTask DispatchAsync(SyncAction action, TransferLanes<SyncAction> actions, CancellationToken cancellationToken)
    {
        Counters.Seen(action, isDifference: Mode.Mode == S3SyncMode.Journal);
        // Before anything is done about it, which may fail: the next run would believe the row again.
        if (action.IsRowRefuted)
            catalog?.Remove(action.RelativeKey);
        switch (action.Kind)
        {
            case SyncActionKind.Keep:
                Counters.EntryUnchanged(action.Local!);
                if (action.Row is { IsLeftover: true } found)
                    Note(found with { IsLeftover = false });
                return ValueTask.CompletedTask;
            case SyncActionKind.Delete:
                NoteLeftover(action);
                if (request.Options.DeleteFromS3)
                    deletes.Add(action.RelativeKey, action.RemoteSize);
                return ValueTask.CompletedTask;
            case SyncActionKind.Protect:
                Counters.EntryLeftOut();
                // The entry itself is a failure or a warning of its own already.
                if (action.Local is null && action.IsInS3)
                    protectedObjects++;
                return ValueTask.CompletedTask;
            case SyncActionKind.Forget:
                return ValueTask.CompletedTask;
            default:
                Begin();
                return actions.WriteAsync(action, cancellationToken);
        }
    }

    // A later run that does not list must know of it to delete it, and not count it as the mirror's.
    private void NoteLeftover(SyncAction action)
    {
        if (action.Row is { } row && !action.IsRowRefuted)
        {
            if (!row.IsLeftover)
                Note(row with { IsLeftover = true });
        }
        else if (action.Remote is { } remote)
        {
            Note(CatalogEntry.Uncertain(remote.RelativeKey) with
            {
                Size = remote.Size,
                ETag = remote.ETag,
                StorageClass = remote.StorageClass,
                IsLeftover = true,
            });
        }
    }

    private void Note(CatalogEntry row)
    {
        Begin();
        catalog?.Put(row);
    }

    private async Task WorkAsync(ChannelReader<SyncAction> actions, CancellationTokenSource stop)
    {
        await foreach (SyncAction action in actions.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            string path = action.Local!.Path;
            try
            {
                if (snapshot is not null)
                    await snapshot.BeforeChangeAsync(stop.Token).ConfigureAwait(false);
                await worker.CarryOutAsync(action, stop.Token).ConfigureAwait(false);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (FileNotFoundException)
            {
                Counters.EntryLeftOut();
                report.Warning($"'{path}' vanished before it was sent; its copy in S3 stays as it is until the next run.");
            }
            catch (Exception exception) when (S3Errors.IsAboutFile(exception))
            {
                Counters.TransferFailed();
                report.ItemFailed(S3Errors.FileUnreadable(path, exception.Message));
            }
            catch (Exception exception)
            {
                BackupError error = S3Errors.From(exception, Target);
                bool isHopeless = report.Failed >= HopelessFailures && Counters.SentBytes == 0 && Counters.Copied == 0;
                if (S3Errors.EndsTheStage(error) || isHopeless)
                {
                    Interlocked.CompareExchange(ref fatal, error, null);
                    await stop.CancelAsync().ConfigureAwait(false);
                    return;
                }

                Counters.TransferFailed();
                report.ItemFailed(S3Errors.ItemFailed(path, exception, Target));
            }
        }
    }

    /// <summary>How much there is to look at. A walk of its own that runs ahead, unless the catalog knows.</summary>
    private (long Files, long Bytes)? Measure(CancellationToken cancellationToken)
    {
        if (Mode.Mode == S3SyncMode.Journal)
            return null;
        if (Mode.Mode == S3SyncMode.Catalog)
            return lastMirror is { } last ? (last.Entries, last.Bytes) : null;
        long files = 0;
        long bytes = 0;
        // What cannot be read is reported by the transfer's own walk.
        StageReport ignored = new(context: null);
        foreach (MirrorEntry entry in Walker(ignored).Walk(cancellationToken))
        {
            files++;
            bytes += entry.ContentLength;
        }

        return (files, bytes);
    }

    private async Task AbortStaleUploadsAsync(CancellationToken cancellationToken)
    {
        // While something of the mirror was not seen, its upload may still be continued.
        if (catalog is null || !IsComplete)
            return;
        bool isReconcile = Mode.Mode == S3SyncMode.Reconcile;
        IReadOnlyList<UnfinishedUpload> remembered = catalog.UnfinishedUploads();
        if (remembered.Count == 0 && !isReconcile)
            return;
        Begin();
        (int aborted, Exception? problem) = await uploader.Parts
            .AbortStaleAsync(remembered, isReconcile, DateTimeOffset.UtcNow, cancellationToken).ConfigureAwait(false);
        if (aborted > 0)
            context.Verbose($"Aborted {aborted} unfinished uploads of earlier runs; their parts cost nothing any more.");
        if (problem is not null)
            context.LogWarning($"Unfinished uploads of earlier runs may be left under {Where}: {problem.Message}");
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        if (protectedObjects > 0 && request.Options.DeleteFromS3)
            report.Warning($"{protectedObjects} objects beneath folders of the mirror that could not be read stay in S3 as they are.");
        if (deletes.Count == 0)
            return;
        if (Counters.FailedTransfers > 0)
        {
            report.Warning(
                $"{deletes.Count} objects that the mirror no longer has stay in S3, because {Counters.FailedTransfers} uploads failed: each of "
                + "them may be the new name of one of those objects. The next run without failed uploads deletes them.");
            return;
        }

        long allowed = request.MaxDelete.Allowed(Counters.Remote);
        bool isMirrorEmpty = Counters.Total == 0;
        if (isMirrorEmpty && !request.AllowEmptyMirror)
            throw S3Errors.MirrorEmpty(request.MirrorPath, deletes.Count, Where);
        if (deletes.Count > allowed && !isMirrorEmpty)
            throw S3Errors.DeleteLimitExceeded(deletes.Count, Counters.Remote, allowed, Where, deletes.First);

        Begin();
        if (snapshot is not null)
            await snapshot.BeforeChangeAsync(cancellationToken).ConfigureAwait(false);
        context.Verbose($"Stage 2 deletes {deletes.Count} objects ({HumanText.Bytes(deletes.Bytes)}).");
        foreach (IReadOnlyList<(string RelativeKey, long Size)> batch in deletes.Batches(Bucket.KeysPerDelete))
        {
            HashSet<string> refused = [];
            string[] keys = [.. batch.Select(item => item.RelativeKey)];
            try
            {
                await foreach (BackupError error in bucket.DeleteAsync(keys, cancellationToken).ConfigureAwait(false))
                {
                    refused.Add(error.Target!);
                    report.ItemFailed(error);
                }
            }
            catch (Exception exception) when (S3Errors.MayBeCarriedOut(exception))
            {
                // Some may be gone; then a file that comes back must not be taken for one that S3 has.
                foreach (string key in keys)
                    catalog?.Put(CatalogEntry.Uncertain(key) with { IsLeftover = true });
                throw;
            }

            foreach ((string relativeKey, long size) in batch)
            {
                if (refused.Contains(bucket.Key(relativeKey)))
                    continue;
                Counters.ObjectDeleted(size);
                catalog?.Remove(relativeKey);
            }
        }
    }
}
