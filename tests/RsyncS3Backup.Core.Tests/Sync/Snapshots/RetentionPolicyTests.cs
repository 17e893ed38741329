using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

public sealed class RetentionPolicyTests
{
    private static readonly DateTime Today = new(2026, 11, 22);

    [Fact]
    public void Without_rules_everything_stays() => Assert.Empty(Expired(new S3SyncOptions(), Days(0, 1, 2, 400)));

    [Fact]
    public void The_last_ones_stay() => Assert.Equal([5, 3, 2], Expired(new S3SyncOptions { KeepLast = 2 }, Days(0, 1, 2, 3, 5)));

    [Fact]
    public void Days_without_a_snapshot_do_not_count() => Assert.Equal([9], Expired(new S3SyncOptions { KeepDaily = 3 }, Days(0, 4, 8, 9)));

    [Fact]
    public void Of_each_week_the_newest_stays_and_weeks_begin_on_Monday() =>
        // 2026-11-22 is a Sunday: 6 days ago was the Monday of the same week.
        Assert.Equal([14, 6, 1], Expired(new S3SyncOptions { KeepWeekly = 2 }, Days(0, 1, 6, 7, 14)));

    [Fact]
    public void The_oldest_stays_while_a_rule_has_some_of_its_number_left() =>
        // As restic does, so that a history gets as long as its rules allow.
        Assert.Equal([2, 1], Expired(new S3SyncOptions { KeepMonthly = 6 }, Days(0, 1, 2, 3)));

    [Fact]
    public void A_week_belongs_to_the_year_that_ISO_8601_says() =>
        Assert.Equal(
            ["2027-01-01/"],
            RetentionPolicy.Expired(
                [Of(new DateTime(2027, 1, 3)), Of(new DateTime(2027, 1, 1)), Of(new DateTime(2026, 12, 28))], new S3SyncOptions { KeepWeekly = 5 }, "")
                .Select(snapshot => snapshot.KeyPrefix));

    [Fact]
    public void An_incomplete_one_goes_once_a_later_one_is_complete_and_is_counted_by_no_rule() =>
        Assert.Equal(
            [4, 3],
            Expired(new S3SyncOptions { KeepLast = 2 }, [Of(Ago(0)), Of(Ago(1), false), Of(Ago(2)), Of(Ago(3), false), Of(Ago(4))], current: 1));

    [Fact]
    public void An_incomplete_one_stays_while_there_is_no_later_complete_one() =>
        Assert.Empty(Expired(new S3SyncOptions { KeepLast = 1 }, [Of(Ago(0), false), Of(Ago(1))], current: 5));

    [Fact]
    public void The_one_that_was_just_made_stays_even_when_the_clock_ran_backwards() =>
        Assert.Equal([2], Expired(new S3SyncOptions { KeepLast = 1 }, Days(0, 1, 2), current: 1));

    [Theory]
    // Of two neighbours of one rule's period in other years or months both stay, and what is older goes.
    [InlineData("daily", "2026-11-22 2025-11-22 2024-11-22 2023-01-01", "2023-01-01 2024-11-22")]
    [InlineData("daily", "2026-11-22 2026-10-22 2026-09-22 2023-01-01", "2023-01-01 2026-09-22")]
    [InlineData("weekly", "2026-11-22 2025-11-22 2024-11-22 2023-01-01", "2023-01-01 2024-11-22")]
    [InlineData("monthly", "2026-11-22 2025-11-22 2024-11-22 2023-01-01", "2023-01-01 2024-11-22")]
    [InlineData("monthly", "2026-11-22 2026-11-01 2026-10-22 2023-01-01", "2023-01-01 2026-11-01")]
    [InlineData("yearly", "2026-11-22 2026-01-01 2025-11-22 2024-11-22", "2024-11-22 2026-01-01")]
    public void A_rule_of_two_keeps_two_periods(string rule, string snapshots, string expired)
    {
        S3SyncOptions options = rule switch
        {
            "daily" => new() { KeepDaily = 2 },
            "weekly" => new() { KeepWeekly = 2 },
            "monthly" => new() { KeepMonthly = 2 },
            _ => new() { KeepYearly = 2 },
        };
        List<Snapshot> all = [.. snapshots.Split(' ').Select(day => Of(DateTime.Parse(day, CultureInfo.InvariantCulture)))];

        Assert.True(RetentionPolicy.IsSet(options));
        Assert.Equal(expired, string.Join(' ', RetentionPolicy.Expired(all, options, "").Select(snapshot => snapshot.KeyPrefix.TrimEnd('/'))));
    }

    [Fact]
    public void While_no_snapshot_is_complete_none_goes()
    {
        Assert.Empty(Expired(new S3SyncOptions { KeepLast = 1 }, [Of(Ago(0), false), Of(Ago(1), false)], current: 5));
        Assert.Equal([1], Expired(new S3SyncOptions { KeepLast = 1 }, Days(0, 1)));
    }

    [Property(MaxTest = 2000)]
    [Trait("Category", "Slow")]
    public Property Agrees_with_a_naive_reading_of_the_rules() => Prop.ForAll(
        Cases.ToArbitrary(),
        sample =>
        {
            HashSet<string> expired = [.. RetentionPolicy.Expired(sample.All, sample.Options, sample.Current).Select(snapshot => snapshot.KeyPrefix)];
            List<Snapshot> complete = [.. sample.All.Where(snapshot => snapshot.IsComplete).OrderBy(snapshot => snapshot.Time)];
            if (complete.Count == 0 || !RetentionPolicy.IsSet(sample.Options))
                return expired.Count == 0;
            Snapshot newest = complete[^1];
            return sample.All.All(snapshot => expired.Contains(snapshot.KeyPrefix)
                == (snapshot.KeyPrefix != sample.Current && snapshot.Time < newest.Time
                    && (!snapshot.IsComplete || !IsKept(snapshot, complete, sample.Options))));
        });

    private static bool IsKept(Snapshot snapshot, List<Snapshot> complete, S3SyncOptions options)
    {
        (int? Count, Func<DateTime, string> Period)[] rules =
        [
            (options.KeepLast, time => time.ToString("O", CultureInfo.InvariantCulture)),
            (options.KeepDaily, time => time.ToString("yyyyMMdd", CultureInfo.InvariantCulture)),
            (options.KeepWeekly, time => time.AddDays(-(((int)time.DayOfWeek + 6) % 7)).ToString("yyyyMMdd", CultureInfo.InvariantCulture)),
            (options.KeepMonthly, time => time.ToString("yyyyMM", CultureInfo.InvariantCulture)),
            (options.KeepYearly, time => time.ToString("yyyy", CultureInfo.InvariantCulture)),
        ];
        return rules.Any(rule =>
        {
            if (rule.Count is not { } count)
                return false;
            List<IGrouping<string, Snapshot>> periods = [.. complete.GroupBy(item => rule.Period(item.Time)).Reverse()];
            bool isNewestOfItsPeriod = periods.Take(count).Any(period => period.MaxBy(item => item.Time) == snapshot);
            return isNewestOfItsPeriod || (periods.Count < count && snapshot == complete[0]);
        });
    }

    private static Gen<(List<Snapshot> All, S3SyncOptions Options, string Current)> Cases =>
        from hours in Gen.Choose(0, 20_000).ListOf()
        from states in Gen.Choose(0, 4).ListOf(hours.Count)
        from keep in Gen.Choose(-3, 6).ArrayOf(5)
        from current in Gen.Choose(0, 20)
        let all = hours.Zip(states).DistinctBy(pair => pair.First).Select(pair => Of(Today.AddHours(-pair.First), pair.Second > 0)).ToList()
        select (all, new S3SyncOptions
        {
            KeepLast = Positive(keep[0]),
            KeepDaily = Positive(keep[1]),
            KeepWeekly = Positive(keep[2]),
            KeepMonthly = Positive(keep[3]),
            KeepYearly = Positive(keep[4]),
        }, current < all.Count ? all[current].KeyPrefix : "none");

    private static int? Positive(int value) => value > 0 ? value : null;

    private static DateTime Ago(int days) => Today.AddDays(-days);

    private static List<Snapshot> Days(params int[] ago) => [.. ago.Select(days => Of(Ago(days)))];

    private static Snapshot Of(DateTime time, bool isComplete = true) => new(
        time.ToString(time.TimeOfDay == default ? "yyyy-MM-dd/" : "yyyy-MM-ddTHH/", CultureInfo.InvariantCulture), time,
        new SnapshotManifest { Job = "job", IsComplete = isComplete, Time = time });

    private static IEnumerable<int> Expired(S3SyncOptions options, List<Snapshot> all, int current = 0) =>
        RetentionPolicy.Expired(all, options, Of(Ago(current)).KeyPrefix).Select(snapshot => (int)(Today - snapshot.Time).TotalDays);
}
