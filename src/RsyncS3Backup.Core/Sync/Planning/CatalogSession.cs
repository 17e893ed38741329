using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// One run's catalog: opened when the run begins, so that it tells which way the run can take; told that a run is on before the first change
/// in S3; closed with what the run knows.
/// </summary>
internal sealed class CatalogSession : IDisposable
{
    private readonly SyncScope scope;
    private readonly S3SyncRequest request;
    private readonly string endpoint;
    private readonly MirrorMarker? marker;
    private readonly IPlannedMirror? planned;

    /// <param name="scope">The run's.</param>
    /// <param name="endpoint">The endpoint's address.</param>
    /// <param name="path">The catalog's file; null: the job's own.</param>
    /// <param name="pending">What stage 1 changed.</param>
    /// <param name="owner">Whose mirror it is.</param>
    /// <param name="planned">The mirror that is planned on; null: the one that is there.</param>
    public CatalogSession(
        SyncScope scope, string endpoint, string? path, PendingChanges pending, PrefixOwner owner, IPlannedMirror? planned = null)
    {
        this.scope = scope;
        this.endpoint = endpoint;
        this.planned = planned;
        request = scope.Request;
        marker = owner.IsInMirror ? owner.Marker : null;
        Catalog = OpenOrWarn(path);
        LastMirror = Catalog?.Mirror;
        Due = Catalog is not null && request.Options.DeleteFromS3 ? FindDue(Catalog) : [];
        Mode = ChooseMode(pending);
    }

    /// <summary>The catalog; null where none can be kept.</summary>
    public ICatalog? Catalog { get; }

    /// <summary>The mirror as the last run left it, which the catalog forgets when this one begins.</summary>
    public MirrorSummary? LastMirror { get; }

    /// <summary>How differences are found, and why so.</summary>
    public SyncModeChoice Mode { get; }

    /// <summary>The keys whose deletion is due, if the mirror is still without them; no more than a run by journal takes.</summary>
    public IReadOnlyList<string> Due { get; }

    /// <summary>True when this job's stage 1 makes the mirror.</summary>
    public bool IsMirrorOfJob => marker?.Job == scope.JobName;

    /// <summary>What was wrong with the catalog when it was opened: whether it knows all that was sent.</summary>
    public CatalogDoubt Doubt => Catalog?.Doubt ?? CatalogDoubt.Missing;

    /// <summary>True when the catalog knows that a run is on.</summary>
    public bool HasBegun { get; private set; }

    // What a journal cannot tell: that other entries of the mirror belong in S3 than before.
    private string Settings => string.Join(
        '\n', [$"{request.Options.DirectoryMarkers} {request.Options.DeleteFromS3}", .. request.Options.ExcludePatterns]);

    /// <summary>Opens the catalog of another prefix of the same job.</summary>
    /// <exception cref="IOException">It cannot be had.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be had.</exception>
    public ICatalog Open(string path, string keyPrefix)
    {
        string mirrorPath = ChangeJournalFolder.Mirror(request.MirrorPath);
        string mirrorId = marker is not null ? $"{mirrorPath}\n{marker.Set ?? marker.Id}" : mirrorPath;
        CatalogIdentity identity = new(endpoint, request.Destination.Bucket, keyPrefix, mirrorId);
        return scope.State.Open(path, identity);
    }

    /// <summary>Has the catalog write down that a run is on.</summary>
    public void Begin()
    {
        if (HasBegun)
            return;
        Catalog?.BeginRun(Mode.Mode == S3SyncMode.Reconcile, scope.StartTime);
        HasBegun = true;
    }

    /// <summary>Closes the run.</summary>
    /// <param name="isDone">True when it came to its end.</param>
    /// <param name="isComplete">True when it left nothing undone.</param>
    /// <param name="counters">What it saw of the mirror.</param>
    public void End(bool isDone, bool isComplete, SyncCounters counters)
    {
        if (Catalog is null)
            return;
        MirrorSummary? summary = isDone ? new MirrorSummary(isComplete, counters.Total, counters.TotalBytes, Settings) : null;
        try
        {
            // A run that changed nothing in S3 and knows what is known has nothing to write.
            if (!HasBegun && Catalog.Failure is null && Catalog.Mirror != summary)
                Catalog.BeginRun(isReconcile: false, scope.StartTime);
            Catalog.EndRun(isDone && counters.Undecided == 0, summary);
        }
        catch (IOException)
        {
            // What led here is the one to report; the catalog says for itself that it failed.
        }
    }

    /// <summary>Closes a run that did not look at the mirror: what was known of it is known still.</summary>
    public void EndAsBefore()
    {
        try
        {
            if (HasBegun)
                Catalog?.EndRun(isComplete: false, LastMirror);
        }
        catch (IOException)
        {
            // What led here is the one to report; the catalog says for itself that it failed.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Catalog?.Dispose();

    private ICatalog? OpenOrWarn(string? path)
    {
        try
        {
            return Open(path ?? scope.State.CatalogPath(), scope.KeyPrefix);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            scope.Report.Warning($"No catalog of what S3 holds can be kept, so every run compares everything: {exception.Message}");
            return null;
        }
    }

    private IReadOnlyList<string> FindDue(ICatalog catalog)
    {
        try
        {
            return catalog.FindGone(scope.StartTime - (request.Options.DeleteAfter ?? TimeSpan.Zero), SyncModeChoice.MostChanges + 1);
        }
        catch (IOException)
        {
            // The catalog says for itself that it failed.
            return [];
        }
    }

    private SyncModeChoice ChooseMode(PendingChanges pending)
    {
        if (Catalog is null)
            return new SyncModeChoice(S3SyncMode.Reconcile, "No catalog of what S3 holds can be kept.");
        return SyncModeChoice.From(new SyncModeFacts
        {
            Requested = request.Options.SyncMode,
            MayBeTakenOver = request.AllowNewDestination,
            Doubt = Catalog.Doubt,
            DoubtReason = Catalog.DoubtReason,
            LastRunWasComplete = LastMirror is { IsEverythingSent: true },
            HasSameSettings = LastMirror?.Settings == Settings,
            LastReconcile = Catalog.LastReconcile,
            ReconcileEvery = request.Options.ReconcileEvery,
            Now = scope.StartTime,
            IsMirrorOfStage1 = IsMirrorOfJob || planned is not null,
            FollowsStage1 = request.FollowsStage1,
            IsJournalComplete = !pending.RequiresWalk,
            JournalChanges = pending.Count + (planned?.Count ?? 0),
            DueDeletions = Due.Count,
            Objects = Catalog.Count,
        });
    }
}
