using RsyncS3Backup.Reports;
using RsyncS3Backup.Reports.Html;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Reports;

public sealed class ReportSourceTests
{
    private static readonly DateTimeOffset Now = SampleFleet.Now;

    private readonly ReportSource source = new(Now);

    [Fact]
    public void A_row_has_the_figures_of_the_last_run_and_what_earlier_ones_tell()
    {
        for (int day = 20; day >= 0; day--)
            source.Add(Run(Now.AddDays(-day).AddHours(-1), gib: 100 - day), "nas");
        BackupRun last = Run(Now.AddHours(-1), gib: 100);

        BackupReport row = Row();

        Assert.Equal(("nas", "photos", BackupJobStatus.Succeeded), (row.HostName, row.Name, row.Status));
        Assert.Equal((Now.AddHours(-1), TimeSpan.FromHours(1)), (row.LastSuccess, row.Age));
        Assert.Equal((100L << 30, 48_213L), (row.Bytes, row.Entries));
        Assert.Equal((last.Stage2!.TransferredBytes, last.Duration, last.Stage2.Requests.Total), (row.UploadedBytes, row.Duration, row.Requests));
        Assert.Equal((last.Stage2.EstimatedRequestCost, "USD"), (row.Cost, row.Currency));
        Assert.Equal(30L << 30, row.GrowthBytes!.Value, (long)1 << 20);
        Assert.False(row.NeedsAttention);
        Assert.Null(row.Reason);
    }

    [Fact]
    public void A_success_of_the_future_is_one_of_a_clock_that_was_ahead()
    {
        source.Add(Run(Now.AddYears(4), gib: 100), "nas");
        source.Add(Run(Now.AddDays(-9), gib: 100), "nas");
        source.Add(SampleFleet.Job("nas", "photos") with { MaxAge = TimeSpan.FromDays(2), LastSuccess = Now.AddYears(4) }, "nas");

        Assert.True(Row().IsOverdue);
    }

    [Fact]
    public void Errors_that_look_the_same_are_one_row_and_a_machine_without_a_name_is_none_that_is_expected()
    {
        string text = new('x', 400);
        source.AddFailure("me@nas", "photos", text + "1", null);
        source.AddFailure("nas", "photos", text + "2", null);
        source.AddFailure("", null, "no host", null);
        source.Expect(["nas.lan"]);

        FleetReport report = source.Build(Now.AddDays(-60));

        Assert.Equal(2, report.Jobs.Count);
        Assert.Contains("no host", ReportFile.Text(report, BackupReportFormat.Html, "Backups"), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_rows_of_one_job_the_one_that_needs_a_person_stays_unless_the_other_is_newer()
    {
        BackupReport good = new() { HostName = "nas", Name = "photos", Status = BackupJobStatus.Succeeded, LastRun = Now.AddHours(-2) };
        BackupReport failure = new() { HostName = "nas", Name = "photos", Status = BackupJobStatus.Failed, Reason = "unreachable" };
        source.Add(failure);
        source.Add(good);
        Assert.Equal(BackupJobStatus.Failed, Row().Status);

        source.Add(failure with { LastRun = Now.AddHours(-3) });
        source.Add(good);
        Assert.Equal(BackupJobStatus.Succeeded, Row().Status);
    }

    [Fact]
    public void A_failed_run_says_why_and_keeps_the_size_of_the_one_before()
    {
        source.Add(Run(Now.AddDays(-1), gib: 100), "nas");
        source.Add(Failed(Run(Now.AddHours(-1), gib: 50)), "nas");

        BackupReport row = Row();

        Assert.Equal(BackupJobStatus.Failed, row.Status);
        Assert.Equal("SourceMissing: The source is not there.", row.Reason);
        Assert.Equal("Mount it.", row.RecommendedAction);
        Assert.Equal((100L << 30, Now.AddDays(-1)), (row.Bytes, row.LastSuccess));
        Assert.True(row.NeedsAttention);
    }

    [Fact]
    public void A_job_is_overdue_at_the_time_of_the_report_and_not_when_its_machine_told_of_it()
    {
        BackupJob job = SampleFleet.Job("nas", "photos") with
        {
            LastRun = Now.AddDays(-3),
            LastStatus = BackupStatus.Succeeded,
            LastSuccess = Now.AddDays(-3),
            Age = TimeSpan.FromHours(1),
        };
        source.Add(job, "nas");

        BackupReport row = Row();

        Assert.True(row is { IsOverdue: true, NeedsAttention: true });
        Assert.Equal(TimeSpan.FromDays(3), row.Age);
        Assert.StartsWith("No good run for 3 d 0 h; 2 d 0 h are allowed.", row.Reason, StringComparison.Ordinal);
        Assert.Equal("Succeeded, overdue", ReportText.StatusOf(row));
    }

    [Fact]
    public void A_run_that_is_newer_than_what_the_machine_told_counts()
    {
        source.Add(SampleFleet.Job("nas", "photos") with { LastRun = Now.AddDays(-1), LastStatus = BackupStatus.Failed }, "nas");
        source.Add(Run(Now.AddHours(-1)), "nas");

        Assert.Equal(BackupJobStatus.Succeeded, Row().Status);
    }

    [Fact]
    public void A_broken_job_stays_broken_whatever_its_last_run_was()
    {
        source.Add(SampleFleet.Job("nas", "photos") with { Problems = ["$.sources: is missing."] }, "nas");
        source.Add(Run(Now.AddHours(-1)), "nas");

        Assert.Equal((BackupJobStatus.Invalid, "$.sources: is missing."), (Row().Status, Row().Reason));
    }

    [Fact]
    public void A_start_that_found_the_job_running_says_nothing_of_it()
    {
        source.Add(Run(Now.AddHours(-2)), "nas");
        source.Add(Run(Now.AddHours(-1)) with { Status = BackupStatus.Skipped, ExitCode = BackupExitCode.AlreadyRunning, Stage1 = null, Stage2 = null }, "nas");

        Assert.Equal((BackupJobStatus.Succeeded, Now.AddHours(-2)), (Row().Status, Row().LastRun));
    }

    [Fact]
    public void A_paused_run_says_why_and_is_no_failure()
    {
        BackupRun run = Run(Now.AddHours(-1));
        source.Add(run with { Status = BackupStatus.Paused, Stage2 = run.Stage2! with { Status = BackupStatus.Paused, PausedReason = "3 items remain." } }, "nas");

        FleetReport report = Build();

        Assert.Equal((BackupJobStatus.Paused, "3 items remain.", false), (Row().Status, Row().Reason, Row().NeedsAttention));
        Assert.Single(report.WorthALook);
        Assert.Equal("pause", CalendarStrip.Look(report.Jobs[0].Runs[0]));
    }

    [Fact]
    public void A_test_that_failed_needs_attention_also_of_a_good_job()
    {
        source.Add(Run(Now.AddHours(-1)), "nas");
        source.Add(Test(Now.AddHours(-3), 3), "nas");

        BackupReport row = Row();

        Assert.Equal((BackupStatus.Failed, 3L, true), (row.LastTestStatus, row.Differences, row.NeedsAttention));
        Assert.Equal("The last test found that the copies differ: 3 MissingInS3.", row.Reason);
        Assert.Equal("Succeeded, copies differ", ReportText.StatusOf(row));
    }

    [Fact]
    public void Of_a_job_of_which_only_good_tests_are_known_nothing_is_wrong()
    {
        source.Add(Test(Now.AddHours(-3), 0), "nas");

        Assert.Equal((BackupJobStatus.Unknown, false), (Row().Status, Row().NeedsAttention));
    }

    [Fact]
    public void Both_stages_of_a_pipeline_are_one_run_and_the_history_of_it_no_second_one()
    {
        BackupRun run = Run(Now.AddHours(-1));
        source.Add(run with { Stage2 = null, Duration = run.Stage1!.Duration }, "nas");
        source.Add(run with { Stage1 = null, StartTime = run.Stage2!.StartTime, Duration = run.Stage2.Duration, Status = BackupStatus.Failed }, "nas");

        ReportedJob job = Assert.Single(Build().Jobs);
        BackupRun whole = Assert.Single(job.Runs);
        Assert.Equal((run.StartTime, run.Duration, BackupStatus.Failed), (whole.StartTime, whole.Duration, whole.Status));

        source.Add(run with { Status = BackupStatus.Failed }, "nas");
        Assert.Single(Assert.Single(Build().Jobs).Runs);
    }

    [Theory]
    [InlineData("nas", "nas", true)]
    [InlineData("NAS.example.org", "root@nas:2222", true)]
    [InlineData("nas", "nas.example.org", true)]
    [InlineData("nas.example.org", "nas.example.net", false)]
    [InlineData("nas", "nas2", false)]
    [InlineData("10.0.0.1", "10", false)]
    public void A_machine_that_was_expected_is_silent_when_nothing_came_from_it(string host, string expected, bool isSame)
    {
        source.Add(Run(Now.AddHours(-1)) with { HostName = host }, host);
        source.Expect([expected]);

        FleetReport report = Build();

        Assert.Equal(isSame ? 1 : 2, report.Jobs.Count);
        if (!isSame)
        {
            BackupReport silent = report.Jobs[0].Row;
            Assert.Equal(("", BackupJobStatus.Unknown, true), (silent.Name, silent.Status, silent.NeedsAttention));
            Assert.Equal("Silent", ReportText.StatusOf(silent));
        }
    }

    [Fact]
    public void A_machine_that_only_an_error_came_from_is_not_silent_as_well()
    {
        source.AddFailure("nas", null, "The SSH client session has ended.", null);
        source.Expect(["nas"]);

        BackupReport row = Assert.Single(Build().Jobs).Row;
        Assert.Equal("The SSH client session has ended.", row.Reason);
    }

    [Fact]
    public void The_error_of_a_result_is_no_row_of_its_own_and_one_of_no_result_is()
    {
        source.Add(Failed(Run(Now.AddHours(-1))), "nas");
        source.AddFailure("nas", null, "The source is not there.", "Mount it.");
        Assert.Single(Build().Jobs);

        source.AddFailure("nas", "music", "'music.json' is not JSON.", null);
        Assert.Equal(["music", "photos"], Build().Jobs.Select(job => job.Row.Name));
        Assert.Equal(BackupJobStatus.Failed, Build().Jobs[0].Row.Status);
    }

    [Fact]
    public void The_row_of_an_earlier_report_ages()
    {
        source.Add(new BackupReport
        {
            HostName = "nas",
            Name = "photos",
            Status = BackupJobStatus.Succeeded,
            LastSuccess = Now.AddDays(-3),
            Age = TimeSpan.FromHours(1),
            MaxAge = TimeSpan.FromDays(2),
        });

        Assert.Equal((TimeSpan.FromDays(3), true), (Row().Age, Row().IsOverdue));
    }

    [Fact]
    public void What_needs_a_person_comes_first()
    {
        source.Add(Run(Now.AddHours(-1)), "a");
        source.Add(Failed(Run(Now.AddHours(-1))), "c");
        source.Add(Run(Now.AddHours(-1)) with { Status = BackupStatus.SucceededWithWarnings }, "b");

        FleetReport report = Build();

        Assert.Equal(["c", "b", "a"], report.Jobs.Select(job => job.Row.HostName));
        Assert.Equal("1 of 3 jobs on 3 machines needs attention.", report.Summary);
    }

    private static BackupRun Run(DateTimeOffset started, double gib = 10) => SampleFleet.Run("nas", "photos", started, gib, new Random(1));

    private static BackupRun Failed(BackupRun run) => run with
    {
        Status = BackupStatus.Failed,
        Stage1 = run.Stage1! with
        {
            Status = BackupStatus.Failed,
            Error = new BackupError
            {
                Id = "SourceMissing",
                Category = BackupErrorCategory.ObjectNotFound,
                Message = "The source is not there.",
                RecommendedAction = "Mount it.",
                ExitCode = BackupExitCode.Refused,
            },
        },
        Stage2 = run.Stage2! with { Status = BackupStatus.Skipped, SkippedReason = "Stage 1 failed." },
    };

    private static BackupRun Test(DateTimeOffset started, int differences) => new()
    {
        Name = "photos",
        RunId = "test",
        HostName = "nas",
        Kind = BackupRunKind.Test,
        StartTime = started,
        Status = differences > 0 ? BackupStatus.Failed : BackupStatus.Succeeded,
        Test = new BackupTestResult
        {
            Name = "photos",
            RunId = "test",
            Level = BackupTestLevel.Quick,
            StartTime = started,
            Differences = differences,
            Status = differences > 0 ? BackupStatus.Failed : BackupStatus.Succeeded,
            DifferenceCounts = new BackupDifferenceCounts { MissingInS3 = differences },
        },
    };

    private FleetReport Build() => source.Build(Now.AddDays(-60));

    private BackupReport Row() => Assert.Single(Build().Jobs).Row;
}
