using System.Globalization;

namespace RsyncS3Backup.Calendar;

/// <summary>
/// When a scheduler must ask whether a job is due: a superset of its occurrences, in what each system can express. The answer is
/// <see cref="DueDecision"/>'s, so that a trigger too many costs a start and one too late delays a run; neither loses or doubles one.
/// </summary>
/// <remarks>
/// <para>
/// Ways, from what a system knows: <see cref="Minutes"/> for one that knows no zone but its own, whatever that is and becomes (cron, launchd,
/// Task Scheduler); <see cref="Calendar"/> for one that takes the job's zone (systemd).
/// </para>
/// <para>
/// Asking at four minutes of every hour is complete, but costs a start each time where no shell can look at the clock first. So where there is a
/// check every hour besides, <see cref="Moments"/> has the few that matter, in a clock that the system can go by.
/// </para>
/// </remarks>
internal static class CoarseTrigger
{
    /// <summary>How far ahead the clock changes of a zone are looked up.</summary>
    private const int YearsAhead = 20;

    private const int MinutesInDay = 24 * 60;

    /// <summary>More moments than this save nothing: with the check of every hour they are less than half of four an hour.</summary>
    public const int MostMoments = 16;

    // In the tz database all offsets from now on, and so the differences between zones and the ends of gaps, are multiples of it.
    private const int Quarter = 15;

    /// <summary>
    /// The minutes of every hour at which the job can be due in a host's zone, whatever the host's zone and the job's are and become. The
    /// quarters are among them, because gaps end there.
    /// </summary>
    public static IReadOnlyList<int> Minutes(CronExpression expression)
    {
        HashSet<int> remainders = [0, .. expression.Minutes.Select(minute => minute % Quarter)];
        return [.. Enumerable.Range(0, 60).Where(minute => remainders.Contains(minute % Quarter))];
    }

    /// <summary>
    /// The minutes of each day at which the job can be due: of UTC, or of the machine's own clocks where the job goes by those. Each is a superset for
    /// a zone's known changes; a gap that comes to be is met by a check every hour.
    /// </summary>
    /// <returns>Null where a job is due in every hour, or too often for this to be less.</returns>
    public static DayMoments? Moments(CronSchedule schedule, DateTimeOffset now)
    {
        CronExpression expression = schedule.Expression;
        int[] due = [.. DueMinutes(expression)];
        if (expression.FollowsRealTime || due.Length > MostMoments)
            return null;
        IEnumerable<int> found = schedule.IsInMachineZone
            ? due.Concat(due.Select(minute => InDay((minute / 60 * 60) + 60)))
            : InUtc(schedule.Zone, Changes(schedule.Zone, now));
        int[] minutes = [.. found.Distinct().Order()];
        return minutes.Length <= MostMoments ? new DayMoments(!schedule.IsInMachineZone, minutes) : null;

        IEnumerable<int> InUtc(ScheduleZone zone, ZoneChange[] changes)
        {
            TimeSpan[] offsets = [.. changes.Select(change => change.After).Append(zone.OffsetAt(now.UtcDateTime)).Distinct()];
            return due.SelectMany(minute => offsets.Select(offset => InDay(minute - (int)offset.TotalMinutes)))
                .Concat(changes.Where(change => Skips(change, expression)).Select(change => MinuteOfDay(change.Utc)));
        }
    }

    /// <summary>
    /// The times as <c>OnCalendar=</c> of systemd.timer(5), in the job's zone, with its days. More than one: cron's either day, ends of gaps and
    /// hours that come twice need lines of their own.
    /// </summary>
    /// <remarks>
    /// systemd passes over a time in a gap and over the second of two equal hours (seen with 252), and a step in the hours before a gap fails
    /// there: hence lists, and hence times in UTC for the second of two equal hours.
    /// </remarks>
    /// <param name="schedule">When the job is due.</param>
    /// <param name="now">From when on the zone's changes are looked up.</param>
    public static IReadOnlyList<string> Calendar(CronSchedule schedule, DateTimeOffset now)
    {
        CronExpression expression = schedule.Expression;
        string zone = schedule.IsInMachineZone || schedule.Zone.IanaName is null ? "" : $" {schedule.Zone.IanaName}";
        string[] days = [.. Days(expression)];
        List<string> lines = [.. days.Select(day => $"{day}{List(expression.Hours, 24)}:{List(expression.Minutes, 60)}:00{zone}")];
        ZoneChange[] changes = Changes(schedule.Zone, now);
        if (expression.FollowsRealTime)
        {
            int[] again = [.. changes.SelectMany(SecondTimes).Where(IsDueMinute).Distinct().Order()];
            lines.AddRange(Grouped(again).Select(times => $"*-*-* {times} UTC"));
            return lines;

            // What the clocks show then does not matter: their minutes are due, or they are not.
            bool IsDueMinute(int utcMinute) => changes.Any(change => expression.Minutes.Contains(InDay(utcMinute + (int)change.After.TotalMinutes) % 60));
        }

        (int Minute, bool IsNextDay)[] gapEnds = [.. GapEnds(expression, changes)];
        foreach (bool isNextDay in new[] { false, true })
        {
            string[] on = isNextDay ? ["*-*-* "] : days;
            int[] ends = [.. gapEnds.Where(end => end.IsNextDay == isNextDay).Select(end => end.Minute).Order()];
            lines.AddRange(Grouped(ends).SelectMany(times => on.Select(day => $"{day}{times}{zone}")));
        }

        return lines;
    }

    // Where a run that a gap has moved begins: where the zone's known gaps end, and at the next full hour, in case that a gap comes to be.
    private static IEnumerable<(int Minute, bool IsNextDay)> GapEnds(CronExpression expression, ZoneChange[] changes)
    {
        HashSet<(int Minute, bool IsNextDay)> ends = [];
        HashSet<int> due = [.. DueMinutes(expression)];
        foreach (int minute in due)
        {
            int hour = (minute / 60 * 60) + 60;
            ends.Add((InDay(hour), hour >= MinutesInDay));
        }

        foreach (ZoneChange change in changes.Where(change => Skips(change, expression)))
        {
            DateTime end = ScheduleZone.Wall(change.Utc, change.After);
            ends.Add((MinuteOfDay(end), end.Date > ScheduleZone.Wall(change.Utc, change.Before).Date));
        }

        return ends.Where(end => end.IsNextDay ? !(expression.IsDueEveryDay && due.Contains(end.Minute)) : !due.Contains(end.Minute));
    }

    private static bool Skips(ZoneChange change, CronExpression expression)
    {
        (DateTime from, DateTime to) = (ScheduleZone.Wall(change.Utc, change.Before), ScheduleZone.Wall(change.Utc, change.After));
        if (to - from >= TimeSpan.FromDays(1))
            return true;
        return DueMinutes(expression).Any(due => IsIn(from.Date.AddMinutes(due)) || IsIn(to.Date.AddMinutes(due)));

        bool IsIn(DateTime wall) => wall >= from && wall < to;
    }

    private static IEnumerable<int> SecondTimes(ZoneChange change)
    {
        int minutes = (int)(change.Before - change.After).TotalMinutes;
        return minutes <= 0 ? [] : Enumerable.Range(MinuteOfDay(change.Utc), minutes).Select(InDay);
    }

    private static ZoneChange[] Changes(ScheduleZone zone, DateTimeOffset now)
    {
        // Half a day back, so that a change just now is among them.
        (DateTime from, DateTime until) = (now.UtcDateTime.AddHours(-12), now.UtcDateTime.AddYears(YearsAhead));
        List<ZoneChange> changes = [];
        while (zone.FirstChange(from, until) is { } change)
        {
            changes.Add(new ZoneChange(change, zone.OffsetAt(from), zone.OffsetAt(change)));
            from = change;
        }

        return [.. changes];
    }

    // Either day needs a line for each: systemd wants both at once.
    private static IEnumerable<string> Days(CronExpression expression)
    {
        string months = List(expression.Months, 12);
        string date = expression.DaysOfMonth.Count == 31 ? "*" : List(expression.DaysOfMonth, 31);
        string weekdays = expression.DaysOfWeek.Count == 7
            ? ""
            : string.Join(',', expression.DaysOfWeek.Select(day => CultureInfo.InvariantCulture.DateTimeFormat.AbbreviatedDayNames[day])) + " ";
        if (expression.IsDueEveryDay)
            return ["*-*-* "];
        return expression.TakesEitherDay && date != "*" && weekdays.Length > 0
            ? [$"*-{months}-{date} ", $"{weekdays}*-{months}-* "]
            : expression.TakesEitherDay
                ? [$"*-{months}-* "]
                : [$"{weekdays}*-{months}-{date} "];
    }

    // One line for all hours that share their minutes.
    private static IEnumerable<string> Grouped(IEnumerable<int> minutesOfDay) => minutesOfDay
        .GroupBy(minute => minute / 60, minute => minute % 60)
        .Select(hour => (Hour: hour.Key, Minutes: List([.. hour], 60)))
        .GroupBy(hour => hour.Minutes, hour => hour.Hour)
        .Select(group => $"{List([.. group], 24)}:{group.Key}:00");

    private static string List(IReadOnlyList<int> values, int all) =>
        values.Count == all ? "*" : string.Join(',', values.Select(value => value.ToString("00", CultureInfo.InvariantCulture)));

    private static IEnumerable<int> DueMinutes(CronExpression expression) =>
        expression.Hours.SelectMany(hour => expression.Minutes.Select(minute => (hour * 60) + minute));

    private static int MinuteOfDay(DateTime time) => (time.Hour * 60) + time.Minute;

    private static int InDay(int minutes) => ((minutes % MinutesInDay) + MinutesInDay) % MinutesInDay;

    /// <summary>A change of a zone's offset from UTC.</summary>
    private readonly record struct ZoneChange(DateTime Utc, TimeSpan Before, TimeSpan After);
}

/// <summary>Minutes of each day.</summary>
/// <param name="IsUtc">Whether they are of UTC; else they are what the machine's clocks show.</param>
/// <param name="Minutes">0 to 1439, ascending.</param>
internal sealed record DayMoments(bool IsUtc, IReadOnlyList<int> Minutes);
