using System.Diagnostics;
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

    // The narrowest terminal that counts. PowerShell cuts what is longer.
    private const int Columns = 80;
    private const int LongestTitle = 18;
    private const int LongestRunTitle = 36;

    // Brackets, the place of a child below its parent, and the time left.
    private const int Around = 16;

    /// <summary>How many progress bars one run has: its own, and two of each stage.</summary>
    internal const int Activities = RunActivity + 2 * Stages;

    private readonly AsyncCmdlet cmdlet;
    private readonly PipelinePump pump;
    private readonly BoundedPost actions;
    private readonly string? runActivity;
    private readonly string? label;
    private readonly int firstActivity;
    private readonly bool showsProgress;
    private readonly StageProgress?[] latest = new StageProgress?[Stages + 1];
    private readonly HashSet<int> shown = [];
    private readonly long started = Stopwatch.GetTimestamp();

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
            Complete(activity + Stages);
            Complete(activity);
            return;
        }

        if (runActivity is not null)
            Write(RunRecord(progress));
        Write(StageRecord(progress, activity, runActivity is null ? -1 : firstActivity + RunActivity));
        if (progress.BytesPerSecond > 0 || progress.Entry is not null)
            Write(DetailRecord(progress, activity + Stages, activity));
    }

    private string Labelled(string message) => label is null ? message : $"{label}: {message}";

    private ProgressRecord RunRecord(StageProgress progress)
    {
        int percent = (progress.Stage - 1) * 100 / Stages;
        if (Percent(progress) is { } ofStage)
            percent += ofStage / Stages;
        string elapsed = HumanText.Duration(Stopwatch.GetElapsedTime(started));
        return new ProgressRecord(firstActivity + RunActivity, Shortened(runActivity!, LongestRunTitle), $"Stage {progress.Stage} of {Stages}, {elapsed}")
        {
            PercentComplete = percent,
            // What stage 2 will have to do is not known before stage 1 has done it.
            SecondsRemaining = progress.Stage == Stages ? SecondsLeft(progress) : -1,
        };
    }

    /// <summary>What the progress bar of a stage says: what is done and what there is, in what a narrow terminal has room for.</summary>
    internal static ProgressRecord StageRecord(StageProgress progress, int activity, int parentActivity)
    {
        string title = Shortened($"{progress.Title ?? (progress.Stage == 1 ? "rsync" : "S3")}: {progress.Name}", LongestTitle);
        string files = Files(progress);
        string bytes = Bytes(progress);
        string[][] forms = [[progress.Activity, files, bytes], [files, bytes], [files.Replace(" files", "", StringComparison.Ordinal), bytes]];
        string[] texts = [.. forms.Select(parts => string.Join(", ", parts.Where(part => part.Length > 0))).Where(text => text.Length > 0)];
        string status = texts.FirstOrDefault(text => title.Length + text.Length + Around <= Columns) ?? Shortened(texts[^1], Columns - title.Length - Around);
        return new ProgressRecord(activity, title, status)
        {
            ParentActivityId = parentActivity,
            PercentComplete = Percent(progress) ?? -1,
            SecondsRemaining = SecondsLeft(progress),
        };
    }

    /// <summary>What the bar below it says: how fast it is now and was on average, how long it took, and the entry under way.</summary>
    internal static ProgressRecord DetailRecord(StageProgress progress, int activity, int parentActivity)
    {
        List<string> parts = [];
        if (progress.BytesPerSecond > 0 || progress.AverageBytesPerSecond > 0)
        {
            string average = progress.AverageBytesPerSecond > 0 ? $" (average {HumanText.Rate(progress.AverageBytesPerSecond)})" : "";
            parts.Add(HumanText.Rate(progress.BytesPerSecond) + average);
        }

        if (progress.Elapsed > TimeSpan.Zero)
            parts.Add(HumanText.Duration(progress.Elapsed));
        int room = Columns - "Now".Length - Around - string.Join(", ", parts).Length - 2;
        if (progress.Entry is { } entry && room >= 8)
            parts.Add(EndOf(ShownText.OneLine(entry), room));
        return new ProgressRecord(activity, "Now", string.Join(", ", parts)) { ParentActivityId = parentActivity };
    }

    private static int SecondsLeft(StageProgress progress)
    {
        double rate = progress.AverageBytesPerSecond > 0 ? progress.AverageBytesPerSecond : progress.BytesPerSecond;
        return progress.TotalBytes is { } total && rate > 0 && total >= progress.Bytes
            ? (int)Math.Min(int.MaxValue, Math.Ceiling((total - progress.Bytes) / rate))
            : -1;
    }

    private static string Shortened(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    // The end of a path says most.
    private static string EndOf(string path, int most) => path.Length <= most ? path : "…" + path[^(most - 1)..];

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
