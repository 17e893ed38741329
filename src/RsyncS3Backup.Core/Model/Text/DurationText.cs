using System.Globalization;

namespace RsyncS3Backup;

/// <summary>Durations as people write them: <c>7d</c>, <c>12h</c>, <c>30m</c>, <c>45s</c>, <c>1.06:00:00</c>. Always positive.</summary>
internal static class DurationText
{
    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('d', TimeSpan.TicksPerDay), ('h', TimeSpan.TicksPerHour), ('m', TimeSpan.TicksPerMinute), ('s', TimeSpan.TicksPerSecond),
    ];

    /// <summary>Reads a duration; false when it is none, or not positive, or longer than a <see cref="TimeSpan"/>.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        // Without a colon "c" would read "7" as seven days; a number alone says too little to be accepted.
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration) && duration > TimeSpan.Zero;
        if (text.Length < 2 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            return false;
        foreach ((char unit, long ticks) in Units)
        {
            if (text[^1] != unit || count == 0 || count > TimeSpan.MaxValue.Ticks / ticks)
                continue;
            duration = TimeSpan.FromTicks(count * ticks);
            return true;
        }

        return false;
    }

    /// <summary>Writes a duration with the largest unit that needs no fraction.</summary>
    public static string Format(TimeSpan duration)
    {
        foreach ((char unit, long ticks) in Units)
        {
            if (duration.Ticks % ticks == 0)
                return (duration.Ticks / ticks).ToString(CultureInfo.InvariantCulture) + unit;
        }

        return duration.ToString("c", CultureInfo.InvariantCulture);
    }
}
