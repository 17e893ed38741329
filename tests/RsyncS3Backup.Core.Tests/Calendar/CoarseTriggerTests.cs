using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

public sealed partial class CoarseTriggerTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("30 2 * * *", new[] { 0, 15, 30, 45 })]
    [InlineData("7 2 * * *", new[] { 0, 7, 15, 22, 30, 37, 45, 52 })]
    [InlineData("*/20 * * * *", new[] { 0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55 })]
    public void A_host_whose_zone_may_be_any_is_asked_at_minutes_of_every_hour(string expression, int[] minutes) =>
        Assert.Equal(minutes, CoarseTrigger.Minutes(CronExpression.Parse(expression)));

    [Theory]
    // Once a day, and where the gap ends that skips it.
    [InlineData("30 2 * * *", "America/New_York", "*-*-* 02:30:00 America/New_York", "*-*-* 03:00:00 America/New_York")]
    // No gap skips it; one that may come to be ends at the next full hour.
    [InlineData("30 12 * * MON-FRI", "UTC", "Mon,Tue,Wed,Thu,Fri *-*-* 12:30:00 UTC", "Mon,Tue,Wed,Thu,Fri *-*-* 13:00:00 UTC")]
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "*-*-* 02:15:00 Australia/Lord_Howe", "*-*-* 02:30:00 Australia/Lord_Howe", "*-*-* 03:00:00 Australia/Lord_Howe")]
    // A gap that ends at midnight ends on the next day.
    [InlineData("30 23 * * SAT", "America/Nuuk", "Sat *-*-* 23:30:00 America/Nuuk", "*-*-* 00:00:00 America/Nuuk")]
    // Either day, and both.
    [InlineData("0 5 13 * FRI", "UTC", "*-*-13 05:00:00 UTC", "Fri *-*-* 05:00:00 UTC", "*-*-13 06:00:00 UTC", "Fri *-*-* 06:00:00 UTC")]
    [InlineData("0 5 */10 6 FRI", "UTC", "Fri *-06-01,11,21,31 05:00:00 UTC", "Fri *-06-01,11,21,31 06:00:00 UTC")]
    // The hour that comes twice is asked for in UTC the second time.
    [InlineData("*/30 * * * *", "America/New_York", "*-*-* *:00,30:00 America/New_York", "*-*-* 06:00,30:00 UTC")]
    [InlineData("* * * * *", "UTC", "*-*-* *:*:00 UTC")]
    public void Systemd_is_asked_in_the_jobs_zone(string expression, string zone, params string[] lines) =>
        Assert.Equal(lines, CoarseTrigger.Calendar(new CronSchedule(CronExpression.Parse(expression), ScheduleZone.Find(zone)), Now));

    [Theory]
    [InlineData("30 2 * * *", "UTC", new[] { 150 })]
    // In summer and in winter; the gap that skips it ends at one of these.
    [InlineData("30 2 * * *", "Europe/Berlin", new[] { 30, 60, 90 })]
    [InlineData("30 2 * * *", "Asia/Kolkata", new[] { 21 * 60 })]
    public void A_day_has_few_moments_at_which_a_job_can_be_due(string expression, string zone, int[] minutes)
    {
        DayMoments? moments = CoarseTrigger.Moments(new CronSchedule(CronExpression.Parse(expression), ScheduleZone.Find(zone)), Now);

        Assert.Equal((true, string.Join(' ', minutes)), (moments!.IsUtc, string.Join(' ', moments.Minutes)));
    }

    [Theory]
    [InlineData("0 * * * *")]
    [InlineData("0-59 2 * * *")]
    [InlineData("0,20,40 0-22 * * *")]
    public void What_is_due_often_has_no_few_moments(string expression) =>
        Assert.Null(CoarseTrigger.Moments(new CronSchedule(CronExpression.Parse(expression), ScheduleZone.Find("UTC")), Now));

    [Fact]
    public void Every_occurrence_of_any_zone_is_at_one_of_the_moments_of_its_day()
    {
        Random random = new(29);
        TimeZoneInfo[] zones = [.. TimeZoneInfo.GetSystemTimeZones()];
        int looked = 0;
        for (int round = 0; round < 150; round++)
        {
            CronSchedule schedule = new(CronExpression.Parse(CronOracle.Random(random).Text), ScheduleZone.Of(zones[random.Next(zones.Length)]));
            if (CoarseTrigger.Moments(schedule, Now) is not { } moments)
                continue;
            foreach (ScheduleOccurrence next in schedule.AllAfter(Now).Take(800))
            {
                looked++;
                Assert.True(
                    moments.Minutes.Contains((int)next.Utc.TimeOfDay.TotalMinutes), $"{schedule.Expression} {schedule.Zone.Name} at {next.Utc:u}");
            }
        }

        Assert.True(looked > 10_000);
    }

    [Fact]
    public void A_job_without_a_zone_leaves_the_zone_to_systemd()
    {
        CronSchedule schedule = new(CronExpression.Parse("0 2 * * *"), ScheduleZone.Find("UTC")) { IsInMachineZone = true };

        Assert.Equal(["*-*-* 02:00:00", "*-*-* 03:00:00"], CoarseTrigger.Calendar(schedule, Now));
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_real_systemd_elapses_at_every_occurrence_around_clock_changes()
    {
        Skip.IfNot(File.Exists("/usr/bin/systemd-analyze"), "No systemd here.");
        Random random = new(23);
        (TimeZoneInfo Zone, DateTime Change)[] all = [.. ZoneTransitions.Distinct
            .SelectMany(found => found.Changes.Where(change => change > Now).Select(change => (found.Zone, change)))];
        for (int round = 0; round < 8; round++)
        {
            (TimeZoneInfo zone, DateTime change) = all[random.Next(all.Length)];
            CronSchedule schedule = new(CronExpression.Parse(CronOracle.Random(random).Text), ScheduleZone.Of(zone));
            (DateTime from, DateTime until) = (change.AddMinutes(-200), change.AddMinutes(200));
            HashSet<DateTime> elapses = await ElapsesAsync(CoarseTrigger.Calendar(schedule, Now), from);

            DateTime[] due = [.. schedule.AllAfter(new DateTimeOffset(from)).Select(next => next.Utc.UtcDateTime).TakeWhile(next => next <= until)];

            Assert.True(due.All(elapses.Contains), $"'{schedule.Expression}' in {zone.Id} at {string.Join(", ", due.Where(time => !elapses.Contains(time)))}");
        }
    }

    private static async Task<HashSet<DateTime>> ElapsesAsync(IEnumerable<string> lines, DateTime from)
    {
        ProcessStartInfo start = new("/usr/bin/systemd-analyze") { RedirectStandardOutput = true, Environment = { ["TZ"] = "UTC", ["LC_ALL"] = "C" } };
        string baseTime = from.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        foreach (string argument in (string[])["calendar", $"--base-time={baseTime}", "--iterations=40", .. lines])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return
        [
            .. Elapse().Matches(output).Select(match => DateTime.ParseExact(
                match.Groups[1].Value, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)),
        ];
    }

    [GeneratedRegex(@"(?:Next elapse|Iter\. #\d+): \w{3} ([\d-]{10} [\d:]{8}) UTC")]
    private static partial Regex Elapse();
}
