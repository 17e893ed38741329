using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using NCrontab;

namespace RsyncS3Backup.Calendar;

/// <summary>Five fields as in crontab(5): minute, hour, day of month, month, day of week. It knows wall clock times, no zones.</summary>
/// <remarks>
/// NCrontab parses the fields. Its own schedules are not used: they want the day of month and the day of week at once, where cron takes
/// either when both are restricted.
/// </remarks>
internal sealed partial class CronExpression : IEquatable<CronExpression>
{
    private static readonly string[] MonthNames = [.. CultureInfo.InvariantCulture.DateTimeFormat.MonthNames[..12]];
    private static readonly string[] DayNames = CultureInfo.InvariantCulture.DateTimeFormat.DayNames;

    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    private readonly bool[] isMonth;
    private readonly bool[] isDayOfMonth;
    private readonly bool[] isDayOfWeek;

    private CronExpression(string[] fields)
    {
        Text = string.Join(' ', fields);
        Minutes = Values(CrontabField.Minutes(fields[0]), 0, 59);
        Hours = Values(CrontabField.Hours(fields[1]), 0, 23);
        DaysOfMonth = Values(CrontabField.Days(fields[2]), 1, 31);
        Months = Values(CrontabField.Months(fields[3]), 1, 12);
        DaysOfWeek = Values(CrontabField.DaysOfWeek(SundayIsZero(fields[4])), 0, 6);
        // As in Vixie's cron and its heirs (get_list in entry.c sets DOM_STAR and DOW_STAR on the first character alone): a field that
        // starts with '*' restricts the other one, so that '*/2' with a weekday means those weekdays that have an odd date.
        TakesEitherDay = fields[2][0] != '*' && fields[4][0] != '*';
        isMonth = Flags(Months, 13);
        isDayOfMonth = Flags(DaysOfMonth, 32);
        isDayOfWeek = Flags(DaysOfWeek, 7);
    }

    /// <summary>The five fields, one space apart, as they were written.</summary>
    public string Text { get; }

    /// <summary>0 to 59, ascending, at least one; so are the others.</summary>
    public IReadOnlyList<int> Minutes { get; }

    /// <summary>0 to 23.</summary>
    public IReadOnlyList<int> Hours { get; }

    /// <summary>1 to 31.</summary>
    public IReadOnlyList<int> DaysOfMonth { get; }

    /// <summary>1 to 12.</summary>
    public IReadOnlyList<int> Months { get; }

    /// <summary>0 to 6; 0 is Sunday.</summary>
    public IReadOnlyList<int> DaysOfWeek { get; }

    /// <summary>True when a day is due by its date or by its weekday; false when it must be so by both.</summary>
    public bool TakesEitherDay { get; }

    /// <summary>True when every day of the year is due.</summary>
    public bool IsDueEveryDay =>
        Months.Count == 12 && (TakesEitherDay ? DaysOfMonth.Count == 31 || DaysOfWeek.Count == 7 : DaysOfMonth.Count == 31 && DaysOfWeek.Count == 7);

    /// <summary>
    /// True when all 24 hours are due (<c>*</c>, <c>*/1</c>, <c>0-23</c>). No run is then lost to an hour that does not exist, and an hour that
    /// comes twice is two hours: such a schedule follows the wall clock as it goes. All others promise one run for each of their times.
    /// </summary>
    public bool FollowsRealTime => Hours.Count == 24;

    /// <summary>The longest time between two occurrences, on clocks that nobody changes.</summary>
    public TimeSpan LongestGap()
    {
        // After that long each date has been each weekday, leap days included.
        const int years = 28;
        TimeSpan day = TimeSpan.FromDays(1);
        TimeSpan overnight = day - (At(Hours[^1], Minutes[^1]) - At(Hours[0], Minutes[0]));
        TimeSpan longest = Hours.Zip(Hours.Skip(1), (earlier, later) => At(later, Minutes[0]) - At(earlier, Minutes[^1]))
            .Concat(Minutes.Zip(Minutes.Skip(1), (earlier, later) => At(0, later) - At(0, earlier)))
            .Append(overnight).Max();
        DateOnly first = new(2001, 1, 1);
        DateOnly? last = null;
        for (DateOnly date = first; date < first.AddYears(2 * years); date = date.AddDays(1))
        {
            if (!IsDueOn(date))
                continue;
            if (last is { } before && (date.DayNumber - before.DayNumber - 1) * day + overnight is var gap && gap > longest)
                longest = gap;
            last = date;
        }

        return longest;

        static TimeSpan At(int hour, int minute) => new(hour, minute, 0);
    }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="BackupException">It is not valid (<c>CronExpressionInvalid</c>).</exception>
    public static CronExpression Parse(string text) =>
        TryParse(text, out CronExpression? expression, out string? problem)
            ? expression
            : throw new BackupException(ScheduleErrors.CronExpressionInvalid(text, problem));

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The five fields.</param>
    /// <param name="expression">What was read.</param>
    /// <param name="problem">What is wrong, in a sentence that quotes <paramref name="text"/>.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out string? problem)
    {
        expression = null;
        string quoted = ConfigurationText.Quote(text);
        string[] fields = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        problem = fields switch
        {
            [['@', ..] macro] when Macros.TryGetValue(macro, out string? meant) => $"{quoted} is a macro of some crons; write '{meant}'.",
            [['@', ..]] => $"{quoted} names no time.",
            { Length: 6 } => $"{quoted} has six fields; seconds are not supported, because no scheduler of an operating system keeps them.",
            { Length: not 5 } => $"{quoted} has {fields.Length.ToString(CultureInfo.InvariantCulture)} fields.",
            _ => null,
        };
        if (problem is not null)
            return false;
        string[]?[] names = [null, null, null, MonthNames, DayNames];
        if (fields.Zip(names, Misread).FirstOrDefault(misread => misread is not null) is { } reason)
        {
            problem = $"{quoted}: {reason}";
            return false;
        }

        try
        {
            expression = new CronExpression(fields);
        }
        catch (CrontabException exception)
        {
            problem = $"{quoted}: {exception.InnerException?.Message ?? exception.Message}";
            return false;
        }
        catch (OverflowException)
        {
            problem = $"{quoted} holds a number that is too large.";
            return false;
        }

        if (expression.IsEverDue())
            return true;
        expression = null;
        problem = $"{quoted} is never due: that day does not exist in that month.";
        return false;
    }

    /// <summary>True when the expression has times on that day.</summary>
    public bool IsDueOn(DateOnly date)
    {
        if (!isMonth[date.Month])
            return false;
        (bool byDate, bool byWeekday) = (isDayOfMonth[date.Day], isDayOfWeek[(int)date.DayOfWeek]);
        return TakesEitherDay ? byDate || byWeekday : byDate && byWeekday;
    }

    /// <summary>The first wall clock time that is due at or after another.</summary>
    /// <returns>Null when the calendar of .NET ends before it.</returns>
    public DateTime? FirstFrom(DateTime wall)
    {
        DateTime minute = wall.AddTicks(-(wall.Ticks % TimeSpan.TicksPerMinute));
        if (minute < wall)
            minute = minute.AddMinutes(1);
        DateOnly today = DateOnly.FromDateTime(minute);
        if (IsDueOn(today) && FirstTimeFrom(minute.Hour, minute.Minute) is { } time)
            return today.ToDateTime(time, DateTimeKind.Unspecified);
        return today < DateOnly.MaxValue && FirstDayFrom(today.AddDays(1)) is { } day
            ? day.ToDateTime(new TimeOnly(Hours[0], Minutes[0]), DateTimeKind.Unspecified)
            : null;
    }

    /// <inheritdoc/>
    public bool Equals(CronExpression? other) => other is not null && other.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CronExpression);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static int[] Values(CrontabField field, int first, int last) => [.. Enumerable.Range(first, last - first + 1).Where(field.Contains)];

    private static bool[] Flags(IEnumerable<int> values, int length)
    {
        bool[] flags = new bool[length];
        foreach (int value in values)
            flags[value] = true;
        return flags;
    }

    // NCrontab 3.4 takes these without a word and means something else: it swaps the ends of 22-2, reads */0 as */1 and M as MON and as
    // MAR (seen by running it).
    private static string? Misread(string field, string[]? names)
    {
        foreach (string part in field.Split(','))
        {
            string[] step = part.Split('/');
            if (step.Length > 2 || (step.Length == 2 && !IsPositive(step[1])))
                return $"{ConfigurationText.Quote(part)} is not a valid step.";
            string[] ends = step[0].Split('-');
            if (names is not null && ends.FirstOrDefault(end => Letters().IsMatch(end) && NameIndex(end, names) < 0) is { } unknown)
                return $"{ConfigurationText.Quote(unknown)} is not a name; write the first three letters, such as {names[1][..3].ToUpperInvariant()}.";
            if (ends.Length == 2 && Number(ends[0], names) is { } from && Number(ends[1], names) is { } to && from > to)
                return $"the range {ConfigurationText.Quote(step[0])} runs backwards; write two ranges.";
        }

        return null;
    }

    private static bool IsPositive(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0;

    private static int? Number(string text, string[]? names)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number;
        return names is not null && NameIndex(text, names) is >= 0 and int index ? index + (names == MonthNames ? 1 : 0) : null;
    }

    private static int NameIndex(string text, string[] names) =>
        Array.FindIndex(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase) || name[..3].Equals(text, StringComparison.OrdinalIgnoreCase));

    // cron takes 7 for Sunday as well; NCrontab does not.
    private static string SundayIsZero(string field) => string.Join(',', field.Split(',').Select(part =>
    {
        string[] step = part.Split('/');
        string[] ends = step[0].Split('-');
        if (ends[^1] != "7" || ends.Length > 2)
            return part;
        if (ends.Length == 1)
            return "0";
        int every = step.Length == 2 ? int.Parse(step[1], CultureInfo.InvariantCulture) : 1;
        if (Number(ends[0], DayNames) is not { } from || from > 7)
            return part;
        return string.Join(',', Enumerable.Range(from, 8 - from).Where(day => (day - from) % every == 0).Select(day => day % 7));
    }));

    private bool IsEverDue() =>
        // Every date falls on every weekday within 400 years, so that only the date can be impossible.
        TakesEitherDay || Months.Any(month => DaysOfMonth[0] <= DateTime.DaysInMonth(2000, month));

    private TimeOnly? FirstTimeFrom(int hour, int minute)
    {
        foreach (int due in Hours)
        {
            if (due > hour)
                return new TimeOnly(due, Minutes[0]);
            if (due < hour)
                continue;
            foreach (int dueMinute in Minutes)
            {
                if (dueMinute >= minute)
                    return new TimeOnly(due, dueMinute);
            }
        }

        return null;
    }

    private DateOnly? FirstDayFrom(DateOnly from)
    {
        DateOnly day = from;
        while (true)
        {
            DateOnly lastOfMonth = new(day.Year, day.Month, DateTime.DaysInMonth(day.Year, day.Month));
            if (isMonth[day.Month])
            {
                for (; day < lastOfMonth; day = day.AddDays(1))
                {
                    if (IsDueOn(day))
                        return day;
                }

                if (IsDueOn(lastOfMonth))
                    return lastOfMonth;
            }

            if (lastOfMonth == DateOnly.MaxValue)
                return null;
            day = lastOfMonth.AddDays(1);
        }
    }

    [GeneratedRegex("^[A-Za-z]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Letters();
}
