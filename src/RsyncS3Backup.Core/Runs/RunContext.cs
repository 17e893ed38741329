using System.Globalization;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Runs;

/// <summary>What both stages of one run share: its id, its log, and the observer that hears of it. Thread-safe.</summary>
public sealed class RunContext : IRunObserver, IDisposable
{
    private readonly IRunObserver observer;
    private readonly RunLog log;

    private RunContext(string jobName, string runId, IRunObserver observer, RunLog log)
    {
        JobName = jobName;
        RunId = runId;
        this.observer = observer;
        this.log = log;
    }

    /// <summary>The job's name.</summary>
    public string JobName { get; }

    /// <summary>The run's id: its start in UTC and a random part, so that ids sort by time.</summary>
    public string RunId { get; }

    /// <summary>The run's log file; null where none could be made.</summary>
    public string? LogPath => log.Path;

    /// <summary>Starts a run.</summary>
    public static RunContext Start(string jobName, IRunObserver observer) => Continue(jobName, NewRunId(), observer);

    /// <summary>Goes on with a run whose stage 1 ended elsewhere, in its log: stage 2 of <c>Invoke-RsyncStage … | Invoke-S3SyncStage …</c>.</summary>
    public static RunContext Continue(string jobName, string runId, IRunObserver observer)
    {
        RunContext context = new(jobName, runId, observer, RunLog.Create(jobName, runId));
        if (context.LogPath is null)
            context.Warning($"No log can be written to {StateFolder.Root()}; set {StateFolder.EnvironmentVariable} to a folder that can be written.");
        return context;
    }

    /// <summary>Set while a stage may be tried again: decides what the observer hears of its failed entries, and when its progress ends.</summary>
    internal AttemptedItems? Attempts { get; set; }

    /// <summary>A run that is only planned: nothing of it is written down.</summary>
    internal static RunContext ForPlan(string jobName, IRunObserver observer) => new(jobName, NewRunId(), observer, RunLog.None());

    /// <inheritdoc/>
    public bool WantsProgress => observer.WantsProgress;

    /// <inheritdoc/>
    public void Verbose(string message)
    {
        log.Write("info", message);
        observer.Verbose(message);
    }

    /// <inheritdoc/>
    public void Warning(string message)
    {
        log.Write("warning", message);
        observer.Warning(message);
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
        LogError(error);
        if (Attempts?.Tells(error) != false)
            observer.ItemFailed(error);
    }

    /// <inheritdoc/>
    public void Progress(StageProgress progress)
    {
        if (progress.Completed && Attempts is { } attempts)
            attempts.Completed(progress);
        else
            observer.Progress(progress);
    }

    /// <summary>The stage is not tried again: the observer hears what was held back.</summary>
    internal void EndAttempts()
    {
        Attempts?.End(observer);
        Attempts = null;
    }

    /// <summary>Writes an error to the log only.</summary>
    public void LogError(BackupError error) => log.Write("error", error.Message, error);

    /// <summary>Writes a warning to the log only.</summary>
    public void LogWarning(string message) => log.Write("warning", message);

    /// <summary>Closes the log.</summary>
    public void Dispose() => log.Dispose();

    private static string NewRunId()
    {
        string start = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        return $"{start}-{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..6]}";
    }
}
