namespace RsyncS3Backup.Calendar;

/// <summary>How old the last run is that did all of a job, and whether that is too old. Pure.</summary>
/// <param name="MaxAge">How old it may be; null: as old as it likes.</param>
/// <param name="LastSuccess">When it started; null when none is on record.</param>
/// <param name="Expected">Since when one is expected, where there is none; null: that is not known.</param>
/// <param name="Now">The instant.</param>
internal sealed record SuccessAge(TimeSpan? MaxAge, DateTimeOffset? LastSuccess, DateTimeOffset? Expected, DateTimeOffset Now)
{
    // A job that runs every few minutes may take longer than that for once, and a start may come up to an hour late.
    private static readonly TimeSpan ShortestDefault = TimeSpan.FromHours(1);

    /// <summary>How old it is; null when there is none.</summary>
    public TimeSpan? Age => LastSuccess is null ? null : Waited;

    /// <summary>How long there was no good run; null when nobody knows since when there could be one.</summary>
    public TimeSpan? Waited => (LastSuccess ?? Expected) is { } from ? (Now > from ? Now - from : TimeSpan.Zero) : null;

    /// <summary>When it is too old, or has been since; null when it may be as old as it likes, or nobody knows.</summary>
    public DateTimeOffset? OverdueFrom =>
        MaxAge is { } most && (LastSuccess ?? Expected) is { } from && DateTimeOffset.MaxValue - from > most ? from + most : null;

    /// <summary>True when it is too old.</summary>
    public bool IsOverdue => MaxAge is { } most && Waited > most;

    /// <summary>How old the last success of a job may be: as the job says, else twice the longest gap of its schedule.</summary>
    /// <param name="job">The job.</param>
    /// <param name="schedule">The schedule that counts, where that is not the job's own.</param>
    /// <returns>Null for a job that says nothing and has no schedule.</returns>
    public static TimeSpan? MaxAgeOf(BackupConfiguration job, BackupScheduleOptions? schedule = null)
    {
        if (job.MaxAge is { } said)
            return said;
        if ((schedule ?? job.Schedule) is not { } times || !CronExpression.TryParse(times.CronExpression, out CronExpression? expression, out _))
            return null;
        TimeSpan twice = 2 * expression.LongestGap();
        return twice > ShortestDefault ? twice : ShortestDefault;
    }
}
