using System.Text.Json;
using System.Text.RegularExpressions;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.State.History;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Metrics;

/// <summary>The dashboard for Grafana that docs/ has: its form, and the figures that it asks for.</summary>
public sealed partial class DashboardTests : IDisposable
{
    private const int Columns = 24;

    private static readonly JsonElement Dashboard = JsonDocument.Parse(File.ReadAllText(Repository.Path("docs/monitoring-dashboard.json"))).RootElement;

    private readonly TemporaryFolder files = new();

    private static JsonElement[] Panels => [.. Dashboard.GetProperty("panels").EnumerateArray()];

    public void Dispose() => files.Dispose();

    [Fact]
    public void It_shows_every_figure_that_there_is_and_no_other()
    {
        string[] asked = [.. Name().Matches(Dashboard.GetRawText()).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal)];
        string[] made = [.. Name().Matches(MetricText.Of(Full())).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(made, asked);
    }

    [Fact]
    public void It_asks_for_states_and_labels_that_there_are()
    {
        string text = MetricText.Of(Full());
        string all = Dashboard.GetRawText();

        foreach (string state in Regex.Matches(all, "status=~?\\\\\"([a-z_|]+)\\\\\"").SelectMany(match => match.Groups[1].Value.Split('|')).Distinct())
            Assert.Contains($"status=\"{state}\"", text, StringComparison.Ordinal);
        foreach (string label in Regex.Matches(all, @"\{\{(\w+)\}\}").Select(match => match.Groups[1].Value).Distinct())
            Assert.Contains($"{label}=\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_panels_have_places_and_names_of_their_own()
    {
        Assert.Equal(Panels.Length, Panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        HashSet<(int, int)> taken = [];
        foreach (JsonElement panel in Panels)
        {
            Assert.NotEmpty(panel.GetProperty("title").GetString()!);
            Assert.Contains(panel.GetProperty("type").GetString(), new[] { "stat", "table", "timeseries", "state-timeline" });
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            string[] ids = [.. panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("refId").GetString()!)];
            Assert.Equal(ids.Distinct(), ids);
            JsonElement place = panel.GetProperty("gridPos");
            int x = place.GetProperty("x").GetInt32(), y = place.GetProperty("y").GetInt32();
            Assert.True(x + place.GetProperty("w").GetInt32() <= Columns);
            for (int row = y; row < y + place.GetProperty("h").GetInt32(); row++)
            {
                for (int column = x; column < x + place.GetProperty("w").GetInt32(); column++)
                    Assert.True(taken.Add((column, row)), panel.GetProperty("title").GetString());
            }
        }

        string[] variables = [.. Dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];
        Assert.Equal(["datasource", "host", "backup_job"], variables);
    }

    [SkippableFact]
    public async Task Prometheus_understands_what_it_asks()
    {
        IEnumerable<string> rules = Panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select((target, index) => $"  - record: asked:{index}\n    expr: >-\n      {Asked(target.GetProperty("expr").GetString()!)}");
        string path = files.File("rules.yml", $"groups:\n- name: dashboard\n  rules:\n{string.Join('\n', rules)}\n");

        await Promtool.RunAsync("", "check", "rules", path);

        // What Grafana puts in.
        static string Asked(string expression) => expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal)
            .Replace("$__range", "30d", StringComparison.Ordinal).Replace("$backup_job", "photos", StringComparison.Ordinal)
            .Replace("$host", "nas", StringComparison.Ordinal);
    }

    private static JobMetrics Full()
    {
        RsyncStageResult stage1 = new() { Name = "photos", RunId = "run", Status = BackupStatus.Succeeded, Source = [], Destination = "" };
        BackupRun run = new() { Name = "photos", RunId = "run", HostName = "nas", Status = BackupStatus.Succeeded, Stage1 = stage1 };
        DateTimeOffset now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        TestOptions test = new() { Level = BackupTestLevel.Quick, Every = TimeSpan.FromDays(7) };
        return new JobMetrics
        {
            Job = "photos",
            Host = "nas",
            IsValid = true,
            MaxAge = TimeSpan.FromDays(2),
            NextDue = now,
            Tests = [TestDue.Of(test, null, now, now, now, now, now)],
            Figures = new HistoryFigures
            {
                LastRun = run,
                LastSuccess = now,
                MirrorBytes = 1,
                BucketBytes = 1,
                LastTest = new BackupTestResult { RunId = "test", Status = BackupStatus.Succeeded, Level = BackupTestLevel.Quick },
                Totals = new HistoryTotals { Costs = new Dictionary<string, decimal> { ["USD"] = 1 } },
            },
        };
    }

    [GeneratedRegex("rsyncs3backup_[a-z0-9_]+")]
    private static partial Regex Name();
}
