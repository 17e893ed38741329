using System.Collections.Concurrent;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>Keeps everything that a run says.</summary>
internal sealed class RecordingObserver : IRunObserver
{
    private readonly ConcurrentQueue<string> messages = new();
    private readonly ConcurrentQueue<string> warnings = new();
    private readonly ConcurrentQueue<BackupError> failedItems = new();
    private readonly ConcurrentQueue<StageProgress> progressReports = new();
    private readonly ConcurrentQueue<BackupAction> actions = new();

    public IReadOnlyList<string> VerboseMessages => [.. messages];

    public IReadOnlyList<string> Warnings => [.. warnings];

    public IReadOnlyList<BackupError> FailedItems => [.. failedItems];

    public IReadOnlyList<StageProgress> ProgressReports => [.. progressReports];

    public bool WantsActions { get; init; }

    public IReadOnlyList<BackupAction> Actions => [.. actions];

    /// <summary>Called with each verbose message, for a test that acts at a moment of the run.</summary>
    public Action<string>? OnVerbose { get; init; }

    /// <summary>Called with each progress report.</summary>
    public Action<StageProgress>? OnProgress { get; init; }

    public void Verbose(string message)
    {
        messages.Enqueue(message);
        OnVerbose?.Invoke(message);
    }

    public void Warning(string message) => warnings.Enqueue(message);

    public void ItemFailed(BackupError error) => failedItems.Enqueue(error);

    public ValueTask ActedAsync(BackupAction action)
    {
        actions.Enqueue(action);
        return ValueTask.CompletedTask;
    }

    public void Progress(StageProgress progress)
    {
        progressReports.Enqueue(progress);
        OnProgress?.Invoke(progress);
    }
}
