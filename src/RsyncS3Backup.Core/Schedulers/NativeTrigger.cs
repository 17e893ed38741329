using RsyncS3Backup.Calendar;

namespace RsyncS3Backup.Schedulers;

/// <summary>When the operating system starts a job, which then asks whether it is due: at least at every moment at which it can be.</summary>
/// <remarks>
/// Minutes of every hour where a system knows no zones and a shell looks at the clock first. They stay the same when the hours or the days of the
/// expression, its zone or the machine's become others, so that most edits of a configuration need no new registration. Where each start is one of
/// PowerShell, the few moments of the day and a check every hour, which meets what was edited since.
/// </remarks>
internal sealed record NativeTrigger
{
    /// <summary>The check that makes good what was missed, and what an edit of the configuration has made of the times, within the hour.</summary>
    public const string HourlyCheck = "*-*-* *:00:00 UTC";

    /// <summary>The minutes (0 to 59) of every hour, ascending, at least one: for cron, launchd and the Task Scheduler.</summary>
    public required IReadOnlyList<int> Minutes { get; init; }

    /// <summary>The lines of <c>OnCalendar=</c>: for systemd, which knows zones.</summary>
    public required IReadOnlyList<string> Calendar { get; init; }

    /// <summary>
    /// The moments of each day that are enough with a check every hour; null: the minutes of every hour are needed. For launchd and the Task Scheduler,
    /// where each start is one of PowerShell.
    /// </summary>
    public DayMoments? Day { get; init; }

    /// <summary>The moments that a scheduler can express; null: it goes by the minutes of every hour, or by the calendar.</summary>
    // launchd knows no time but the machine's (launchd.plist(5), "StartCalendarInterval").
    public DayMoments? DayOf(BackupScheduler scheduler) =>
        scheduler == BackupScheduler.TaskScheduler || (scheduler == BackupScheduler.Launchd && Day is { IsUtc: false }) ? Day : null;

    /// <summary>The trigger of a schedule.</summary>
    /// <param name="schedule">When the job is due.</param>
    /// <param name="catchUp">Whether what was missed is made good.</param>
    /// <param name="now">From when on the zone's changes are looked up.</param>
    public static NativeTrigger For(CronSchedule schedule, bool catchUp, DateTimeOffset now)
    {
        IReadOnlyList<string> calendar = CoarseTrigger.Calendar(schedule, now);
        return new NativeTrigger
        {
            Minutes = CoarseTrigger.Minutes(schedule.Expression),
            Calendar = catchUp ? [.. calendar, HourlyCheck] : calendar,
            Day = catchUp ? CoarseTrigger.Moments(schedule, now) : null,
        };
    }

    /// <summary>The trigger of a job's tests: the times of those that have some, and a check every hour for all.</summary>
    /// <param name="job">The job.</param>
    /// <param name="now">From when on the zone's changes are looked up.</param>
    /// <exception cref="BackupException">An expression is not valid, or this machine does not know the zone.</exception>
    public static NativeTrigger ForTests(BackupConfiguration job, DateTimeOffset now)
    {
        CronSchedule[] schedules = [.. job.Tests.Select(test => test.Cron).OfType<string>()
            .Select(cron => CronSchedule.From(new BackupScheduleOptions { CronExpression = cron, Timezone = job.Schedule?.Timezone }))];
        return new NativeTrigger
        {
            Minutes = [.. schedules.SelectMany(schedule => CoarseTrigger.Minutes(schedule.Expression)).Append(0).Distinct().Order()],
            Calendar = [.. schedules.SelectMany(schedule => CoarseTrigger.Calendar(schedule, now)).Append(HourlyCheck).Distinct()],
            Day = Together([.. schedules.Select(schedule => CoarseTrigger.Moments(schedule, now))]),
        };
    }

    private static DayMoments? Together(DayMoments?[] all)
    {
        if (all.Any(day => day is null))
            return null;
        int[] minutes = [.. all.SelectMany(day => day!.Minutes).Distinct().Order()];
        return minutes.Length <= CoarseTrigger.MostMoments ? new DayMoments(all.All(day => day!.IsUtc), minutes) : null;
    }

    /// <summary>True when this one starts the job at all moments at which the other does.</summary>
    /// <param name="other">The other.</param>
    /// <param name="scheduler">Decides which of the two ways counts.</param>
    public bool Covers(NativeTrigger other, BackupScheduler scheduler) => scheduler == BackupScheduler.Systemd
        ? other.Calendar.All(Calendar.Contains)
        : DayOf(scheduler) is { } mine
            ? other.DayOf(scheduler) is { } theirs && mine.IsUtc == theirs.IsUtc && theirs.Minutes.All(mine.Minutes.Contains)
            : other.Minutes.All(Minutes.Contains);

    /// <summary>The distance between the minutes when all are equally far from one another, round the hour; else null.</summary>
    public int? Interval => Minutes.Count > 1 && 60 % Minutes.Count == 0
        && Minutes.Zip(Minutes.Skip(1), (earlier, later) => later - earlier).All(distance => distance == 60 / Minutes.Count)
            ? 60 / Minutes.Count
            : null;
}
