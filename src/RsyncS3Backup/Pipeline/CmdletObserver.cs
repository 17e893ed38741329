using System.Globalization;
using System.Management.Automation;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.Pipeline;

/// <summary>Shows what a run tells while it works: verbose and warning lines, an error for each failed entry, progress bars. Finds secrets for it.</summary>
internal sealed class CmdletObserver : IRunObserver, ISecretReader
{
    private const int RunActivity = 1;
    private const int Stages = 2;

    /// <summary>How many progress bars one run has: its own and those of its stages.</summary>
    internal const int Activities = RunActivity + Stages;

    private readonly AsyncCmdlet cmdlet;
    private readonly PipelinePump pump;
    private readonly BoundedPost actions;
    private readonly string? runActivity;
    private readonly string? label;
    private readonly int firstActivity;
    private readonly bool showsProgress;
    private readonly StageProgress?[] latest = new StageProgress?[Stages + 1];
    private readonly HashSet<int> shown = [];

    /// <summary>An observer for one run of the pump.</summary>
    /// <param name="cmdlet">Whose streams are written.</param>
    /// <param name="pump">Brings the writes to the pipeline thread.</param>
    /// <param name="runActivity">The title of the run's progress bar above the stages' own; null: the stage's bar stands alone.</param>
    /// <param name="label">What each line begins with, where several runs write at once; null: nothing.</param>
    /// <param name="firstActivity">The number of progress bars that other runs may show.</param>
    /// <param name="emitsActions">True to write every action as an object.</param>
    internal CmdletObserver(
        AsyncCmdlet cmdlet, PipelinePump pump, string? runActivity, string? label = null, int firstActivity = 0, bool emitsActions = false)
    {
        this.label = label;
        this.firstActivity = firstActivity;
        WantsActions = emitsActions;
        this.cmdlet = cmdlet;
        this.pump = pump;
        actions = new BoundedPost(pump);
        this.runActivity = runActivity;
        showsProgress = Interactivity.ShowsProgress(cmdlet.Host.Name);
    }

    /// <inheritdoc/>
    public void Verbose(string message) => pump.Post(() => cmdlet.WriteVerbose(Labelled(message)));

    /// <inheritdoc/>
    public void Warning(string message) => pump.Post(() => cmdlet.WriteWarning(Labelled(message)));

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
        ErrorRecord record = ErrorRecords.From(error, label);
        if (WritesItemErrors)
            pump.Post(() => cmdlet.WriteError(record));
        else
            cmdlet.Keep(record);
    }

    /// <summary>True where there is no result that the errors of single entries could come after.</summary>
    internal bool WritesItemErrors { get; init; }

    /// <inheritdoc/>
    public bool WantsActions { get; }

    /// <inheritdoc/>
    public ValueTask ActedAsync(BackupAction action) => actions.PostAsync(() => cmdlet.WriteObject(action));

    /// <inheritdoc/>
    public void Progress(StageProgress progress)
    {
        // Only the newest state of a stage is worth a line: a slow terminal must not queue up old ones.
        if (showsProgress && Interlocked.Exchange(ref latest[progress.Stage], progress) is null)
            pump.Post(() => Show(progress.Stage));
    }

    /// <summary>Asks something on the pipeline thread, which alone may prompt.</summary>
    internal Task<T> AskAsync<T>(Func<T> question) => pump.AskAsync(question);

    /// <inheritdoc/>
    public Task<FoundSecret> ReadSecretAsync(string name, string? vault, CancellationToken cancellationToken) =>
        pump.AskAsync(() => SecretStore.Read(cmdlet, name, vault));

    /// <summary>Takes every bar away that is still shown; on the pipeline thread, on every way out.</summary>
    internal void CompleteProgress()
    {
        try
        {
            foreach (int activity in shown.OrderDescending().ToArray())
                Complete(activity);
        }
        catch (PipelineStoppedException)
        {
            // A stopped pipeline takes no records, and its host clears the bars itself.
        }
    }

    private void Show(int stage)
    {
        if (Interlocked.Exchange(ref latest[stage], null) is not { } progress)
            return;
        int activity = firstActivity + RunActivity + stage;
        if (progress.Completed)
        {
            Complete(activity);
            return;
        }

        if (runActivity is not null)
            Write(RunRecord(progress));
        Write(StageRecord(progress, activity, runActivity is null ? -1 : firstActivity + RunActivity));
    }

    private string Labelled(string message) => label is null ? message : $"{label}: {message}";

    private ProgressRecord RunRecord(StageProgress progress)
    {
        int percent = (progress.Stage - 1) * 100 / Stages;
        if (Percent(progress) is { } ofStage)
            percent += ofStage / Stages;
        return new ProgressRecord(firstActivity + RunActivity, runActivity!, $"Stage {progress.Stage} of {Stages}") { PercentComplete = percent };
    }

    /// <summary>What the progress bar of a stage says.</summary>
    internal static ProgressRecord StageRecord(StageProgress progress, int activity, int parentActivity)
    {
        string title = $"{progress.Title ?? (progress.Stage == 1 ? "rsync" : "S3")}: {progress.Name}";
        List<string> parts = [progress.Activity, Files(progress), Bytes(progress)];
        if (progress.BytesPerSecond > 0)
            parts.Add(HumanText.Rate(progress.BytesPerSecond));
        ProgressRecord record = new(activity, title, string.Join(", ", parts.Where(part => part.Length > 0)))
        {
            ParentActivityId = parentActivity,
            PercentComplete = Percent(progress) ?? -1,
        };
        if (progress is { TotalBytes: { } total, BytesPerSecond: > 0 } && total >= progress.Bytes)
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, Math.Ceiling((total - progress.Bytes) / progress.BytesPerSecond));
        return record;
    }

    private static int? Percent(StageProgress progress)
    {
        (long done, long? all) = progress.TotalBytes > 0
            ? (progress.Bytes, progress.TotalBytes)
            : (progress.Files, progress.TotalFiles);
        return all > 0 ? (int)Math.Clamp(100.0 * done / all.Value, 0, 100) : null;
    }

    private static string Files(StageProgress progress)
    {
        string done = progress.Files.ToString("N0", CultureInfo.InvariantCulture);
        return progress switch
        {
            { TotalFiles: { } total } => $"{done} of {total.ToString("N0", CultureInfo.InvariantCulture)} files",
            { Files: > 0 } => $"{done} files",
            _ => "",
        };
    }

    private static string Bytes(StageProgress progress) => progress switch
    {
        { TotalBytes: { } total } => $"{HumanText.Bytes(progress.Bytes)} of {HumanText.Bytes(total)}",
        { Bytes: > 0 } => HumanText.Bytes(progress.Bytes),
        _ => "",
    };

    private void Write(ProgressRecord record)
    {
        shown.Add(record.ActivityId);
        cmdlet.WriteProgress(record);
    }

    private void Complete(int activity)
    {
        if (!shown.Remove(activity))
            return;
        cmdlet.WriteProgress(new ProgressRecord(activity, "Done", "Done") { RecordType = ProgressRecordType.Completed });
    }
}
