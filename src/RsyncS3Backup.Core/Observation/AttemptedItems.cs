namespace RsyncS3Backup.Observation;

/// <summary>
/// What the caller hears of a stage that is tried several times: an entry that failed is an error once, and none when a later attempt brings
/// it; the stage's progress ends once. The log has all. Thread-safe.
/// </summary>
/// <param name="mayPass">Says of a failure that another attempt may not meet it.</param>
internal sealed class AttemptedItems(Func<BackupError, bool> mayPass)
{
    private readonly object gate = new();
    private readonly HashSet<(string Id, string? Target)> told = [];
    private List<BackupError> held = [];
    private StageProgress? completed;

    /// <summary>True when the caller hears of the failure now.</summary>
    public bool Tells(BackupError error)
    {
        lock (gate)
        {
            if (!mayPass(error))
                return told.Add((error.Id, error.Target));
            held.Add(error);
            return false;
        }
    }

    /// <summary>The end of the stage's progress, which may be that of one attempt only.</summary>
    public void Completed(StageProgress progress) => Volatile.Write(ref completed, progress);

    /// <summary>Another attempt begins: what failed for a reason that may pass is forgotten.</summary>
    public void Forget()
    {
        lock (gate)
            held = [];
    }

    /// <summary>The stage has ended: tells what was held back.</summary>
    public void End(IRunObserver observer)
    {
        List<BackupError> last;
        lock (gate)
            last = held;
        foreach (BackupError error in last)
            observer.ItemFailed(error);
        if (Volatile.Read(ref completed) is { } progress)
            observer.Progress(progress);
    }
}
