using RsyncS3Backup.Core.Tests.Runs;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Metrics;

public sealed class MetricFileTests : LocalJob
{
    private readonly string folder;

    public MetricFileTests()
    {
        folder = Directory.CreateDirectory(Files["metrics"]).FullName;
        Configuration = Configuration with { Metrics = new MetricOptions { Path = folder } };
    }

    private string MetricPath => Path.Combine(folder, $"rsyncs3backup-{Name}.prom");

    [Fact]
    public async Task A_run_leaves_one_file_that_everybody_may_read()
    {
        BackupResult result = await RunAsync();

        Assert.Equal([MetricPath], Directory.GetFiles(folder));
        Assert.Equal("1", Sample("last_run_status", "succeeded"));
        Assert.Equal("7", Sample("mirror_bytes"));
        Assert.Equal(Sample("last_run_timestamp_seconds"), Sample("last_success_timestamp_seconds"));
        Assert.Equal(BackupStatus.Succeeded, result.Status);
        if (!OperatingSystem.IsWindows())
            Assert.Equal("644", Convert.ToString((int)File.GetUnixFileMode(MetricPath), 8));
    }

    [Fact]
    public async Task A_failed_run_looks_failed_and_the_last_success_stays()
    {
        await RunAsync();
        string success = Sample("last_success_timestamp_seconds");
        Directory.Delete(Files["source"], recursive: true);

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Failed, result.Status);
        Assert.Equal(("0", "1"), (Sample("last_run_status", "succeeded"), Sample("last_run_status", MetricText.State(History()[0]))));
        Assert.Equal(success, Sample("last_success_timestamp_seconds"));
        Assert.NotEqual(success, Sample("last_run_timestamp_seconds"));
    }

    [Fact]
    public async Task A_run_that_is_stopped_looks_cancelled()
    {
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();

        await RunAsync(cancellationToken: stopped.Token);

        Assert.Equal("1", Sample("last_run_status", "cancelled"));
    }

    [Fact]
    public async Task A_failed_run_looks_failed_also_where_there_is_no_history()
    {
        await RunAsync();
        Directory.Delete(StatePath, recursive: true);
        File.WriteAllText(StatePath, "in the way");
        Directory.Delete(Files["source"], recursive: true);

        await RunAsync();

        Assert.Equal("0", Sample("last_run_status", "succeeded"));
        Assert.DoesNotContain("_total", await File.ReadAllTextAsync(MetricPath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_finds_the_job_running_leaves_the_file_alone()
    {
        await RunAsync();
        File.WriteAllText(MetricPath, "of the run that is on");
        using JobLock held = Hold();

        BackupResult result = await RunAsync();

        Assert.Equal(BackupExitCode.AlreadyRunning, result.ExitCode);
        Assert.Equal("of the run that is on", await File.ReadAllTextAsync(MetricPath));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_a_warning_and_no_failure()
    {
        Directory.Delete(folder);

        BackupResult result = await RunAsync();

        Assert.Equal(BackupExitCode.Succeeded, result.ExitCode);
        Assert.Single(Observer.Warnings, warning => warning.Contains(MetricPath, StringComparison.Ordinal));
        Assert.False(Directory.Exists(folder));
    }

    [SkippableFact]
    public async Task A_link_in_its_place_is_replaced_and_never_followed()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights there");
        string other = Files.File("other", "mine");
        File.CreateSymbolicLink(MetricPath, other);

        await RunAsync();

        Assert.Equal("mine", await File.ReadAllTextAsync(other));
        Assert.Null(new FileInfo(MetricPath).LinkTarget);
        Assert.Equal("1", Sample("last_run_status", "succeeded"));
    }

    [Fact]
    public async Task A_test_of_all_copies_renews_the_file_and_one_of_a_path_does_not()
    {
        await RunAsync();
        BackupTestResult test = new()
        {
            RunId = "t",
            Status = BackupStatus.Failed,
            Level = BackupTestLevel.Quick,
            Paths = ["a"],
            StartTime = DateTimeOffset.Now,
        };

        MetricFile.WriteAfter(Configuration, test, Assert.Fail);
        Assert.Equal("1", Sample("last_test_status", "never_run"));
        MetricFile.WriteAfter(Configuration, test with { Paths = [] }, Assert.Fail);

        Assert.Equal("1", Sample("last_test_status", "failed"));
        Assert.Equal("1", Sample("last_run_status", "succeeded"));
    }

    [Fact]
    public void Stage_1_alone_is_no_success_of_the_job()
    {
        BackupRun run = new() { Name = Name, RunId = "r", HostName = "h", Status = BackupStatus.Succeeded, Stage1 = Stage1("r"), StartTime = Now };
        HistoryFigures before = new() { LastSuccess = Now.AddDays(-1), BucketBytes = 3 };

        HistoryFigures alone = MetricFile.With(before, run);
        HistoryFigures both = MetricFile.With(before, run with { Stage2 = Stage2("r", 5) });

        Assert.Equal((run, Now.AddDays(-1), 3), (alone.LastRun, alone.LastSuccess, alone.BucketBytes));
        Assert.Equal((Now, 9), (both.LastSuccess, both.BucketBytes));
    }

    [Fact]
    public void The_history_knows_the_newest_run_that_did_all_of_the_job()
    {
        Record("1", Now.AddDays(-3), Stage1("1"), Stage2("1", 5));
        Record("2", Now.AddDays(-2), null, Stage2("2", 5));
        Record("3", Now.AddDays(-1), Stage1("3") with { TotalBytes = 100 }, null);
        Record("4", Now, Stage1("4") with { Status = BackupStatus.Failed, TotalBytes = 1 }, null);

        HistoryFigures figures = JobHistory.Find(Name)!.ReadFigures();

        Assert.Equal(("4", Now.AddDays(-3)), (figures.LastRun?.RunId, figures.LastSuccess));
        Assert.Equal((100, 9), (figures.MirrorBytes, figures.BucketBytes));
    }

    [Fact]
    public void Sums_stay_when_the_history_forgets_and_when_a_stage_is_written_anew()
    {
        Record("1", Now.AddDays(-3), Stage1("1"), Stage2("1", 5));
        Record("2", Now.AddDays(-2), Stage1("2"), Stage2("2", 7));
        Record("3", Now.AddDays(-1), Stage1("3"), Stage2("3", 11) with { Currency = "EUR" });
        HistoryTotals all = Totals();
        Assert.Equal((23, 3, 0.0000020m, 0.0000010m), (all.UploadedBytes, all.Requests.Put, all.Costs["USD"], all.Costs["EUR"]));

        JobHistory.Find(Name)!.Remove(["1"]);
        AssertSame(all, Totals());
        Record("4", Now, Stage1("4"), null, keepsSince: Now.AddHours(-1));
        Assert.Equal(["4"], History().Select(run => run.RunId));
        AssertSame(all, Totals());
        Record("4", Now, Stage1("4"), Stage2("4", 13));
        Record("4", Now, Stage1("4"), Stage2("4", 17));

        Assert.Equal((53, 5), (Totals().UploadedBytes, Totals().Requests.Put));
    }

    private static DateTimeOffset Now { get; } = new(DateTime.Today);

    private static void AssertSame(HistoryTotals expected, HistoryTotals actual)
    {
        Assert.Equal((expected.UploadedBytes, expected.Requests), (actual.UploadedBytes, actual.Requests));
        Assert.Equal(expected.Costs, actual.Costs);
    }

    private HistoryTotals Totals() => JobHistory.Find(Name)!.ReadFigures().Totals!;

    private RsyncStageResult Stage1(string runId) => new()
    {
        Name = Name,
        RunId = runId,
        Status = BackupStatus.Succeeded,
        Source = [],
        Destination = "/mirror",
        TotalBytes = 10,
    };

    private S3SyncStageResult Stage2(string runId, long uploaded) => new()
    {
        Name = Name,
        RunId = runId,
        Status = BackupStatus.Succeeded,
        Path = "/mirror",
        TotalBytes = 9,
        TransferredBytes = uploaded,
        Requests = new S3RequestCounts { Put = 1 },
        EstimatedRequestCost = 0.0000007m,
        EstimatedRetrievalCost = 0.0000003m,
    };

    private void Record(string runId, DateTimeOffset start, RsyncStageResult? stage1, S3SyncStageResult? stage2, DateTimeOffset? keepsSince = null)
    {
        using HistoryWriter writer =
            HistoryWriter.Begin(new RunHeader { Name = Name, RunId = runId, Started = start }, ownsJob: true, Assert.Fail);
        if (stage1 is not null)
            writer.Ended(stage1);
        if (stage2 is not null)
            writer.Ended(stage2);
        BackupStatus status = RunDecision.Status(stage1, stage2);
        writer.End(runId, status, BackupExitCode.Succeeded, keepsSince ?? DateTimeOffset.MinValue);
    }

    private string Sample(string name, string? status = null)
    {
        string labels = status is null ? "}" : $",status=\"{status}\"}}";
        string line = Assert.Single(
            File.ReadAllLines(MetricPath),
            line => line.StartsWith($"rsyncs3backup_{name}{{", StringComparison.Ordinal) && line.Contains(labels + " ", StringComparison.Ordinal));
        return line[(line.LastIndexOf(' ') + 1)..];
    }
}
