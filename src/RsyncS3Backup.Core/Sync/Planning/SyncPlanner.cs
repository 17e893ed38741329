using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// Merges the mirror, the catalog and a listing, all in key order, into what has to be done. No I/O of its own, and nothing is held but the
/// current items.
/// </summary>
internal static class SyncPlanner
{
    /// <summary>One action for every key that any side has. The catalog is taken at its word: S3 is not asked.</summary>
    /// <exception cref="BackupException">One of the sides is not in key order: a merge would take present files for deleted ones.</exception>
    public static IEnumerable<SyncAction> Plan(IEnumerable<MirrorEntry> mirror, IEnumerable<CatalogEntry> catalog)
    {
        using IEnumerator<MirrorEntry> locals = mirror.GetEnumerator();
        using IEnumerator<CatalogEntry> read = catalog.GetEnumerator();
        MirrorEntry? local = Next(locals, null);
        Ahead<CatalogEntry> rows = new(row => row.RelativeKey, previous => Next(read, previous));
        CatalogEntry? row = rows.Next();
        ProtectedFolder unread = new();

        while (local is not null || row is not null)
        {
            int order = local is null ? 1 : row is null ? -1 : KeyOrder.Compare(local.RelativeKey, row.RelativeKey);
            SyncAction action = Decide(order <= 0 ? local : null, order >= 0 ? row : null, ref unread);
            yield return IsNewFile(action) && rows.HasBeneath(action.RelativeKey) ? action with { ReplacesFolder = true } : action;
            if (order <= 0)
                local = Next(locals, local);
            if (order >= 0)
                row = rows.Next();
        }
    }

    private static bool IsNewFile(SyncAction action) => action is { Kind: SyncActionKind.Create, Local.Kind: not MirrorEntryKind.Folder };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static SyncAction Decide(MirrorEntry? local, CatalogEntry? row, ref ProtectedFolder unread)
    {
        if (local is null)
            return new SyncAction(unread.Covers(row!.RelativeKey) ? SyncActionKind.Protect : SyncActionKind.Delete, null, row, null);
        unread.Pass(local);
        return new SyncAction(EntryDecision.Decide(local, row), local, row, null);
    }

    /// <summary>One action for every key that any side has.</summary>
    /// <exception cref="BackupException">One of the sides is not in key order: a merge would take present files for deleted ones.</exception>
    public static async IAsyncEnumerable<SyncAction> PlanAsync(
        IEnumerable<MirrorEntry> mirror,
        IEnumerable<CatalogEntry> catalog,
        IAsyncEnumerable<StoredObject> listing,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using IEnumerator<MirrorEntry> locals = mirror.GetEnumerator();
        using IEnumerator<CatalogEntry> rows = catalog.GetEnumerator();
        await using IAsyncEnumerator<StoredObject> listed = listing.GetAsyncEnumerator(cancellationToken);
        MirrorEntry? local = Next(locals, null);
        CatalogEntry? row = Next(rows, null);
        AheadAsync<StoredObject> remotes = new(remote => remote.RelativeKey, previous => NextAsync(listed, previous));
        StoredObject? remote = await remotes.NextAsync().ConfigureAwait(false);
        ProtectedFolder unread = new();

        while (First(local?.RelativeKey, row?.RelativeKey, remote?.RelativeKey) is { } key)
        {
            MirrorEntry? currentLocal = local?.RelativeKey == key ? local : null;
            CatalogEntry? currentRow = row?.RelativeKey == key ? row : null;
            StoredObject? currentRemote = remote?.RelativeKey == key ? remote : null;
            if (currentLocal is not null)
            {
                unread.Pass(currentLocal);
                SyncAction action = EntryDecision.Decide(currentLocal, currentRow, currentRemote);
                bool replacesFolder = IsNewFile(action) && await remotes.HasBeneathAsync(key).ConfigureAwait(false);
                yield return replacesFolder ? action with { ReplacesFolder = true } : action;
            }
            else
            {
                SyncActionKind kind =
                    unread.Covers(key) ? SyncActionKind.Protect
                    : currentRemote is null ? SyncActionKind.Forget
                    : SyncActionKind.Delete;
                yield return new SyncAction(kind, null, currentRow, currentRemote)
                {
                    IsRowRefuted = EntryDecision.IsRefuted(currentRow, currentRemote),
                };
            }

            if (currentLocal is not null)
                local = Next(locals, local);
            if (currentRow is not null)
                row = Next(rows, row);
            if (currentRemote is not null)
                remote = await remotes.NextAsync().ConfigureAwait(false);
        }
    }

    private static string? First(string? a, string? b, string? c) => Lower(Lower(a, b), c);

    private static string? Lower(string? a, string? b) => a is null ? b : b is null ? a : KeyOrder.Compare(a, b) <= 0 ? a : b;

    private static MirrorEntry? Next(IEnumerator<MirrorEntry> locals, MirrorEntry? previous)
    {
        MirrorEntry? next = locals.MoveNext() ? locals.Current : null;
        RequireOrder(previous?.RelativeKey, next?.RelativeKey, "The mirror's walk");
        return next;
    }

    private static CatalogEntry? Next(IEnumerator<CatalogEntry> rows, CatalogEntry? previous)
    {
        CatalogEntry? next = rows.MoveNext() ? rows.Current : null;
        RequireOrder(previous?.RelativeKey, next?.RelativeKey, "The catalog");
        return next;
    }

    private static async ValueTask<StoredObject?> NextAsync(IAsyncEnumerator<StoredObject> remotes, StoredObject? previous)
    {
        StoredObject? next = await remotes.MoveNextAsync().ConfigureAwait(false) ? remotes.Current : null;
        RequireOrder(previous?.RelativeKey, next?.RelativeKey, "The bucket's listing");
        return next;
    }

    private static void RequireOrder(string? previous, string? next, string side)
    {
        if (previous is not null && next is not null && KeyOrder.Compare(previous, next) >= 0)
            throw S3Errors.OutOfOrder(side, previous, next);
    }

    /// <summary>The last folder that could not be read: whatever is known beneath it may still be there.</summary>
    private struct ProtectedFolder
    {
        private string? prefix;

        public void Pass(MirrorEntry entry)
        {
            if (entry.Kind == MirrorEntryKind.Unreadable && entry.RelativeKey.EndsWith('/'))
                prefix = entry.RelativeKey;
        }

        public readonly bool Covers(string key) => prefix is not null && key.StartsWith(prefix, StringComparison.Ordinal);
    }
}
