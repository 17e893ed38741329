using System.Globalization;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

public sealed class DueDecisionTests
{
    private static readonly CronSchedule Daily = Schedule("0 2 * * *", "Europe/Berlin");

    [Fact]
    public void The_first_check_finds_nothing_due()
    {
        DueDecision decision = Decide(Daily, null, "2026-11-20T01:00:01Z");

        Assert.False(decision.IsDue);
        Assert.Equal("2026-11-21 02:00 +01:00", decision.Next?.ToString());
    }

    [Fact]
    public void A_time_that_has_come_is_due_once()
    {
        DueDecision first = Decide(Daily, From(Daily, "2026-11-19T12:00Z"), "2026-11-20T01:00:02Z");
        DueDecision second = Decide(Daily, first.Memory, "2026-11-20T01:00:03Z");

        Assert.Equal((true, "2026-11-20 02:00 +01:00", false), (first.IsDue, first.Occurrence?.ToString(), second.IsDue));
    }

    [Fact]
    public void A_trigger_that_comes_a_moment_too_early_is_the_time()
    {
        DueDecision early = Decide(Daily, From(Daily, "2026-11-19T12:00Z"), "2026-11-20T00:59:58Z");
        DueDecision onTime = Decide(Daily, early.Memory, "2026-11-20T01:00:00Z");

        Assert.Equal((true, false), (early.IsDue, onTime.IsDue));
        Assert.Equal("2026-11-21 02:00 +01:00", early.Next?.ToString());
    }

    [Fact]
    public void Several_missed_times_make_one_run()
    {
        DueDecision late = Decide(Daily, From(Daily, "2026-11-15T12:00Z"), "2026-11-20T15:00Z");
        DueDecision after = Decide(Daily, late.Memory, "2026-11-20T15:15Z");

        Assert.Equal((true, false), (late.IsDue, after.IsDue));
        Assert.Contains("Missed at 2026-11-20 02:00 +01:00; runs once now", late.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-11-20T01:59Z", true)]
    [InlineData("2026-11-20T02:00Z", true)]
    [InlineData("2026-11-20T02:01Z", false)]
    public void Without_catch_up_a_time_is_due_for_as_long_as_is_tolerated(string now, bool isDue)
    {
        DueDecision decision = Decide(Daily, From(Daily, "2026-11-15T12:00Z"), now, catchUp: false);

        Assert.Equal(isDue, decision.IsDue);
        Assert.False(Decide(Daily, decision.Memory, now, catchUp: true).IsDue);
    }

    [Fact]
    public void After_an_edit_only_times_after_it_count()
    {
        ScheduleMemory memory = From(Daily, "2026-11-20T01:00Z");
        CronSchedule edited = Schedule("0 12 * * *", "Europe/Berlin");

        DueDecision unknown = Decide(edited, memory, "2026-11-20T12:00Z");
        DueDecision before = Decide(edited, memory, "2026-11-20T12:00Z", changed: "2026-11-20T11:30Z");
        DueDecision between = Decide(edited, memory, "2026-11-20T12:00Z", changed: "2026-11-20T10:30Z");
        DueDecision copied = Decide(edited, memory, "2026-11-20T12:00Z", changed: "2026-11-01T00:00Z");

        Assert.Equal([false, false, true, false], new[] { unknown, before, between, copied }.Select(decision => decision.IsDue));
        Assert.Equal("2026-11-21 12:00 +01:00", unknown.Next?.ToString());
        Assert.True(Decide(edited, unknown.Memory, "2026-11-21T11:00Z").IsDue);
    }

    [Theory]
    // The time of the edit, and what is settled by it.
    [InlineData("2026-11-20T10:30Z", "2026-11-20T11:00Z", true)]
    [InlineData("2026-11-20T10:00Z", "2026-11-20T12:00Z", false)]
    [InlineData("2026-11-20T11:30Z", "2026-11-20T11:30Z", false)]
    // A file's time in the future comes from a clock that was wrong.
    [InlineData("2026-11-20T12:00:01Z", "2026-11-20T12:00Z", false)]
    [InlineData(null, "2026-11-20T12:00Z", false)]
    public void An_edit_counts_from_its_time_when_that_is_newer_than_what_is_settled_and_not_to_come(string? changed, string settled, bool isDue)
    {
        CronSchedule edited = Schedule("0 12 * * *", "Europe/Berlin");

        DueDecision decision = Decide(edited, From(Daily, "2026-11-20T10:00Z"), "2026-11-20T12:00Z", changed: changed);

        Assert.Equal((isDue, Instant(settled)), (decision.IsDue, decision.Memory.Settled));
        Assert.Equal(isDue ? "Due at 2026-11-20 12:00 +01:00." : "The schedule was changed; its times count from then on.", decision.Reason);
    }

    [Fact]
    public void Why_a_job_is_or_is_not_due_is_said()
    {
        ScheduleMemory memory = From(Daily, "2026-11-19T12:00Z");

        Assert.Equal("This is the first check; nothing of the past is due.", Decide(Daily, null, "2026-11-20T01:00Z").Reason);
        Assert.Equal("No time has come since the last check.", Decide(Daily, memory, "2026-11-19T12:30Z").Reason);
        Assert.Equal("Due at 2026-11-20 02:00 +01:00.", Decide(Daily, memory, "2026-11-20T01:00Z").Reason);
        Assert.Equal("Due at 2026-11-20 02:00 +01:00.", Decide(Daily, memory, "2026-11-20T01:00Z", catchUp: false).Reason);
        Assert.Equal("Missed at 2026-11-20 02:00 +01:00; runs once now.", Decide(Daily, memory, "2026-11-20T09:00Z").Reason);
        Assert.Equal("Missed at 2026-11-20 02:00 +01:00; not caught up.", Decide(Daily, memory, "2026-11-20T09:00Z", catchUp: false).Reason);
    }

    [Theory]
    [InlineData("2026-11-20T00:59:54Z", false)]
    [InlineData("2026-11-20T00:59:55Z", true)]
    public void A_trigger_may_come_five_seconds_early(string now, bool isDue) =>
        Assert.Equal(isDue, Decide(Daily, From(Daily, "2026-11-19T12:00Z"), now).IsDue);

    [Theory]
    // Up to a day back, and the five seconds that a trigger may be early, all that was settled stays so.
    [InlineData("2026-11-20T01:00:05Z", "2026-11-20T01:00:00Z", "No time has come since the last check.", null)]
    [InlineData("2026-11-20T01:00:06Z", "2026-11-20T01:00:00Z", "The clock was set back: everything up to ", null)]
    [InlineData("2026-11-21T01:00:05Z", "2026-11-20T01:00:00Z", "The clock was set back: everything up to ", null)]
    [InlineData("2026-11-21T01:00:06Z", "2026-11-20T01:00:00Z", "The clock was set back from ", "2026-11-20T01:00:00Z")]
    [InlineData("2026-11-22T00:59:00Z", "2026-11-20T01:00:00Z", "The clock was set back from ", "2026-11-20T01:00:00Z")]
    public void A_clock_that_is_set_back_by_more_than_a_day_was_wrong_before(string settled, string now, string reason, string? behind)
    {
        DueDecision decision = Decide(Daily, From(Daily, settled), now);

        Assert.Equal((false, Instant(settled)), (decision.IsDue, decision.Memory.Settled));
        Assert.StartsWith(reason, decision.Reason, StringComparison.Ordinal);
        Assert.Equal(behind is null ? null : Instant(behind), decision.Memory.SettledBehind);
    }

    [Theory]
    [InlineData("2026-11-10T00:00:00Z", "2026-11-09T23:59:55Z", "2026-11-10T00:00:00Z")]
    [InlineData("2026-11-10T00:00:01Z", "2026-11-09T23:59:55Z", "2026-11-09T23:59:55Z")]
    [InlineData("2026-11-10T00:00:00Z", "2026-11-09T12:00:00Z", "2026-11-09T12:00:00Z")]
    [InlineData("2026-11-10T00:00:00Z", "2026-11-10T00:30:00Z", "2026-11-10T00:00:00Z")]
    public void A_clock_that_is_set_back_twice_counts_from_the_earlier_time(string behind, string now, string expected)
    {
        ScheduleMemory memory = From(Daily, "2030-01-01T00:00Z") with { SettledBehind = Instant(behind) };

        Assert.Equal(Instant(expected), Decide(Daily, memory, now).Memory.SettledBehind);
    }

    [Fact]
    public void What_runs_while_the_clock_is_in_the_past_does_not_move_back_what_was_settled_and_is_forgotten_once_the_clock_is_right()
    {
        ScheduleMemory ahead = From(Daily, "2030-01-01T12:00Z");
        DueDecision corrected = Decide(Daily, ahead, "2026-11-19T13:00Z");
        DueDecision ran = Decide(Daily, corrected.Memory, "2026-11-20T01:00Z");
        DueDecision right = Decide(Daily, ran.Memory, "2030-01-01T13:00Z");

        Assert.Equal((true, ahead.Settled, Instant("2026-11-20T01:00Z")), (ran.IsDue, ran.Memory.Settled, ran.Memory.SettledBehind));
        Assert.Equal((false, (DateTimeOffset?)null), (right.IsDue, right.Memory.SettledBehind));
        Assert.False(Decide(Daily, right.Memory, "2030-01-01T14:00Z").IsDue);
    }

    [Fact]
    public void A_schedule_of_every_hour_goes_on_when_the_zone_of_the_machine_changes()
    {
        CronSchedule berlin = Schedule("0 * * * *", "Europe/Berlin") with { IsInMachineZone = true };
        CronSchedule newYork = Schedule("0 * * * *", "America/New_York") with { IsInMachineZone = true };
        ScheduleMemory memory = From(berlin, "2026-11-20T05:00Z");

        Assert.False(Decide(newYork, memory, "2026-11-20T05:30Z").IsDue);
        Assert.True(Decide(newYork, memory, "2026-11-20T06:00Z").IsDue);
    }

    [Fact]
    public void In_the_hour_that_comes_twice_what_is_settled_is_an_instant()
    {
        // At 01:10 UTC the clocks of Berlin show 02:10 for the second time.
        CronSchedule three = Schedule("0 3 * * *", "Europe/Berlin");
        ScheduleMemory memory = From(three, "2026-10-25T01:10Z");

        Assert.True(Decide(three, memory, "2026-10-25T02:00Z").IsDue);
        Assert.False(Decide(Schedule("45 2 * * *", "Europe/Berlin"), From(Schedule("45 2 * * *", "Europe/Berlin"), "2026-10-25T01:10Z"), "2026-10-25T01:50Z").IsDue);
    }

    [Fact]
    public void A_check_right_after_an_early_trigger_names_the_next_time()
    {
        DueDecision early = Decide(Daily, From(Daily, "2026-11-19T12:00Z"), "2026-11-20T00:59:57Z");

        Assert.Equal("2026-11-21 02:00 +01:00", Decide(Daily, early.Memory, "2026-11-20T00:59:58Z").Next?.ToString());
    }

    [Fact]
    public void Another_zone_in_the_configuration_is_an_edit()
    {
        ScheduleMemory memory = From(Daily, "2026-11-20T01:00Z");
        CronSchedule edited = Schedule("0 2 * * *", "Asia/Tokyo");

        Assert.False(Decide(edited, memory, "2026-11-20T18:00Z").IsDue);
    }

    [Fact]
    public void A_machine_that_travels_west_runs_a_time_of_day_once_a_date()
    {
        CronSchedule berlin = Daily with { IsInMachineZone = true };
        CronSchedule newYork = Schedule("0 2 * * *", "America/New_York") with { IsInMachineZone = true };
        ScheduleMemory memory = From(berlin, "2026-11-20T01:00Z");

        Assert.False(Decide(newYork, memory, "2026-11-20T07:00Z").IsDue);
        Assert.Equal("2026-11-21 02:00 -05:00", Decide(newYork, memory, "2026-11-20T07:00Z").Next?.ToString());
        Assert.True(Decide(newYork, memory, "2026-11-21T07:00Z").IsDue);
    }

    [Fact]
    public void A_machine_that_travels_east_past_a_time_of_day_still_runs_it()
    {
        CronSchedule berlin = Daily with { IsInMachineZone = true };
        CronSchedule newYork = Schedule("0 2 * * *", "America/New_York") with { IsInMachineZone = true };
        ScheduleMemory memory = From(newYork, "2026-11-20T07:00Z");

        DueDecision landed = Decide(berlin, memory, "2026-11-21T03:00Z");

        Assert.Equal((true, "2026-11-21 02:00 +01:00"), (landed.IsDue, landed.Occurrence?.ToString()));
        Assert.False(Decide(berlin, landed.Memory, "2026-11-21T07:00Z").IsDue);
    }

    [Fact]
    public void A_clock_that_is_set_back_by_hours_runs_nothing_again()
    {
        CronSchedule hourly = Schedule("0 * * * *", "UTC");
        DueDecision ran = Decide(hourly, From(hourly, "2026-11-20T04:30Z"), "2026-11-20T05:00Z");

        DateTimeOffset setBack = Instant("2026-11-20T01:30Z");
        IEnumerable<DueDecision> again = Enumerable.Range(0, 4 * 60)
            .Select(minutes => DueDecision.From(hourly, ran.Memory, setBack.AddMinutes(minutes), catchUp: true, DueDecision.DefaultTolerance));

        Assert.DoesNotContain(again, decision => decision.IsDue);
        Assert.True(Decide(hourly, ran.Memory, "2026-11-20T06:00Z").IsDue);
    }

    [Fact]
    public void A_clock_that_was_years_ahead_does_not_stop_the_job_for_years()
    {
        DueDecision ahead = Decide(Daily, From(Daily, "2026-11-19T12:00Z"), "2030-01-01T12:00Z");
        DueDecision corrected = Decide(Daily, ahead.Memory, "2026-11-19T13:00Z");
        DueDecision next = Decide(Daily, corrected.Memory, "2026-11-20T01:00Z");
        DueDecision again = Decide(Daily, next.Memory, "2026-11-20T01:15Z");
        DueDecision dayAfter = Decide(Daily, again.Memory, "2026-11-21T01:00Z");

        Assert.Equal([true, false, true, false, true], new[] { ahead, corrected, next, again, dayAfter }.Select(decision => decision.IsDue));
    }

    [Fact]
    public void A_machine_without_a_clock_that_wakes_in_the_past_does_not_run_the_time_again()
    {
        DueDecision ran = Decide(Daily, From(Daily, "2026-11-19T12:00Z"), "2026-11-20T01:00Z");
        DueDecision woken = Decide(Daily, ran.Memory, "1970-01-01T00:00:20Z");
        DueDecision synchronized = Decide(Daily, woken.Memory, "2026-11-20T01:30Z");

        Assert.Equal([false, false], new[] { woken, synchronized }.Select(decision => decision.IsDue));
        Assert.True(Decide(Daily, synchronized.Memory, "2026-11-21T01:00Z").IsDue);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Of_any_sequence_of_triggers_each_time_gets_one_run_or_is_merged_into_one()
    {
        Random random = new(17);
        for (int round = 0; round < TestEffort.Times(30); round++)
        {
            TimeZoneInfo zone = ZoneTransitions.Distinct[random.Next(ZoneTransitions.Distinct.Count)].Zone;
            CronSchedule schedule = new(CronExpression.Parse(CronOracle.Random(random).Text), ScheduleZone.Of(zone));
            DateTimeOffset start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(random.Next(500_000));
            bool catchUp = random.Next(3) > 0;
            DateTimeOffset[] all = [.. schedule.AllAfter(start).TakeWhile(occurrence => occurrence.Utc < start.AddDays(20)).Select(occurrence => occurrence.Utc)];

            ScheduleMemory memory = ScheduleMemory.From(schedule, start);
            (DateTimeOffset now, DateTimeOffset latest) = (start, start);
            HashSet<DateTimeOffset> runs = [];
            for (int trigger = 0; trigger < 300; trigger++)
            {
                now = Next(random, now, latest);
                if (now > start.AddDays(19))
                    break;
                DateTimeOffset[] waiting = [.. all.Where(time => time > memory.Settled && time <= now.AddSeconds(5))];

                DueDecision decision = DueDecision.From(schedule, memory, now, catchUp, DueDecision.DefaultTolerance);

                bool isWanted = waiting.Length > 0 && (catchUp || now - waiting[^1] <= DueDecision.DefaultTolerance);
                Assert.True(isWanted == decision.IsDue, $"'{schedule.Expression}' in {schedule.Zone} at {now:o}: {decision.Reason}");
                if (decision.IsDue)
                    Assert.True(runs.Add(decision.Occurrence!.Utc), $"'{schedule.Expression}' in {schedule.Zone} at {now:o}: twice");
                latest = now > latest ? now : latest;
                memory = decision.Memory;
                // Nothing that has come is left for later: what did not run is merged, or let go without catch-up.
                DateTimeOffset? newest = all.Where(time => time <= latest.AddSeconds(5)).Cast<DateTimeOffset?>().LastOrDefault();
                Assert.Equal(newest ?? start, memory.Settled);
            }

            if (catchUp)
                Assert.Equal(all.Any(time => time <= latest), runs.Count > 0);
        }
    }

    [Fact]
    public void The_minutes_of_the_coarse_trigger_start_every_run_at_its_time_in_whatever_zone_the_host_is()
    {
        Random random = new(19);
        foreach ((TimeZoneInfo zone, DateTime change) in ZoneTransitions.Distinct
            .SelectMany(found => found.Changes.Where(_ => random.Next(10) == 0).Select(change => (found.Zone, change))))
        {
            CronOracle oracle = CronOracle.Random(random);
            IReadOnlyList<int> minutes = CoarseTrigger.Minutes(CronExpression.Parse(oracle.Text));
            TimeZoneInfo host = ZoneTransitions.Distinct[random.Next(ZoneTransitions.Distinct.Count)].Zone;

            foreach (DateTime due in oracle.Occurrences(zone, change.AddMinutes(-300), change.AddMinutes(300)))
                Assert.True(minutes.Contains(TimeZoneInfo.ConvertTimeFromUtc(due, host).Minute), $"'{oracle.Text}' in {zone.Id} on a host in {host.Id} at {due:o}");
        }
    }

    private static DateTimeOffset Next(Random random, DateTimeOffset now, DateTimeOffset latest) => random.Next(12) switch
    {
        0 => now,
        1 => now.AddSeconds(random.Next(60)),
        2 => now.AddHours(random.Next(100)),
        // Not further back than is taken for an adjustment.
        3 => latest.AddMinutes(-random.Next(23 * 60)),
        _ => now.AddMinutes(random.Next(1, 60)),
    };

    private static DueDecision Decide(CronSchedule schedule, ScheduleMemory? memory, string now, bool catchUp = true, string? changed = null) =>
        DueDecision.From(
            schedule, memory, Instant(now), catchUp, DueDecision.DefaultTolerance, changed is null ? null : Instant(changed));

    private static ScheduleMemory From(CronSchedule schedule, string settled) => ScheduleMemory.From(schedule, Instant(settled));

    private static CronSchedule Schedule(string expression, string zone) => new(CronExpression.Parse(expression), ScheduleZone.Find(zone));

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
