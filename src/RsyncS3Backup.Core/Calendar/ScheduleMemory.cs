namespace RsyncS3Backup.Calendar;

/// <summary>What is kept of a schedule between two checks of whether its job is due.</summary>
internal sealed record ScheduleMemory
{
    /// <summary>The expression that was in force.</summary>
    public required string CronExpression { get; init; }

    /// <summary>The zone that the configuration named; null when it left it to the machine.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The zone that was in force, named or the machine's.</summary>
    public required string Zone { get; init; }

    /// <summary>Every occurrence up to this instant has run, was merged into a run, or was let go.</summary>
    public required DateTimeOffset Settled { get; init; }

    /// <summary>The latest that the clocks of <see cref="Zone"/> had shown at <see cref="Settled"/>.</summary>
    public required DateTime SettledLocal { get; init; }

    /// <summary>
    /// The same as <see cref="Settled"/> since the machine's clock was found far behind it; null when it was not. <see cref="Settled"/> is kept
    /// beside it, because it cannot be told which of the two the right time is: a board without a battery wakes in the past for a minute.
    /// </summary>
    public DateTimeOffset? SettledBehind { get; init; }

    /// <summary>What is kept when everything up to an instant is settled.</summary>
    public static ScheduleMemory From(CronSchedule schedule, DateTimeOffset settled) => new()
    {
        CronExpression = schedule.Expression.Text,
        TimeZone = schedule.IsInMachineZone ? null : schedule.Zone.Name,
        Zone = schedule.Zone.Name,
        Settled = settled.ToUniversalTime(),
        SettledLocal = schedule.Zone.LatestShown(settled.UtcDateTime),
    };

    /// <summary>False when the configuration said something else then.</summary>
    public bool IsOf(CronSchedule schedule) =>
        CronExpression == schedule.Expression.Text && TimeZone == (schedule.IsInMachineZone ? null : schedule.Zone.Name);
}
