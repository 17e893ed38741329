using System.Diagnostics;

namespace RsyncS3Backup.Observation;

/// <summary>Tells a run's observer four times a second how far something is, and once more, completed, when it is disposed of.</summary>
internal sealed class PeriodicProgress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource stop = new();
    private readonly RunContext context;
    private readonly Func<double, StageProgress> current;
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly Task reporting;

    private PeriodicProgress(RunContext context, Func<double, StageProgress> current)
    {
        this.context = context;
        this.current = current;
        reporting = context.WantsProgress ? Task.Run(ReportAsync) : Task.CompletedTask;
    }

    /// <summary>Begins to report.</summary>
    /// <param name="context">Who is told.</param>
    /// <param name="current">Tells how far it is, given the seconds since the start, never zero. Called from another thread.</param>
    public static PeriodicProgress Start(RunContext context, Func<double, StageProgress> current) => new(context, current);

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

    private StageProgress Current() => current(Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds));
}
