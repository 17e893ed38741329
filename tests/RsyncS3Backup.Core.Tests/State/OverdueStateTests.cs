using RsyncS3Backup.Calendar;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

public sealed class OverdueStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly string job = $"overdue-{Guid.NewGuid():N}";

    private string FilePath => Path.Combine(StateFolder.ForJob(job).Path, "overdue.json");

    [Fact]
    public void It_is_told_once_in_each_time_of_the_age_that_is_allowed()
    {
        DateTimeOffset success = Noon.AddDays(-3);

        Assert.Equal(
            [true, false, false, true, false],
            ((int[])[0, 1, 47, 48, 50]).Select(hours => Claim(success, Noon.AddHours(hours))));
    }

    [Fact]
    public void A_success_in_between_begins_anew()
    {
        Assert.True(Claim(Noon.AddDays(-3), Noon));
        Assert.False(Claim(Noon.AddHours(1), Noon.AddHours(2)));
        // Told at noon, good an hour later, too old two days after that.
        Assert.True(OverdueState.Claim(job, Age(Noon.AddHours(1), Noon.AddHours(1).AddDays(2).AddSeconds(1))));
        Assert.True(OverdueState.Claim(job, Age(Noon.AddHours(1), Noon.AddHours(1).AddDays(9)) with { MaxAge = TimeSpan.FromDays(3) }));
    }

    [Fact]
    public void Each_level_of_tests_is_told_by_itself()
    {
        SuccessAge age = Age(Noon.AddDays(-3), Noon);

        Assert.Equal(
            [true, true, true, false],
            [
                OverdueState.Claim(job, age), OverdueState.Claim(job, age, BackupTestLevel.Full), OverdueState.Claim(job, age, BackupTestLevel.Restore),
                OverdueState.Claim(job, age, BackupTestLevel.Full),
            ]);
    }

    [Fact]
    public void Nothing_is_written_for_a_job_that_is_not_overdue()
    {
        Assert.False(Claim(Noon.AddDays(-1), Noon));
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public void What_nobody_could_be_told_is_told_again()
    {
        Assert.True(Claim(Noon.AddDays(-3), Noon));
        OverdueState.Forget(job);

        Assert.True(Claim(Noon.AddDays(-3), Noon.AddHours(1)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{ "told": 1 }""")]
    [InlineData("""{ "told": "2099-01-01T00:00:00Z" }""")]
    public void A_file_that_makes_no_sense_or_is_of_the_future_keeps_nobody_silent(string text)
    {
        File.WriteAllText(FilePath, text);

        Assert.True(Claim(Noon.AddDays(-3), Noon));
        Assert.False(Claim(Noon.AddDays(-3), Noon.AddMinutes(1)));
    }

    private bool Claim(DateTimeOffset success, DateTimeOffset now) => OverdueState.Claim(job, Age(success, now));

    private static SuccessAge Age(DateTimeOffset success, DateTimeOffset now) => new(TimeSpan.FromDays(2), success, null, now);
}
