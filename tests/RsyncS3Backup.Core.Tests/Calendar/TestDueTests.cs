using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

public sealed class TestDueTests
{
    // A Wednesday.
    private static readonly DateTimeOffset Now = new(2026, 11, 18, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, true, 0)]
    [InlineData(-6, false, 1)]
    [InlineData(-7, true, 0)]
    [InlineData(-30, true, -23)]
    public void A_test_by_its_distance_is_due_so_long_after_the_last_one_whatever_it_found(int? lastDays, bool isDue, int nextDays)
    {
        TestDue due = Of(new TestOptions { Level = BackupTestLevel.Full, Every = TimeSpan.FromDays(7) }, Days(lastDays), good: null);

        Assert.Equal((isDue, Now.AddDays(nextDays)), (due.IsDue, due.Next!.Value));
    }

    [Theory]
    [InlineData(null, -1, false)]
    [InlineData(null, -9, true)]
    [InlineData(-2, -9, false)]
    [InlineData(-4, -9, true)]
    [InlineData(null, null, false)]
    public void A_test_by_the_clock_is_due_when_its_time_has_come_since_the_last_one_or_since_it_was_asked_for(int? lastDays, int? sinceDays, bool isDue)
    {
        // Sundays: three and a half days ago, and in three and a half.
        TestOptions test = new() { Level = BackupTestLevel.Full, Cron = "0 0 * * SUN" };
        TestDue due = TestDue.Of(test, "UTC", Days(lastDays), null, null, Days(sinceDays), Now);

        Assert.Equal(isDue, due.IsDue);
        Assert.Equal(isDue ? new DateTimeOffset(2026, 11, 15, 0, 0, 0, TimeSpan.Zero) : new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero), due.Next);
    }

    [Theory]
    [InlineData("7d", null, -13, false)]
    [InlineData("7d", null, -15, true)]
    [InlineData("7d", 20, -15, false)]
    [InlineData("0 0 * * SUN", null, -15, true)]
    [InlineData("0 0 * * SUN", null, -13, false)]
    public void It_is_overdue_by_the_last_one_that_found_everything_well(string when, int? maxAgeDays, int goodDays, bool isOverdue)
    {
        bool isCron = when.Contains('*', StringComparison.Ordinal);
        TestOptions test = new()
        {
            Level = BackupTestLevel.Full,
            Cron = isCron ? when : null,
            Every = isCron ? null : TimeSpan.FromDays(7),
            MaxAge = maxAgeDays is { } days ? TimeSpan.FromDays(days) : null,
        };

        // The last one was a moment ago, and found differences.
        Assert.Equal(isOverdue, Of(test, Now.AddMinutes(-1), Days(goodDays)).Age.IsOverdue);
    }

    [Fact]
    public void One_that_never_did_well_is_overdue_since_the_first_one()
    {
        TestOptions test = new() { Level = BackupTestLevel.Full, Every = TimeSpan.FromDays(7) };

        Assert.True(TestDue.Of(test, null, Now.AddDays(-1), null, Now.AddDays(-15), Now, Now).Age.IsOverdue);
        Assert.False(TestDue.Of(test, null, Now.AddDays(-1), null, Now.AddDays(-13), Now.AddDays(-90), Now).Age.IsOverdue);
    }

    private static TestDue Of(TestOptions test, DateTimeOffset? last, DateTimeOffset? good) => TestDue.Of(test, "UTC", last, good, good, null, Now);

    private static DateTimeOffset? Days(int? days) => days is { } some ? Now.AddDays(some) : null;
}
