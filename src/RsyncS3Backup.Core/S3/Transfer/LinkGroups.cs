using System.Collections.Concurrent;
using RsyncS3Backup.State;

namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// The names of one file meet here: the first one is carried out, the others wait for it and can be copied from it inside S3. A group is
/// forgotten when all its names came by, so that the tree's size does not count.
/// </summary>
internal sealed class LinkGroups
{
    private readonly ConcurrentDictionary<ulong, Group> groups = new();

    /// <summary>Carries out one name of a file.</summary>
    /// <param name="linkGroup">What the names have in common.</param>
    /// <param name="names">How many there are; some may lie outside the mirror.</param>
    /// <param name="carryOut">Given what S3 holds of an earlier name, null for the first one or when that failed.</param>
    public async Task RunAsync(ulong linkGroup, uint names, Func<CatalogEntry?, Task<CatalogEntry?>> carryOut)
    {
        Group group = groups.GetOrAdd(linkGroup, _ => new Group());
        int order = Interlocked.Increment(ref group.Seen);
        if (order >= names)
            groups.TryRemove(new KeyValuePair<ulong, Group>(linkGroup, group));
        if (order > 1)
        {
            await carryOut(await group.First.Task.ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }

        CatalogEntry? stored = null;
        try
        {
            stored = await carryOut(null).ConfigureAwait(false);
        }
        finally
        {
            // Also after a failure: the others then go their own way, and must not wait for ever.
            group.First.SetResult(stored);
        }
    }

    private sealed class Group
    {
        public int Seen;

        public TaskCompletionSource<CatalogEntry?> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
