using System.Diagnostics;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Rsync;

/// <summary>Brings what the rsyncs of one run report to the job's change journal.</summary>
internal sealed class RsyncChangeRecorder : IRsyncChanges
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly ChangeJournal journal;
    private byte[] prefix = [];
    private bool isRunning;
    private bool wasUnclean;

    private RsyncChangeRecorder(ChangeJournal journal) => this.journal = journal;

    /// <summary>The journal's file.</summary>
    public string Path => journal.Path;

    /// <summary>The journal's open file.</summary>
    public SafeFileHandle? File => journal.Handle;

    /// <summary>
    /// Waits until nobody writes a journal about this mirror any more. An rsync that a killed run left behind gets a signal and needs some time
    /// to put partial files away.
    /// </summary>
    /// <exception cref="BackupException">Somebody still does after <paramref name="patience"/>.</exception>
    public static async Task WaitForEarlierAsync(
        RsyncStageRequest request, RunContext context, TimeSpan patience, CancellationToken cancellationToken)
    {
        string mirror = request.Options.LocalDestination;
        long started = Stopwatch.GetTimestamp();
        for (bool isFirst = true; ChangeJournalFolder.IsBusy(context.JobName, mirror); isFirst = false)
        {
            if (isFirst)
                context.Verbose($"Waiting for an earlier run of this job, or an rsync that it left behind, to leave the mirror '{mirror}'.");
            if (Stopwatch.GetElapsedTime(started) > patience)
                throw new BackupException(RsyncErrors.JobAlreadyRunning(mirror));
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the journal; null, with a warning, where the job has never had a state folder and cannot have one.</summary>
    /// <exception cref="BackupException">It cannot be made, and the job has state that a run without it would make wrong.</exception>
    public static RsyncChangeRecorder? Start(RsyncStageRequest request, RunContext context, StageReport report)
    {
        try
        {
            bool hasStage2 = request.Configuration?.Options.Rsync.SyncToS3.Enabled ?? true;
            return new RsyncChangeRecorder(
                ChangeJournal.Start(context.JobName, context.RunId, request.Options.LocalDestination, hasStage2));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (ChangeJournalFolder.HasState(context.JobName))
                throw new BackupException(RsyncErrors.JournalNotWritten(StateFolder.Root(), exception.Message), exception);
            report.Warning($"No change journal can be written to {StateFolder.Root()}: {exception.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public void PassStarts(RsyncLeg leg)
    {
        isRunning = true;
        prefix = leg.Name is null ? [] : Encoding.UTF8.GetBytes(leg.Name);
    }

    /// <inheritdoc/>
    public void PassEnded(bool isClean)
    {
        isRunning = false;
        wasUnclean |= !isClean;
    }

    /// <inheritdoc/>
    public bool TryAdd(RsyncLeg leg, in RsyncItem item)
    {
        journal.Add(Kind(item), EntryType(item.EntryType), item.Size, prefix, item.NameBytes, item.LinkTargetBytes);
        return true;
    }

    /// <summary>The stage ends.</summary>
    public void End(bool mayLackChanges, int? exitCode, StageReport report)
    {
        journal.End(isComplete: !isRunning && !wasUnclean && !mayLackChanges, exitCode);
        if (journal.Failure is { } failure)
            report.Warning($"The change journal could not be written, so the next stage 2 compares everything: {failure}");
    }

    private static BackupChangeKind Kind(in RsyncItem item) => item.Change switch
    {
        RsyncChange.Deleted => BackupChangeKind.Deleted,
        _ when item.IsHardLink => BackupChangeKind.HardLinked,
        RsyncChange.Created => BackupChangeKind.Created,
        RsyncChange.Updated => BackupChangeKind.Updated,
        _ => BackupChangeKind.Metadata,
    };

    private static BackupEntryType EntryType(RsyncEntryType type) => type switch
    {
        RsyncEntryType.Folder => BackupEntryType.Folder,
        RsyncEntryType.SymbolicLink => BackupEntryType.SymbolicLink,
        RsyncEntryType.Device => BackupEntryType.Device,
        RsyncEntryType.Special => BackupEntryType.Special,
        _ => BackupEntryType.File,
    };
}
