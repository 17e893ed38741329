using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// What a dated snapshot adds to a run: where its content can be copied from, the manifest that is true at every moment, and the pruning of
/// old snapshots afterwards.
/// </summary>
internal sealed class SnapshotRun : IDisposable
{
    private readonly S3SyncRequest request;
    private readonly PrefixOwner owner;
    private readonly string keyPrefix;
    private readonly DateTimeOffset startTime;
    private readonly DateTimeOffset time;
    private readonly StorageChange storage;
    private readonly RunContext context;
    private readonly StageReport report;
    private readonly IObjectStore store;
    private readonly SnapshotFinder finder;
    private readonly SnapshotCatalogs? catalogs;
    private readonly bool namesTimes;
    private readonly List<SnapshotSource> sources = [];
    private readonly List<string> pruned = [];
    private readonly object gate = new();
    private bool wasComplete;
    private Task? opening;

    /// <param name="scope">The run's. Its prefix has date tokens, and its bucket lies below the snapshot's prefix.</param>
    /// <param name="owner">Whose mirror is sent.</param>
    public SnapshotRun(SyncScope scope, PrefixOwner owner)
    {
        this.owner = owner;
        request = scope.Request;
        store = scope.Store;
        keyPrefix = scope.KeyPrefix;
        (startTime, time) = (scope.StartTime, scope.SnapshotTime);
        storage = scope.Storage;
        context = scope.Context;
        report = scope.Report;
        finder = new SnapshotFinder(store, request.Options.S3Prefix!, request.Timezone, Latest(request.Clock.GetUtcNow(), startTime));
        namesTimes = DatedPrefix.NamesTimes(request.Options.S3Prefix);
        catalogs = OpenCatalogs(scope.State);
    }

    /// <summary>The snapshots to copy from, the best first. Known when <see cref="BeginAsync"/> has ended.</summary>
    public IReadOnlyList<SnapshotSource> Sources => sources;

    /// <summary>True when the snapshot's manifest says that it is complete, and it is.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The prefixes of the snapshots that were pruned; of a plan those that would be.</summary>
    public IReadOnlyList<string> Pruned => pruned;

    /// <summary>The file of this snapshot's catalog; null where none can be kept.</summary>
    public string? CatalogPath => catalogs?.PathOf(keyPrefix);

    /// <summary>Looks what there is of this snapshot, and where its content can come from.</summary>
    /// <param name="openCatalog">Opens an earlier snapshot's catalog by its file and its prefix.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task BeginAsync(Func<string, string, ICatalog> openCatalog, CancellationToken cancellationToken)
    {
        WithCatalogs(known => known.Begin(keyPrefix));
        SnapshotManifest? manifest = await TryReadAsync(SnapshotManifest.ReadAsync(store, cancellationToken)).ConfigureAwait(false);
        IsComplete = wasComplete = manifest?.IsComplete == true;
        if (wasComplete)
            context.Verbose(
                $"The snapshot {keyPrefix} is complete since {HumanText.Time(manifest!.ContentTime.ToLocalTime())}; this run brings it up to date.");
        // Tokens that take turns, such as {ddd}, find what was complete the last time; then the one before this is nearer.
        if (!wasComplete || !namesTimes)
            await FindSourcesAsync(openCatalog, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// To be awaited before anything under the prefix is changed: S3 says from then on that the snapshot is incomplete. One request a run.
    /// </summary>
    public Task BeforeChangeAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return opening ??= WriteAsync(Manifest(isComplete: false), cancellationToken);
    }

    /// <summary>Says that the snapshot is complete: everything else is done.</summary>
    public async Task CompleteAsync(SyncCounters counters, CancellationToken cancellationToken)
    {
        if (!wasComplete || opening is not null)
        {
            SnapshotManifest complete = Manifest(isComplete: true) with
            {
                Objects = counters.Total,
                Bytes = counters.TotalBytes,
                Copied = counters.Copied,
                TransferredBytes = counters.SentBytes,
            };
            await WriteAsync(complete, cancellationToken).ConfigureAwait(false);
            context.Verbose($"The snapshot {keyPrefix} is complete.");
        }

        IsComplete = true;
        await DropSourcesAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Prunes what the retention lets go. A snapshot that cannot be pruned wholly is a warning, and the next run goes on with it.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        if (!RetentionPolicy.IsSet(request.Options) || !namesTimes)
            return;
        if (await TryReadAsync<IReadOnlyList<Snapshot>>(finder.FindAllAsync(cancellationToken)!).ConfigureAwait(false) is not { } all)
        {
            report.Warning(
                "Old snapshots are not pruned: the credentials may not read their manifests, which say whose they are and whether they are "
                + "complete. Allow s3:GetObject.");
            return;
        }

        // This run's is complete, whether S3 has heard of it or, in a plan, not.
        Snapshot current = new(keyPrefix, finder.TimeOf(keyPrefix), Manifest(isComplete: true));
        // Two jobs may share a static part, and two machines a job file; what has no manifest is nobody's snapshot.
        IEnumerable<Snapshot> own = all
            .Where(snapshot => JobSnapshots.IsOwn(snapshot, context.JobName, owner) && snapshot.KeyPrefix != keyPrefix).Append(current);
        SnapshotRetention retention = await SnapshotRetention.ChooseAsync(store, own, request.Options, keyPrefix, cancellationToken).ConfigureAwait(false);
        Report(retention);
        if (all.Where(snapshot => snapshot.ArchivedIn is not null).ToArray() is { Length: > 0 } archived)
        {
            report.Warning($"{SnapshotErrors.Archived(archived)} They are not pruned. {SnapshotErrors.BringBack(archived, store.BucketName)} "
                + "Then see to it that no rule moves objects that small (smallestSize).");
        }

        SnapshotPruner pruner = new(store, request, storage, startTime);
        foreach (Snapshot expired in retention.Expired)
        {
            (long deleted, BackupError? problem) = await pruner.PruneAsync(expired, cancellationToken).ConfigureAwait(false);
            if (problem is not null)
            {
                report.Warning($"The snapshot {expired.KeyPrefix} could not be pruned wholly: {problem.Message}");
                continue;
            }

            pruned.Add(expired.KeyPrefix);
            context.Verbose($"Pruned the snapshot {expired.KeyPrefix} ({deleted} objects).");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => sources.ForEach(source => source.Dispose());

    private SnapshotManifest Manifest(bool isComplete) =>
        new() { Job = context.JobName, Mirror = owner.Marker.Set ?? owner.Marker.Id, Host = KeyPrefix.Host, IsComplete = isComplete, Time = time, Written = startTime > time ? startTime : null };

    private static DateTimeOffset Latest(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private void Report(SnapshotRetention retention)
    {
        const int shown = 3;
        if (retention.Doubtful.Count > 0)
        {
            IEnumerable<string> first = retention.Doubtful.Take(shown).Select(snapshot => $"{snapshot.KeyPrefix} ({snapshot.Doubt})");
            string more = retention.Doubtful.Count > shown ? $" and {retention.Doubtful.Count - shown} more" : "";
            report.Warning(
                $"These snapshots contradict their own manifests, so they are not trusted: {string.Join(", ", first)}{more}. They are not pruned, "
                + "and no other snapshot is pruned because of them. Find out who wrote them, and delete them by hand.");
        }

        if (retention.Left > 0)
        {
            report.Warning(
                $"By the keep… keys {retention.Expired.Count + retention.Left} snapshots expire. One run prunes at most half of the job's "
                + $"snapshots: {retention.Expired.Count} now, the rest in later runs. If that is not meant, correct the keep… keys before the next run.");
        }
    }

    private Task WriteAsync(SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        // Until S3 says otherwise, nobody knows which of the two is there.
        IsComplete = false;
        return manifest.WriteAsync(store, request, cancellationToken);
    }

    // One that is in an archive, or that the credentials may not read, is as good as none: this run's is written anew, and nothing can be copied
    // from what is archived or cannot be read.
    private async Task<T?> TryReadAsync<T>(Task<T?> read)
        where T : class
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (Exception exception) when (SnapshotManifest.IsArchived(exception))
        {
            return null;
        }
        catch (AmazonS3Exception exception) when (StoreRefusals.IsDenied(exception))
        {
            store.Abilities.NoteDenied();
            return null;
        }
    }

    private async Task FindSourcesAsync(Func<string, string, ICatalog> openCatalog, CancellationToken cancellationToken)
    {
        bool hasComplete = false;
        foreach (string earlier in catalogs?.KeyPrefixes().Where(prefix => prefix != keyPrefix) ?? [])
        {
            using IObjectStore at = store.At(earlier);
            SnapshotManifest? manifest = await TryReadAsync(SnapshotManifest.ReadAsync(at, cancellationToken)).ConfigureAwait(false);
            if (manifest is not null && TryOpen(openCatalog, earlier) is { } catalog)
            {
                sources.Add(new SnapshotSource(earlier, catalog));
                hasComplete |= manifest.IsComplete;
            }
        }

        if (!hasComplete && namesTimes
            && await TryReadAsync(finder.FindLastCompleteAsync(cancellationToken)).ConfigureAwait(false) is { } last && last.KeyPrefix != keyPrefix)
            sources.Add(new SnapshotSource(last.KeyPrefix, catalog: null));
        foreach (SnapshotSource source in sources)
        {
            string how = source.HasCatalog ? "" : "; its catalog is gone, so S3 is asked about each object";
            context.Verbose($"What did not change is copied from {source.KeyPrefix}{how}.");
        }
    }

    private ICatalog? TryOpen(Func<string, string, ICatalog> openCatalog, string earlier)
    {
        string path = catalogs!.PathOf(earlier);
        if (!File.Exists(path))
            return null;
        try
        {
            ICatalog catalog = openCatalog(path, earlier);
            // One about another bucket or mirror has no rows here.
            if (catalog.Count > 0)
                return catalog;
            catalog.Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            context.LogWarning($"The catalog of the snapshot {earlier} cannot be read: {exception.Message}");
        }

        return null;
    }

    // With this snapshot complete, nothing will be copied from others any more.
    private async Task DropSourcesAsync(CancellationToken cancellationToken)
    {
        foreach (SnapshotSource source in sources)
        {
            using IObjectStore at = store.At(source.KeyPrefix);
            foreach (UnfinishedUpload upload in source.UnfinishedUploads)
                await at.TryAbortAsync(upload.RelativeKey, upload.UploadId, cancellationToken).ConfigureAwait(false);
            source.Dispose();
        }

        sources.Clear();
        WithCatalogs(known => known.Keep([keyPrefix]));
    }

    private static SnapshotCatalogs? OpenCatalogs(ISyncState state)
    {
        try
        {
            return state.Snapshots();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // That no catalog can be kept is told by whoever opens this snapshot's.
            return null;
        }
    }

    private void WithCatalogs(Action<SnapshotCatalogs> change)
    {
        try
        {
            if (catalogs is not null)
                change(catalogs);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            context.LogWarning($"The list of the snapshots' catalogs cannot be written: {exception.Message}");
        }
    }
}
