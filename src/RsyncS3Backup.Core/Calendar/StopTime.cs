using System.Globalization;

namespace RsyncS3Backup.Calendar;

/// <summary>When a run ends at the latest that must end at a time of the day. Pure.</summary>
internal static class StopTime
{
    private const string Form = "HH:mm";

    /// <summary>Reads a time of the day, from <c>00:00</c> to <c>23:59</c>.</summary>
    public static bool TryParse(string text, out TimeOnly time) =>
        TimeOnly.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    /// <summary>
    /// The first instant after a start at which the clocks show the time. A time that they skip is where they go on; one that they show twice is
    /// the first of both.
    /// </summary>
    /// <param name="zone">Whose clocks.</param>
    /// <param name="time">The time of the day.</param>
    /// <param name="start">When the run started.</param>
    public static DateTimeOffset After(ScheduleZone zone, TimeOnly time, DateTimeOffset start)
    {
        DateTime day = zone.At(start.UtcDateTime).Date;
        DateTime stop = zone.FirstAt(day + time.ToTimeSpan()).Utc;
        // Where the clocks skip a day, two of its times are one instant.
        while (stop <= start.UtcDateTime)
        {
            day = day.AddDays(1);
            stop = zone.FirstAt(day + time.ToTimeSpan()).Utc;
        }

        return zone.At(stop);
    }
}
