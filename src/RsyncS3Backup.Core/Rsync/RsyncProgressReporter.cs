using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync;

/// <summary>Turns rsync's progress states into a few <see cref="StageProgress"/> a second, and exactly one completed one.</summary>
/// <param name="observer">Hears them.</param>
/// <param name="name">The job's name.</param>
/// <param name="sources">How many sources are mirrored one after the other; totals are known only while the last one is.</param>
internal sealed class RsyncProgressReporter(IRunObserver observer, string name, int sources)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly long started = Stopwatch.GetTimestamp();
    private string? entry;
    private long lastReport;
    private long lastBytes;
    private double rate;
    private long doneBytes;
    private long doneFiles;
    private int startedSources;
    private string activity = "Starting rsync";
    private RsyncProgressLine current;
    private bool isCompleted;

    /// <summary>The next source begins.</summary>
    public void StartSource(string what)
    {
        Settle();
        startedSources++;
        Show(what);
    }

    /// <summary>The same source, in another pass.</summary>
    public void StartPass(string what)
    {
        Settle();
        Show(what);
    }

    /// <summary>A state that rsync printed.</summary>
    public void Report(in RsyncProgressLine progress)
    {
        // A state without a count tells only of bytes; the count of the one before still holds.
        current = progress.Known is null
            ? progress with { Remaining = current.Remaining, Known = current.Known, IsScanComplete = current.IsScanComplete }
            : progress;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(lastReport);
        if (elapsed < Interval)
            return;
        long bytes = doneBytes + current.Bytes;
        double lately = Math.Max(0, bytes - lastBytes) / elapsed.TotalSeconds;
        rate = lastBytes == 0 ? lately : (0.7 * rate) + (0.3 * lately);
        lastBytes = bytes;
        Send(false);
    }

    /// <summary>rsync has begun an entry.</summary>
    /// <param name="path">The path below the mirror's root.</param>
    public void Begin(string path) => entry = path;

    /// <summary>The stage is over; later calls do nothing.</summary>
    public void Complete()
    {
        if (isCompleted)
            return;
        isCompleted = true;
        Send(true);
    }

    private void Show(string what)
    {
        activity = what;
        Send(false);
    }

    private void Settle()
    {
        doneBytes += current.Bytes;
        // A second pass looks at the same files again.
        doneFiles = startedSources < sources ? doneFiles + ((current.Known - current.Remaining) ?? 0) : doneFiles;
        current = default;
    }

    private void Send(bool completed)
    {
        lastReport = Stopwatch.GetTimestamp();
        // Before the first count, as while a first large file is on its way, rsync's percentage is all there is.
        bool isTotalKnown = (current.IsScanComplete || current.Known is null) && startedSources >= sources;
        observer.Progress(new StageProgress
        {
            Stage = 1,
            Name = name,
            Activity = activity,
            Files = doneFiles + ((current.Known - current.Remaining) ?? 0),
            TotalFiles = isTotalKnown ? doneFiles + current.Known : null,
            Bytes = doneBytes + current.Bytes,
            TotalBytes = isTotalKnown && current.Percent > 0 ? doneBytes + (long)(current.Bytes * (100.0 / current.Percent)) : null,
            BytesPerSecond = rate,
            AverageBytesPerSecond = (doneBytes + current.Bytes) / Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds),
            Elapsed = Stopwatch.GetElapsedTime(started),
            Entry = entry,
            Completed = completed,
        });
    }
}
