namespace RsyncS3Backup.State.Journal;

/// <summary>
/// What earlier stages 1 changed in a mirror and no stage 2 has carried out yet, as it was at one moment: open it before stage 2 reads the
/// mirror, and mark it as carried out when stage 2 has done everything. What a run adds in between stays pending.
/// </summary>
internal sealed class PendingChanges
{
    private readonly ChangeJournalFolder? folder;
    private readonly IReadOnlyList<ChangeJournalFile> journals;

    private PendingChanges(ChangeJournalFolder? folder, IReadOnlyList<ChangeJournalFile> journals, bool areOfSeveral)
    {
        this.folder = folder;
        this.journals = journals;
        RequiresWalk = folder is null || areOfSeveral;
        foreach (ChangeJournalFile journal in journals)
        {
            (bool isComplete, long changes) = Check(journal.Path);
            RequiresWalk |= !isComplete;
            Count += changes;
        }
    }

    /// <summary>
    /// True when at least one change may be missing from <see cref="Enumerate"/>: a run ended without our knowing all that rsync did, or the
    /// journals became too many and were dropped.
    /// </summary>
    public bool RequiresWalk { get; }

    /// <summary>How many changes are known.</summary>
    public long Count { get; }

    /// <summary>Takes down what is pending. Reads every journal once, to be sure of each.</summary>
    public static PendingChanges Open(string jobName, string mirrorPath)
    {
        try
        {
            ChangeJournalFolder folder = ChangeJournalFolder.Of(jobName);
            // Of drives that take turns in one place, nobody knows which one a journal is about.
            return new PendingChanges(folder, folder.PendingOf(mirrorPath), DriveTurns.Exists(jobName));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new PendingChanges(null, [], areOfSeveral: false);
        }
    }

    /// <summary>The known changes, oldest first, read from the files as they are asked for. A path can occur more than once.</summary>
    public IEnumerable<BackupChange> Enumerate()
    {
        foreach (ChangeJournalFile journal in journals)
        {
            using ChangeJournalReader reader = ChangeJournalReader.Open(journal.Path);
            foreach (BackupChange change in reader.ReadChanges())
                yield return change;
        }
    }

    /// <summary>Everything that was pending is carried out: the journals go away, but for the newest, which its run's result still reads.</summary>
    /// <exception cref="IOException">The state folder cannot be changed; all that is left stays pending.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public void MarkCarriedOut()
    {
        if (journals.Count > 0)
            folder?.MarkDone(journals);
    }

    private static (bool IsComplete, long Changes) Check(string path)
    {
        try
        {
            using ChangeJournalReader reader = ChangeJournalReader.Open(path);
            reader.Skip();
            return (reader.End is { IsComplete: true }, reader.Changes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (false, 0);
        }
    }
}
