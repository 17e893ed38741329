namespace RsyncS3Backup.Observation;

/// <summary>
/// What a run tells its caller while it works. Calls come from any thread; an implementation must not throw and must not block for long.
/// </summary>
internal interface IRunObserver
{
    /// <summary>One line of the run's story.</summary>
    void Verbose(string message);

    /// <summary>Something that deserves a look although the run goes on.</summary>
    void Warning(string message);

    /// <summary>One entry failed; the run goes on. Called for the first <see cref="BackupLimits.ReportedItems"/> of a stage.</summary>
    void ItemFailed(BackupError error);

    /// <summary>False when nobody looks at <see cref="Progress"/>, so that nothing need be measured for it.</summary>
    bool WantsProgress => true;

    /// <summary>False when nobody looks at single actions, so that none need be made.</summary>
    bool WantsActions => false;

    /// <summary>
    /// Takes what was done with one entry, of all entries. The run waits for the task before it goes on with that entry's worker: that is how
    /// a slow reader slows the run instead of filling memory. The task must end also when the run is cancelled.
    /// </summary>
    ValueTask ActedAsync(BackupAction action) => ValueTask.CompletedTask;

    /// <summary>How far a stage is; called a few times a second at most, and at its end with <see cref="StageProgress.Completed"/>.</summary>
    void Progress(StageProgress progress);
}

/// <summary>How far a stage is.</summary>
internal sealed record StageProgress
{
    /// <summary>1 (rsync) or 2 (S3).</summary>
    public required int Stage { get; init; }

    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>What stands before the job's name, e.g. <c>Restore</c>; null: what the stage is called.</summary>
    public string? Title { get; init; }

    /// <summary>What the stage does now, e.g. <c>Uploading</c>.</summary>
    public required string Activity { get; init; }

    /// <summary>Files done so far.</summary>
    public long Files { get; init; }

    /// <summary>Files in all; null while that is not known.</summary>
    public long? TotalFiles { get; init; }

    /// <summary>Bytes done so far.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes in all; null while that is not known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes per second, lately.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Bytes per second since the stage began.</summary>
    public double AverageBytesPerSecond { get; init; }

    /// <summary>How long the stage has taken so far.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The entry that was begun last, below the mirror's root; null where that is not known.</summary>
    public string? Entry { get; init; }

    /// <summary>True exactly once, at the stage's end, on every way out.</summary>
    public bool Completed { get; init; }
}

/// <summary>An observer for callers that do not want to hear anything.</summary>
internal sealed class SilentObserver : IRunObserver
{
    /// <summary>The one instance.</summary>
    public static SilentObserver Instance { get; } = new();

    private SilentObserver()
    {
    }

    /// <inheritdoc/>
    public bool WantsProgress => false;

    /// <inheritdoc/>
    public void Verbose(string message)
    {
    }

    /// <inheritdoc/>
    public void Warning(string message)
    {
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
    }

    /// <inheritdoc/>
    public void Progress(StageProgress progress)
    {
    }
}
