using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// Restores one entry: looks at what is there, gets what is different, and gives it its name when it is whole. A file is the old one or the
/// new one, never a mixture.
/// </summary>
/// <param name="source">Where content comes from.</param>
/// <param name="writer">Writes it.</param>
/// <param name="folders">Takes the attributes of folders.</param>
/// <param name="overwrite">What becomes of files that are there already.</param>
/// <param name="counters">Counts.</param>
internal sealed class EntryRestorer(
    IContentSource source, EntryWriter writer, FolderFinisher folders, RestoreOverwrite overwrite, RestoreCounters counters)
{
    private const int Tries = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Where the names of one file meet.</summary>
    public LinkNames Links { get; init; } = new();

    /// <summary>Decides about files that are newer than the copy.</summary>
    public NewerFiles Newer { get; init; } = NewerFiles.Replaced;

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
            folders.Add(task, (await source.AskAsync(task.Item, cancellationToken).ConfigureAwait(false)).Attributes);
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
            if (IsSameFile(task, there, facts, cancellationToken) && MayKeep(task, there, facts))
            {
                await KeepAsync(task, there, facts, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        await ReplaceAsync(task, existing, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes an entry whose content is not what was stored to a place where nothing is.</summary>
    public Task RestoreDamagedAsync(RestoreTask task, CancellationToken cancellationToken) =>
        TryReplaceAsync(task, existing: null, mayLink: false, mayReplaceNewer: true, cancellationToken);

    // Where no time stays, only the content tells.
    private static bool IsSameFile(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts, CancellationToken cancellationToken) =>
        !facts.Attributes.IsSymbolicLink && there.Size == facts.Size
        && facts.Attributes.ModifiedNanoseconds is { } modified
        && (task.Tree.IsSameTime(there.ModifiedNanoseconds, modified)
            || (task.Tree.Traits.TimeStep == 0 && EntryWriter.HasContent(new PlacedFile(task.Tree, task.Path), facts, cancellationToken)));

    // Another name may have been given to it by somebody else, to have its owner or its permissions changed.
    private static bool MayKeep(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts) =>
        there.LinkCount <= 1 || facts.LinkKey is not null || facts.Attributes.AreThoseOf(there, task.Tree);

    /// <summary>A file that is there already: its content stays.</summary>
    private async Task KeepAsync(RestoreTask task, FileAttributesSnapshot there, EntryFacts facts, CancellationToken cancellationToken)
    {
        LinkTicket? ticket = facts.LinkKey is { } key ? Links.Enter(key) : null;
        PlacedFile? kept = null;
        try
        {
            if ((ticket is { IsFirst: true } ? ticket.Alike : ticket?.First) is { } other
                && await other.WaitAsync(cancellationToken).ConfigureAwait(false) is { } placed && !EntryWriter.IsSameFile(placed, there)
                && (!ticket!.IsFirst || EntryWriter.HasContent(placed, facts, cancellationToken)) && EntryWriter.TryLink(task, placed))
            {
                counters.EntryRestored(0);
                kept = placed;
                return;
            }

            if (!facts.Attributes.AreThoseOf(there, task.Tree))
                writer.SetAttributes(task, facts);
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
            string full = WindowsPath.Below(task.Tree.Path, task.Path.Full);
            return new ReplacedFile(full, existing!.Value.ModifiedNanoseconds, facts.Attributes.ModifiedNanoseconds, IsNewer: true);
        }

        if (facts.Attributes.IsSymbolicLink)
        {
            byte[] linkTarget = await content.ReadAllAsync(cancellationToken).ConfigureAwait(false);
            writer.MakeLink(task, existing, linkTarget, content.Fit, facts, keepsSame: overwrite != RestoreOverwrite.Always);
            return null;
        }

        LinkTicket? ticket = mayLink && facts.LinkKey is { } key ? Links.Enter(key) : null;
        if (ticket is { IsFirst: false })
        {
            // The answer is not needed if the file is there, and would hold a connection meanwhile.
            content.Dispose();
            PlacedFile? placed = await ticket.First.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (placed is not null && EntryWriter.TryLink(task, placed))
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
                    && EntryWriter.HasContent(placed, facts, cancellationToken) && EntryWriter.TryLink(task, placed))
                {
                    file = placed;
                    counters.EntryRestored(0);
                    return null;
                }
            }

            using IContent opened = ticket?.Alike is null ? content : await source.OpenAsync(task.Item, cancellationToken).ConfigureAwait(false);
            if (opened.Facts.ContentId != facts.ContentId)
                throw new ContentChangedException("the object was replaced meanwhile.");
            Task named = await writer.WriteAsync(task, opened, facts, cancellationToken).ConfigureAwait(false);
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
}
