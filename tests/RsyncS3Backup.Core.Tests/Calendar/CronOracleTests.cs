using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

public sealed class CronOracleTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void At_every_change_of_every_zones_clocks_for_20_years_the_occurrences_are_those_that_minute_by_minute_looking_finds()
    {
        Random random = new(7);
        int windows = 0;
        foreach ((TimeZoneInfo zone, DateTime[] changes) in ZoneTransitions.Distinct)
        {
            foreach (DateTime change in changes)
            {
                CronOracle oracle = CronOracle.Random(random);
                // Often a time right at the change, and a few hours of what is before and after it.
                oracle.Minutes.Add(TimeZoneInfo.ConvertTimeFromUtc(change, zone).AddMinutes(random.Next(-2, 3)).Minute);
                oracle.Hours.Add(TimeZoneInfo.ConvertTimeFromUtc(change, zone).AddMinutes(random.Next(-90, 60)).Hour);
                DateTime after = change.AddMinutes(-random.Next(1, 400));

                Check(oracle, zone, after, change.AddMinutes(400));
                windows++;
            }
        }

        Assert.True(windows > 1000, "The machine knows hardly any zones.");
    }

    [Fact]
    public void Away_from_changes_days_are_due_by_date_or_by_weekday()
    {
        Random random = new(11);
        for (int round = 0; round < 300; round++)
        {
            TimeZoneInfo zone = ZoneTransitions.Distinct[random.Next(ZoneTransitions.Distinct.Count)].Zone;
            DateTime after = new DateTime(2021, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(random.Next(10_000_000));

            Check(CronOracle.Random(random), zone, after, after.AddDays(2));
        }
    }

    [Fact]
    public void Occurrences_ascend_and_end_in_any_zone_at_any_time()
    {
        Random random = new(13);
        TimeZoneInfo[] zones = [.. TimeZoneInfo.GetSystemTimeZones()];
        for (int round = 0; round < 2000; round++)
        {
            CronSchedule schedule = new(CronExpression.Parse(CronOracle.Random(random).Text), ScheduleZone.Of(zones[random.Next(zones.Length)]));
            DateTimeOffset after = new(random.NextInt64(DateTime.MaxValue.Ticks), TimeSpan.Zero);

            DateTimeOffset previous = after;
            foreach (ScheduleOccurrence next in schedule.AllAfter(after).Take(5))
            {
                Assert.True(next.Utc > previous, $"{schedule.Expression} {schedule.Zone} {after:o}");
                previous = next.Utc;
            }
        }
    }

    private static void Check(CronOracle oracle, TimeZoneInfo zone, DateTime after, DateTime until)
    {
        DateTime[] expected = [.. oracle.Occurrences(zone, after, until)];
        CronSchedule schedule = new(CronExpression.Parse(oracle.Text), ScheduleZone.Of(zone));
        DateTime[] actual =
            [.. schedule.AllAfter(new DateTimeOffset(after)).Select(occurrence => occurrence.Utc.UtcDateTime).TakeWhile(utc => utc <= until)];

        Assert.True(
            expected.SequenceEqual(actual),
            $"'{oracle.Text}' in {zone.Id} after {after:u}:\nexpected {string.Join(", ", expected)}\nbut got  {string.Join(", ", actual)}");

        ScheduleOccurrence? last = schedule.Last(new DateTimeOffset(after), new DateTimeOffset(until));
        Assert.Equal(expected.Length == 0 ? null : expected[^1], last?.Utc.UtcDateTime);
    }
}
