using RsyncS3Backup.Calendar;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.State.History;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Metrics;

public sealed class MetricTextTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, 250, TimeSpan.FromHours(2));

    private static readonly HistoryFigures Full = new()
    {
        LastRun = Run(BackupStatus.SucceededWithWarnings),
        LastSuccess = Start,
        MirrorBytes = 1L << 40,
        BucketBytes = 12,
        LastTest = new BackupTestResult
        {
            RunId = "test",
            Status = BackupStatus.Succeeded,
            Level = BackupTestLevel.Checksums,
            StartTime = Start.AddDays(-1),
        },
        Totals = new HistoryTotals
        {
            UploadedBytes = 34,
            Requests = new S3RequestCounts { Put = 1, Copy = 2, List = 3, Get = 4, Head = 5, Delete = 6 },
            Costs = new Dictionary<string, decimal> { ["USD"] = 0.0000004m, ["EUR"] = 1.5m },
        },
    };

    [Fact]
    public void Each_test_that_a_job_asks_for_says_how_old_its_last_good_one_is_and_may_be()
    {
        TestOptions quick = new() { Level = BackupTestLevel.Quick, Every = TimeSpan.FromDays(1) };
        TestOptions drill = new() { Level = BackupTestLevel.Restore, Every = TimeSpan.FromDays(30), MaxAge = TimeSpan.FromDays(40) };
        JobMetrics job = Job() with
        {
            Tests = [TestDue.Of(quick, null, Start, Start, Start, Start, Start), TestDue.Of(drill, null, null, null, null, Start, Start)],
        };

        Assert.Equal(
            [
                "test_last_success_timestamp_seconds{level=\"quick\"} 1767315845.25",
                "test_last_success_timestamp_seconds{level=\"restore\"} 0",
                "test_max_age_seconds{level=\"quick\"} 172800",
                "test_max_age_seconds{level=\"restore\"} 3456000",
            ],
            Samples(job).Where(sample => sample.StartsWith("test_", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_job_is_its_figures_in_base_units()
    {
        JobMetrics job = Job() with { NextDue = Start.AddDays(1), IsValid = true, MaxAge = TimeSpan.FromDays(2) };

        Assert.Equal(
            [
                "last_run_timestamp_seconds{} 1767315845.25",
                "last_run_status{status=\"succeeded\"} 0",
                "last_run_status{status=\"succeeded_with_warnings\"} 1",
                "last_run_status{status=\"failed\"} 0",
                "last_run_status{status=\"refused\"} 0",
                "last_run_status{status=\"interrupted\"} 0",
                "last_run_status{status=\"cancelled\"} 0",
                "last_run_status{status=\"skipped\"} 0",
                "last_run_status{status=\"paused\"} 0",
                "last_run_status{status=\"never_run\"} 0",
                "last_run_status{status=\"unknown\"} 0",
                "last_run_duration_seconds{stage=\"1\"} 90.5",
                "last_run_duration_seconds{stage=\"2\"} 7",
                "last_success_timestamp_seconds{} 1767315845.25",
                "max_age_seconds{} 172800",
                "failed_entries{stage=\"1\"} 2",
                "failed_entries{stage=\"2\"} 0",
                "mirror_bytes{} 1099511627776",
                "bucket_bytes{} 12",
                "uploaded_bytes_total{} 34",
                "requests_total{operation=\"put\"} 1",
                "requests_total{operation=\"copy\"} 2",
                "requests_total{operation=\"list\"} 3",
                "requests_total{operation=\"get\"} 4",
                "requests_total{operation=\"head\"} 5",
                "requests_total{operation=\"delete\"} 6",
                "cost_total{currency=\"EUR\"} 1.5",
                "cost_total{currency=\"USD\"} 0.0000004",
                "last_test_timestamp_seconds{} 1767229445.25",
                "last_test_status{status=\"succeeded\"} 1",
                "last_test_status{status=\"failed\"} 0",
                "last_test_status{status=\"never_run\"} 0",
                "last_test_status{status=\"unknown\"} 0",
                "next_due_timestamp_seconds{} 1767402245.25",
                "configuration_valid{} 1",
            ],
            Samples(job));
    }

    public static TheoryData<string, BackupStatus?, BackupExitCode, bool> Ends() => new()
    {
        { "never_run", null, BackupExitCode.Succeeded, false },
        { "succeeded", BackupStatus.Succeeded, BackupExitCode.Succeeded, false },
        { "succeeded_with_warnings", BackupStatus.SucceededWithWarnings, BackupExitCode.Succeeded, false },
        { "failed", BackupStatus.Failed, BackupExitCode.Stage1Failed, false },
        { "failed", BackupStatus.Failed, BackupExitCode.Stage2Failed, false },
        { "failed", BackupStatus.Failed, BackupExitCode.BadConfiguration, false },
        { "refused", BackupStatus.Failed, BackupExitCode.Refused, false },
        { "interrupted", BackupStatus.Failed, BackupExitCode.Stage1Failed, true },
        { "cancelled", BackupStatus.Cancelled, BackupExitCode.Stage2Failed, false },
        { "skipped", BackupStatus.Skipped, BackupExitCode.Succeeded, false },
        { "paused", BackupStatus.Paused, BackupExitCode.Succeeded, false },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_run_has_one_status_and_that_is_its_own(string expected, BackupStatus? status, BackupExitCode exitCode, bool isInterrupted)
    {
        BackupRun? run = status is { } ended ? Run(ended) with { ExitCode = exitCode, IsInterrupted = isInterrupted } : null;

        IEnumerable<string> set = Samples(Job() with { Figures = Full with { LastRun = run } })
            .Where(line => line.StartsWith("last_run_status", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal));

        Assert.Equal([$"last_run_status{{status=\"{expected}\"}} 1"], set);
    }

    [Fact]
    public void A_job_that_never_ran_has_no_time_of_success_but_0()
    {
        IReadOnlyList<string> samples = Samples(Job() with { Figures = new HistoryFigures() });

        Assert.Contains("last_success_timestamp_seconds{} 0", samples);
        Assert.Contains("last_run_timestamp_seconds{} 0", samples);
        Assert.Contains("last_test_status{status=\"never_run\"} 1", samples);
        Assert.DoesNotContain(samples, line => line.Contains("mirror_bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_known_looks_neither_good_nor_new()
    {
        IReadOnlyList<string> samples = Samples(Job() with { Figures = null, IsValid = false });

        Assert.Equal(
            ["last_run_status{status=\"unknown\"} 1", "last_test_status{status=\"unknown\"} 1"],
            samples.Where(line => line.EndsWith(" 1", StringComparison.Ordinal)));
        Assert.Contains("configuration_valid{} 0", samples);
        Assert.DoesNotContain(samples, line => line.Contains("_total", StringComparison.Ordinal) || line.Contains("timestamp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stage_that_did_not_run_has_no_duration()
    {
        BackupRun run = Run(BackupStatus.Failed);
        run = run with { Stage2 = run.Stage2! with { Status = BackupStatus.Skipped } };

        Assert.Equal(
            ["last_run_duration_seconds{stage=\"1\"} 90.5"],
            Samples(Job() with { Figures = Full with { LastRun = run } })
                .Where(line => line.StartsWith("last_run_duration", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_name_cannot_end_its_label()
    {
        string text = MetricText.Of(Job() with { Job = "a\"} 1\nb\\", Figures = new HistoryFigures() });

        Assert.Contains("{backup_job=\"a\\\"} 1\\nb\\\\\",host=\"nas\"} 0\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void All_jobs_are_in_one_group_a_metric()
    {
        string[] lines = MetricText.Of(Job(), Job() with { Job = "music" }).Split('\n');

        int help = Array.FindIndex(lines, line => line.StartsWith("# HELP rsyncs3backup_mirror_bytes", StringComparison.Ordinal));
        Assert.Single(lines, line => line.StartsWith("# TYPE rsyncs3backup_mirror_bytes", StringComparison.Ordinal));
        Assert.Contains("photos", lines[help + 2], StringComparison.Ordinal);
        Assert.Contains("music", lines[help + 3], StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Prometheus_finds_nothing_to_say_about_it()
    {
        JobMetrics everything = Job() with { NextDue = Start, IsValid = true };
        JobMetrics hostile = everything with { Job = "a\"}\n\\ {b}\r é 🙂" };

        string said = await Promtool.RunAsync(
            MetricText.Of(everything, hostile, Job() with { Job = "new", Figures = new HistoryFigures() }, Job() with { Job = "?", Figures = null }),
            "check", "metrics");

        Assert.Equal("", said);
    }

    private static JobMetrics Job() => new() { Job = "photos", Host = "nas", Figures = Full };

    private static BackupRun Run(BackupStatus status) => new()
    {
        Name = "photos",
        RunId = "run",
        HostName = "nas",
        Status = status,
        ExitCode = BackupExitCode.Succeeded,
        StartTime = Start,
        Stage1 = new RsyncStageResult
        {
            Name = "photos",
            RunId = "run",
            Status = BackupStatus.Succeeded,
            Source = [],
            Destination = "/mirror",
            Failed = 2,
            Duration = TimeSpan.FromSeconds(90.5),
        },
        Stage2 = new S3SyncStageResult
        {
            Name = "photos",
            RunId = "run",
            Status = BackupStatus.Succeeded,
            Path = "/mirror",
            Duration = TimeSpan.FromSeconds(7),
        },
    };

    // Without what all have in common.
    private static IReadOnlyList<string> Samples(JobMetrics job) =>
    [
        .. MetricText.Of(job).Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line
            .Replace("rsyncs3backup_", "", StringComparison.Ordinal)
            .Replace("backup_job=\"photos\",host=\"nas\",", "", StringComparison.Ordinal)
            .Replace("backup_job=\"photos\",host=\"nas\"", "", StringComparison.Ordinal)),
    ];
}
