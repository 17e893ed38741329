using RsyncS3Backup.Calendar;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Metrics;

/// <summary>What metrics tell of one job.</summary>
internal sealed record JobMetrics
{
    /// <summary>The job's name.</summary>
    public required string Job { get; init; }

    /// <summary>The machine.</summary>
    public required string Host { get; init; }

    /// <summary>What its history says; null where it cannot be read: then nothing is known, and nothing looks good.</summary>
    public HistoryFigures? Figures { get; init; }

    /// <summary>Whether its configuration file is a good one; null for a job without a file.</summary>
    public bool? IsValid { get; init; }

    /// <summary>When its schedule has it due next; null without a schedule.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>How old the last success may be; null for a job that says nothing of it.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>The tests of its copies that it asks for; none where nothing is known of them.</summary>
    public IReadOnlyList<TestDue> Tests { get; init; } = [];

    /// <summary>A job of this machine.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="configuration">The job; null where there is none to read.</param>
    /// <param name="figures">What its history says; null where it cannot be read.</param>
    /// <param name="now">The instant.</param>
    public static JobMetrics Of(string name, BackupConfiguration? configuration, HistoryFigures? figures, DateTimeOffset now) => new()
    {
        Job = name,
        Host = Environment.MachineName,
        Figures = figures,
        IsValid = configuration is null ? null : true,
        NextDue = NextDueOf(configuration, now),
        MaxAge = configuration is null ? null : SuccessAge.MaxAgeOf(configuration),
        Tests = TestsOf(configuration, figures, now),
    };

    private static IReadOnlyList<TestDue> TestsOf(BackupConfiguration? configuration, HistoryFigures? figures, DateTimeOffset now)
    {
        try
        {
            return configuration is null || figures is null ? [] : JobTests.Of(configuration, now);
        }
        catch (BackupException)
        {
            // Said already, by whoever reads the history.
            return [];
        }
    }

    private static DateTimeOffset? NextDueOf(BackupConfiguration? configuration, DateTimeOffset now)
    {
        try
        {
            return configuration?.Schedule is { } schedule ? CronSchedule.From(schedule).After(now)?.Utc : null;
        }
        catch (BackupException)
        {
            // A configuration that was made in memory, and a zone that was uninstalled.
            return null;
        }
    }
}
