using System.Runtime.CompilerServices;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync.Deletion;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Protection;
using RsyncS3Backup.Sync.Snapshots;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Sync;

/// <summary>
/// One run of stage 2, step by step: actions are found (<see cref="ActionSource"/>), what is about an entry of the mirror is carried out
/// meanwhile (<see cref="TransferPhase"/>), and what the mirror no longer has is deleted last (<see cref="DeletePhase"/>), unless an upload
/// failed.
/// </summary>
internal sealed class S3SyncRun : IDisposable
{
    private readonly SyncScope scope;
    private readonly S3SyncRequest request;
    private readonly RunContext context;
    private readonly StageReport report;
    private readonly IObjectStore store;
    private readonly SnapshotRun? snapshot;
    private readonly MirrorWalker mirror;
    private readonly CatalogSession session;
    private readonly ChangeGuard changes;
    private readonly ActionSource actions;
    private readonly TransferPhase transfer;
    private readonly DeletePhase deletion;
    private readonly UnknownObjects unknown;
    private readonly PrefixOwnership ownership;
    private readonly NestedPrefixes nested;
    private readonly TransferLimits limits;
    private readonly LockRenewalPhase? renewal;
    private readonly IPlannedMirror? planned;
    private readonly PendingChanges pending;
    private readonly string endpoint;
    private readonly UploadGate? gate;
    // New files and links where S3 has the keys of a folder. As many as folders that became something else.
    private readonly List<SyncAction> waiting = [];
    private readonly LeftOutEntries leftOut;
    private readonly MirrorTurn? turn;
    private ForeignObjects foreign;

    private S3SyncRun(
        SyncScope scope, PrefixOwnership ownership, PendingChanges pending, TransferLimits limits, int mostRequests,
        IPlannedMirror? planned, IEntrySender? sender, MirrorTurn? turn)
    {
        this.scope = scope;
        this.turn = turn;
        this.pending = pending;
        this.limits = limits;
        this.planned = planned;
        request = scope.Request;
        context = scope.Context;
        leftOut = LeftOutEntries.Load(context.JobName, request.MirrorPath);
        report = scope.Report;
        store = scope.Store;
        this.ownership = ownership;
        gate = sender is null ? GateOf(scope) : null;
        endpoint = scope.State.Endpoint(request, () => store.Connect().Endpoint);
        scope.State.Recall(store.Abilities, endpoint, store.BucketName, scope.StartTime);
        if (RsyncS3Backup.KeyPrefix.HasDateTokens(request.Options.S3Prefix))
            snapshot = new SnapshotRun(scope, ownership.Owner);
        session = new CatalogSession(scope, endpoint, snapshot?.CatalogPath, pending, ownership.Owner, planned);
        nested = new NestedPrefixes(scope, Catalog, ownership.Owner);
        mirror = Walker(report);
        changes = new ChangeGuard(scope, mirror, Catalog, session.IsMirrorOfJob, pending, planned);
        actions = new ActionSource(mirror, session, store, pending.Enumerate().Concat(planned?.Changes() ?? []), nested, report);
        unknown = new UnknownObjects(scope);
        transfer = new TransferPhase(scope, Catalog, snapshot, unknown, mostRequests, sender, gate);
        deletion = new DeletePhase(scope, Catalog, snapshot, nested, planned is null ? FolderPlace.Of(request.MirrorPath) : null);
        // A dated snapshot is never looked at again.
        if (Catalog is not null && snapshot is null && request.Options.Protection?.ObjectLock is { Renew: true } objectLock)
            renewal = new LockRenewalPhase(scope, Catalog, ownership, objectLock);
    }

    /// <summary>What every key starts with, date tokens replaced.</summary>
    public string KeyPrefix => scope.KeyPrefix;

    /// <summary>How differences are found, and why so.</summary>
    public SyncModeChoice Mode => session.Mode;

    /// <summary>What was done so far.</summary>
    public SyncCounters Counters => scope.Counters;

    /// <summary>The prefixes of the old snapshots that were pruned.</summary>
    public IReadOnlyList<string> PrunedSnapshots => snapshot?.Pruned ?? [];

    /// <summary>True when the dated snapshot has all that belongs in it, and says so; null where there are no dated snapshots.</summary>
    public bool? IsSnapshotComplete => snapshot?.IsComplete;

    /// <summary>The catalog's file; null where none can be kept.</summary>
    public string? CatalogPath => Catalog?.Path;

    /// <summary>What error messages name.</summary>
    public S3Target Target => store.Target;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => store.Requests;

    /// <summary>What those requests cost.</summary>
    public Price EstimatedRequestCost => scope.Storage.Prices.Requests(Requests, request.Options.StorageClass);

    /// <summary>What listing everything under the prefix costs.</summary>
    public Price EstimatedListingCost => scope.Storage.Prices.Listing(Counters.Remote);

    /// <summary>What the run changed in what is stored.</summary>
    public StorageChange Storage => scope.Storage;

    /// <summary>Why locks of objects were not renewed; null while all is well.</summary>
    public BackupError? LockError => renewal?.Error;

    /// <summary>What the store turned out not to do.</summary>
    public IReadOnlyList<StoreLack> StoreLacks => store.Abilities.Lacks;

    /// <summary>Why the run left something to the next one; null when it did not.</summary>
    public PauseCause? PauseCause => gate?.Cause;

    /// <summary>True when everything that was to be done is done, so that nobody needs to look at it again.</summary>
    public bool IsComplete => report.Failed == 0 && Counters.LeftOut == 0;

    private ICatalog? Catalog => session.Catalog;

    /// <summary>Checks everything that can be checked without a request, and chooses how differences are found.</summary>
    /// <exception cref="BackupException">The mirror is missing, or a setting is wrong.</exception>
    public static S3SyncRun Prepare(
        S3SyncRequest request, DateTimeOffset now, PendingChanges pending, RunContext context, StageReport report, PlannedSync? plan = null,
        bool onlyRenews = false)
    {
        request.RequireValid();
        if (request.Destination.EndpointUrl is { } named)
            S3ClientFactory.RequireSecure(new Uri(named), request);
        if (plan?.Mirror is null && !Directory.Exists(request.MirrorPath))
            throw MirrorErrors.MirrorMissing(request.MirrorPath);
        if (plan?.Mirror is null && !request.AllowNewDestination)
            MirrorGuard.DemandMarker(context.JobName, request.MirrorPath);
        MirrorTurn? turn = null;
        if (onlyRenews)
            MirrorTurn.DemandKnown(context.JobName, request.MirrorPath);
        else if (plan?.Mirror is not null)
            turn = MirrorTurn.OfPlan(context.JobName, request.MirrorPath, request.Drives);
        else
            turn = MirrorTurn.Demand(context.JobName, request.MirrorPath, request.Drives, context.RunId);
        // A drive that joins the others sends under the prefix that is theirs, and takes nothing over.
        if (turn is { HasJoined: true })
            request = request with { AllowNewDestination = false };
        // Each date has objects of its own: only under the date of the run that paused is there something to go on with.
        DateTimeOffset dated = RsyncS3Backup.KeyPrefix.HasDateTokens(request.Options.S3Prefix)
            ? PausedSnapshot.Find(context.JobName, request) ?? now
            : now;
        string keyPrefix = RsyncS3Backup.KeyPrefix.Resolve(request.Options.S3Prefix, context.JobName, dated, request.Timezone);
        TransferLimits limits = new()
        {
            BytesPerSecond = request.Options.BandwidthLimit,
            Hours = request.Options.BandwidthTimetable is { } table ? BandwidthHours.Of(table, request.Timezone) : null,
            Shared = request.SharedBandwidth,
            Timeout = request.Options.Timeout,
        };
        int mostRequests = request.Options.ThrottleLimit ?? TransferLimiter.DefaultMaximum;
        SyncScope scope = new()
        {
            Request = request,
            Store = new S3ObjectStore(request, keyPrefix, mostRequests * 2, limits),
            State = new SyncState(context.JobName),
            StartTime = now,
            SnapshotTime = dated,
            Storage = new StorageChange(PriceList.Of(request.Prices), now),
            Context = context,
            Report = report,
        };
        IEntrySender? sender = null;
        if (plan is not null)
        {
            PlannedRequests counted = new();
            sender = new PlannedSender(request, counted, scope.Counters);
            scope = scope with
            {
                Store = new PlannedStore(scope.Store, request, counted),
                State = new PlannedSyncState(context.JobName),
            };
        }

        (SyncScope guarded, PrefixOwnership ownership) = PrefixOwnership.Guard(scope);
        return new S3SyncRun(guarded, ownership, pending, limits, mostRequests, plan?.Mirror, sender, turn);
    }

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">The stage cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        context.Verbose(
            $"Stage 2: {request.MirrorPath} to s3://{request.Destination.Bucket}/{KeyPrefix} in {request.Options.StorageClass}"
            + $"{(request.Options.DeleteFromS3 ? ", deleting what is gone" : "")}, at {endpoint}. By {Mode.Mode}: {Mode.Reason}");
        foreach (StoreLack lack in StoreLacks)
            context.Verbose(StoreTexts.Known(lack, endpoint));
        if (Mode.Mode == S3SyncMode.Reconcile)
            Begin();
        bool isDone = false;
        try
        {
            await using SyncProgress progress = SyncProgress.Start(Measure, Counters, context);
            StallWatch watch = new(store.Traffic, limits.Timeout, TimeProvider.System);
            await watch.RunAsync(token => RunAsync(progress, token), endpoint, cancellationToken).ConfigureAwait(false);
            isDone = true;
        }
        finally
        {
            TellOfStore();
            if (gate?.Keep() is { } unkept)
            {
                report.Warning(
                    $"What was sent today could not be written down, so the next run of today may send as much again (maxUpload): {unkept.Message}");
            }

            if (snapshot is not null)
                KeepPaused(isDone);

            // New files that wait for the end of a listing are copied from what it shows, which the next run must see too.
            session.End(isDone && !(PauseCause is not null && unknown.IsOn), IsComplete, Counters);
            if (Catalog?.Failure is { } failure)
                report.Warning($"The catalog of what S3 holds could not be written, so the next run compares everything: {failure}");
        }
    }

    // One that nothing was left of, however incomplete what failed has made it, is not gone on with: the next day has its own.
    private void KeepPaused(bool isDone)
    {
        try
        {
            if (PauseCause is not null && IsSnapshotComplete != true)
                scope.State.KeepPaused(request, KeyPrefix, scope.SnapshotTime);
            else if (isDone)
                scope.State.ForgetPaused();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.Warning($"That this snapshot goes on could not be written down, so the next run begins another one: {exception.Message}");
        }
    }

    /// <summary>Renews the locks that are due, and does nothing else.</summary>
    /// <exception cref="BackupException">It cannot be done.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RenewLocksAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (renewal is not null)
                await renewal.RunAsync(isForced: false, Begin, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            session.EndAsBefore();
        }
    }

    /// <summary>Notes that nobody needs to look at what stage 1 changed again.</summary>
    public void MarkCarriedOut()
    {
        try
        {
            scope.State.MarkCarriedOut(pending);
            if (PauseCause is null)
                turn?.Sent();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            context.LogWarning($"The change journal could not be put away, so the next run looks at the same changes again: {exception.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        deletion.Dispose();
        unknown.Dispose();
        changes.Dispose();
        session.Dispose();
        snapshot?.Dispose();
        store.Dispose();
    }

    private void TellOfStore()
    {
        StoreAbilities abilities = store.Abilities;
        foreach (StoreLack lack in abilities.Lacks.Where(lack => lack.IsNew))
            report.Warning(StoreTexts.Found(lack, endpoint));
        if (abilities.IsReadingDenied)
            report.Warning(StoreTexts.ReadingDenied(store.BucketName));
        if (abilities.HasNews)
            scope.State.Keep(abilities, endpoint, store.BucketName);
    }

    private async Task RunAsync(SyncProgress progress, CancellationToken cancellationToken)
    {
        if (snapshot is not null)
        {
            store.Connect();
            await snapshot.BeginAsync(session.Open, cancellationToken).ConfigureAwait(false);
        }

        if (Mode.Mode == S3SyncMode.Reconcile)
            await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        foreign = new ForeignObjects(ownership.IsNew, session.Doubt, ownership.Since);
        // Under a prefix that was nobody's there is nothing of ours that could have another name now.
        unknown.IsOn = Mode.Mode == S3SyncMode.Reconcile && Catalog is not null && !ownership.IsNew
            && session.Doubt is not (CatalogDoubt.None or CatalogDoubt.Contradicted);
        if (request.IsPartial)
        {
            Counters.EntryLeftOut();
            report.Warning("Nothing is deleted from the bucket, because stage 1 could not copy everything (onPartial). The next run looks again.");
        }

        if (Mode.Mode == S3SyncMode.Journal)
            Counters.StartFrom(session.LastMirror!, Catalog!.Count);
        // First: whatever ends the run later, a lock that is not renewed ends too.
        if (renewal is not null)
            await renewal.RunAsync(isForced: false, Begin, cancellationToken).ConfigureAwait(false);
        await transfer.RunAsync(FindAsync, cancellationToken).ConfigureAwait(false);
        // What was taken over as it is, and uploads that an earlier run began, have a lock that nobody knows.
        if (renewal is not null && (Mode.Mode == S3SyncMode.Reconcile || ownership.Protection!.HasUnknownLocks))
            await renewal.RunAsync(isForced: true, Begin, cancellationToken).ConfigureAwait(false);
        turn?.RequireSame();
        // A folder's objects stay as long as what takes their place cannot come.
        if (PauseCause is null && (waiting.Count == 0 || gate?.MayReplace(() => waiting.Sum(action => action.Local!.ContentLength)) != false))
            await deletion.RunReplacedAsync(Begin, cancellationToken).ConfigureAwait(false);
        if (waiting.Count > 0)
            await transfer.RunAsync(CarryOutWaitingAsync, cancellationToken).ConfigureAwait(false);
        // Each of what remains may be the new name of what would be deleted.
        if (PauseCause is not null)
        {
            TellForeign();
            return;
        }

        await deletion.AskAsync(Begin, cancellationToken).ConfigureAwait(false);
        TellForeign();
        // While something of the mirror was not seen, its upload may still be continued.
        if (IsComplete && Catalog is not null)
            await transfer.AbortStaleUploadsAsync(Begin, Mode.Mode == S3SyncMode.Reconcile, context, cancellationToken).ConfigureAwait(false);
        progress.Activity = "Deleting";
        turn?.RequireSame();
        await deletion.RunAsync(Begin, cancellationToken).ConfigureAwait(false);
        if (snapshot is not null && IsComplete)
        {
            await snapshot.CompleteAsync(Counters, cancellationToken).ConfigureAwait(false);
            progress.Activity = "Pruning";
            await snapshot.PruneAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static UploadGate? GateOf(SyncScope scope)
    {
        S3SyncRequest request = scope.Request;
        if (request.Options.MaxUpload is null && request.StopTime is null)
            return null;
        PauseLimits limits = new()
        {
            // What goes out without a limit counts for the runs that have one.
            MaxUpload = request.NoPause && request.Options.MaxUpload is not null ? long.MaxValue : request.Options.MaxUpload,
            StopTime = request.StopTime,
            Zone = ScheduleZone.Find(request.Timezone),
        };
        return new UploadGate(limits, new UploadLedger(scope.JobName), scope.Store.Traffic, request.Clock);
    }

    private MirrorWalker Walker(StageReport onto, Func<string, bool>? wants = null) =>
        new(request.MirrorPath, onto, new ExcludePatterns(request.Options.ExcludePatterns), request.Options.DirectoryMarkers, wants, planned);

    /// <summary>
    /// Makes ready for requests, and has the catalog write down that a run is on. A run that finds nothing to do needs neither, and each
    /// costs more than looking through ten thousand files.
    /// </summary>
    private void Begin()
    {
        if (session.HasBegun)
            return;
        store.Connect();
        session.Begin();
        // What the job writes without a lock is not in what is known of the others.
        if (renewal is null && Catalog?.Renewal is not null)
            Catalog.NoteRenewal(null);
    }

    private async Task FindAsync(Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        await actions.ForEachAsync((action, token) => TakeAsync(action, carryOut, token), cancellationToken).ConfigureAwait(false);
        foreach (string key in changes.Release(Counters.Remote))
        {
            if (changes.LookAgain(key) is { } action)
                await ActAsync(Settled(action), carryOut, cancellationToken).ConfigureAwait(false);
            else
                Counters.EntryLeftOut();
        }

        foreach (string key in unknown.Release())
        {
            if (mirror.Look(key).Entry is { Kind: MirrorEntryKind.File } local)
            {
                SyncAction action = new(SyncActionKind.Create, local, null, null);
                await CarryOut(action, carryOut, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                Counters.EntryLeftOut();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ValueTask TakeAsync(
        SyncAction action, Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        if (turn is not null && !turn.IsCurrent(action.RelativeKey))
            return Withhold(action);
        Counters.Seen(action, isDifference: Mode.Mode == S3SyncMode.Journal);
        action = Settled(action);
        // Before anything is done about it, which may fail: the next run would believe the row again.
        if (action.IsRowRefuted)
            Catalog?.Remove(action.RelativeKey);
        if (nested.Covers(action.RelativeKey))
        {
            Counters.EntryLeftOut();
            return ValueTask.CompletedTask;
        }

        return changes.Holds(action) ? ValueTask.CompletedTask : ActAsync(action, carryOut, cancellationToken);
    }

    // Neither sent nor deleted: another drive may have sent a newer one.
    private ValueTask Withhold(SyncAction action)
    {
        if (action.IsRowRefuted)
            Catalog?.Remove(action.RelativeKey);
        // What a dated snapshot lacks, no other drive has put there.
        if (snapshot is not null && action.Local is not null && turn!.Governs(action.RelativeKey))
            Counters.EntryLeftOut();
        return ValueTask.CompletedTask;
    }

    private SyncAction Settled(SyncAction action) => turn is { HasHiddenChanges: false } ? EntryDecision.Settle(action) : action;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ValueTask ActAsync(
        SyncAction action, Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        switch (action.Kind)
        {
            case SyncActionKind.Keep:
                Counters.EntryUnchanged(action.Local!);
                if (action.Row is { } found && (found.IsLeftover || action.IsMoved || action.IsSettled))
                    Note(found.Returned());
                return ValueTask.CompletedTask;
            case SyncActionKind.Delete:
                return DeleteAsync(action, cancellationToken);
            case SyncActionKind.Protect:
                Counters.EntryLeftOut();
                // The entry itself is a failure or a warning of its own already.
                if (action.Local is null && action.IsInS3)
                    deletion.Protect();
                return ValueTask.CompletedTask;
            case SyncActionKind.Forget:
                return ValueTask.CompletedTask;
            default:
                if (action.ReplacesFolder)
                {
                    waiting.Add(action);
                    return ValueTask.CompletedTask;
                }

                return unknown.Waits(action) ? ValueTask.CompletedTask : CarryOut(action, carryOut, cancellationToken);
        }
    }

    private ValueTask CarryOut(
        SyncAction action, Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        turn?.RequireSame();
        Begin();
        Task known = ownership.RequireAsync(cancellationToken);
        return known.IsCompletedSuccessfully ? carryOut(action, cancellationToken) : CarryOutAfterAsync(known, action, carryOut, cancellationToken);
    }

    private async Task CarryOutWaitingAsync(Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        foreach (SyncAction action in waiting)
            await CarryOut(action, carryOut, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask DeleteAsync(SyncAction action, CancellationToken cancellationToken)
    {
        unknown.Meet(action);
        MirrorPlace place = mirror.PlaceOf(action.RelativeKey);
        // The sources have it, and only the mirror cannot.
        if (place == MirrorPlace.Free && leftOut.Cover(action.RelativeKey))
            return ValueTask.CompletedTask;
        // What has another entry in its place is replaced, whether the job deletes or not.
        if ((request.Options.DeleteFromS3 || place != MirrorPlace.Free) && changes.Keeps(action))
        {
            Counters.EntryLeftOut();
            return ValueTask.CompletedTask;
        }

        bool isForeign = foreign.Include(action.Row, action.Remote);
        if (DeletionChoices.Row(action, isForeign) is { } row)
            Note(row);
        if (isForeign)
            Counters.ForeignSeen();
        bool isKnown = DeletionChoices.IsKnown(request, action);
        switch (DeletionChoices.Of(request, place, isForeign))
        {
            case DeletionChoice.AtOnce when gate?.MayReplace(() => BytesIn(action.RelativeKey, cancellationToken)) == false:
                Counters.EntryRemains(0);
                break;
            case DeletionChoice.AtOnce:
                changes.BecomesFolder(Counters.Remote);
                return new ValueTask(deletion.DeleteNowAsync(action, isKnown, Begin, cancellationToken));
            case DeletionChoice.BeforeItsSuccessor:
                deletion.AddReplaced(action, isKnown);
                break;
            case DeletionChoice.AtTheEnd:
                deletion.Add(action, isKnown);
                break;
        }

        return ValueTask.CompletedTask;
    }

    private static async ValueTask CarryOutAfterAsync(
        Task known, SyncAction action, Func<SyncAction, CancellationToken, ValueTask> carryOut, CancellationToken cancellationToken)
    {
        await known.ConfigureAwait(false);
        await carryOut(action, cancellationToken).ConfigureAwait(false);
    }

    // What is in the folder that took the place of an object. What cannot be read is told of by the run's own walk.
    private long BytesIn(string path, CancellationToken cancellationToken)
    {
        string folder = path + "/";
        return Walker(new StageReport(context: null), IsInOrAbove).Walk(cancellationToken).Sum(entry => entry.ContentLength);

        bool IsInOrAbove(string key) =>
            key.StartsWith(folder, StringComparison.Ordinal) || (key.EndsWith('/') && folder.StartsWith(key, StringComparison.Ordinal));
    }

    private void TellForeign()
    {
        if (Counters.Foreign == 0 || Mode.Mode != S3SyncMode.Reconcile || request.AllowNewDestination)
            return;
        report.Warning($"{Counters.Foreign} objects under s3://{store.BucketName}/{KeyPrefix} were not sent by this job, and stay. Delete them by "
            + "hand, or, if the job deletes from S3, run once with -AllowNewDestination.");
    }

    private void Note(CatalogEntry row)
    {
        Begin();
        Catalog?.Put(row);
    }

    /// <summary>How much there is to look at. A walk of its own that runs ahead, unless the catalog knows.</summary>
    private (long Files, long Bytes)? Measure(CancellationToken cancellationToken)
    {
        if (Mode.Mode == S3SyncMode.Journal)
            return null;
        if (Mode.Mode == S3SyncMode.Catalog)
            return session.LastMirror is { } last ? (last.Entries, last.Bytes) : null;
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
}
