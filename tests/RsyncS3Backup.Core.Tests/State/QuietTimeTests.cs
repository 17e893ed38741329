using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

public sealed class QuietTimeTests : IDisposable
{
    private const long Second = 1_000_000_000;

    private static readonly CronSchedule Daily = new(CronExpression.Parse("30 2 * * *"), ScheduleZone.Find("UTC"));
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly long Old = Noon.AddDays(-9).ToUnixTimeSeconds() * Second;

    private readonly TemporaryFolder files = new();
    private readonly BackupConfiguration job;

    public QuietTimeTests()
    {
        string path = files.File("photos.json", "{}");
        File.SetLastWriteTimeUtc(path, Noon.UtcDateTime.AddDays(-1).AddTicks(1_234_567));
        job = new BackupConfiguration
        {
            Name = $"quiet-{Guid.NewGuid():N}",
            Path = path,
            Sources = [],
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/mirror" } },
        };
    }

    private string FilePath => QuietTime.PathFor(job.Name, BackupScheduleTask.Backup);

    [Theory]
    // A trigger may come five seconds early.
    [InlineData(60, "1 1795176000 1795176055 +0530")]
    [InlineData(86_400, "1 1795176000 1795262395 +0530")]
    [InlineData(5, null)]
    [InlineData(0, null)]
    [InlineData(-60, null)]
    public void It_ends_before_the_next_moment_and_is_not_there_when_that_has_come(int seconds, string? line) => Assert.Equal(
        line is null ? null : line + "\n/jobs/photos.json\n",
        QuietTime.Text("/jobs/photos.json", Old, new TimeSpan(5, 30, 0), Noon, Noon.AddSeconds(seconds)));

    [Theory]
    [InlineData(-9_000, "-0230")]
    [InlineData(0, "+0000")]
    [InlineData(45_900, "+1245")]
    public void The_offset_is_written_as_date_writes_it(int seconds, string zone) => Assert.Contains(
        $" {zone}\n", QuietTime.Text("/x", Old, TimeSpan.FromSeconds(seconds), Noon, Noon.AddHours(1)), StringComparison.Ordinal);

    [Fact]
    public void A_job_that_was_edited_a_moment_ago_may_have_been_edited_again_since_it_was_read()
    {
        Assert.Null(Text(Noon.AddSeconds(-59)));
        Assert.NotNull(Text(Noon.AddSeconds(-61)));
        Assert.Null(Text(Noon.AddDays(1)));

        static string? Text(DateTimeOffset modified) =>
            QuietTime.Text("/x", modified.ToUnixTimeSeconds() * Second, TimeSpan.Zero, Noon, Noon.AddHours(1));
    }

    [Theory]
    [InlineData("relative.json")]
    [InlineData("/two\nlines.json")]
    public void A_path_that_a_line_cannot_name_is_not_named(string path) =>
        Assert.Null(QuietTime.Text(path, Old, TimeSpan.Zero, Noon, Noon.AddHours(1)));

    [SkippableFact]
    public void A_claim_says_until_when_nothing_is_due_in_a_file_of_this_user_with_the_time_of_the_jobs_own()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no such shell");
        DueDecision claimed = Claim(Noon);

        ScheduleState.TellQuiet(job, Daily, claimed, Noon, otherwise: null);

        string next = new DateTimeOffset(2026, 11, 21, 2, 29, 55, TimeSpan.Zero).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(next, File.ReadAllText(FilePath).Split(' ')[2]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal(File.GetLastWriteTimeUtc(job.Path!), File.GetLastWriteTimeUtc(FilePath));
    }

    [SkippableFact]
    public void A_job_that_takes_values_from_other_files_is_asked_for_at_every_start()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no such shell");
        DueDecision claimed = Claim(Noon);
        ScheduleState.TellQuiet(job, Daily, claimed, Noon, otherwise: null);
        ScheduleState.TellQuiet(job with { BaseFiles = ["/jobs/defaults.jsonc"] }, Daily, claimed, Noon, otherwise: null);
        Assert.False(File.Exists(FilePath));
    }

    [SkippableFact]
    public void Another_reason_to_ask_comes_first_and_one_that_has_come_is_asked_for_at_every_start()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no such shell");
        DueDecision claimed = Claim(Noon);

        ScheduleState.TellQuiet(job, Daily, claimed, Noon, Noon.AddMinutes(10));
        Assert.Contains($" {Noon.AddMinutes(10).AddSeconds(-5).ToUnixTimeSeconds()} ", File.ReadAllText(FilePath), StringComparison.Ordinal);
        ScheduleState.TellQuiet(job, Daily, claimed, Noon, Noon);
        Assert.False(File.Exists(FilePath));
    }

    [SkippableFact]
    public void What_somebody_else_has_claimed_or_registered_since_is_not_overruled()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no such shell");
        DueDecision claimed = Claim(Noon);
        CronSchedule hourly = new(CronExpression.Parse("0 * * * *"), ScheduleZone.Find("UTC"));
        ScheduleState.Begin(job.Name, hourly, Noon, keep: true);

        ScheduleState.TellQuiet(job, Daily, claimed, Noon, otherwise: null);

        Assert.False(File.Exists(FilePath));
    }

    [SkippableFact]
    public void To_register_to_enable_and_to_unregister_end_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no such shell");
        Action[] ends =
        [
            () => ScheduleState.Begin(job.Name, Daily, Noon, keep: true), () => ScheduleState.Begin(job.Name, Daily, Noon, keep: false),
            () => ScheduleState.Forget(job.Name), () => QuietTime.End(job.Name, BackupScheduleTask.Backup),
        ];
        foreach (Action end in ends)
        {
            ScheduleState.TellQuiet(job, Daily, Claim(Noon), Noon, otherwise: null);
            Assert.True(File.Exists(FilePath));
            end();
            Assert.False(File.Exists(FilePath));
        }
    }

    [Fact]
    public void It_is_told_again_that_a_job_is_overdue_one_maxAge_after_it_was_told()
    {
        SuccessAge age = new(TimeSpan.FromDays(1), Noon.AddDays(-2), null, Noon);
        SuccessAge good = age with { LastSuccess = Noon.AddHours(-1) };

        Assert.Equal(Noon.AddHours(23), OverdueState.Next(job.Name, good));
        Assert.Equal(Noon.AddDays(-1), OverdueState.Next(job.Name, age));
        Assert.True(OverdueState.Claim(job.Name, age));
        Assert.Equal(Noon.AddDays(1), OverdueState.Next(job.Name, age));
        OverdueState.Forget(job.Name);
        Assert.Equal(Noon.AddDays(-1), OverdueState.Next(job.Name, age));
        Assert.Null(OverdueState.Next(job.Name, age with { MaxAge = null }));
    }

    public void Dispose() => files.Dispose();

    private DueDecision Claim(DateTimeOffset at) =>
        ScheduleState.Claim(job.Name, Daily, at, catchUp: true, DueDecision.DefaultTolerance, changed: null);
}
