using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// Keeps the copy in S3 good when the mirror's files are not what stage 1 made of them, or when too many of them have new content at once, as
/// after an attack: what is doubtful waits until all of it is counted, and is sent when it is few enough.
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="mirror">The mirror.</param>
/// <param name="catalog">What S3 holds; null where that is not kept, so that nothing is known.</param>
/// <param name="isMirrorOfJob">True when this job's stage 1 makes the mirror.</param>
/// <param name="pending">What stage 1 changed.</param>
/// <param name="planned">The mirror that is planned on; null: the one that is there.</param>
internal sealed class ChangeGuard(
    SyncScope scope, MirrorWalker mirror, ICatalog? catalog, bool isMirrorOfJob, PendingChanges pending, IPlannedMirror? planned) : IDisposable
{
    private const int NamedAtMost = 5;
    private const int KeysAtATime = 1000;

    private readonly S3SyncRequest request = scope.Request;
    private readonly KeySpool held = new("changes", scope.State.SpoolFolder);
    private readonly List<string> first = [];

    // Only what differs asks, so a run without changes does not read it.
    private readonly Lazy<StageOneChanges?> stageOne = new(
        () => isMirrorOfJob && catalog is not null
            ? StageOneChanges.Read(scope.JobName, pending, planned?.Changes() ?? [])
            : null);

    private long outside;
    private long gone;
    private long doubtful;
    private long becameFolders;
    private long? known;

    /// <summary>True when the entry must wait; <see cref="Release"/> hands its key out.</summary>
    public bool Holds(SyncAction action)
    {
        if (!IsOtherContent(action))
            return false;
        bool isOutside = IsOutside(action);
        if (!isOutside && request.MaxChange.IsOff)
            return false;
        if (isOutside)
        {
            outside++;
            Name(action.RelativeKey);
        }

        held.Add(action.RelativeKey, action.Local!.ContentLength);
        return true;
    }

    /// <summary>
    /// True when the mirror lost the entry and no stage 1 deleted it: whether the source has it, only the next stage 1 can tell, so it stays
    /// in S3 until then.
    /// </summary>
    /// <param name="action">A deletion that would be carried out.</param>
    public bool Keeps(SyncAction action)
    {
        // What is gone from the mirror right after stage 1 is not in the source either.
        bool isDeletionMeant = request.FollowsStage1 || request.AllowChangedMirror || request.AllowEmptyMirror;
        if (isDeletionMeant || action.Local is not null || action.Row is { IsLeftover: true } or { IsOurs: false }
            || action.RelativeKey.EndsWith('/') || mirror.IsExcluded(action.RelativeKey)
            || stageOne.Value is not { } changes || changes.Contains(action.RelativeKey))
            return false;
        gone++;
        Name(action.RelativeKey);
        // Without its row, after a lost catalog, it may be what the mirror lost long ago.
        doubtful += action.Row is null ? 1 : 0;
        return true;
    }

    /// <summary>
    /// A folder takes the place of a file, whose object goes at once: it counts as a file with new content, and cannot wait, because some stores
    /// keep no key beneath another one.
    /// </summary>
    /// <param name="existing">How many entries S3 has, as far as is known by now.</param>
    /// <exception cref="BackupException">There are too many of them: <c>ChangeLimitExceeded</c>.</exception>
    public void BecomesFolder(long existing)
    {
        // Before the first of them is taken out of the catalog.
        known ??= catalog?.Count ?? 0;
        RequireAllowed(Math.Max(existing, known.Value), becoming: 1);
        becameFolders++;
    }

    /// <summary>What waited, once everything is counted.</summary>
    /// <param name="existing">How many entries S3 has.</param>
    /// <exception cref="BackupException">
    /// There is too much of it: <c>MirrorChangedOutside</c>, <c>MirrorEmpty</c> or <c>ChangeLimitExceeded</c>.
    /// </exception>
    public IEnumerable<string> Release(long existing)
    {
        if (gone > 0 && scope.Counters.Total == 0)
            throw SyncErrors.MirrorEmpty(request.MirrorPath, gone, $"s3://{request.Destination.Bucket}/{scope.KeyPrefix}");
        if (outside + gone - doubtful > DeleteLimit.Default.AllowedOfSource(existing) && !request.AllowChangedMirror)
            throw SyncErrors.MirrorChangedOutside(request.MirrorPath, outside + gone, existing, first);
        RequireAllowed(existing, becoming: 0);
        if (outside + gone > 0)
        {
            scope.Report.Warning($"Something other than stage 1 of this job changed {Files(outside)} of the mirror '{request.MirrorPath}' and removed "
                + $"{Files(gone)}: {Names()}. What it changed is sent as it is. S3 keeps what it removed until a run of both stages shows whether the "
                + "source has it, or until a run with -AllowChangedMirror.");
        }

        return held.Batches(KeysAtATime).SelectMany(batch => batch.Select(item => item.RelativeKey));
    }

    /// <summary>What is to be done about an entry that waited, as it is by now; null when it is gone.</summary>
    public SyncAction? LookAgain(string relativeKey)
    {
        if (mirror.Look(relativeKey).Entry is not { } local)
            return null;
        CatalogEntry? row = catalog?.Find(relativeKey);
        // Without a row it is known from the listing that S3 has something else by that name.
        return new SyncAction(row is { IsOurs: true } ? EntryDecision.Decide(local, row) : SyncActionKind.Update, local, row, null);
    }

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private void RequireAllowed(long existing, long becoming)
    {
        long changed = held.Count + becameFolders + becoming;
        if (changed > request.MaxChange.Allowed(existing))
        {
            throw SyncErrors.ChangeLimitExceeded(
                request.MirrorPath, changed, becameFolders, existing, request.MaxChange, [.. held.First.Take(NamedAtMost)]);
        }
    }

    // A file whose size and modification time are those of its object is not looked into: that is what tests of the copies are for. And where
    // S3 has another object than was sent, it is not the mirror that changed.
    private static bool IsOtherContent(SyncAction action) =>
        action is { Local: { Kind: MirrorEntryKind.File or MirrorEntryKind.SymbolicLink } local, IsRowRefuted: false } && action.Kind switch
        {
            SyncActionKind.Update => action is { Row: { IsOurs: true, IsLeftover: false } } or { Row: null, Remote: not null },
            SyncActionKind.Compare => action.Row!.ModifiedNanoseconds != local.Attributes.ModifiedNanoseconds,
            _ => false,
        };

    // Of a file with several names stage 1 may tell one name only.
    private bool IsOutside(SyncAction action) =>
        action.Row is not null && stageOne.Value is { } changes && !changes.Contains(action.RelativeKey)
        && !EntryDecision.OtherNames(catalog!, action.RelativeKey, action.Row, action.Local).Any(changes.Contains);

    private static string Files(long count) => count == 1 ? "1 file" : $"{count} files";

    private void Name(string relativeKey)
    {
        if (first.Count < NamedAtMost)
            first.Add(relativeKey);
    }

    private string Names() =>
        string.Join(", ", first.Select(name => $"'{name}'")) + (outside + gone > first.Count ? $" and {outside + gone - first.Count} more" : "");
}
