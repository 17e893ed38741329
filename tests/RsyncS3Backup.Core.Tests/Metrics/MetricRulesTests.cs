using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Metrics;

/// <summary>The rules for alerts that docs/ shows, as Prometheus itself evaluates them.</summary>
public sealed class MetricRulesTests : IDisposable
{
    private readonly TemporaryFolder files = new();

    private static string Rules => Repository.Path("docs/monitoring-rules.yml");

    [Fact]
    public void The_page_shows_the_rules_as_they_are_in_the_file() =>
        Assert.Contains("```yaml\n" + File.ReadAllText(Rules) + "```", File.ReadAllText(Repository.Path("docs/monitoring.md")), StringComparison.Ordinal);

    [SkippableFact]
    public async Task The_rules_fire_for_what_they_are_named_after_and_for_nothing_else()
    {
        // An hour after 1970 began a good job ran; at 4 days it is overdue, and not before.
        string tests = files.File("tests.yml", $$"""
            rule_files: ['{{Rules}}']
            evaluation_interval: 1h
            tests:
              - interval: 1h
                input_series:
                  - series: 'rsyncs3backup_last_run_status{backup_job="good", host="nas", status="succeeded"}'
                    values: '1x96'
                  - series: 'rsyncs3backup_last_run_status{backup_job="good", host="nas", status="failed"}'
                    values: '0x96'
                  - series: 'rsyncs3backup_last_run_status{backup_job="bad", host="nas", status="refused"}'
                    values: '1x96'
                  - series: 'rsyncs3backup_last_success_timestamp_seconds{backup_job="good", host="nas"}'
                    values: '3600x96'
                  - series: 'rsyncs3backup_max_age_seconds{backup_job="good", host="nas"}'
                    values: '259200x96'
                  - series: 'rsyncs3backup_last_success_timestamp_seconds{backup_job="by hand", host="nas"}'
                    values: '3600x96'
                  - series: 'rsyncs3backup_last_success_timestamp_seconds{backup_job="new", host="nas"}'
                    values: '0x96'
                  - series: 'rsyncs3backup_last_success_timestamp_seconds{backup_job="off", host="away"}'
                    values: '3600x4 _x92'
                  - series: 'rsyncs3backup_next_due_timestamp_seconds{backup_job="good", host="nas"}'
                    values: '90000x96'
                  - series: 'rsyncs3backup_last_test_status{backup_job="good", host="nas", status="failed"}'
                    values: '1x96'
                  - series: 'rsyncs3backup_last_test_status{backup_job="bad", host="nas", status="failed"}'
                    values: '0x96'
                  - series: 'rsyncs3backup_test_last_success_timestamp_seconds{backup_job="good", host="nas", level="quick"}'
                    values: '3600x96'
                  - series: 'rsyncs3backup_test_last_success_timestamp_seconds{backup_job="new", host="nas", level="quick"}'
                    values: '0x96'
                  - series: 'rsyncs3backup_test_max_age_seconds{backup_job="good", host="nas", level="quick"}'
                    values: '259200x96'
                  - series: 'rsyncs3backup_test_max_age_seconds{backup_job="new", host="nas", level="quick"}'
                    values: '259200x96'
                  - series: 'rsyncs3backup_configuration_valid{backup_job="bad", host="nas"}'
                    values: '0x96'
                promql_expr_test:
                  - expr: ALERTS{alertstate="firing", alertname!="BackupNotTested"}
                    eval_time: 24h
                    exp_samples: [{{Alerts(
                        ("BackupFailed", "bad", "nas", "refused"), ("BackupTestFailed", "good", "nas", "failed"),
                        ("BackupConfigurationInvalid", "bad", "nas", null), ("BackupNeverSucceeded", "new", "nas", null),
                        ("BackupHostSilent", "off", "away", null))}}]
                  - expr: ALERTS{alertstate="firing", alertname=~"BackupOverdue|BackupMissed"}
                    eval_time: 96h
                    exp_samples: [{{Alerts(("BackupOverdue", "good", "nas", null), ("BackupMissed", "good", "nas", null))}}]
                  - expr: ALERTS{alertstate="firing", alertname="BackupTestOverdue"}
                    eval_time: 96h
                    exp_samples: [{labels: 'ALERTS{alertname="BackupTestOverdue", alertstate="firing", backup_job="good", host="nas", level="quick", severity="warning"}', value: 1}]
              - interval: 1d
                input_series:
                  - series: 'rsyncs3backup_last_test_timestamp_seconds{backup_job="good", host="nas"}'
                    values: '86400x60'
                promql_expr_test:
                  - expr: ALERTS{alertstate="firing"}
                    eval_time: 30d
                    exp_samples: []
                  - expr: ALERTS{alertstate="firing"}
                    eval_time: 50d
                    exp_samples: [{{Alerts(("BackupNotTested", "good", "nas", null))}}]
            """);

        await Promtool.RunAsync("", "check", "rules", Rules);
        Assert.Contains("SUCCESS", await Promtool.RunAsync("", "test", "rules", tests), StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();

    private static string Alerts(params (string Alert, string Job, string Host, string? Status)[] alerts) => string.Join(", ", alerts.Select(alert =>
        $"{{labels: 'ALERTS{{alertname=\"{alert.Alert}\", alertstate=\"firing\", backup_job=\"{alert.Job}\", host=\"{alert.Host}\", "
        + $"severity=\"warning\"{(alert.Status is null ? "" : $", status=\"{alert.Status}\"")}}}', value: 1}}"));
}
