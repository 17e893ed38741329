using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// Restores one entry: looks at what is there, gets what is different, and gives it its name when it is whole. A file is the old one or the
/// new one, never a mixture.
/// </summary>
internal sealed class EntryRestorer(
    RestoreTargets targets, IContentSource source, RestoreOverwrite overwrite, Committer committer, FolderList folders,
    RestoreCounters counters, StageReport report)
{
    private const int Tries = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Where the names of one file meet.</summary>
    public LinkNames Links { get; init; } = new();

    /// <summary>Decides about files that are newer than the copy.</summary>
    public NewerFiles Newer { get; init; } = NewerFiles.Replaced;

    /// <summary>
    /// Finds where an entry goes. For one caller at a time, in the order of keys: the first of two names that a file system takes for one wins, and a
    /// folder is there, closed to others, before what is in it.
    /// </summary>
    /// <returns>Null when it goes nowhere; that is reported.</returns>
    public RestoreTask? Place(RestoreItem item)
    {
        BackupError? refusal = targets.Resolve(item.RelativeKey, out RestoreTarget target, out EntryPath path);
        if (refusal is null && path.Name.Length > 0 && target.Names.Claim(path) is { } first)
            refusal = RestoreErrors.NameCollision(item.RelativeKey, first);
        if (refusal is not null)
        {
            report.ItemFailed(refusal);
            return null;
        }

        RestoreTask task = new(item, target.Tree, path);
        if (!path.IsFolder || path.Name.Length == 0)
            return task;
        return TryMakeFolder(task) is { } isNew ? task with { IsNewFolder = isNew } : null;
    }

    /// <summary>Restores it.</summary>
    public async Task RestoreAsync(RestoreTask task, CancellationToken cancellationToken)
    {
        if (task is { Path.IsFolder: true, IsNewFolder: false } && overwrite == RestoreOverwrite.Never)
        {
            counters.EntrySkipped(0);
            return;
        }

        if (task.Path.IsFolder)
        {
            folders.Add(task.Tree, task.Path, (await source.AskAsync(task.Item, cancellationToken).ConfigureAwait(false)).Attributes);
            return;
        }

        FileAttributesSnapshot? existing;
        using (DestinationFolder folder = task.Tree.Open(task.Path.Folder))
            existing = folder.Look(task.Path.Name);
        if (existing is { IsFolder: true })
            throw new PathBlockedException(task.Path.Full);
        if (existing is not null && overwrite == RestoreOverwrite.Never)
        {
            counters.EntrySkipped(task.Item.Size);
            return;
        }

        if (existing is { IsRegularFile: true } there && overwrite == RestoreOverwrite.IfDifferent && there.Size == task.Item.Size)
        {
            EntryFacts facts = await source.AskAsync(task.Item, cancellationToken).ConfigureAwait(false);
            if (IsSameFile(task, there, facts) && MayKeep(task, there, facts))
            {
                await KeepAsync(task, there, facts, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        await ReplaceAsync(task, existing, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives folders their attributes, after everything that is in them.</summary>
    public void FinishFolders(CancellationToken cancellationToken)
    {
        foreach ((DestinationTree tree, EntryPath path, EntryAttributes attributes) in folders.DeepestFirst())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                string full = path.Folder.Length == 0 ? path.Name : $"{path.Folder}/{path.Name}";
                using DestinationFolder folder = tree.Open(full);
                if (IsAsWanted(folder.LookAtItself(), attributes, tree))
                {
                    counters.EntryUnchanged(0);
                    continue;
                }

                if (!folder.SetOwnAttributes(attributes))
                    counters.OwnerNotSet();
                counters.EntryRestored(0);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                report.ItemFailed(RestoreErrors.WriteFailed(path.Full, exception.Message));
            }
        }
    }

    /// <returns>Whether it is new; null when it could not be made, which is reported.</returns>
    private bool? TryMakeFolder(RestoreTask task)
    {
        try
        {
            using DestinationFolder parent = task.Tree.Open(task.Path.Folder);
            return parent.MakeFolder(task.Path.Name);
        }
        catch (PathBlockedException exception)
        {
            report.ItemFailed(RestoreErrors.PathBlocked(task.Item.RelativeKey, exception.Path));
        }
        catch (BlockedException)
        {
            report.ItemFailed(RestoreErrors.PathBlocked(task.Item.RelativeKey, task.Path.Full.TrimEnd('/')));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !RestoreErrors.IsDiskFull(exception))
        {
            report.ItemFailed(RestoreErrors.WriteFailed(task.Item.RelativeKey, exception.Message));
        }

        return null;
    }

    private static bool IsSameFile(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts) =>
        !facts.Attributes.IsSymbolicLink && there.Size == facts.Size
        && facts.Attributes.ModifiedNanoseconds is { } modified && task.Tree.IsSameTime(there.ModifiedNanoseconds, modified);

    // Another name may have been given to it by somebody else, to have its owner or its permissions changed.
    private static bool MayKeep(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts) =>
        there.LinkCount <= 1 || facts.LinkKey is not null || IsAsWanted(there, facts.Attributes, task.Tree);

    private static bool IsAsWanted(FileAttributesSnapshot there, EntryAttributes wanted, DestinationTree tree)
    {
        return (OperatingSystem.IsWindows() || wanted.HasMode(there.Mode))
            && (OperatingSystem.IsWindows() || (wanted.UserId ?? there.UserId) == there.UserId)
            && (OperatingSystem.IsWindows() || (wanted.GroupId ?? there.GroupId) == there.GroupId)
            && (wanted.ModifiedNanoseconds is not { } modified || tree.IsSameTime(there.ModifiedNanoseconds, modified));
    }

    /// <summary>A file that is there already: its content stays.</summary>
    private async Task KeepAsync(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts, CancellationToken cancellationToken)
    {
        LinkTicket? ticket = facts.LinkKey is { } key ? Links.Enter(key) : null;
        PlacedFile? kept = null;
        try
        {
            if ((ticket is { IsFirst: true } ? ticket.Alike : ticket?.First) is { } other
                && await other.WaitAsync(cancellationToken).ConfigureAwait(false) is { } placed && !IsSameFile(placed, there)
                && (!ticket!.IsFirst || HasContent(placed, facts, cancellationToken)) && TryLink(task, placed))
            {
                counters.EntryRestored(0);
                kept = placed;
                return;
            }

            if (!IsAsWanted(there, facts.Attributes, task.Tree))
                SetAttributes(task, facts);
            counters.EntryUnchanged(facts.Size);
            kept = new PlacedFile(task.Tree, task.Path);
        }
        finally
        {
            ticket?.Placed(kept);
        }
    }

    private async Task ReplaceAsync(RestoreTask task, FileAttributesSnapshot? existing, CancellationToken cancellationToken)
    {
        bool mayReplaceNewer = false;
        for (int attempt = 1; ;)
        {
            try
            {
                if (await TryReplaceAsync(task, existing, mayLink: true, mayReplaceNewer, cancellationToken).ConfigureAwait(false) is not { } newer)
                    return;
                if (!await Newer.MayReplaceAsync(newer).ConfigureAwait(false))
                {
                    counters.EntryKeptNewer(task.Item.Size);
                    return;
                }

                mayReplaceNewer = true;
            }
            catch (Exception exception) when (exception is TransferBrokenException or ContentChangedException && attempt < Tries)
            {
                await Task.Delay(FirstPause * (1 << attempt++), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <returns>What was not replaced because it is newer; null when it was.</returns>
    private async Task<ReplacedFile?> TryReplaceAsync(
        RestoreTask task, FileAttributesSnapshot? existing, bool mayLink, bool mayReplaceNewer, CancellationToken cancellationToken)
    {
        using IContent content = await source.OpenAsync(task.Item, cancellationToken).ConfigureAwait(false);
        EntryFacts facts = content.Facts;
        // The answer to the request closes with the content: a question may take its time.
        if (!mayReplaceNewer && Newer.Protects(existing, facts.Attributes, task.Tree))
        {
            string full = Path.Combine(task.Tree.Path, task.Path.Full);
            return new ReplacedFile(full, existing!.Value.ModifiedNanoseconds, facts.Attributes.ModifiedNanoseconds, IsNewer: true);
        }

        if (facts.Attributes.IsSymbolicLink)
        {
            byte[] linkTarget = await content.ReadAllAsync(cancellationToken).ConfigureAwait(false);
            MakeLink(task, existing, linkTarget, facts);
            return null;
        }

        LinkTicket? ticket = mayLink && facts.LinkKey is { } key ? Links.Enter(key) : null;
        if (ticket is { IsFirst: false })
        {
            // The answer is not needed if the file is there, and would hold a connection meanwhile.
            content.Dispose();
            PlacedFile? placed = await ticket.First.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (placed is not null && TryLink(task, placed))
                counters.EntryRestored(0);
            else
                await TryReplaceAsync(task, existing, mayLink: false, mayReplaceNewer: true, cancellationToken).ConfigureAwait(false);
            return null;
        }

        PlacedFile? file = null;
        try
        {
            if (ticket?.Alike is { } alike)
            {
                content.Dispose();
                if (await alike.WaitAsync(cancellationToken).ConfigureAwait(false) is { } placed
                    && HasContent(placed, facts, cancellationToken) && TryLink(task, placed))
                {
                    file = placed;
                    counters.EntryRestored(0);
                    return null;
                }
            }

            using IContent opened = ticket?.Alike is null ? content : await source.OpenAsync(task.Item, cancellationToken).ConfigureAwait(false);
            if (opened.Facts.ContentId != facts.ContentId)
                throw new ContentChangedException("the object was replaced meanwhile.");
            Task named = await WriteAsync(task, opened, facts, cancellationToken).ConfigureAwait(false);
            if (ticket is not null)
            {
                await named.ConfigureAwait(false);
                file = new PlacedFile(task.Tree, task.Path);
            }

            return null;
        }
        finally
        {
            ticket?.Placed(file);
        }
    }

    /// <returns>Ends when the file has its name; nobody needs to wait for it, what goes wrong there is reported.</returns>
    private async Task<Task> WriteAsync(RestoreTask task, IContent content, EntryFacts facts, CancellationToken cancellationToken)
    {
        bool isWaitingForTree;
        using (SafeFileHandle file = await content.WriteAsync(task.Tree, task.Path, cancellationToken).ConfigureAwait(false))
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
                counters.EntryRestored(facts.Size);
            }
            else
            {
                report.ItemFailed(ErrorFor(task, problem));
            }

            named.SetResult();
        });
        await committer.AddAsync(finished).ConfigureAwait(false);
        return named.Task;
    }

    /// <summary>What an exception that is about the destination means for an entry.</summary>
    public static BackupError ErrorFor(RestoreTask task, Exception exception) => exception switch
    {
        PathBlockedException blocked => RestoreErrors.PathBlocked(task.Item.RelativeKey, blocked.Path),
        BlockedException => RestoreErrors.PathBlocked(task.Item.RelativeKey, task.Path.Full),
        _ => RestoreErrors.WriteFailed(task.Item.RelativeKey, exception.Message),
    };

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

    private void MakeLink(RestoreTask task, FileAttributesSnapshot? existing, byte[] target, EntryFacts facts)
    {
        using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
        bool isSame = existing is { IsSymbolicLink: true } there && overwrite != RestoreOverwrite.Always
            && (facts.Attributes.ModifiedNanoseconds is not { } modified || task.Tree.IsSameTime(there.ModifiedNanoseconds, modified))
            && folder.ReadLink(task.Path.Name).AsSpan().SequenceEqual(target);
        if (isSame)
        {
            counters.EntryUnchanged(target.Length);
            return;
        }

        if (target.AsSpan().Contains((byte)0) || target.Length == 0)
            throw new InvalidDataException("the object of a link does not hold a target");
        string temporary = TemporaryName.For(task.Path.Name);
        if (!folder.MakeLink(temporary, target, facts.Attributes))
            counters.OwnerNotSet();
        NameOrRemove(folder, temporary, task.Path.Name);
        counters.EntryRestored(target.Length);
    }

    private void SetAttributes(RestoreTask task, EntryFacts facts)
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

    private static bool IsSameFile(PlacedFile placed, FileAttributesSnapshot there)
    {
        using DestinationFolder folder = placed.Tree.Open(placed.Path.Folder);
        return there.Inode > 0 && folder.Look(placed.Path.Name) is { } other && other.Inode == there.Inode && other.Device == there.Device;
    }

    /// <summary>True when a file has the content of an entry for sure.</summary>
    private static bool HasContent(PlacedFile placed, EntryFacts facts, CancellationToken cancellationToken)
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

    private static bool TryLink(RestoreTask task, PlacedFile placed)
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

/// <summary>An entry and where it goes.</summary>
/// <param name="Item">The entry.</param>
/// <param name="Tree">The destination.</param>
/// <param name="Path">Its path there.</param>
internal sealed record RestoreTask(RestoreItem Item, DestinationTree Tree, EntryPath Path)
{
    /// <summary>True for a folder that was not there before.</summary>
    public bool IsNewFolder { get; init; }
}
