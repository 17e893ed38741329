namespace RsyncS3Backup.Calendar;

/// <summary>When a job is due: a cron expression, read on the clocks of a zone.</summary>
/// <remarks>
/// <para>One rule for the changes of these clocks, on every system:</para>
/// <para>
/// A schedule that names hours runs once for each of its times. A time that the clocks skip runs right after the gap, and all that one gap
/// skips run as one. A time that they show twice runs at the first.
/// </para>
/// <para>
/// A schedule of every hour (<see cref="CronExpression.FollowsRealTime"/>) runs whenever the clocks show one of its minutes: in both of two equal
/// hours, and nothing piles up after a gap. Every 15 minutes stays every 15 minutes.
/// </para>
/// </remarks>
/// <param name="Expression">The times.</param>
/// <param name="Zone">The zone whose clocks show them.</param>
internal sealed record CronSchedule(CronExpression Expression, ScheduleZone Zone)
{
    // No change of an offset moves a time further than this.
    private static readonly TimeSpan Reach = TimeSpan.FromDays(3);

    // The rarest day is a 29 February that must also be one weekday, across a century without one: 40 years.
    private static readonly TimeSpan[] LookBack =
        [TimeSpan.FromHours(2), TimeSpan.FromDays(2), TimeSpan.FromDays(40), TimeSpan.FromDays(400), TimeSpan.FromDays(41 * 366)];

    /// <summary>True when the configuration names no zone, so that the zone follows the machine's.</summary>
    public bool IsInMachineZone { get; init; }

    /// <summary>The schedule of a configuration.</summary>
    /// <exception cref="BackupException">The expression is not valid, or this machine does not know the zone.</exception>
    public static CronSchedule From(BackupScheduleOptions options) =>
        new(CronExpression.Parse(options.CronExpression), ScheduleZone.Find(options.Timezone)) { IsInMachineZone = options.Timezone is null };

    /// <summary>The first occurrence after an instant; null where the calendar of .NET ends.</summary>
    public ScheduleOccurrence? After(DateTimeOffset instant)
    {
        try
        {
            return Expression.FollowsRealTime ? NextInRealTime(instant.UtcDateTime) : NextOnce(instant.UtcDateTime);
        }
        catch (ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>All occurrences after an instant.</summary>
    public IEnumerable<ScheduleOccurrence> AllAfter(DateTimeOffset instant)
    {
        for (ScheduleOccurrence? next = After(instant); next is not null; next = After(next.Utc))
            yield return next;
    }

    /// <summary>The last occurrence that is after one instant and not after another; null when there is none.</summary>
    public ScheduleOccurrence? Last(DateTimeOffset after, DateTimeOffset until)
    {
        foreach (TimeSpan back in LookBack)
        {
            bool isAll = until - after <= back;
            DateTimeOffset from = isAll ? after : until - back;
            if (AllAfter(from).TakeWhile(occurrence => occurrence.Utc <= until).LastOrDefault() is { } last)
                return last;
            if (isAll)
                return null;
        }

        return null;
    }

    // The clocks' latest so far tells which of the times are settled: the instant of a time never comes before that of an earlier one.
    private ScheduleOccurrence? NextOnce(DateTime after)
    {
        if (Expression.FirstFrom(Zone.LatestShown(after).AddTicks(1)) is not { } wall)
            return null;
        (DateTime utc, SkippedTimes? skipped) = Zone.FirstAt(wall);
        string? note = skipped is { } gap ? SkippedNote(wall, gap) : Zone.ComesAgain(wall, utc) ? ComesTwiceNote(wall) : null;
        return Occurrence(utc, note);
    }

    private ScheduleOccurrence? NextInRealTime(DateTime after)
    {
        DateTime from = after;
        DateTime earliest = after.AddTicks(1);
        while (true)
        {
            TimeSpan offset = Zone.OffsetAt(from);
            if (Expression.FirstFrom(ScheduleZone.Wall(earliest, offset)) is not { } wall)
                return null;
            DateTime utc = DateTime.SpecifyKind(wall - offset, DateTimeKind.Utc);
            bool isNear = utc - from <= Reach;
            if (Zone.FirstChange(from, isNear ? utc : from + Reach) is { } change)
                from = earliest = change;
            else if (isNear)
                return Occurrence(utc, note: null);
            else
                // None of the wall clock times in between is due, and no change of the offset reaches further.
                from = earliest = Max(from + Reach, utc - Reach);
        }
    }

    private static DateTime Max(DateTime one, DateTime other) => one > other ? one : other;

    private ScheduleOccurrence Occurrence(DateTime utc, string? note) => new()
    {
        Local = Zone.At(utc),
        Utc = new DateTimeOffset(utc, TimeSpan.Zero),
        TimeZone = Zone.Name,
        Note = note,
    };

    private string SkippedNote(DateTime first, SkippedTimes gap)
    {
        List<DateTime> times = [];
        for (DateTime? wall = first; wall < gap.To; wall = Expression.FirstFrom(wall.Value.AddTicks(1)))
            times.Add(wall.Value);
        bool isDay = gap.To - gap.From >= TimeSpan.FromDays(1);
        string what = times.Count switch
        {
            1 => $"{ScheduleText.Time(times[0], isDay)} does not exist",
            2 => $"{ScheduleText.Time(times[0], isDay)} and {ScheduleText.Time(times[1], isDay)} do not exist",
            _ => $"{ScheduleText.Count(times.Count)} times from {ScheduleText.Time(times[0], isDay)} to {ScheduleText.Time(times[^1], isDay)} do not exist",
        };
        string once = times.Count == 1 ? "runs" : "run once";
        return $"{what}: the clocks go from {ScheduleText.Time(gap.From, isDay)} to {ScheduleText.Time(gap.To, isDay)}; {once} right after that.";
    }

    private static string ComesTwiceNote(DateTime wall) => $"{ScheduleText.Time(wall, withDate: false)} comes twice; runs at the first.";
}
