namespace RsyncS3Backup.Runs;

/// <summary>Collects what one stage has to say about single entries: all of it goes to the log, the first ones to the caller. Without a context nobody hears. Thread-safe.</summary>
internal sealed class StageReport(RunContext? context)
{
    private readonly object gate = new();
    private readonly List<BackupError> failedItems = [];
    private readonly List<string> warnings = [];
    private long failed;
    private long warned;

    /// <summary>How many entries failed.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>True when there was at least one warning.</summary>
    public bool HasWarnings => Interlocked.Read(ref warned) > 0;

    /// <summary>Notes that one entry failed.</summary>
    public void ItemFailed(BackupError error)
    {
        Interlocked.Increment(ref failed);
        if (TryKeep(failedItems, error))
            context?.ItemFailed(error);
        else
            context?.LogError(error);
    }

    /// <summary>Notes something that deserves a look.</summary>
    public void Warning(string message)
    {
        Interlocked.Increment(ref warned);
        if (TryKeep(warnings, message))
            context?.Warning(message);
        else
            context?.LogWarning(message);
    }

    /// <summary>The first failed entries.</summary>
    public IReadOnlyList<BackupError> FailedItems() => Snapshot(failedItems);

    /// <summary>The first warnings; the last line counts the others.</summary>
    public IReadOnlyList<string> Warnings()
    {
        List<string> kept = Snapshot(warnings);
        long others = Interlocked.Read(ref warned) - kept.Count;
        return others > 0 ? [.. kept, $"{others} further warnings are in the log."] : kept;
    }

    private bool TryKeep<T>(List<T> kept, T item)
    {
        lock (gate)
        {
            if (kept.Count >= BackupLimits.ReportedItems)
                return false;
            kept.Add(item);
            return true;
        }
    }

    private List<T> Snapshot<T>(List<T> kept)
    {
        lock (gate)
            return [.. kept];
    }
}
