using System.Diagnostics;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.Recovery;

/// <summary>Tells the observer four times a second how far a restore is. How much there is to do is known when the listing has ended.</summary>
internal sealed class RestoreProgress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource stop = new();
    private readonly RestoreCounters counters;
    private readonly RunContext context;
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly Task reporting;

    private RestoreProgress(RestoreCounters counters, RunContext context)
    {
        this.counters = counters;
        this.context = context;
        reporting = context.WantsProgress ? Task.Run(ReportAsync) : Task.CompletedTask;
    }

    /// <summary>Begins to report.</summary>
    public static RestoreProgress Start(RestoreCounters counters, RunContext context) => new(counters, context);

    /// <summary>Ends the reports with a completed one.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        Title = "Restore",
        Activity = "Restoring",
        Files = counters.Done,
        Bytes = counters.DoneBytes,
        TotalFiles = counters.IsTotalKnown ? counters.Total : null,
        TotalBytes = counters.IsTotalKnown ? counters.TotalBytes : null,
        BytesPerSecond = counters.TransferredBytes / Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds),
    };
}
