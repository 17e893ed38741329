using System.Runtime.CompilerServices;
using RsyncS3Backup.S3.Mirror;

namespace RsyncS3Backup.S3.Planning;

/// <summary>
/// Merges the mirror with a listing, both in key order, into what has to be done. No I/O of its own, and nothing is held but the two current
/// items.
/// </summary>
internal static class SyncPlanner
{
    /// <summary>One action for every key that either side has.</summary>
    /// <exception cref="BackupException">One of the sides is not in key order: a merge would take present files for deleted ones.</exception>
    public static async IAsyncEnumerable<SyncAction> PlanAsync(
        IEnumerable<MirrorEntry> mirror,
        IAsyncEnumerable<RemoteObject> listing,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using IEnumerator<MirrorEntry> locals = mirror.GetEnumerator();
        await using IAsyncEnumerator<RemoteObject> remotes = listing.GetAsyncEnumerator(cancellationToken);
        MirrorEntry? local = Next(locals, null);
        RemoteObject? remote = await NextAsync(remotes, null).ConfigureAwait(false);
        string? protectedPrefix = null;

        while (local is not null || remote is not null)
        {
            int order = local is null ? 1 : remote is null ? -1 : KeyOrder.Compare(local.RelativeKey, remote.RelativeKey);
            if (order <= 0 && local!.Kind == MirrorEntryKind.Unreadable && local.RelativeKey.EndsWith('/'))
                protectedPrefix = local.RelativeKey;

            if (order < 0)
            {
                if (local!.Kind != MirrorEntryKind.Unreadable)
                    yield return new SyncAction(SyncActionKind.Create, local, null);
                local = Next(locals, local);
            }
            else if (order > 0)
            {
                bool isProtected = protectedPrefix is not null
                    && remote!.RelativeKey.StartsWith(protectedPrefix, StringComparison.Ordinal);
                yield return new SyncAction(isProtected ? SyncActionKind.Protect : SyncActionKind.Delete, null, remote);
                remote = await NextAsync(remotes, remote).ConfigureAwait(false);
            }
            else
            {
                yield return new SyncAction(Decide(local!, remote!), local, remote);
                local = Next(locals, local);
                remote = await NextAsync(remotes, remote).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What to do about a key that both sides have.</summary>
    internal static SyncActionKind Decide(MirrorEntry local, RemoteObject remote)
    {
        if (local.Kind == MirrorEntryKind.Unreadable)
            return SyncActionKind.Protect;
        if (remote.Size != local.ContentLength)
            return SyncActionKind.Update;
        return local.ContentLength == 0 ? SyncActionKind.Keep : SyncActionKind.Compare;
    }

    private static MirrorEntry? Next(IEnumerator<MirrorEntry> locals, MirrorEntry? previous)
    {
        MirrorEntry? next = locals.MoveNext() ? locals.Current : null;
        RequireOrder(previous?.RelativeKey, next?.RelativeKey, "The mirror's walk");
        return next;
    }

    private static async ValueTask<RemoteObject?> NextAsync(IAsyncEnumerator<RemoteObject> remotes, RemoteObject? previous)
    {
        RemoteObject? next = await remotes.MoveNextAsync().ConfigureAwait(false) ? remotes.Current : null;
        RequireOrder(previous?.RelativeKey, next?.RelativeKey, "The bucket's listing");
        return next;
    }

    private static void RequireOrder(string? previous, string? next, string side)
    {
        if (previous is not null && next is not null && KeyOrder.Compare(previous, next) >= 0)
            throw S3Errors.OutOfOrder(side, previous, next);
    }
}
