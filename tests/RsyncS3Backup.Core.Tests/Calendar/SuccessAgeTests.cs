using RsyncS3Backup.Calendar;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Calendar;

public sealed class SuccessAgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0 2 * * *", "1.00:00")]
    [InlineData("*/15 * * * *", "00:15")]
    [InlineData("10,20 * * * *", "00:50")]
    [InlineData("0 9-17 * * *", "16:00")]
    [InlineData("0,45 8,20 * * *", "11:15")]
    [InlineData("30 2 * * MON-FRI", "3.00:00")]
    [InlineData("0 6,18 * * MON", "6.12:00")]
    [InlineData("0 0 1 * *", "31.00:00")]
    [InlineData("0 0 31 * *", "61.00:00")]
    [InlineData("0 0 1 * SUN", "7.00:00")]
    [InlineData("0 0 29 2 *", "1461.00:00")]
    public void The_longest_gap_of_a_schedule_is_the_longest_time_between_two_of_its_runs(string expression, string gap) =>
        Assert.Equal(TimeSpan.Parse(gap, null), CronExpression.Parse(expression).LongestGap());

    [Theory]
    [InlineData("0 2 * * *", null, "2.00:00")]
    [InlineData("*/15 * * * *", null, "01:00")]
    [InlineData("0 2 * * *", "08:00", "08:00")]
    [InlineData(null, "08:00", "08:00")]
    [InlineData(null, null, null)]
    public void A_job_says_how_old_its_last_success_may_be_or_its_schedule_does(string? expression, string? said, string? most)
    {
        BackupConfiguration job = Job(said) with { Schedule = Times(expression) };

        Assert.Equal(most is null ? null : TimeSpan.Parse(most, null), SuccessAge.MaxAgeOf(job));
    }

    [Fact]
    public void The_schedule_that_a_job_is_registered_with_counts_before_its_own() =>
        Assert.Equal(TimeSpan.FromDays(14), SuccessAge.MaxAgeOf(Job(null) with { Schedule = Times("0 2 * * *") }, Times("0 2 * * MON")));

    [Theory]
    [InlineData(-47, null, false)]
    [InlineData(-49, null, true)]
    [InlineData(-47, -900, false)]
    [InlineData(null, -49, true)]
    [InlineData(null, -47, false)]
    [InlineData(null, null, false)]
    [InlineData(1, null, false)]
    public void A_job_is_overdue_when_its_last_success_is_too_old_or_never_came(int? successHours, int? expectedHours, bool isOverdue)
    {
        SuccessAge age = new(TimeSpan.FromDays(2), Hours(successHours), Hours(expectedHours), Now);

        Assert.Equal(isOverdue, age.IsOverdue);
        Assert.False((age with { MaxAge = null }).IsOverdue);
        Assert.Equal(successHours is { } hours ? TimeSpan.FromHours(Math.Max(0, -hours)) : null, age.Age);

        static DateTimeOffset? Hours(int? hours) => hours is { } some ? Now.AddHours(some) : null;
    }

    private static BackupScheduleOptions? Times(string? expression) =>
        expression is null ? null : new BackupScheduleOptions { CronExpression = expression };

    private static BackupConfiguration Job(string? maxAge) => new()
    {
        Name = "photos",
        Sources = [],
        Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/mirror" } },
        MaxAge = maxAge is null ? null : TimeSpan.Parse(maxAge, null),
    };
}
