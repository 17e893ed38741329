using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery;

/// <summary>Brings one entry to the destination: a file's content, a link, one more name, attributes.</summary>
/// <param name="committer">Gives whole files their names.</param>
/// <param name="counters">Counts.</param>
/// <param name="report">Hears what goes wrong when nobody waits any more.</param>
internal sealed class EntryWriter(Committer committer, RestoreCounters counters, StageReport report)
{
    /// <summary>Writes a file next to its place.</summary>
    /// <returns>Ends when the file has its name; nobody needs to wait for it, what goes wrong there is reported.</returns>
    public async Task<Task> WriteAsync(RestoreTask task, IContent content, EntryFacts facts, CancellationToken cancellationToken)
    {
        bool isWaitingForTree;
        using (SafeFileHandle file = await content.WriteAsync(task.Tree, task.Path, task.IsDamaged, cancellationToken).ConfigureAwait(false))
        {
            using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
            if (!folder.SetAttributes(file, facts.Attributes, task.Tree.Traits.FileMode))
                counters.OwnerNotSet();
            isWaitingForTree = folder.IsWrittenBackWithTree;
            if (!isWaitingForTree)
                RandomAccess.FlushToDisk(file);
        }

        TaskCompletionSource named = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FinishedFile finished = new(task.Tree, task.Path, TemporaryName.For(task.Path.Name), isWaitingForTree, problem =>
        {
            if (problem is null)
            {
                Forget(task, content);
                Count(task, content.Fit, facts.Size);
            }
            else
            {
                report.ItemFailed(task.ErrorFor(problem));
            }

            named.SetResult();
        });
        await committer.AddAsync(finished).ConfigureAwait(false);
        return named.Task;
    }

    private void Count(RestoreTask task, ContentFit fit, long size)
    {
        if (task.IsDamaged)
        {
            counters.EntryDamaged(size);
            return;
        }

        counters.EntryRestored(size);
        if (fit == ContentFit.Unknown)
            counters.NotCompared();
    }

    /// <summary>Makes a symbolic link.</summary>
    /// <param name="task">The entry.</param>
    /// <param name="existing">What is there.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="fit">Whether that was compared with what was stored.</param>
    /// <param name="facts">What it is to be.</param>
    /// <param name="keepsSame">True to leave one that is the same as it is.</param>
    public void MakeLink(RestoreTask task, FileAttributesSnapshot? existing, byte[] target, ContentFit fit, EntryFacts facts, bool keepsSame)
    {
        using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
        bool isSame = keepsSame && existing is { IsSymbolicLink: true } there
            && (facts.Attributes.ModifiedNanoseconds is not { } modified || task.Tree.IsSameTime(there.ModifiedNanoseconds, modified))
            && folder.LeadsTo(task.Path.Name, target);
        if (isSame)
        {
            counters.EntryUnchanged(target.Length);
            return;
        }

        if (target.AsSpan().Contains((byte)0) || target.Length == 0)
            throw new InvalidDataException("the object of a link does not hold a target");
        string temporary = TemporaryName.For(task.Path.Name);
        try
        {
            if (!folder.MakeLink(temporary, target, facts.Attributes))
                counters.OwnerNotSet();
        }
        catch
        {
            // It may be there, and only its owner or its time could not be set.
            folder.Remove(temporary);
            throw;
        }

        NameOrRemove(folder, temporary, task.Path.Name);
        Count(task, fit, target.Length);
    }

    /// <summary>Gives a file that stays its attributes.</summary>
    public void SetAttributes(RestoreTask task, EntryFacts facts)
    {
        using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
        using SafeFileHandle? file = folder.TryOpen(task.Path.Name, toWrite: false);
        if (file is null)
            return;
        if (facts.LinkKey is null && FileAttributesReader.Read(file).LinkCount > 1)
            throw new BlockedException();
        if (!folder.SetAttributes(file, facts.Attributes, defaultMode: null))
            counters.OwnerNotSet();
    }

    /// <summary>Makes the entry one more name of a file; false where that cannot be.</summary>
    public static bool TryLink(RestoreTask task, PlacedFile placed)
    {
        string temporary = TemporaryName.For(task.Path.Name);
        using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
        try
        {
            using DestinationFolder other = placed.Tree.Open(placed.Path.Folder);
            folder.AddName(other, placed.Path.Name, temporary);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // The file system has no such links, or no more for this file: then the name gets a file of its own.
            return false;
        }

        NameOrRemove(folder, temporary, task.Path.Name);
        return true;
    }

    /// <summary>True when two names are of one file.</summary>
    public static bool IsSameFile(PlacedFile placed, FileAttributesSnapshot there)
    {
        using DestinationFolder folder = placed.Tree.Open(placed.Path.Folder);
        return there.Inode > 0 && folder.Look(placed.Path.Name) is { } other && other.Inode == there.Inode && other.Device == there.Device;
    }

    /// <summary>True when a file has the content of an entry for sure.</summary>
    public static bool HasContent(PlacedFile placed, EntryFacts facts, CancellationToken cancellationToken)
    {
        if (facts.Content is not { } wanted)
            return false;
        try
        {
            using DestinationFolder folder = placed.Tree.Open(placed.Path.Folder);
            using SafeFileHandle? file = folder.TryOpen(placed.Path.Name, toWrite: false);
            return file is not null && ContentComparer.IsSame(file, wanted, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then the name gets a file of its own.
            return false;
        }
    }

    private static void Forget(RestoreTask task, IContent content)
    {
        try
        {
            using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
            content.Forget(folder, task.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The file is whole and has its name; what stays is a small file of ours.
        }
    }

    private static void NameOrRemove(DestinationFolder folder, string temporary, string name)
    {
        try
        {
            folder.Rename(temporary, name);
        }
        catch
        {
            folder.Remove(temporary);
            throw;
        }
    }
}
