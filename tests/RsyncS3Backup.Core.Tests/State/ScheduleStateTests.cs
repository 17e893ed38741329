using RsyncS3Backup.Calendar;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

public sealed class ScheduleStateTests
{
    private static readonly CronSchedule Hourly = new(CronExpression.Parse("0 * * * *"), ScheduleZone.Find("UTC"));
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly string job = $"schedule-{Guid.NewGuid():N}";

    private string FilePath => Path.Combine(StateFolder.ForJob(job).Path, "schedule.json");

    [Fact]
    public async Task Of_many_that_claim_at_the_same_moment_one_is_told_that_the_job_is_due()
    {
        Begin(Noon.AddMinutes(-30));
        using Barrier start = new(8);

        DueDecision[] decisions = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return Claim(Noon);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Single(decisions, decision => decision.IsDue);
    }

    [Fact]
    public void A_claim_is_kept_and_a_look_is_not()
    {
        Begin(Noon.AddMinutes(-30));

        Assert.True(Look(Noon).IsDue);
        Assert.True(Claim(Noon).IsDue);
        Assert.False(Look(Noon).IsDue);
    }

    [Fact]
    public void Everything_that_is_remembered_comes_back_from_the_disk()
    {
        Begin(Noon);
        Claim(Noon.AddYears(-1));
        ScheduleMemory expected = DueDecision.From(
            Hourly, ScheduleMemory.From(Hourly, Noon), Noon.AddYears(-1), catchUp: true, DueDecision.DefaultTolerance).Memory;

        Assert.NotNull(expected.SettledBehind);
        Assert.Equal(expected, Look(Noon.AddYears(-1).AddMinutes(-1)).Memory with { SettledBehind = expected.SettledBehind });
        Assert.Equal(Noon.AddYears(-1).AddHours(1), Claim(Noon.AddYears(-1).AddHours(1)).Occurrence?.Utc);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{ "cronExpression": "0 * * * *", "zone": "UTC", "settled": "yesterday" }""")]
    public void A_memory_that_is_damaged_loses_no_run_that_is_due_now(string content)
    {
        Begin(Noon.AddDays(-3));
        File.WriteAllText(FilePath, content);

        Assert.True(Claim(Noon.AddSeconds(2)).IsDue);
        Assert.False(Claim(Noon.AddSeconds(3)).IsDue);
    }

    [Fact]
    public void Registering_again_goes_on_and_enabling_again_starts_anew()
    {
        Begin(Noon.AddHours(-5));

        ScheduleState.Begin(job, Hourly, Noon.AddMinutes(30), keep: true);
        Assert.True(Look(Noon.AddMinutes(31)).IsDue);

        ScheduleState.Begin(job, Hourly, Noon.AddMinutes(30), keep: false);
        Assert.False(Look(Noon.AddMinutes(31)).IsDue);
    }

    [Fact]
    public void Registering_another_schedule_starts_anew()
    {
        Begin(Noon.AddHours(-5));
        CronSchedule other = Hourly with { Expression = CronExpression.Parse("30 * * * *") };

        ScheduleState.Begin(job, other, Noon, keep: true);

        Assert.False(ScheduleState.Look(job, other, Noon.AddMinutes(29), catchUp: true, DueDecision.DefaultTolerance, changed: null).IsDue);
    }

    [Fact]
    public void What_is_forgotten_is_the_first_check_again()
    {
        Begin(Noon.AddHours(-5));

        ScheduleState.Forget(job);

        Assert.False(File.Exists(FilePath));
        Assert.False(Claim(Noon).IsDue);
    }

    [Fact]
    public void Where_nothing_can_be_kept_nothing_is_due()
    {
        Begin(Noon.AddHours(-5));
        // A folder of that name cannot be replaced by a file, not even by root.
        File.Delete(FilePath);
        Directory.CreateDirectory(Path.Combine(FilePath, "in the way"));

        BackupException exception = Assert.Throws<BackupException>(() => Claim(Noon));

        Assert.Equal("ScheduleStateNotWritten", exception.Error.Id);
    }

    [SkippableFact]
    public void Only_the_user_may_read_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "File modes are Unix'.");
        Begin(Noon);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    private void Begin(DateTimeOffset now) => ScheduleState.Begin(job, Hourly, now, keep: false);

    private DueDecision Claim(DateTimeOffset now) =>
        ScheduleState.Claim(job, Hourly, now, catchUp: true, DueDecision.DefaultTolerance, changed: null);

    private DueDecision Look(DateTimeOffset now) =>
        ScheduleState.Look(job, Hourly, now, catchUp: true, DueDecision.DefaultTolerance, changed: null);
}
