namespace RsyncS3Backup.Core.Tests.Calendar;

/// <summary>Every change of offset of every zone of this machine, found without the code under test.</summary>
internal static class ZoneTransitions
{
    private static readonly DateTime From = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The zones that differ in the 20 years from 2020 to 2040, each with its changes (UTC, to the minute).</summary>
    public static IReadOnlyList<(TimeZoneInfo Zone, DateTime[] Changes)> Distinct { get; } =
    [
        .. TimeZoneInfo.GetSystemTimeZones()
            .Select(zone => (Zone: zone, Changes: Changes(zone)))
            .DistinctBy(found => string.Join(' ', found.Changes.Append(From).Select(change => $"{change.Ticks} {found.Zone.GetUtcOffset(change)}"))),
    ];

    private static DateTime[] Changes(TimeZoneInfo zone)
    {
        List<DateTime> changes = [];
        // Morocco changes twice within five weeks; nobody changes twice within a day.
        for (DateTime day = From; day < From.AddYears(20); day = day.AddDays(1))
        {
            if (zone.GetUtcOffset(day) == zone.GetUtcOffset(day.AddDays(1)))
                continue;
            (int low, int high) = (0, 24 * 60);
            while (high - low > 1)
            {
                int middle = (low + high) / 2;
                (low, high) = zone.GetUtcOffset(day.AddMinutes(middle)) == zone.GetUtcOffset(day) ? (middle, high) : (low, middle);
            }

            changes.Add(day.AddMinutes(high));
        }

        return [.. changes];
    }
}
