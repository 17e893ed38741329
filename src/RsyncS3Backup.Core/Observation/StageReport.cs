namespace RsyncS3Backup.Observation;

/// <summary>Collects what one stage has to say about single entries: all of it goes to the log, the first ones to the caller. Without a context nobody hears. Thread-safe.</summary>
/// <param name="context">The run.</param>
/// <param name="stage">1 or 2; 0 for what is no stage of a backup, which tells no actions.</param>
internal sealed class StageReport(RunContext? context, int stage = 0)
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
        if (TellsActions)
            Acted(BackupActionKind.Failed, error.Target ?? "", length: 0, error);
    }

    /// <summary>False when nobody wants to hear of actions.</summary>
    public bool TellsActions => stage > 0 && context is { WantsActions: true };

    /// <summary>Tells what was done with an entry, where anybody wants to hear that, and waits until it was taken.</summary>
    /// <param name="kind">What was done.</param>
    /// <param name="path">The path below the mirror's root.</param>
    /// <param name="key">The whole key.</param>
    /// <param name="length">Bytes.</param>
    public ValueTask ActedAsync(BackupActionKind kind, string path, string key, long length) =>
        TellsActions ? context!.ActedAsync(Action(kind, path, length) with { Key = key }) : ValueTask.CompletedTask;

    /// <summary>Likewise for callers that cannot await. The thread waits.</summary>
    public void Acted(BackupActionKind kind, string path, long length, BackupError? error = null)
    {
        if (!TellsActions)
            return;
        ValueTask telling = context!.ActedAsync(Action(kind, path, length) with { Error = error });
        if (!telling.IsCompleted)
            telling.AsTask().GetAwaiter().GetResult();
    }

    private BackupAction Action(BackupActionKind kind, string path, long length) => new()
    {
        Time = DateTimeOffset.Now,
        Name = context!.JobName,
        Stage = stage,
        Action = kind,
        Path = path.TrimEnd('/'),
        Length = length,
    };

    /// <summary>Notes something that deserves a look.</summary>
    public void Warning(string message)
    {
        message = ShownText.Of(message);
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
