using RsyncS3Backup.Configuration;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Jobs;

/// <summary>The metrics of jobs as their files and histories are now, whether or not a run is on.</summary>
internal static class JobMetricReport
{
    /// <summary>A job of a job folder.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="now">The instant.</param>
    /// <param name="tell">Hears that its history cannot be read; its metrics say then that nothing is known.</param>
    public static JobMetrics Of(JobFile file, DateTimeOffset now, Action<BackupError> tell) =>
        JobMetrics.Of(file.Name, file.Configuration, Figures(JobHistory.Find(file.Name), tell), now) with
        {
            IsValid = file.Configuration is not null,
        };

    /// <summary>A job that only its history knows: it is run by the path of its file, or was.</summary>
    public static JobMetrics Of(JobHistory history, DateTimeOffset now, Action<BackupError> tell)
    {
        HistoryFigures? figures = Figures(history, tell);
        BackupConfiguration? configuration = null;
        bool? isValid = null;
        if (figures?.LastRun?.ConfigurationPath is { } path && File.Exists(path))
        {
            ConfigurationReadResult read = ConfigurationReader.ReadFile(path);
            configuration = read.Configuration?.Name == history.Name ? read.Configuration : null;
            isValid = read.Error is null;
        }

        return JobMetrics.Of(history.Name, configuration, figures, now) with { IsValid = isValid };
    }

    /// <summary>False for what only its history knows and nothing runs any more: its last run was from parameters, or its file is gone.</summary>
    public static bool IsStillThere(JobHistory history)
    {
        try
        {
            return history.Read(since: null, last: 1) is [{ ConfigurationPath: { } path }] && File.Exists(path);
        }
        catch (BackupException)
        {
            // Whoever reads the whole of it says so.
            return true;
        }
    }

    private static HistoryFigures? Figures(JobHistory? history, Action<BackupError> tell)
    {
        try
        {
            return history is null ? new HistoryFigures() : history.ReadFigures();
        }
        catch (BackupException exception)
        {
            tell(exception.Error);
            return null;
        }
    }
}
