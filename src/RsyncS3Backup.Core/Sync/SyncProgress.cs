using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Sync;

/// <summary>
/// Tells the observer how far stage 2 is. The totals are found beside the transfer, which knows only what it has seen.
/// </summary>
internal sealed class SyncProgress : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly SyncCounters counters;
    private readonly string jobName;
    private readonly Task measuring;
    private readonly PeriodicProgress reports;
    private (long Files, long Bytes)? totals;

    private SyncProgress(Func<CancellationToken, (long Files, long Bytes)?> measure, SyncCounters counters, RunContext context)
    {
        this.counters = counters;
        jobName = context.JobName;
        measuring = context.WantsProgress ? Task.Run(() => totals = measure(stop.Token)) : Task.CompletedTask;
        reports = PeriodicProgress.Start(context, Current);
    }

    /// <summary>What the stage does now.</summary>
    public string Activity { get; set; } = "Comparing and uploading";

    /// <summary>Begins to report.</summary>
    /// <param name="measure">Tells how much there is to do; null where nobody can know beforehand. Called only when progress is wanted.</param>
    /// <param name="counters">What is done.</param>
    /// <param name="context">Who is told.</param>
    public static SyncProgress Start(Func<CancellationToken, (long Files, long Bytes)?> measure, SyncCounters counters, RunContext context) =>
        new(measure, counters, context);

    /// <summary>Ends the reports with a completed one.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await measuring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await reports.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    private StageProgress Current(double seconds) => new()
    {
        Stage = 2,
        Name = jobName,
        Activity = Activity,
        Files = counters.Done,
        Bytes = counters.DoneBytes,
        TotalFiles = totals?.Files,
        TotalBytes = totals?.Bytes,
        BytesPerSecond = counters.DoneBytes / seconds,
        Entry = counters.Entry,
    };
}
