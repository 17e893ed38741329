using System.Diagnostics;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.S3;

/// <summary>
/// Tells the observer four times a second how far stage 2 is. The totals are found beside the transfer, which knows only what it has seen.
/// </summary>
internal sealed class SyncProgress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource stop = new();
    private readonly SyncCounters counters;
    private readonly RunContext context;
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly Task reporting;
    private readonly Task measuring;
    private (long Files, long Bytes)? totals;

    private SyncProgress(Func<CancellationToken, (long Files, long Bytes)?> measure, SyncCounters counters, RunContext context)
    {
        this.counters = counters;
        this.context = context;
        measuring = context.WantsProgress ? Task.Run(() => totals = measure(stop.Token)) : Task.CompletedTask;
        reporting = context.WantsProgress ? Task.Run(ReportAsync) : Task.CompletedTask;
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
        await Task.WhenAll(reporting, measuring).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Progress(Current() with { Completed = true });
        stop.Dispose();
    }

    private async Task ReportAsync()
    {
        using PeriodicTimer timer = new(Interval);
        while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            context.Progress(Current());
    }

    private StageProgress Current() => new()
    {
        Stage = 2,
        Name = context.JobName,
        Activity = Activity,
        Files = counters.Done,
        Bytes = counters.DoneBytes,
        TotalFiles = totals?.Files,
        TotalBytes = totals?.Bytes,
        BytesPerSecond = counters.DoneBytes / Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds),
    };
}
