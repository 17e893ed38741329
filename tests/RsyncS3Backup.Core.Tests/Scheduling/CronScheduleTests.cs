using System.Globalization;
using RsyncS3Backup.Scheduling;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Scheduling;

public sealed class CronScheduleTests
{
    [Theory]
    // An hour that does not exist.
    [InlineData("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08 03:00 -04:00", "2026-03-09 02:30 -04:00")]
    [InlineData("10,40 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08 03:00 -04:00", "2026-03-09 02:10 -04:00")]
    [InlineData("0 2,3 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08 03:00 -04:00", "2026-03-09 02:00 -04:00")]
    [InlineData("0 */2 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-08 03:00 -04:00", "2026-03-08 04:00 -04:00")]
    // An hour that comes twice.
    [InlineData("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-01 01:30 -04:00", "2026-11-02 01:30 -05:00")]
    [InlineData("*/30 1 * * *", "America/New_York", "2026-11-01T05:00Z", "2026-11-01 01:30 -04:00", "2026-11-02 01:00 -05:00")]
    [InlineData("0 2 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-01 02:00 -05:00", "2026-11-02 02:00 -05:00")]
    // A schedule of every hour goes on in real time.
    [InlineData("*/30 * * * *", "America/New_York", "2026-03-08T06:10Z", "2026-03-08 01:30 -05:00", "2026-03-08 03:00 -04:00")]
    [InlineData("*/30 * * * *", "America/New_York", "2026-11-01T05:10Z", "2026-11-01 01:30 -04:00", "2026-11-01 01:00 -05:00")]
    [InlineData("45 * * * *", "America/New_York", "2026-11-01T05:10Z", "2026-11-01 01:45 -04:00", "2026-11-01 01:45 -05:00")]
    // Half an hour.
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", "2026-10-04 02:30 +11:00", "2026-10-05 02:15 +11:00")]
    [InlineData("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", "2026-04-05 01:45 +11:00", "2026-04-06 01:45 +10:30")]
    // Midnight.
    [InlineData("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00Z", "2026-03-29 01:00 +03:00", "2026-03-30 00:00 +03:00")]
    [InlineData("30 0 29 3 *", "Asia/Beirut", "2026-01-01T00:00Z", "2026-03-29 01:00 +03:00", "2027-03-29 00:30 +03:00")]
    // Samoa had no 30 December 2011.
    [InlineData("0 2 * * *", "Pacific/Apia", "2011-12-29T20:00Z", "2011-12-31 00:00 +14:00", "2011-12-31 02:00 +14:00")]
    [InlineData("0 2 30 12 *", "Pacific/Apia", "2011-12-29T20:00Z", "2011-12-31 00:00 +14:00", "2012-12-30 02:00 +14:00")]
    // Either day, where both are restricted; both, where one starts with '*'.
    [InlineData("0 0 13 * FRI", "UTC", "2026-11-01T00:00Z", "2026-11-06 00:00 +00:00", "2026-11-13 00:00 +00:00")]
    [InlineData("0 0 */2 * MON", "UTC", "2026-11-01T00:00Z", "2026-11-09 00:00 +00:00", "2026-11-23 00:00 +00:00")]
    [InlineData("0 0 13 * *", "UTC", "2026-11-01T00:00Z", "2026-11-13 00:00 +00:00", "2026-12-13 00:00 +00:00")]
    // Long ways.
    [InlineData("0 0 29 2 *", "Europe/Berlin", "2026-11-01T00:00Z", "2028-02-29 00:00 +01:00", "2032-02-29 00:00 +01:00")]
    [InlineData("* * 29 2 */7", "Europe/Berlin", "2096-11-01T00:00Z", "2128-02-29 00:00 +01:00", "2128-02-29 00:01 +01:00")]
    public void The_next_two_occurrences_are(string expression, string zone, string after, string first, string second)
    {
        CronSchedule schedule = Schedule(expression, zone);

        IEnumerable<string> next = schedule.AllAfter(Instant(after)).Take(2).Select(occurrence => occurrence.ToString());

        Assert.Equal([first, second], next);
    }

    [Theory]
    [InlineData("0 2 * * 7", "0 2 * * 0")]
    [InlineData("0 2 * * 0-7", "0 2 * * 0-6")]
    [InlineData("0 2 * * 5-7", "0 2 * * 0,5,6")]
    [InlineData("0 2 * * MON-7/2", "0 2 * * 1,3,5,0")]
    [InlineData("0 2 * * FRI-7/2", "0 2 * * 5,0")]
    [InlineData("0 2 * jan-march monday", "0 2 * 1-3 1")]
    public void Seven_is_sunday_and_names_are_numbers(string written, string meant)
    {
        (CronExpression one, CronExpression other) = (CronExpression.Parse(written), CronExpression.Parse(meant));

        Assert.Equal(other.DaysOfWeek, one.DaysOfWeek);
        Assert.Equal(other.Months, one.Months);
    }

    private static CronSchedule Schedule(string expression, string zone) => new(CronExpression.Parse(expression), ScheduleZone.Find(zone));

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
