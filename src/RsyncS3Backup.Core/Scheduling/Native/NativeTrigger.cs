namespace RsyncS3Backup.Scheduling.Native;

/// <summary>
/// When the operating system starts a job, which then asks whether it is due: certain minutes of every hour. Every hour, because then
/// neither the hours of the expression, nor its zone, nor the machine's can change what must be registered; and a time that was missed is
/// made good within the hour.
/// </summary>
internal sealed record NativeTrigger
{
    // Under the rules of today a zone repeats itself within two years, but for those whose changes follow the moon (Morocco).
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(3 * 366);

    private NativeTrigger(IReadOnlyList<int> minutes) => Minutes = minutes;

    /// <summary>The minutes (0 to 59) of each hour of UTC, ascending; at least one.</summary>
    public IReadOnlyList<int> Minutes { get; }

    /// <summary>A trigger at these minutes of UTC's hours.</summary>
    public static NativeTrigger AtUtcMinutes(IEnumerable<int> minutes)
    {
        int[] all = [.. minutes.Distinct().Order()];
        return all.Length > 0 && all[0] >= 0 && all[^1] < 60
            ? new NativeTrigger(all)
            : throw new ArgumentOutOfRangeException(nameof(minutes), "A trigger has minutes from 0 to 59.");
    }

    /// <summary>The same in the hours of a zone. One whose offset changes by half an hour (Lord Howe) has the minutes of both.</summary>
    public IReadOnlyList<int> MinutesIn(TimeZoneInfo zone, DateTimeOffset now) =>
        [.. OffsetMinutes(zone, now).SelectMany(offset => Minutes.Select(minute => Wrap(minute + offset))).Distinct().Order()];

    /// <summary>
    /// A trigger that has all minutes at which a schedule can be due: those of its expression under every offset that its zone has, and the
    /// ends of gaps to which a time is moved.
    /// </summary>
    public static NativeTrigger For(CronSchedule schedule, DateTimeOffset now)
    {
        SortedSet<int> minutes = [];
        DateTime at = now.UtcDateTime;
        DateTime until = at + Horizon;
        AddMinutes(at);
        while (schedule.Zone.FirstChange(at, until) is { } change)
        {
            at = change;
            AddMinutes(change);
            if (schedule.After(new DateTimeOffset(change).AddTicks(-1))?.Utc.UtcDateTime == change)
                minutes.Add(change.Minute);
        }

        return AtUtcMinutes(minutes);

        void AddMinutes(DateTime utc)
        {
            int offset = schedule.Zone.OffsetAt(utc).Minutes;
            minutes.UnionWith(schedule.Expression.Minutes.Select(minute => Wrap(minute - offset)));
        }
    }

    /// <summary>True when this one starts the job at all moments at which the other does.</summary>
    public bool Covers(NativeTrigger other) => other.Minutes.All(Minutes.Contains);

    /// <summary>
    /// The least equal distance between the minutes, when they are equally far from one another round the hour; else null.
    /// </summary>
    public int? Interval => Minutes.Count > 1 && 60 % Minutes.Count == 0
        && Minutes.Zip(Minutes.Skip(1), (earlier, later) => later - earlier).All(distance => distance == 60 / Minutes.Count)
            ? 60 / Minutes.Count
            : null;

    // Two years hold every offset that a zone has under the rules of today.
    private static IEnumerable<int> OffsetMinutes(TimeZoneInfo zone, DateTimeOffset now) =>
        Enumerable.Range(0, 24).Select(month => zone.GetUtcOffset(now.AddDays(30 * month)).Minutes).Distinct();

    private static int Wrap(int minute) => ((minute % 60) + 60) % 60;
}
