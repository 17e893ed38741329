using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Runs;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class JobReportTests : LocalJob
{
    private readonly List<string> warnings = [];

    [Fact]
    public void A_job_that_never_ran_says_what_it_backs_up_and_makes_no_state()
    {
        BackupJob job = Report();

        Assert.Equal((Name, BackupJobScope.User, Files["mirror"]), (job.Name, job.Scope, job.Mirror));
        Assert.Equal([Files["source"]], job.Source);
        Assert.Equal((null, null, null, null, false), (job.LastRun, job.LastStatus, job.Bytes, job.NextRun, job.IsRunning));
        Assert.False(Directory.Exists(StatePath));
    }

    [Fact]
    public async Task The_last_run_gives_time_status_and_size()
    {
        BackupResult run = await RunAsync();

        BackupJob job = Report();

        Assert.Equal((History()[0].StartTime, BackupStatus.Succeeded), (job.LastRun!.Value, job.LastStatus));
        Assert.Equal((run.Stage1.Total, run.Stage1.TotalBytes), (job.Entries, job.Bytes));
        Assert.False(job.IsRunning);
    }

    [Fact]
    public async Task What_was_set_aside_is_told_until_it_is_removed()
    {
        await RunAsync();
        File.WriteAllText(HistoryPath, string.Concat(Enumerable.Repeat("no database at all ", 500)));
        await RunAsync();

        string problem = Assert.Single(Report().Problems);
        string aside = Assert.Single(Directory.GetFiles(StatePath, "history.db.damaged-*"));
        Assert.Contains($"'{aside}'", problem, StringComparison.Ordinal);
        File.Delete(aside);
        Assert.Empty(Report().Problems);
    }

    [Fact]
    public async Task A_run_that_failed_early_leaves_the_size_of_the_one_before()
    {
        BackupResult good = await RunAsync();
        Directory.Delete(Files["source"], recursive: true);
        await RunAsync();

        BackupJob job = Report();

        Assert.Equal((BackupStatus.Failed, good.Stage1.TotalBytes), (job.LastStatus, job.Bytes));
    }

    [Fact]
    public async Task The_last_test_of_all_is_its_own_and_leaves_the_last_run()
    {
        await RunAsync();
        DateTimeOffset start = DateTimeOffset.Now;
        Record(start.AddHours(1), BackupStatus.Succeeded, BackupTestLevel.Full);
        Record(start.AddHours(2), BackupStatus.Failed, BackupTestLevel.Checksums);
        Record(start.AddHours(3), BackupStatus.Succeeded, BackupTestLevel.Full, "some*");
        Record(start.AddHours(4), BackupStatus.Cancelled, BackupTestLevel.Full);

        BackupJob job = Report();

        Assert.Equal(
            (start.AddHours(2), BackupStatus.Failed, BackupTestLevel.Checksums), (job.LastTest!.Value, job.LastTestStatus!.Value, job.LastTestLevel!.Value));
        Assert.Equal((History()[0].StartTime, BackupStatus.Succeeded), (job.LastRun!.Value, job.LastStatus));

    }

    [Fact]
    public void A_test_of_the_future_keeps_none_from_being_due_and_a_restore_of_nothing_proves_nothing()
    {
        DateTimeOffset now = DateTimeOffset.Now;
        TestOptions quick = new() { Level = BackupTestLevel.Quick, Every = TimeSpan.FromDays(1) };
        Configuration = Configuration with { Tests = [quick, quick with { Level = BackupTestLevel.Restore }] };
        // As a clock leaves it that was a year ahead.
        Record(now.AddYears(1), BackupStatus.Succeeded, BackupTestLevel.Quick);
        Record(now.AddHours(-1), BackupStatus.SucceededWithWarnings, BackupTestLevel.Restore);

        IReadOnlyList<TestDue> due = JobTests.Of(Configuration, now);

        (bool, DateTimeOffset?)[] expected = [(true, null), (false, null)];
        Assert.Equal(expected, due.Select(test => (test.IsDue, test.Age.LastSuccess)));
    }

    private void Record(DateTimeOffset time, BackupStatus status, BackupTestLevel level, params string[] paths)
    {
        using RunContext context = RunContext.Start(Name, Observer);
        BackupTestRequest request = new() { Configuration = Configuration, Level = level };
        using TestRecord record = TestRecord.Begin(Configuration, request, context, time, ownsJob: true);
        record.End(new BackupTestResult { RunId = context.RunId, Status = status, Level = level, Paths = paths, StartTime = time });
    }

    [Fact]
    public async Task A_job_is_overdue_by_its_last_good_run_and_not_by_the_last_of_all()
    {
        await RunAsync();
        DateTimeOffset good = History()[0].StartTime;
        Directory.Delete(Files["source"], recursive: true);
        await RunAsync();

        Configuration = Configuration with { MaxAge = TimeSpan.FromDays(1) };
        BackupJob job = Report();
        Assert.Equal((good, TimeSpan.FromDays(1), false), (job.LastSuccess, job.MaxAge, job.IsOverdue));
        Assert.InRange(job.Age!.Value, DateTimeOffset.Now - good - TimeSpan.FromMinutes(1), DateTimeOffset.Now - good);

        Configuration = Configuration with { MaxAge = TimeSpan.FromTicks(1) };
        Assert.True(Report().IsOverdue);
    }

    [Fact]
    public void A_job_that_never_ran_is_overdue_by_the_age_of_its_file()
    {
        Configuration = Configuration with { Path = Files.File("jobs/never.json", "{}"), MaxAge = TimeSpan.FromDays(1) };
        Assert.False(Report().IsOverdue);

        File.SetLastWriteTimeUtc(Configuration.Path!, DateTime.UtcNow.AddDays(-2));
        BackupJob job = Report();

        Assert.Equal((true, null, null), (job.IsOverdue, job.LastSuccess, job.Age));
    }

    [Fact]
    public void The_schedule_that_starts_a_job_says_how_old_its_success_may_be() =>
        Assert.Equal(
            TimeSpan.FromDays(14),
            JobReport.Of(FileOf(Configuration), warnings.Add, registered: new BackupScheduleOptions { CronExpression = "0 2 * * 1" }).MaxAge);

    [Fact]
    public async Task A_test_that_the_job_names_is_overdue_when_its_last_good_one_is_too_old()
    {
        await RunAsync();
        DateTimeOffset now = DateTimeOffset.Now;
        Tested(now.AddDays(-9), BackupStatus.Succeeded);
        Tested(now.AddDays(-1), BackupStatus.Failed);
        TestOptions test = new() { Level = BackupTestLevel.Full, Every = TimeSpan.FromDays(7) };

        Configuration = Configuration with { Tests = [test] };
        Assert.False(Report().IsTestOverdue);
        Configuration = Configuration with { Tests = [test with { MaxAge = TimeSpan.FromDays(8) }] };
        Assert.True(Report().IsTestOverdue);
        Configuration = Configuration with { Tests = [test with { Level = BackupTestLevel.Quick }] };
        Assert.False(Report().IsTestOverdue);

        void Tested(DateTimeOffset time, BackupStatus status)
        {
            using RunContext context = RunContext.Start(Name, Observer);
            using TestRecord record = TestRecord.Begin(Configuration, new BackupTestRequest { Configuration = Configuration }, context, time, ownsJob: true);
            record.End(new BackupTestResult { RunId = context.RunId, Status = status, Level = BackupTestLevel.Full, StartTime = time });
        }
    }

    [Fact]
    public async Task A_job_whose_lock_is_held_is_running_and_keeps_its_last_run()
    {
        await RunAsync();
        using JobLock held = Hold();

        BackupJob job = Report();

        Assert.Equal((true, BackupStatus.Succeeded), (job.IsRunning, job.LastStatus));
    }

    [Fact]
    public async Task Looking_at_a_job_never_takes_its_lock()
    {
        using ManualResetEventSlim ends = new();
        Task looking = Task.Run(() =>
        {
            while (!ends.IsSet)
                Report();
        });
        BackupResult[] runs = [await RunAsync(), await RunAsync(), await RunAsync()];
        ends.Set();
        await looking;

        Assert.All(runs, run => Assert.Equal(BackupStatus.Succeeded, run.Status));
    }

    [Fact]
    public void A_job_runs_next_when_its_scheduler_starts_it_and_not_when_only_its_file_says_so()
    {
        Configuration = Configuration with { Schedule = new BackupScheduleOptions { CronExpression = "30 2 * * *", Timezone = "Asia/Tokyo" } };
        DateTimeOffset next = new(2026, 1, 1, 17, 30, 0, TimeSpan.Zero);
        JobFile broken = FileOf(Configuration).Refused(JobErrors.Unsafe("path", "problem"));

        Assert.Equal(
            (next, null, null),
            (JobReport.Of(FileOf(Configuration), warnings.Add, nextRun: next).NextRun, Report().NextRun, JobReport.Of(broken, warnings.Add, nextRun: next).NextRun));
        Assert.Equal(("30 2 * * *", "Asia/Tokyo"), (Report().CronExpression, Report().TimeZone));
    }

    [Fact]
    public async Task A_start_that_was_refused_because_the_job_was_running_is_no_last_run()
    {
        await RunAsync();
        DateTimeOffset started = History()[0].StartTime;
        using (Hold())
        {
            // More than the runs that are looked at.
            for (int i = 0; i < 7; i++)
                Assert.Equal(BackupStatus.Skipped, (await RunAsync()).Status);
        }

        BackupJob job = Report();

        Assert.Equal((started, BackupStatus.Succeeded), (job.LastRun!.Value, job.LastStatus));
        Assert.Equal(8, History().Count);
    }

    [Theory]
    [InlineData(null, "rsync/photos/")]
    [InlineData("x/{yyyy-MM-dd}/", "x/{yyyy-MM-dd}/")]
    public void A_job_with_stage_2_names_its_bucket_and_prefix(string? prefix, string expected)
    {
        BackupConfiguration configuration = Configuration with
        {
            Name = "photos",
            Destination = new S3Destination { Bucket = "my-backups" },
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/m", SyncToS3 = new S3SyncOptions { S3Prefix = prefix } } },
        };

        BackupJob job = JobReport.Of(FileOf(configuration), warnings.Add);

        Assert.Equal(("my-backups", expected), (job.BucketName, job.KeyPrefix));
    }

    [Fact]
    public async Task A_history_that_cannot_be_read_is_a_warning()
    {
        await RunAsync();
        File.WriteAllText(HistoryPath, "no history at all, but long enough to be looked at");

        Assert.Null(Report().LastRun);
        Assert.Contains(Name, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_file_is_a_job_with_problems()
    {
        string path = Files.File("jobs/broken.json", """{ "sourcess": [] }""");

        BackupJob job = JobReport.Of(JobFile.Read(path, new JobFolder(Files["jobs"], BackupJobScope.System), folderProblem: null), warnings.Add);

        Assert.Equal(("broken", BackupJobScope.System), (job.Name, job.Scope));
        Assert.Contains(job.Problems, problem => problem.StartsWith("$.sourcess: ", StringComparison.Ordinal));
    }

    private static JobFile FileOf(BackupConfiguration configuration) => new()
    {
        Name = configuration.Name,
        Path = "/jobs/job.json",
        Folder = new JobFolder("/jobs", BackupJobScope.User),
        Configuration = configuration,
    };

    private BackupJob Report() => JobReport.Of(FileOf(Configuration), warnings.Add);
}
