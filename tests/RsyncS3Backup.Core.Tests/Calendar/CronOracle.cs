using System.Globalization;

namespace RsyncS3Backup.Core.Tests.Calendar;

/// <summary>
/// The rule of schedules in another way than the code under test goes: it looks at the clocks minute by minute, and knows sets of values where
/// that parses text.
/// </summary>
internal sealed record CronOracle
{
    public required SortedSet<int> Minutes { get; init; }

    public required SortedSet<int> Hours { get; init; }

    /// <summary>Null: not restricted.</summary>
    public SortedSet<int>? DaysOfMonth { get; init; }

    /// <summary>Null: not restricted.</summary>
    public SortedSet<int>? DaysOfWeek { get; init; }

    /// <summary>The expression.</summary>
    public string Text => $"{List(Minutes)} {List(Hours)} {List(DaysOfMonth)} * {List(DaysOfWeek)}";

    /// <summary>A random expression whose hours are likely to be near those at which clocks change.</summary>
    public static CronOracle Random(Random random)
    {
        bool isEveryHour = random.Next(4) == 0;
        return new CronOracle
        {
            Minutes = Some(random, 0, 59, random.Next(1, 5)),
            Hours = isEveryHour ? [.. Enumerable.Range(0, 24)] : [.. Some(random, 0, 4, random.Next(1, 3)), .. Some(random, 0, 23, random.Next(3))],
            DaysOfMonth = random.Next(3) == 0 ? Some(random, 1, 31, 12) : null,
            DaysOfWeek = random.Next(3) == 0 ? Some(random, 0, 6, 3) : null,
        };
    }

    /// <summary>The occurrences after one instant and up to another, both whole minutes.</summary>
    public IEnumerable<DateTime> Occurrences(TimeZoneInfo zone, DateTime after, DateTime until)
    {
        // What the clocks have shown before counts as well, in an hour that comes twice.
        DateTime shown = DateTime.MinValue;
        for (DateTime utc = after.AddDays(-2); utc <= until; utc = utc.AddMinutes(1))
        {
            DateTime wall = TimeZoneInfo.ConvertTimeFromUtc(utc, zone);
            bool isDue = Hours.Count == 24 ? IsDue(wall) : shown > DateTime.MinValue && Passed(shown, wall).Any(IsDue);
            shown = wall > shown ? wall : shown;
            if (isDue && utc > after)
                yield return utc;
        }
    }

    private static IEnumerable<DateTime> Passed(DateTime shown, DateTime wall)
    {
        for (DateTime next = shown.AddMinutes(1); next <= wall; next = next.AddMinutes(1))
            yield return next;
    }

    private bool IsDue(DateTime wall)
    {
        bool byTime = Minutes.Contains(wall.Minute) && Hours.Contains(wall.Hour);
        bool byDate = DaysOfMonth?.Contains(wall.Day) ?? false;
        bool byWeekday = DaysOfWeek?.Contains((int)wall.DayOfWeek) ?? false;
        return byTime && ((DaysOfMonth is null && DaysOfWeek is null) || byDate || byWeekday);
    }

    private static SortedSet<int> Some(Random random, int first, int last, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(first, last + 1))];

    private static string List(SortedSet<int>? values) =>
        values is null ? "*" : string.Join(',', values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
}
