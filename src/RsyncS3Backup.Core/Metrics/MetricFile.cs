using System.Text;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Metrics;

/// <summary>The file that a job's runs leave for a textfile collector.</summary>
internal static class MetricFile
{
    /// <summary>A run has ended, whatever became of it. What cannot be written is a warning.</summary>
    /// <param name="configuration">The job; null when it ran from parameters.</param>
    /// <param name="run">The run, which counts also where its history could not be written.</param>
    /// <param name="warn">Hears that there is no file.</param>
    public static void WriteAfter(BackupConfiguration? configuration, BackupRun run, Action<string> warn)
    {
        // The run that is on leaves one; this one knows nothing, and could overwrite that with what was before.
        if (run.ExitCode != BackupExitCode.AlreadyRunning)
            Write(configuration, figures => With(figures, run), warn);
    }

    /// <summary>A test has ended, likewise.</summary>
    public static void WriteAfter(BackupConfiguration configuration, BackupTestResult test, Action<string> warn)
    {
        if (test.IsOfAll)
            Write(configuration, figures => (figures ?? Unread) with { LastTest = test }, warn);
    }

    /// <summary>The file of a job: named so that no two jobs share one.</summary>
    public static string? PathOf(BackupConfiguration configuration) => configuration.Metrics is { } metrics
        ? Path.Combine(metrics.Path, $"rsyncs3backup-{StateFolder.FolderName(configuration.Name)}.prom")
        : null;

    /// <summary>Writes a file that everybody may read, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Write(string path, string text) => OwnFile.ReplaceForAll(path, Encoding.UTF8.GetBytes(text));

    /// <summary>A job has another name from now on, or is a job no more: what it left would be overdue for ever.</summary>
    /// <returns>False when the file is there still.</returns>
    public static bool TryRemove(BackupConfiguration configuration)
    {
        try
        {
            if (PathOf(configuration) is { } path && Directory.Exists(Path.GetDirectoryName(path)))
                File.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What is known with a run that has just ended. Pure.</summary>
    /// <param name="figures">What the history says; null where it cannot be read.</param>
    /// <param name="run">The run.</param>
    internal static HistoryFigures With(HistoryFigures? figures, BackupRun run)
    {
        figures ??= Unread;
        return figures with
        {
            LastRun = run,
            LastSuccess = HistoryFigures.DidAllOfJob(run) ? run.StartTime : figures.LastSuccess,
            MirrorBytes = HistoryFigures.IsGoodStatus(run.Stage1?.Status) ? run.Stage1!.TotalBytes : figures.MirrorBytes,
            BucketBytes = HistoryFigures.IsGoodStatus(run.Stage2?.Status) ? run.Stage2!.TotalBytes : figures.BucketBytes,
        };
    }

    // Sums that are not known are left out: a counter that begins again at 0 would be taken for a new one.
    private static HistoryFigures Unread => new() { Totals = null };

    private static void Write(BackupConfiguration? configuration, Func<HistoryFigures?, HistoryFigures> add, Action<string> warn)
    {
        if (configuration is null || PathOf(configuration) is not { } path)
            return;
        try
        {
            JobMetrics metrics = JobMetrics.Of(configuration.Name, configuration, add(Read(configuration.Name)), DateTimeOffset.UtcNow);
            Write(path, MetricText.Of(metrics));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            warn($"The metrics of the job cannot be written to '{path}', so what is there tells of an earlier run: {exception.Message}");
        }
    }

    private static HistoryFigures? Read(string name)
    {
        try
        {
            return JobHistory.Find(name)?.ReadFigures();
        }
        catch (BackupException)
        {
            // Said already, by whoever writes it.
            return null;
        }
    }
}
