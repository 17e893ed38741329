using System.Text;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// Looks up what stage 1 changed, in the mirror as it is now and in the catalog, and decides what has to be done. What the change says is
/// only where to look; so a path may be named twice, and a change that was undone does no harm.
/// </summary>
/// <remarks>Holds every path that it looked at: a run by journal is one of few changes.</remarks>
internal sealed class JournalPlanner(MirrorWalker mirror, ICatalog catalog, StageReport report)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly HashSet<string> looked = new(StringComparer.Ordinal);
    private readonly HashSet<string> decided = new(StringComparer.Ordinal);
    private readonly Queue<string> toLook = new();
    private bool isExcludedChanged;

    /// <summary>One action for every key that the changes may concern, in no order.</summary>
    /// <param name="changes">What stage 1 changed.</param>
    /// <param name="due">Keys whose deletion is due, if the mirror is still without them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public IEnumerable<SyncAction> Plan(IEnumerable<BackupChange> changes, IEnumerable<string> due, CancellationToken cancellationToken)
    {
        foreach (string key in due)
            Ask(key.TrimEnd('/'));
        foreach (SyncAction action in LookAtAsked())
            yield return action;
        foreach (BackupChange change in changes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Ask(change);
            foreach (SyncAction action in LookAtAsked())
                yield return action;
        }

        // Nothing is recorded of what does not go to S3, so whose other name it was cannot be looked up.
        if (isExcludedChanged)
        {
            foreach (CatalogEntry linked in catalog.FindLinked())
                Ask(linked.RelativeKey);
        }

        foreach (SyncAction action in LookAtAsked())
            yield return action;
    }

    private IEnumerable<SyncAction> LookAtAsked()
    {
        while (toLook.TryDequeue(out string? path))
        {
            foreach (SyncAction action in LookAt(path))
            {
                if (decided.Add(action.RelativeKey))
                    yield return action;
            }
        }
    }

    private void Ask(BackupChange change)
    {
        try
        {
            string path = StrictUtf8.GetString(change.GetPathBytes());
            // Before the new name: what S3 has under this one can then be copied to it.
            if (change.Kind == BackupChangeKind.HardLinked)
                Ask(StrictUtf8.GetString(change.GetLinkTargetBytes()));
            // The folder may have got its first entry, or lost its last; and if it was a file, that must be gone before its first entry comes.
            Ask(Parent(path));
            Ask(path);
            isExcludedChanged |= mirror.IsExcluded(path);
        }
        catch (DecoderFallbackException)
        {
            // S3 never had it, so there is nothing to delete either.
            if (change.Kind != BackupChangeKind.Deleted)
                report.ItemFailed(MirrorErrors.NameNotUtf8(change.Path));
        }
    }

    private void Ask(string path)
    {
        if (path.Length > 0 && looked.Add(path))
            toLook.Enqueue(path);
    }

    private IEnumerable<SyncAction> LookAt(string path)
    {
        MirrorLook now = mirror.Look(path);
        CatalogEntry? row = catalog.Find(path);
        if (now.Entry?.Kind == MirrorEntryKind.Unreadable)
        {
            // Nothing beneath it is touched either; and it counts as left out, so that the next run looks again.
            yield return new SyncAction(SyncActionKind.Protect, now.Entry, row, null);
            yield break;
        }

        foreach (string other in EntryDecision.OtherNames(catalog, path, row, now.Entry))
            Ask(other);
        string asFolder = path + "/";

        if (now.IsFolder)
        {
            if (row is not null)
                yield return new SyncAction(SyncActionKind.Delete, null, row, null);
            CatalogEntry? marker = catalog.Find(asFolder);
            if (now.Entry is not null)
                yield return new SyncAction(EntryDecision.Decide(now.Entry, marker), now.Entry, marker, null);
            else if (marker is not null)
                yield return new SyncAction(SyncActionKind.Delete, null, marker, null);
            yield break;
        }

        // What S3 has as a file cannot have been a folder when it was sent.
        bool wasFolder = row is null && catalog.ReadUnder(asFolder).Any();
        if (now.Entry is not null)
            yield return new SyncAction(EntryDecision.Decide(now.Entry, row), now.Entry, row, null) { ReplacesFolder = wasFolder };
        else if (row is not null)
            yield return new SyncAction(SyncActionKind.Delete, null, row, null);
        if (!wasFolder)
            yield break;
        foreach (CatalogEntry beneath in catalog.ReadUnder(asFolder))
            yield return new SyncAction(SyncActionKind.Delete, null, beneath, null);
    }

    private static string Parent(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";
}
