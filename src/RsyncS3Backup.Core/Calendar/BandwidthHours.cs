namespace RsyncS3Backup.Calendar;

/// <summary>What may be sent at an instant, by a timetable on the clocks of a zone. Pure.</summary>
/// <param name="Timetable">The timetable.</param>
/// <param name="Zone">Whose clocks it is read on.</param>
internal sealed record BandwidthHours(BandwidthTimetable Timetable, ScheduleZone Zone)
{
    /// <summary>As a job has it.</summary>
    /// <param name="timetable">The timetable's text.</param>
    /// <param name="zone">The name of the zone; null: the machine's.</param>
    /// <exception cref="ArgumentException">It is none, which the configuration's reader would not have let through.</exception>
    public static BandwidthHours Of(string timetable, string? zone) =>
        BandwidthTimetable.TryParse(timetable, out BandwidthTimetable? read, out string? problem)
            ? new BandwidthHours(read, ScheduleZone.Find(zone))
            : throw new ArgumentException(problem, nameof(timetable));

    /// <summary>The bytes a second; null: as many as there are.</summary>
    public long? At(DateTimeOffset now) => Timetable.At(TimeOnly.FromDateTime(Zone.At(now.UtcDateTime).DateTime));
}
