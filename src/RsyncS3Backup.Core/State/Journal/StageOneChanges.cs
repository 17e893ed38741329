using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace RsyncS3Backup.State.Journal;

/// <summary>
/// Which paths of a mirror stage 1 changed since the last complete stage 2: what differs and is not among them was changed by something else.
/// </summary>
internal sealed class StageOneChanges
{
    // Sorted hashes: a million of them take 8 MB. Two paths of one hash only hide one change of somebody else's.
    private readonly ulong[] paths;
    private readonly ulong[] replaced;

    private StageOneChanges(List<ulong> paths, List<ulong> replaced)
    {
        this.paths = Sorted(paths);
        this.replaced = Sorted(replaced);
    }

    /// <summary>Reads what is known; null when something may be missing from it, so that nothing can be said.</summary>
    /// <param name="jobName">The job whose journals they are.</param>
    /// <param name="pending">Its journals.</param>
    /// <param name="planned">What a stage 1 would change on top.</param>
    public static StageOneChanges? Read(string jobName, PendingChanges pending, IEnumerable<BackupChange> planned)
    {
        if (pending.RequiresWalk || !ChangeJournalFolder.HasState(jobName))
            return null;
        try
        {
            return Of(pending.Enumerate().Concat(planned));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Takes down all that changed.</summary>
    public static StageOneChanges Of(IEnumerable<BackupChange> changes)
    {
        List<ulong> paths = [];
        List<ulong> replaced = [];
        foreach (BackupChange change in changes)
        {
            ulong hash = Hash(change.Path.TrimEnd('/'));
            paths.Add(hash);
            if (change is { Kind: BackupChangeKind.HardLinked, LinkTarget: { } target })
                paths.Add(Hash(target));
            // What was a folder and is none any more took all that was in it along.
            if (change.Kind == BackupChangeKind.Deleted || change.EntryType != BackupEntryType.Folder)
                replaced.Add(hash);
        }

        return new StageOneChanges(paths, replaced);
    }

    /// <summary>True when stage 1 changed, made or deleted the entry.</summary>
    /// <param name="relativeKey">The path below the mirror's root, with or without a slash at its end.</param>
    public bool Contains(string relativeKey)
    {
        ReadOnlySpan<char> path = relativeKey.AsSpan().TrimEnd('/');
        if (Array.BinarySearch(paths, Hash(path)) >= 0)
            return true;
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/'))
        {
            path = path[..slash];
            if (Array.BinarySearch(replaced, Hash(path)) >= 0)
                return true;
        }

        return false;
    }

    private static ulong Hash(ReadOnlySpan<char> path) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(path));

    private static ulong[] Sorted(List<ulong> hashes)
    {
        ulong[] sorted = [.. hashes];
        Array.Sort(sorted);
        return sorted;
    }
}
