using System.Globalization;
using System.Text;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Metrics;

/// <summary>
/// Jobs as the text that Prometheus reads. Pure. Source: "Exposition formats" of Prometheus' documentation, text format 0.0.4. No sample has a
/// time: the textfile collector of node_exporter refuses those.
/// </summary>
/// <remarks>
/// The label is not <c>job</c>, because a scrape has one of that name and would rename ours. The collector also refuses files that help
/// differently with one metric: all help is constant.
/// </remarks>
internal sealed class MetricText
{
    private const string Prefix = "rsyncs3backup_";
    private const string NeverRun = "never_run";
    private const string Unknown = "unknown";

    private static readonly string[] RunStates =
    [
        "succeeded", "succeeded_with_warnings", "failed", "refused", "interrupted", "cancelled", "skipped", "paused", NeverRun, Unknown,
    ];

    private static readonly string[] TestStates = ["succeeded", "failed", NeverRun, Unknown];

    private readonly StringBuilder text = new();
    private readonly IReadOnlyList<JobMetrics> jobs;

    private MetricText(IReadOnlyList<JobMetrics> jobs) => this.jobs = jobs;

    /// <summary>The text; it ends with a line feed, and is empty without jobs.</summary>
    public static string Of(params IReadOnlyList<JobMetrics> jobs)
    {
        MetricText made = new(jobs);
        made.Write();
        return made.text.ToString();
    }

    /// <summary>How a run ended, as a label.</summary>
    internal static string State(BackupRun? run) => run switch
    {
        null => NeverRun,
        { IsInterrupted: true } => "interrupted",
        { Status: BackupStatus.Succeeded } => "succeeded",
        { Status: BackupStatus.SucceededWithWarnings } => "succeeded_with_warnings",
        { Status: BackupStatus.Failed, ExitCode: BackupExitCode.Refused } => "refused",
        { Status: BackupStatus.Failed } => "failed",
        { Status: BackupStatus.Cancelled } => "cancelled",
        { Status: BackupStatus.Skipped } => "skipped",
        { Status: BackupStatus.Paused } => "paused",
        _ => Unknown,
    };

    private void Write()
    {
        Gauge("last_run_timestamp_seconds", "When the last run that has ended started; 0 when none is on record.",
            job => [("", job.Figures is { } known ? Time(known.LastRun?.StartTime) : null)]);
        Gauge("last_run_status", "How the last run ended: 1 for the status that it has, 0 for all others.",
            job => States(RunStates, job.Figures is { } known ? State(known.LastRun) : Unknown));
        Gauge("last_run_duration_seconds", "How long each stage of the last run took; none for a stage that did not run.",
            job => Stages(job.Figures?.LastRun, stage => Digits((decimal)stage.Duration.TotalSeconds)));
        Gauge("last_success_timestamp_seconds", "When the last run started that did all of the job, and well; 0 when none is on record.",
            job => [("", job.Figures is { } known ? Time(known.LastSuccess) : null)]);
        Gauge("max_age_seconds", "How old the last success may be before the job is overdue; none for a job without a schedule and maxAge.",
            job => [("", job.MaxAge is { } most ? Digits((decimal)most.TotalSeconds) : null)]);
        Gauge("failed_entries", "Files and objects that each stage of the last run failed for; none for a stage that did not run.",
            job => Stages(job.Figures?.LastRun, stage => Number(stage.Failed)));
        Gauge("mirror_bytes", "Bytes of all files, as the last good stage 1 found them.",
            job => [("", Number(job.Figures?.MirrorBytes))]);
        Gauge("bucket_bytes", "Bytes of all files that belong in the bucket, as the last good stage 2 found them.",
            job => [("", Number(job.Figures?.BucketBytes))]);
        Counter("uploaded_bytes_total", "Bytes that all runs uploaded.",
            job => [("", Number(job.Figures?.Totals?.UploadedBytes))]);
        Counter("requests_total", "Requests to S3 of all runs and tests, retries included.",
            job => Requests(job.Figures?.Totals?.Requests));
        Counter("cost_total", "Estimated cost of all runs and tests: requests, early deletions, retrievals. Storage is not in it.",
            job => (job.Figures?.Totals?.Costs ?? new Dictionary<string, decimal>()).OrderBy(cost => cost.Key, StringComparer.Ordinal)
                .Select(cost => (Label("currency", cost.Key), (string?)Digits(cost.Value))));
        Gauge("last_test_timestamp_seconds", "When the last test of all copies started; 0 when none is on record.",
            job => [("", job.Figures is { } known ? Time(known.LastTest?.StartTime) : null)]);
        Gauge("last_test_status", "How the last test of all copies ended: 1 for the status that it has, 0 for all others.",
            job => States(TestStates, TestState(job.Figures)));
        Gauge("test_last_success_timestamp_seconds",
            "When the last good test of each level started that the job asks for; 0 when none is on record.",
            job => job.Tests.Select(test => (Level(test.Test), (string?)Time(test.Age.LastSuccess))));
        Gauge("test_max_age_seconds", "How old that may be; none where the job does not say.",
            job => job.Tests.Select(test => (Level(test.Test), test.Age.MaxAge is { } most ? Digits((decimal)most.TotalSeconds) : null)));
        Gauge("next_due_timestamp_seconds", "When the job's schedule has it due next, whether or not something starts it.",
            job => [("", job.NextDue is { } due ? Time(due) : null)]);
        Gauge("configuration_valid", "1 when the job's configuration file is a good one, 0 when it keeps the job from running.",
            job => [("", job.IsValid is { } valid ? Number(valid ? 1 : 0) : null)]);
    }

    private static string Level(TestOptions test) => Label("level", test.Level.ToString().ToLowerInvariant());

    private static string TestState(HistoryFigures? figures) => figures switch
    {
        null => Unknown,
        { LastTest: null } => NeverRun,
        { LastTest.Status: BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings } => "succeeded",
        _ => "failed",
    };

    private static IEnumerable<(string Labels, string? Value)> States(string[] states, string current) =>
        states.Select(state => (Label("status", state), (string?)(state == current ? "1" : "0")));

    private static IEnumerable<(string Labels, string? Value)> Stages(BackupRun? run, Func<StageFigures, string?> value)
    {
        if (run?.Stage1 is { Status: not BackupStatus.Skipped } stage1)
            yield return (Label("stage", "1"), value(new StageFigures(stage1.Duration, stage1.Failed)));
        if (run?.Stage2 is { Status: not BackupStatus.Skipped } stage2)
            yield return (Label("stage", "2"), value(new StageFigures(stage2.Duration, stage2.Failed)));
    }

    private static IEnumerable<(string Labels, string? Value)> Requests(S3RequestCounts? requests)
    {
        if (requests is null)
            return [];
        (string Operation, long Count)[] counts =
        [
            ("put", requests.Put), ("copy", requests.Copy), ("list", requests.List), ("get", requests.Get), ("head", requests.Head),
            ("delete", requests.Delete),
        ];
        return counts.Select(item => (Label("operation", item.Operation), Number(item.Count)));
    }

    private void Gauge(string name, string help, Func<JobMetrics, IEnumerable<(string Labels, string? Value)>> samples) =>
        Family(Prefix + name, "gauge", help, samples);

    private void Counter(string name, string help, Func<JobMetrics, IEnumerable<(string Labels, string? Value)>> samples) =>
        Family(Prefix + name, "counter", help, samples);

    // All samples of a metric are one group. One without samples is left out.
    private void Family(string name, string type, string help, Func<JobMetrics, IEnumerable<(string Labels, string? Value)>> samples)
    {
        bool isNamed = false;
        foreach (JobMetrics job in jobs)
        {
            string common = Label("backup_job", job.Job) + "," + Label("host", job.Host);
            foreach ((string labels, string? value) in samples(job))
            {
                if (value is null)
                    continue;
                if (!isNamed)
                    text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
                isNamed = true;
                text.Append(CultureInfo.InvariantCulture, $"{name}{{{common}{(labels.Length > 0 ? "," : "")}{labels}}} {value}\n");
            }
        }
    }

    private static string Label(string name, string value) => $"{name}=\"{Escaped(value)}\"";

    private static string Escaped(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Time(DateTimeOffset? time) =>
        Digits(time is { } instant ? Math.Round((decimal)(instant.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond, 3) : 0);

    private static string? Number(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    // Enough digits for the price of one request, and none that a floating number would not keep.
    private static string Digits(decimal value) => value.ToString("0.##########", CultureInfo.InvariantCulture);

    private readonly record struct StageFigures(TimeSpan Duration, long Failed);
}
