using System.Globalization;

namespace RsyncS3Backup;

/// <summary>Sizes, durations and rates as people read them; the same in every culture, so that logs can be compared.</summary>
public static class HumanText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A size in binary units, e.g. <c>12.3 MiB</c>; whole bytes below 1 KiB.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        // 1023.95 would be rounded up to "1024.0", which belongs to the next unit.
        while (Math.Abs(value) >= (unit == 0 ? 1024 : 1023.95) && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        CultureInfo invariant = CultureInfo.InvariantCulture;
        return unit == 0 ? string.Create(invariant, $"{bytes} B") : string.Create(invariant, $"{value:0.0} {Units[unit]}");
    }

    /// <summary>A rate, e.g. <c>1.2 MiB/s</c>.</summary>
    public static string Rate(double bytesPerSecond) =>
        double.IsFinite(bytesPerSecond) ? Bytes((long)Math.Clamp(bytesPerSecond, 0, long.MaxValue / 2)) + "/s" : "? B/s";

    /// <summary>A time with its offset, e.g. <c>2026-03-08 03:00 -04:00</c>.</summary>
    public static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm zzz", CultureInfo.InvariantCulture);

    /// <summary>A duration with its two largest units, e.g. <c>350 ms</c>, <c>1.2 s</c>, <c>1 m 12 s</c>, <c>3 h 5 m</c>, <c>2 d 4 h</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
            duration = TimeSpan.Zero;
        CultureInfo invariant = CultureInfo.InvariantCulture;
        if (Math.Round(duration.TotalMilliseconds) < 1000)
            return string.Create(invariant, $"{duration.TotalMilliseconds:0} ms");
        if (Math.Round(duration.TotalSeconds, 1) < 60)
            return string.Create(invariant, $"{duration.TotalSeconds:0.0} s");
        duration = TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds));
        if (duration.TotalHours < 1)
            return string.Create(invariant, $"{duration.Minutes} m {duration.Seconds} s");
        if (duration.TotalDays < 1)
            return string.Create(invariant, $"{duration.Hours} h {duration.Minutes} m");
        return string.Create(invariant, $"{(long)duration.TotalDays} d {duration.Hours} h");
    }
}
