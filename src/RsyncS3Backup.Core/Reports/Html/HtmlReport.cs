using System.Globalization;

namespace RsyncS3Backup.Reports.Html;

/// <summary>A report as one HTML file that needs nothing else: no script, no font, no picture, no request. Pure.</summary>
internal sealed class HtmlReport
{
    private const int RunsOfAJob = 10;

    private static readonly (string Look, string Word)[] Looks =
    [
        ("ok", "good"), ("warn", "with warnings"), ("bad", "failed"), ("stop", "stopped"), ("run", "running"),
        ("pause", "paused"), ("skip", "skipped"),
        ("none", "no run"),
    ];

    private readonly HtmlWriter html = new();
    private readonly FleetReport report;
    private readonly TimeAxis axis;
    private readonly Dictionary<ReportedJob, string> anchors;
    private readonly Chart chart;

    private HtmlReport(FleetReport report)
    {
        this.report = report;
        axis = TimeAxis.Of(report);
        chart = new Chart(html, axis);
        // Two rows may say the same.
        anchors = new Dictionary<ReportedJob, string>(ReferenceEqualityComparer.Instance);
        foreach (ReportedJob job in report.ByHost)
            anchors[job] = "job" + anchors.Count.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The file's text.</summary>
    /// <param name="report">What it tells.</param>
    /// <param name="title">Its title.</param>
    public static string Of(FleetReport report, string title)
    {
        HtmlReport made = new(report);
        made.Page(title);
        return made.html.ToString();
    }

    private void Page(string title)
    {
        html.Add($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n")
            .Add($"<meta http-equiv=\"Content-Security-Policy\" content=\"{HtmlStyle.Policy}\">\n")
            .Add($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Add($"<meta name=\"referrer\" content=\"no-referrer\">\n<style>").AddMarkup(HtmlStyle.Sheet)
            .Add($"</style>\n</head>\n<body>\n<main>\n");
        Head(title);
        News();
        Jobs();
        Calendar();
        Details();
        html.Add($"<footer>Times are those of {report.Zone.Id}. Costs are estimates of requests, early deletions and retrievals, without storage.</footer>\n")
            .Add($"</main>\n</body>\n</html>\n");
    }

    private void Head(string title)
    {
        html.Add($"<header>\n<h1>{title}</h1>\n<p class=\"lead\">{report.Summary}</p>\n<p class=\"muted\">Made ");
        Time(report.Now);
        html.Add($", with runs since {ReportText.Time(report.Since, report.Zone)[..10]}.</p>\n");
        html.Add($"<dl class=\"tiles\">\n");
        Tile($"Jobs on {ReportText.Count(report.Hosts, "machine", "machines")}", ReportText.Number(report.JobCount));
        int urgent = report.Urgent.Count();
        html.Add($"<div><dt>Need attention</dt><dd class=\"{(urgent > 0 ? "bad" : "good")}\">{ReportText.Number(urgent)}</dd></div>\n");
        Tile("In mirrors", Sum(row => row.Bytes));
        Tile("In S3", Sum(row => row.BucketBytes));
        long uploaded = report.Jobs.SelectMany(job => job.Backups).Sum(run => run.Stage2?.TransferredBytes ?? 0);
        Tile("Uploaded", HumanText.Bytes(uploaded));
        IEnumerable<string> costs = report.Costs.Select(cost => ReportText.Money(cost.Cost, cost.Currency));
        Tile("Cost", report.Costs.Count == 0 ? "none known" : string.Join(" + ", costs));
        html.Add($"</dl>\n</header>\n");

        string Sum(Func<BackupReport, long?> bytes) =>
            report.Jobs.Any(job => bytes(job.Row) is not null) ? HumanText.Bytes(report.Jobs.Sum(job => bytes(job.Row) ?? 0)) : "not known";
    }

    private void Tile(string label, string value) => html.Add($"<div><dt>{label}</dt><dd>{value}</dd></div>\n");

    private void News()
    {
        html.Add($"<section aria-labelledby=\"wrong\">\n<h2 id=\"wrong\">What is wrong</h2>\n");
        IReadOnlyList<ReportedJob> news = report.News;
        if (news.Count == 0)
            html.Add($"<p>{(report.Jobs.Count == 0 ? "No job is known." : "Nothing.")}</p>\n");
        else
            html.Add($"<ul class=\"news\">\n");
        foreach (ReportedJob job in news)
        {
            html.Add($"<li class=\"{(job.Urgency == 2 ? "bad" : "warn")}\"><h3>");
            Badges(job.Row);
            Named(job, link: true);
            html.Add($"</h3>\n<p>{job.Row.Reason}</p>\n");
            if (job.Row.RecommendedAction is { } action)
                html.Add($"<p class=\"muted\">{action}</p>\n");
            if (LastGood(job.Row) is { } lastGood)
                html.Add($"<p class=\"muted\">{lastGood}</p>\n");
            html.Add($"</li>\n");
        }

        html.AddMarkup(news.Count == 0 ? "</section>\n" : "</ul>\n</section>\n");
    }

    private string? LastGood(BackupReport row)
    {
        if (row.LastSuccess is not { } success)
            return row.LastRun is null ? null : "No good run of it is on record.";
        string allowed = row.MaxAge is { } most ? $" ({HumanText.Duration(most)} allowed)" : "";
        return $"Last good run {ReportText.Time(success, report.Zone)}, {HumanText.Duration(row.Age ?? TimeSpan.Zero)} old{allowed}.";
    }

    private void Jobs()
    {
        if (report.Jobs.Count == 0)
            return;
        html.Add($"<section aria-labelledby=\"all\">\n<h2 id=\"all\">All jobs</h2>\n")
            .Add($"<div class=\"card\">\n")
            .Add($"<p class=\"muted\" id=\"note\">Changes, uploads, duration and cost are those of the last run; ")
            .Add($"growth is that of the mirror in 30 days.</p>\n")
            .Add($"<div class=\"scroll\" role=\"region\" aria-labelledby=\"all\" tabindex=\"0\"><table class=\"jobs\" aria-labelledby=\"all\" ")
            .Add($"aria-describedby=\"note\">\n<thead><tr>");
        foreach (string label in (string[])["Status", "Job", "Last good run"])
            html.Add($"<th scope=\"col\">{label}</th>");
        foreach (string label in (string[])["Mirror", "S3", "Growth", "Changed", "Uploaded", "Took", "Cost"])
            html.Add($"<th scope=\"col\" class=\"number\">{label}</th>");
        html.Add($"<th scope=\"col\">Last test</th><th scope=\"col\">Next run</th></tr></thead>\n<tbody>\n");
        foreach (ReportedJob job in report.Jobs)
        {
            BackupReport row = job.Row;
            html.Add($"<tr><td>");
            Badges(row);
            html.Add($"</td><th scope=\"row\"><a href=\"#{anchors[job]}\"><bdi>{(row.Name.Length > 0 ? row.Name : "—")}</bdi></a>")
                .Add($"<span class=\"below\"><bdi>{row.HostName}</bdi></span></th><td class=\"time\">");
            Time(row.LastSuccess);
            html.Add($"<span class=\"below\">{(row.Age is { } age ? HumanText.Duration(age) + " old" : "")}</span></td>");
            Number(Bytes(row.Bytes));
            Number(Bytes(row.BucketBytes));
            Number(row.GrowthBytes is { } growth ? ReportText.Growth(growth) : null);
            Number(row.Changed is { } changed ? ReportText.Number(changed) : null);
            Number(Bytes(row.UploadedBytes));
            Number(row.Duration is { } took ? HumanText.Duration(took) : null);
            Number(row.Cost is { } cost ? ReportText.Money(cost, row.Currency) : null);
            html.Add($"<td class=\"two\">");
            Time(row.LastTest);
            html.Add($"<span class=\"below\">{(row.LastTestStatus == BackupStatus.Failed ? "failed" : "")}</span></td><td class=\"two\">");
            Time(row.NextRun);
            html.Add($"</td></tr>\n");
        }

        html.Add($"</tbody></table></div></div>\n</section>\n");
    }

    private void Calendar()
    {
        ReportedJob[] jobs = [.. report.ByHost.Where(job => job.Runs.Count > 0)];
        if (jobs.Length == 0)
            return;
        html.Add($"<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs by day</h2>\n<div class=\"card\"><table class=\"days\">\n")
            .Add($"<caption>One square a day, from {Long(axis.First)} to {Long(axis.Last)}: the worst that happened.")
            .Add($"<span class=\"legend\">");
        foreach ((string look, string word) in Looks)
        {
            html.Add($"<span><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">")
                .Add($"<rect class=\"{look}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{word}</span> ");
        }

        html.Add($"</span></caption>\n<thead><tr><th scope=\"col\" class=\"job\">Job</th><th scope=\"col\"><span class=\"ends\">");
        foreach (DateTime day in (DateTime[])[axis.First, axis.Day(axis.Days / 2), axis.Last])
            html.Add($"<span>{ReportText.Day(day)}</span>");
        html.Add($"</span></th><th scope=\"col\" class=\"counts\">Runs</th></tr></thead>\n");
        foreach (IGrouping<string, ReportedJob> host in jobs.GroupBy(job => job.Row.HostName, StringComparer.OrdinalIgnoreCase))
        {
            html.Add($"<tbody><tr class=\"machine\"><th scope=\"rowgroup\" colspan=\"3\"><bdi>{host.Key}</bdi></th></tr>\n");
            foreach (ReportedJob job in host)
            {
                html.Add($"<tr><th scope=\"row\"><a href=\"#{anchors[job]}\"><bdi>{job.Row.Name}</bdi></a></th><td class=\"strips\">");
                CalendarStrip.Write(html, axis, job);
                html.Add($"</td><td class=\"counts\">{CalendarStrip.Counts(axis, job)}</td></tr>\n");
            }

            html.Add($"</tbody>\n");
        }

        html.Add($"</table></div>\n</section>\n");
    }

    private void Details()
    {
        if (report.Jobs.Count == 0)
            return;
        html.Add($"<section aria-labelledby=\"each\">\n<h2 id=\"each\">Each job</h2>\n");
        foreach (ReportedJob job in report.ByHost)
            Details(job);
        html.Add($"</section>\n");
    }

    private void Details(ReportedJob job)
    {
        html.Add($"<article class=\"card\" id=\"{anchors[job]}\"><header><h3>");
        Named(job, link: false);
        html.Add($" ");
        Badges(job.Row);
        html.Add($"</h3>\n");
        if (job.Row.BucketName is { } bucket)
            html.Add($"<p class=\"muted\">s3://{bucket}/{job.Row.KeyPrefix}</p>\n");
        if (job.Row.Reason is { } reason)
            html.Add($"<p>{reason}</p>\n");
        html.Add($"</header>\n");
        JobFigures figures = JobFigures.Of(job, axis);
        if (figures.DaysWithRuns > 1)
            Charts(job, figures);
        Runs(job);
        Tests(job);
        html.Add($"</article>\n");
    }

    private void Charts(ReportedJob job, JobFigures figures)
    {
        html.Add($"<div class=\"charts\">\n");
        Series mirror = new("mirror", "a", figures.Mirror);
        Series[] sizes = figures.Bucket.Any(value => value is not null) ? [mirror, new Series("S3", "b", figures.Bucket)] : [mirror];
        double most = sizes.SelectMany(series => series.Values).Max() ?? 0;
        if (most > 0)
            chart.Lines("Size", job.Row.GrowthBytes is { } growth ? $"{ReportText.Growth(growth)} in 30 days" : null, Scale.Bytes(most), sizes);
        if (figures.Uploaded.Max() is > 0 and var uploaded)
            chart.Columns("Uploaded a day", null, Scale.Bytes(uploaded), new Series("uploaded", "a", figures.Uploaded));
        if (JobFigures.MostTogether(figures.Created, figures.Changed, figures.Deleted) is > 0 and var changed)
        {
            chart.Columns(
                "Entries changed a day", null, Scale.Counts(changed), new Series("new", "a", figures.Created), new Series("changed", "c", figures.Changed),
                new Series("deleted", "b", figures.Deleted));
        }

        if (JobFigures.MostTogether(figures.Stage1Seconds, figures.Stage2Seconds) is > 0 and var seconds)
        {
            chart.Columns(
                "Longest run of a day", null, Scale.Seconds(seconds), new Series("to the mirror", "a", figures.Stage1Seconds),
                new Series("to S3", "b", figures.Stage2Seconds));
        }

        if (figures is { Cost: { } cost, Currency: { } currency } && cost.Max() is > 0 and var dearest)
            chart.Columns("Cost a day", "estimated", Scale.Money(dearest, currency), new Series("cost", "a", cost));
        if (figures.Differences.Max() is > 0 and var differences)
            chart.Columns("Differences found by tests", null, Scale.Counts(differences), new Series("differences", "b", figures.Differences));
        html.Add($"</div>\n");
    }

    private void Runs(ReportedJob job)
    {
        BackupRun[] runs = [.. job.Backups.Take(RunsOfAJob)];
        if (runs.Length == 0)
            return;
        html.Add($"<details><summary>{(runs.Length == 1 ? "The last run" : $"The last {ReportText.Number(runs.Length)} runs")}</summary>")
            .Add($"<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Started</th><th scope=\"col\">Status</th>");
        foreach (string label in (string[])["Changed", "Uploaded", "Requests", "Took", "Cost"])
            html.Add($"<th scope=\"col\" class=\"number\">{label}</th>");
        html.Add($"<th scope=\"col\">Problem</th></tr></thead>\n<tbody>\n");
        foreach (BackupRun run in runs)
        {
            html.Add($"<tr><th scope=\"row\" class=\"time\">");
            Time(run.StartTime);
            html.Add($"</th><td>{ReportText.Status(run)}</td>");
            Number(ReportText.Changes(run.Stage1));
            Number(run.Stage2 is { Status: not BackupStatus.Skipped } sent ? HumanText.Bytes(sent.TransferredBytes) : null);
            Number(run.Stage2 is { Status: not BackupStatus.Skipped } asked ? ReportText.Number(asked.Requests.Total) : null);
            Number(run.Duration is { } took ? HumanText.Duration(took) : null);
            Number(ReportRow.CostOf(run) is { } cost ? ReportText.Money(cost.Cost, cost.Currency) : null);
            html.Add($"<td class=\"wrap\">{Problem(run)}</td></tr>\n");
        }

        html.Add($"</tbody></table></div></details>\n");
    }

    private static string Problem(BackupRun run)
    {
        if (run.Error is { } error)
            return ReportText.Line($"{error.Id}: {error.Message}");
        string[] warnings = [.. ReportRow.WarningsOf(run)];
        if (run.Status == BackupStatus.Paused)
            return ReportText.Line(run.Stage1?.PausedReason ?? run.Stage2?.PausedReason ?? "");
        return warnings.Length > 0 ? ReportText.Line(warnings[0]) : run.Status == BackupStatus.Skipped ? run.Stage1?.SkippedReason ?? "" : "";
    }

    private void Tests(ReportedJob job)
    {
        BackupTestResult[] tests = [.. job.Tests.Take(RunsOfAJob)];
        if (tests.Length == 0)
            return;
        bool isBad = Array.Exists(tests, test => test.Status == BackupStatus.Failed);
        string which = tests.Length == 1 ? "The last test" : $"The last {ReportText.Number(tests.Length)} tests";
        html.Add($"<details{(isBad ? " open" : "")}><summary>{which} of the copies</summary>")
            .Add($"<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Started</th><th scope=\"col\">Level</th><th scope=\"col\">Result</th>")
            .Add($"<th scope=\"col\" class=\"number\">Entries</th><th scope=\"col\" class=\"number\">Took</th>")
            .Add($"<th scope=\"col\">Differences</th></tr></thead>\n<tbody>\n");
        foreach (BackupTestResult test in tests)
        {
            html.Add($"<tr><th scope=\"row\" class=\"time\">");
            Time(test.StartTime);
            html.Add($"</th><td>{test.Level.ToString()}{(test.Paths.Count > 0 ? " (parts)" : "")}</td><td>{test.Status.ToString()}</td>");
            Number(ReportText.Number(test.Total));
            Number(HumanText.Duration(test.Duration));
            string found = test is { Differences: 0, Error: { } error } ? ReportText.Line(error.ToString()) : test.DifferenceCounts.ToString();
            html.Add($"<td class=\"wrap\">{found}</td></tr>\n");
        }

        html.Add($"</tbody></table></div></details>\n");
    }

    private void Named(ReportedJob job, bool link)
    {
        if (job.Row.Name.Length == 0)
            html.Add($"<bdi>{job.Row.HostName}</bdi>");
        else if (link)
            html.Add($"<a href=\"#{anchors[job]}\"><bdi>{job.Row.Name}</bdi></a> <span class=\"muted\">on <bdi>{job.Row.HostName}</bdi></span>");
        else
            html.Add($"<bdi>{job.Row.Name}</bdi> <span class=\"muted\">on <bdi>{job.Row.HostName}</bdi></span>");
    }

    private void Badges(BackupReport row)
    {
        string look = row.Status switch
        {
            BackupJobStatus.Succeeded => "ok",
            BackupJobStatus.SucceededWithWarnings => "warn",
            BackupJobStatus.Running => "run",
            BackupJobStatus.Unknown when row.LastTest is not null => "none",
            BackupJobStatus.NeverRan or BackupJobStatus.Skipped or BackupJobStatus.Paused => "none",
            _ => "bad",
        };
        html.Add($"<span class=\"badge {look}\">{ReportText.MainOf(row)}</span>");
        foreach (string more in ReportText.BesideOf(row))
            html.Add($" <span class=\"badge bad\">{more}</span>");
    }

    private void Number(string? text) => html.Add($"<td class=\"number\">{text ?? ""}</td>");

    private void Time(DateTimeOffset? time)
    {
        if (time is not { } known)
            return;
        string[] parts = ReportText.Time(known, report.Zone).Split(' ');
        string exact = known.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        html.Add($"<time datetime=\"{exact}\">{parts[0]} <span>{parts[1]}</span></time>");
    }

    private static string? Bytes(long? bytes) => bytes is { } known ? HumanText.Bytes(known) : null;

    private static string Long(DateTime day) => day.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);
}
