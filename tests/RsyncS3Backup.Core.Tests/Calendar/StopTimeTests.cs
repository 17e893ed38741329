using System.Globalization;
using FsCheck.Xunit;
using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

/// <summary>When a run ends at the latest, and how that is told.</summary>
public sealed class StopTimeTests
{
    [Theory]
    // An ordinary day; right at the time, and after it, the next day's counts.
    [InlineData("2026-11-30T05:59:00Z", "2026-11-30T06:00:00Z", "07:00")]
    [InlineData("2026-11-30T06:00:00Z", "2026-12-01T06:00:00Z", "07:00")]
    [InlineData("2026-11-30T06:30:00Z", "2026-12-01T06:00:00Z", "07:00")]
    [InlineData("2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z", "00:00")]
    // The clocks skip 02:00 to 03:00 on 29 March, and show it twice on 25 October.
    [InlineData("2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", "02:30")]
    [InlineData("2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z", "02:30")]
    [InlineData("2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z", "02:30")]
    public void A_run_ends_at_the_first_such_time_after_its_start(string start, string expected, string time)
    {
        Assert.True(StopTime.TryParse(time, out TimeOnly parsed));

        Assert.Equal(Time(expected), StopTime.After(Zone("Europe/Berlin"), parsed, Time(start)));
    }

    [Property]
    public bool A_run_has_some_time_and_no_more_than_two_days(int seconds, ushort minutes, bool isFar)
    {
        DateTimeOffset start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(seconds);
        ScheduleZone zone = Zone(isFar ? "Pacific/Apia" : "America/New_York");
        TimeOnly time = new TimeOnly(0).AddMinutes(minutes % 1440);
        DateTimeOffset stop = StopTime.After(zone, time, start);
        return stop > start && stop - start <= TimeSpan.FromDays(2)
            && (TimeOnly.FromDateTime(stop.DateTime) == time || stop.Offset != zone.At(stop.UtcDateTime.AddTicks(-1)).Offset);
    }

    [Theory]
    [InlineData("7:00")]
    [InlineData("07:60")]
    [InlineData("24:00")]
    [InlineData("07:00:00")]
    [InlineData(" 07:00")]
    [InlineData("")]
    public void What_is_no_time_of_the_day_is_none(string text) => Assert.False(StopTime.TryParse(text, out _));

    [Fact]
    public void A_pause_says_why_what_remains_and_when_it_goes_on()
    {
        PauseReason unscheduled = new(Zone("Europe/Berlin"), null, Time("2026-11-30T05:00:00Z"));
        PauseReason scheduled = unscheduled with { Schedule = new() { CronExpression = "0 2,8 * * *", Timezone = "Europe/Berlin" } };

        Assert.Equal(
            "The day's maxUpload (20.0 GiB) is used up: 3 items (1.0 GiB) remain, and a run after 2026-12-01 00:00 +01:00 goes on.",
            unscheduled.MaxUpload(20L << 30, 3, 1L << 30));
        Assert.Equal(
            "The day's maxUpload (20.0 GiB) is used up: 1 item (5 B) remains, and the job is due next at 2026-12-01 02:00 +01:00.",
            scheduled.MaxUpload(20L << 30, 1, 5));
        Assert.Equal(
            "The run's time is up (stopAt, 06:00): 3 items (1.0 GiB) remain, and the job is due next at 2026-11-30 08:00 +01:00.",
            scheduled.StopAt("06:00", 3, 1L << 30));
        Assert.Equal(
            "The run's time is up (stopAt, 06:00): the mirror is not complete, nothing was sent to S3, and the next run goes on.",
            unscheduled.StopAt("06:00"));
    }

    [Fact]
    public void A_run_that_starts_with_the_day_has_the_bytes_of_the_day() => Assert.EndsWith(
        "the job is due next at 2026-12-01 00:00 +01:00.",
        new PauseReason(
            Zone("Europe/Berlin"), new() { CronExpression = "0 0 * * *", Timezone = "Europe/Berlin" }, Time("2026-11-30T05:00:00Z"))
            .MaxUpload(1, 1, 1),
        StringComparison.Ordinal);

    private static ScheduleZone Zone(string name) => ScheduleZone.Find(name);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
