using System.Diagnostics;

namespace RsyncS3Backup.Observation;

/// <summary>Tells a run's observer four times a second how far something is, and once more, completed, when it is disposed of.</summary>
internal sealed class PeriodicProgress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // What a rate is of: long enough for a file or two, short enough to show that a line has slowed down.
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(4);

    private readonly Queue<(double Seconds, double Bytes)> samples = new();
    private readonly object gate = new();

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
    /// <param name="current">
    /// Tells how far it is and the average rate, given the seconds since the start, never zero. Called from another thread.
    /// </param>
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

    private StageProgress Current()
    {
        double seconds = Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds);
        StageProgress progress = current(seconds);
        double average = progress.BytesPerSecond;
        return progress with
        {
            BytesPerSecond = RateAt(seconds, average * seconds),
            AverageBytesPerSecond = average,
            Elapsed = TimeSpan.FromSeconds(seconds),
        };
    }

    /// <summary>The rate since the oldest sample that is not too old; that since the start while there is none.</summary>
    private double RateAt(double seconds, double bytes)
    {
        lock (gate)
        {
            while (samples.Count > 1 && seconds - samples.Peek().Seconds > Lately.TotalSeconds)
                samples.Dequeue();
            (double since, double before) = samples.Count > 0 ? samples.Peek() : (0, 0);
            samples.Enqueue((seconds, bytes));
            return seconds > since ? Math.Max(0, bytes - before) / (seconds - since) : bytes / seconds;
        }
    }
}
