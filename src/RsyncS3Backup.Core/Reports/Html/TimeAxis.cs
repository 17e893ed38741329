namespace RsyncS3Backup.Reports.Html;

/// <summary>The days that a report shows, one beside the other; the same for all its pictures, so that they can be compared.</summary>
/// <param name="First">The first day.</param>
/// <param name="Days">How many there are.</param>
/// <param name="Zone">The zone whose days they are.</param>
internal sealed record TimeAxis(DateTime First, int Days, TimeZoneInfo Zone)
{
    // A picture of three days tells nothing of a rhythm.
    private const int Fewest = 14;

    /// <summary>The last day.</summary>
    public DateTime Last => First.AddDays(Days - 1);

    /// <summary>The axis of a report: from its first run on.</summary>
    public static TimeAxis Of(FleetReport report)
    {
        DateTime last = DayOf(report.Now, report.Zone);
        DateTime since = DayOf(report.Since, report.Zone);
        DateTime first = report.Jobs.Where(job => job.Runs.Count > 0)
            .Select(job => DayOf(job.Runs[^1].StartTime, report.Zone)).DefaultIfEmpty(last).Min();
        DateTime from = first < last.AddDays(1 - Fewest) ? first : last.AddDays(1 - Fewest);
        from = from < since ? since : from;
        return new TimeAxis(from, Math.Max(1, (last - from).Days + 1), report.Zone);
    }

    /// <summary>The place of a time, 0 for the first day; null when it is outside, as of a clock that is ahead.</summary>
    public int? Place(DateTimeOffset time) => (DayOf(time, Zone) - First).Days is var place && place >= 0 && place < Days ? place : null;

    /// <summary>The day at a place.</summary>
    public DateTime Day(int place) => First.AddDays(place);

    private static DateTime DayOf(DateTimeOffset time, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(time, zone).Date;
}
