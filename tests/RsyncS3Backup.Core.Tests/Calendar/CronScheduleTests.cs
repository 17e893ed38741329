using System.Globalization;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

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

    [Fact]
    public void Around_clock_changes_of_the_past_the_occurrences_are_those_that_python_finds()
    {
        string[] rows = File.ReadAllLines(Repository.Path("tests", "RsyncS3Backup.Core.Tests", "Calendar", "Golden", "occurrences.tsv"));

        Assert.True(rows.Length > 300, "The table is not whole.");
        Assert.All(rows, row =>
        {
            string[] cells = row.Split('\t');
            IEnumerable<DateTimeOffset> next = Schedule(cells[1], cells[0]).AllAfter(Instant(cells[2])).Take(3).Select(occurrence => occurrence.Utc);
            Assert.Equal(cells[3..].Select(Instant), next);
        });
    }

    [Theory]
    [InlineData("30 2 * * *", "America/New_York", "2026-03-08T05:00Z", "02:30 does not exist: the clocks go from 02:00 to 03:00; runs right after that.")]
    [InlineData("0,30 2 * * *", "America/New_York", "2026-03-08T05:00Z", "02:00 and 02:30 do not exist: the clocks go from 02:00 to 03:00; run once right after that.")]
    [InlineData("*/20 2 * * *", "America/New_York", "2026-03-08T05:00Z", "3 times from 02:00 to 02:40 do not exist: the clocks go from 02:00 to 03:00; run once right after that.")]
    [InlineData("0 2 * * *", "Pacific/Apia", "2011-12-30T02:00Z", "2011-12-30 02:00 does not exist: the clocks go from 2011-12-30 00:00 to 2011-12-31 00:00; runs right after that.")]
    [InlineData("30 1 * * *", "America/New_York", "2026-11-01T00:00Z", "01:30 comes twice; runs at the first.")]
    [InlineData("0 2 * * *", "America/New_York", "2026-11-01T00:00Z", null)]
    [InlineData("*/30 * * * *", "America/New_York", "2026-11-01T05:10Z", null)]
    public void A_note_says_what_a_clock_change_does(string expression, string zone, string after, string? note) =>
        Assert.Equal(note, Schedule(expression, zone).After(Instant(after))?.Note);

    [Fact]
    public void Windows_names_and_any_case_mean_the_zone_of_iana()
    {
        Assert.Equal("Europe/Berlin", ScheduleZone.Find("W. Europe Standard Time").IanaName);
        Assert.Equal("Europe/Berlin", ScheduleZone.Find("w. europe standard time").IanaName);
        Assert.Equal("Europe/Berlin", ScheduleZone.Find("europe/BERLIN").IanaName);
    }

    [Fact]
    public void A_zone_that_is_almost_one_is_named()
    {
        BackupException exception = Assert.Throws<BackupException>(() => ScheduleZone.Find("Europe/Berln"));

        Assert.Equal("TimeZoneUnknown", exception.Error.Id);
        Assert.Contains("Did you mean 'Europe/Berlin'?", exception.Message, StringComparison.Ordinal);
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
