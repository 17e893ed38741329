using System.Globalization;
using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Recovery.Copies;

/// <summary>
/// The copy in S3: what the bucket holds below one prefix, now or at a time in the past. Everything is streamed in key order. What this module
/// keeps there for itself is left out.
/// </summary>
internal sealed class S3Copy : IDisposable
{
    private const int Connections = 32;

    internal S3Copy(IObjectStore store, DateTimeOffset? asOf = null, Snapshot? snapshot = null)
    {
        Store = store;
        AsOf = asOf;
        Snapshot = snapshot;
    }

    /// <summary>The requests.</summary>
    public IObjectStore Store { get; }

    /// <summary>What every key starts with.</summary>
    public string KeyPrefix => Store.KeyPrefix;

    /// <summary>The time in the past that is looked at; null for what the bucket holds now.</summary>
    public DateTimeOffset? AsOf { get; }

    /// <summary>The dated snapshot that this is; null for a prefix without dates.</summary>
    public Snapshot? Snapshot { get; }

    /// <summary>Finds the prefix, and for a time in the past makes sure that the bucket knows it.</summary>
    /// <param name="request">
    /// The bucket and how to reach it. Its prefix may have date tokens: then the copy is the last complete snapshot, or the one asked for.
    /// </param>
    /// <param name="jobName">Whose snapshots count; null: anybody's.</param>
    /// <param name="mirror">The job's mirror, whose marker tells its snapshots from those of another job of this name; null: there is none.</param>
    /// <param name="snapshot">
    /// The date of a snapshot, or a day for the last one of that day; null: the last complete one. Who names one may mean another mirror's.
    /// </param>
    /// <param name="asOf">
    /// A time in the past: of dated snapshots the last one that was complete then, else each key's version of then.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">There is no such snapshot, the bucket keeps no versions, or it cannot be reached.</exception>
    public static async Task<S3Copy> OpenAsync(
        S3CopyRequest request, string? jobName, string? mirror, DateTime? snapshot, DateTimeOffset? asOf, CancellationToken cancellationToken)
    {
        string? prefix = request.Options.S3Prefix;
        if (RsyncS3Backup.KeyPrefix.HasDateTokens(prefix))
        {
            Snapshot found = await FindSnapshotAsync(request, jobName, mirror, snapshot, asOf, cancellationToken).ConfigureAwait(false);
            return new S3Copy(new S3ObjectStore(request, found.KeyPrefix, Connections, request.ReadingLimits), asOf: null, found) { JobName = jobName };
        }

        if (snapshot is not null)
            throw CopyErrors.NotDated(prefix);
        string keyPrefix = RsyncS3Backup.KeyPrefix.Resolve(prefix, jobName ?? "", request.Clock.GetLocalNow(), request.Timezone);
        S3ObjectStore store = new(request, keyPrefix, Connections, request.ReadingLimits);
        try
        {
            S3Copy copy = new(store, asOf) { JobName = jobName };
            if (asOf is not null)
                await copy.RequireVersionsAsync(cancellationToken).ConfigureAwait(false);
            return copy;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The job whose catalog helps to list; null: none.</summary>
    public string? JobName { get; init; }

    /// <summary>The whole key.</summary>
    public string Key(string relativeKey) => KeyPrefix + relativeKey;

    /// <summary>The objects of the copy that are meant, in key order: those of now, or those of then with their versions.</summary>
    /// <exception cref="BackupException">The listing did not arrive whole, or not in order: what came until then is not all there is.</exception>
    public async IAsyncEnumerable<StoredObject> ListAsync(ItemFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (KeyRange range in Ranges(filter))
        {
            IAsyncEnumerable<StoredObject> listing = AsOf is { } time
                ? AtAsync(Store.ListVersionsAsync(range, after: null, cancellationToken), time, cancellationToken)
                : Store.ListAsync(range, cancellationToken);
            await foreach (StoredObject item in listing.ConfigureAwait(false))
            {
                if (item.RelativeKey is not (SnapshotManifest.RelativeKey or MirrorMarker.FileName) && filter.Matches(item.RelativeKey))
                    yield return item;
            }
        }
    }

    /// <summary>All versions and delete markers of what is meant, in key order, the latest of a key first.</summary>
    /// <exception cref="BackupException">As for <see cref="ListAsync"/>.</exception>
    public async IAsyncEnumerable<StoredObject> ListVersionsAsync(ItemFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (KeyRange range in Ranges(filter))
        {
            await foreach (StoredObject item in Store.ListVersionsAsync(range, after: null, cancellationToken).ConfigureAwait(false))
            {
                if (item.RelativeKey is not (SnapshotManifest.RelativeKey or MirrorMarker.FileName) && filter.Matches(item.RelativeKey))
                    yield return item;
            }
        }
    }

    private IEnumerable<KeyRange> Ranges(ItemFilter filter) => filter.Ranges().Select(range => range.IsOneKey ? range : range with
    {
        Cuts = CatalogView.Cuts(JobName, Store.BucketName, KeyPrefix, Snapshot is not null, range.Start),
    });

    /// <summary>What is right beneath a folder: objects, and folders as <see cref="StoredObject.IsFolder"/>.</summary>
    /// <param name="folder">The folder's relative key, with a slash at its end; empty for the root.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">As for <see cref="ListAsync"/>.</exception>
    public async IAsyncEnumerable<StoredObject> ListLevelAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerable<StoredObject> level = AsOf is { } time
            ? LevelAtAsync(folder, time, cancellationToken)
            : Store.ListLevelAsync(folder, cancellationToken);
        await foreach (StoredObject item in level.ConfigureAwait(false))
        {
            if (item.RelativeKey is not (SnapshotManifest.RelativeKey or MirrorMarker.FileName))
                yield return item;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Store.Dispose();

    /// <summary>Of each key the version that was current at a time. One that was stored in the second of that time counts as there.</summary>
    internal static async IAsyncEnumerable<StoredObject> AtAsync(
        IAsyncEnumerable<StoredObject> versions, DateTimeOffset time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? decided = null;
        await foreach (StoredObject version in versions.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            // The latest comes first, so the first one that is old enough was the current one. Later versions of the same second win.
            if (version.RelativeKey == decided || version.LastModified > time)
                continue;
            decided = version.RelativeKey;
            if (!version.IsDeleteMarker)
                yield return version;
        }
    }

    // A delimiter would name folders of which everything was deleted at that time, and folders that came later. So the listing goes on only
    // until a folder shows the first thing that was there, and then jumps behind the folder.
    private async IAsyncEnumerable<StoredObject> LevelAtAsync(
        string folder, DateTimeOffset time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        string? last = null;
        do
        {
            IAsyncEnumerable<StoredObject> versions = Store.ListVersionsAsync(new KeyRange(folder, IsOneKey: false), after, cancellationToken);
            after = null;
            await foreach (StoredObject item in AtAsync(versions, time, cancellationToken).ConfigureAwait(false))
            {
                int slash = item.RelativeKey.IndexOf('/', folder.Length);
                if (slash < 0)
                {
                    if (item.RelativeKey.Length > folder.Length)
                        yield return item;
                    continue;
                }

                string inner = item.RelativeKey[..(slash + 1)];
                if (inner != last)
                    yield return StoredObject.Folder(inner);
                last = inner;
                after = inner;
                break;
            }
        }
        while (after is not null);
    }

    private async Task RequireVersionsAsync(CancellationToken cancellationToken)
    {
        bool? keepsVersions = await Store.KeepsVersionsAsync(cancellationToken).ConfigureAwait(false);
        if (keepsVersions == true)
            return;
        // Nobody may say, or it is suspended: then versions that are there show that there is a past.
        bool isEmpty = true;
        const int enough = 1000;
        int seen = 0;
        await foreach (StoredObject item in Store.ListVersionsAsync(KeyRange.Everything, after: null, cancellationToken).ConfigureAwait(false))
        {
            if (item.VersionId is not (null or "" or "null"))
                return;
            isEmpty = false;
            if (++seen == enough)
                break;
        }

        if (keepsVersions == false || !isEmpty)
            throw CopyErrors.KeepsNoVersions(Store.BucketName);
    }

    private static async Task<Snapshot> FindSnapshotAsync(
        S3CopyRequest request, string? jobName, string? mirror, DateTime? date, DateTimeOffset? asOf, CancellationToken cancellationToken)
    {
        string prefix = request.Options.S3Prefix!;
        if (!DatedPrefix.NamesTimes(prefix))
            throw CopyErrors.SnapshotsNotNamed(prefix);
        using S3ObjectStore store = new(request, "", Connections);
        try
        {
            IReadOnlyList<Snapshot> all = await new SnapshotFinder(store, prefix, request.Timezone, request.Clock.GetUtcNow())
                .FindAllAsync(cancellationToken).ConfigureAwait(false);
            JobSnapshots found = jobName is null ? new(all, []) : JobSnapshots.Of(
                all, jobName, mirror is null ? null : PrefixOwner.Of(jobName, mirror));
            Snapshot? own = Choose(found.Own, date, asOf);
            // Of what cannot be read nobody knows that it is not what is meant: the newest, or the one of that date.
            Snapshot[] archived = [.. all.Where(one => one.ArchivedIn is not null && MayBeMeant(one, own, date, asOf))];
            if (archived.Length > 0)
                throw SnapshotErrors.ManifestArchived(archived, store.BucketName);
            if (own is not null)
                return own;
            if (Choose(found.Others, date, asOf) is not { } other)
                throw CopyErrors.NoSnapshot(prefix, Wanted(date, asOf));
            return date is not null ? other : throw CopyErrors.SnapshotOwnedByOther(prefix, jobName!, found.Others);
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(S3Errors.From(exception, store.Target), exception);
        }
    }

    // By its date, which is before the time at which it was complete.
    private static bool MayBeMeant(Snapshot archived, Snapshot? found, DateTime? date, DateTimeOffset? asOf) =>
        date is { } wanted ? (archived.Time == wanted || (wanted.TimeOfDay == TimeSpan.Zero && archived.Time.Date == wanted)) && found is null
        : (found is null || archived.Time > found.Time) && (asOf is not { } time || archived.Time <= time.LocalDateTime);

    /// <summary>The snapshot that is meant; null when there is none.</summary>
    /// <param name="newestFirst">The job's snapshots.</param>
    /// <param name="date">As for <see cref="OpenAsync"/>. One that is named need not be complete.</param>
    /// <param name="asOf">As for <see cref="OpenAsync"/>.</param>
    internal static Snapshot? Choose(IEnumerable<Snapshot> newestFirst, DateTime? date, DateTimeOffset? asOf)
    {
        Snapshot[] all = [.. newestFirst.Where(snapshot => asOf is null || snapshot.Manifest.ContentTime <= asOf)];
        if (date is not { } wanted)
            return all.FirstOrDefault(snapshot => snapshot.IsComplete);
        if (all.FirstOrDefault(snapshot => snapshot.Time == wanted) is { } exact)
            return exact;
        if (wanted.TimeOfDay != TimeSpan.Zero)
            return null;
        Snapshot[] ofDay = [.. all.Where(snapshot => snapshot.Time.Date == wanted)];
        return ofDay.FirstOrDefault(snapshot => snapshot.IsComplete) ?? ofDay.FirstOrDefault();
    }

    private static string Wanted(DateTime? date, DateTimeOffset? asOf)
    {
        string kind = date is { } wanted
            ? string.Create(CultureInfo.InvariantCulture, $"snapshot of {wanted:yyyy-MM-dd HH:mm:ss}")
            : "complete snapshot";
        return asOf is { } time ? string.Create(CultureInfo.InvariantCulture, $"{kind} from before {time:yyyy-MM-dd HH:mm:ss zzz}") : kind;
    }
}
