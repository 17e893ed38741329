using System.Globalization;
using FsCheck.Xunit;
using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

/// <summary>A limit that depends on the time of the day.</summary>
public sealed class BandwidthHoursTests
{
    private const string Day = "08:00 1MiB, 18:00 4MiB, 23:00 off";

    [Theory]
    [InlineData("08:00", 1 << 20)]
    [InlineData("17:59", 1 << 20)]
    [InlineData("18:00", 4 << 20)]
    [InlineData("22:59", 4 << 20)]
    [InlineData("23:00", null)]
    [InlineData("00:00", null)]
    [InlineData("07:59", null)]
    public void The_last_time_that_has_come_counts_and_before_the_first_the_last_one_of_the_day(string time, int? expected) =>
        Assert.Equal(expected, Read(Day).At(TimeOnly.ParseExact(time, "HH:mm", CultureInfo.InvariantCulture)));

    [Theory]
    // 08:00 in summer and in winter; 03:00 is what the clocks show after the gap, and 02:30 comes twice.
    [InlineData("2026-07-01T05:59:59Z", null)]
    [InlineData("2026-07-01T06:00:00Z", 1 << 20)]
    [InlineData("2026-12-01T06:59:59Z", null)]
    [InlineData("2026-12-01T07:00:00Z", 1 << 20)]
    public void It_is_read_on_the_clocks_of_the_zone(string now, int? expected) =>
        Assert.Equal(expected, BandwidthHours.Of(Day, "Europe/Berlin").At(Time(now)));

    [Theory]
    [InlineData("2026-03-29T00:59:59Z", 1000_000)]
    [InlineData("2026-03-29T01:00:00Z", 2000_000)]
    [InlineData("2026-10-25T00:29:00Z", 1000_000)]
    [InlineData("2026-10-25T00:30:00Z", 2000_000)]
    [InlineData("2026-10-25T01:29:00Z", 1000_000)]
    [InlineData("2026-10-25T01:30:00Z", 2000_000)]
    public void Where_the_clocks_change_it_follows_what_they_show(string now, int expected) =>
        Assert.Equal(expected, BandwidthHours.Of("00:00 1MB, 02:30 2MB", "Europe/Berlin").At(Time(now)));

    [Theory]
    [InlineData("08:00 1MiB", "has one time")]
    [InlineData("18:00 1MiB, 08:00 2MiB", "'08:00 2MiB' begins before the entry")]
    [InlineData("08:00 1MiB, 08:00 2MiB", "'08:00 2MiB' begins at the same time")]
    [InlineData("8:00 1MiB, 18:00 off", "'8:00 1MiB' does not begin with a time")]
    [InlineData("08:00 1MiB, 24:00 off", "'24:00 off' does not begin with a time")]
    [InlineData("08:00 1MiB, 18:00", "'18:00' does not begin with a time")]
    [InlineData("08:00 1MiB,", "does not begin with a time")]
    [InlineData("08:00 1MiB, 18:00 fast", "'fast' in '18:00 fast' is not a number of bytes a second")]
    [InlineData("08:00 1MiB, 18:00 1023", "'1023' in '18:00 1023' is not a number of bytes a second")]
    public void What_makes_no_sense_is_said(string text, string problem)
    {
        Assert.False(BandwidthTimetable.TryParse(text, out _, out string? said));
        Assert.Contains(problem, said, StringComparison.Ordinal);
    }

    [Property]
    public bool Each_time_of_a_timetable_holds_until_the_next(ushort first, ushort second, ushort third, ushort at)
    {
        TimeOnly[] times = [.. new[] { first, second, third }.Select(minutes => new TimeOnly(0).AddMinutes(minutes % 1440)).Distinct().Order()];
        if (times.Length < 2)
            return true;
        BandwidthTimetable timetable = Read(string.Join(", ", times.Select((time, index) => $"{time:HH:mm} {2000 + index}")));
        TimeOnly asked = new TimeOnly(0).AddMinutes(at % 1440);
        // The nearest before it, around the clock.
        int expected = Enumerable.Range(0, times.Length).MinBy(index => (asked - times[index]).Ticks);
        return timetable.At(asked) == 2000 + expected;
    }

    private static BandwidthTimetable Read(string text)
    {
        Assert.True(BandwidthTimetable.TryParse(text, out BandwidthTimetable? read, out string? problem), problem);
        return read!;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
