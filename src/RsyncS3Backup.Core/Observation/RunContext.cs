using System.Globalization;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Observation;

/// <summary>What both stages of one run share: its id, its log, and the observer that hears of it. Thread-safe.</summary>
internal sealed class RunContext : IRunObserver, IDisposable
{
    private readonly IRunObserver observer;
    private readonly RunLog log;
    private readonly SystemLog? systemLog;
    private bool hasToldOfSystemLog;

    // What a plan says it does, it does not do.
    private string storyPrefix = "";

    private RunContext(string jobName, string runId, IRunObserver observer, RunLog log, SystemLog? systemLog)
    {
        JobName = jobName;
        RunId = runId;
        this.observer = observer;
        this.log = log;
        this.systemLog = systemLog;
    }

    /// <summary>The job's name.</summary>
    public string JobName { get; }

    /// <summary>The run's id: its start in UTC and a random part, so that ids sort by time.</summary>
    public string RunId { get; }

    /// <summary>The run's log file; null where none could be made.</summary>
    public string? LogPath => log.Path;

    /// <summary>Starts a run.</summary>
    public static RunContext Start(string jobName, IRunObserver observer, RunLogging? logging = null) =>
        Continue(jobName, NewRunId(), observer, logging);

    /// <summary>Goes on with a run whose stage 1 ended elsewhere, in its log: stage 2 of <c>Invoke-RsyncStage … | Invoke-S3SyncStage …</c>.</summary>
    public static RunContext Continue(string jobName, string runId, IRunObserver observer, RunLogging? logging = null)
    {
        RunContext context = new(
            jobName, runId, observer, RunLog.Create(jobName, runId, logging?.CopyPath),
            logging is { System: true } ? SystemLog.Open(jobName, runId, logging.SystemPlaces) : null);
        context.systemLog?.Begin();
        context.TellOfSystemLog();
        if (context.LogPath is null)
            context.Warning($"No log can be written to {StateFolder.Root()}; set {StateFolder.EnvironmentVariable} to a folder that can be written.");
        return context;
    }

    /// <summary>Set while a stage may be tried again: decides what the observer hears of its failed entries, and when its progress ends.</summary>
    internal AttemptedItems? Attempts { get; set; }

    /// <summary>A run that is only planned: nothing of it is written down.</summary>
    internal static RunContext ForPlan(string jobName, IRunObserver observer) =>
        new(jobName, NewRunId(), observer, RunLog.None(), systemLog: null)
        {
            storyPrefix = "Plan: ",
        };

    /// <inheritdoc/>
    public bool WantsProgress => observer.WantsProgress;

    /// <inheritdoc/>
    public void Verbose(string message)
    {
        message = ShownText.Of(message);
        Log("info", message);
        observer.Verbose(storyPrefix + message);
    }

    /// <inheritdoc/>
    public void Warning(string message)
    {
        message = ShownText.Of(message);
        Log("warning", message);
        observer.Warning(message);
        systemLog?.Warning(message);
        TellOfSystemLog();
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
        LogError(error);
        if (Attempts?.Tells(error) != false)
            observer.ItemFailed(error);
    }

    /// <inheritdoc/>
    public bool WantsActions => observer.WantsActions;

    /// <inheritdoc/>
    public ValueTask ActedAsync(BackupAction action) => observer.ActedAsync(action);

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
    public void LogError(BackupError error)
    {
        Log("error", error.Message, error);
        systemLog?.Error(error);
        TellOfSystemLog();
    }

    /// <summary>Writes a warning to the log only.</summary>
    public void LogWarning(string message) => Log("warning", ShownText.Of(message));

    /// <summary>Tells the system's log how the run ended.</summary>
    internal void Ended(BackupStatus status, BackupExitCode exitCode)
    {
        systemLog?.End(status, exitCode);
        TellOfSystemLog();
    }

    /// <summary>Closes the logs.</summary>
    public void Dispose()
    {
        log.Dispose();
        systemLog?.Dispose();
    }

    private void Log(string level, string message, BackupError? error = null)
    {
        log.Write(level, message, error);
        if (log.TakeCopyFailure() is { } failure)
            Warning($"The copy of the run's log cannot be written any more: {failure}");
    }

    private void TellOfSystemLog()
    {
        if (systemLog?.Failure is not { } failure || hasToldOfSystemLog)
            return;
        hasToldOfSystemLog = true;
        LogWarning($"The system's log is not told of this run: {failure}");
    }

    /// <summary>An id for a run that is none: nothing of it is written down.</summary>
    internal static string NewRunId()
    {
        string start = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        return $"{start}-{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..6]}";
    }
}
