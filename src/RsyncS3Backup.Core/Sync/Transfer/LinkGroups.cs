using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// The names of one file meet here: the first one is carried out, the others wait for it and can be copied from it inside S3. A group is
/// forgotten when all its names came by, so that the tree's size does not count. For one caller at a time.
/// </summary>
internal sealed class LinkGroups
{
    private readonly Dictionary<ulong, Group> groups = [];

    /// <summary>Gives an entry its place behind the names of the same file that joined before; null for what has one name.</summary>
    public LinkPlace? Join(MirrorEntry entry)
    {
        ulong linkGroup = EntryDecision.LinkGroup(entry.Attributes);
        if (linkGroup == 0)
            return null;
        bool isFirst = !groups.TryGetValue(linkGroup, out Group? group);
        group ??= groups[linkGroup] = new Group();
        // Some of the names may lie outside the mirror; then the group stays until the run's end.
        if (++group.Seen >= entry.Attributes.LinkCount)
            groups.Remove(linkGroup);
        return new LinkPlace(group.First, isFirst);
    }

    private sealed class Group
    {
        public int Seen { get; set; }

        public TaskCompletionSource<CatalogEntry?> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>One name's place among the names of its file.</summary>
internal sealed class LinkPlace(TaskCompletionSource<CatalogEntry?> first, bool isFirst)
{
    /// <summary>Carries out the name.</summary>
    /// <param name="carryOut">Given what S3 holds of an earlier name, null for the first one or when that failed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RunAsync(Func<CatalogEntry?, Task<CatalogEntry?>> carryOut, CancellationToken cancellationToken)
    {
        CatalogEntry? earlier = isFirst ? null : await first.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        CatalogEntry? stored = await carryOut(earlier).ConfigureAwait(false);
        if (isFirst)
            first.TrySetResult(stored);
    }

    /// <summary>To be called whatever became of the name: the others then go their own way, and must not wait for ever.</summary>
    public void Leave()
    {
        if (isFirst)
            first.TrySetResult(null);
    }
}
