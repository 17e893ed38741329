using System.Text;
using System.Text.Json;
using FsCheck.Xunit;
using MimeKit;
using RsyncS3Backup.Core.Tests.Reports;
using RsyncS3Backup.Reports;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Runs.Reporting;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>What a person or a program is told of a run.</summary>
public sealed class MessageTests
{
    [Fact]
    public void The_subject_of_a_good_run_says_what_changed() => Assert.Equal(
        "photos on nas: succeeded, 12 new, 3 changed, 1 deleted, 5.0 MiB sent to S3 in 1 m 15 s", RunSummary.Subject(SampleReports.Good));

    [Theory]
    [InlineData(5 * 1024 * 1024, "5.0 MiB sent to S3, 3.0 GiB copied inside S3")]
    [InlineData(0, "3.0 GiB copied inside S3")]
    public void The_subject_says_what_did_not_have_to_be_sent(long sent, string said)
    {
        RunReport report = SampleReports.Good with
        {
            Stage2 = SampleReports.Good.Stage2! with { TransferredBytes = sent, CopiedBytes = 3L << 30 },
        };

        Assert.Equal($"photos on nas: succeeded, 12 new, 3 changed, 1 deleted, {said} in 1 m 15 s", RunSummary.Subject(report));
    }

    [Fact]
    public void A_test_says_what_it_found_in_a_line_and_in_its_json()
    {
        BackupTestResult test = new()
        {
            Name = "photos",
            RunId = "run",
            Status = BackupStatus.Succeeded,
            Level = BackupTestLevel.Restore,
            Total = 2000,
            Restored = 20,
            RestoredBytes = 7,
            RestoreDuration = TimeSpan.FromSeconds(2),
            Duration = TimeSpan.FromSeconds(3),
            DifferenceCounts = new BackupDifferenceCounts { NotYetSent = 1 },
            Warnings = ["look"],
        };
        RunReport report = RunReport.From(test, "/jobs/photos.json") with { HostName = "nas" };

        Assert.Equal(
            "photos on nas: test (Restore) succeeded, 2,000 entries, 20 restored, 1 not sent yet in 3.0 s", RunSummary.Subject(report));
        Assert.Equal("photos: test (Restore) succeeded", RunSummary.Title(report));
        Assert.Contains("Warnings: look", RunSummary.PlainText(report), StringComparison.Ordinal);
        JsonElement told = JsonDocument.Parse(RunReportJson.ToUtf8(report)).RootElement;
        Assert.Equal(("success", 20, 2.0), (
            told.GetProperty("event").GetString(), told.GetProperty("test").GetProperty("restored").GetInt64(),
            told.GetProperty("test").GetProperty("restoreSeconds").GetDouble()));
        Assert.False(told.TryGetProperty("stage1", out _));

        BackupError differs = SampleReports.Bad.Error! with { Id = "BackupDiffers", Message = "The copies differ." };
        Assert.Equal(
            "photos on nas: test (Restore) FAILED, BackupDiffers: The copies differ.",
            RunSummary.Subject(report with { Status = BackupStatus.Failed, Test = test with { Status = BackupStatus.Failed, Error = differs } }));
    }

    [Fact]
    public void A_digest_says_what_is_wrong_and_how_many_are_well()
    {
        RunReport report = RunReport.Of(SampleFleet.Whole());

        Assert.Equal(NotificationEvent.Failure, report.Event);
        Assert.Equal("Backups: 4 of 7 jobs on 5 machines need attention, and nothing came from 1 machine.", RunSummary.Subject(report));
        Assert.Equal("Backups: ATTENTION", RunSummary.Title(report));
        string text = RunSummary.PlainText(report);
        Assert.Contains(
            "\ndocuments on nas.example.org: Failed. S3AccessDenied: S3 denies writing to example-backups/documents/. Allow s3:PutObject", text,
            StringComparison.Ordinal);
        Assert.Contains("\nweb-2: Silent. Nothing came from this machine. See whether", text, StringComparison.Ordinal);
        Assert.Contains("\nWell: 1 job, 820.0 GiB\n", text, StringComparison.Ordinal);
        JsonElement told = JsonDocument.Parse(RunReportJson.ToUtf8(report)).RootElement;
        Assert.Equal(("digest", 8), (told.GetProperty("event").GetString(), told.GetProperty("jobs").GetArrayLength()));
        Assert.Equal("Invalid", told.GetProperty("jobs")[0].GetProperty("status").GetString());
        Assert.False(told.TryGetProperty("runId", out _));
    }

    [Fact]
    public void A_digest_of_good_jobs_is_a_success_and_one_of_many_bad_ones_is_short()
    {
        ReportSource source = new(SampleFleet.Now);
        source.Add(SampleFleet.Run("nas", "photos", SampleFleet.Now.AddHours(-1), 5, new Random(1)), "nas");
        RunReport good = RunReport.Of(source.Build(SampleFleet.Now.AddDays(-1)));
        Assert.Equal((NotificationEvent.Success, "Backups: all well"), (good.Event, RunSummary.Title(good)));

        for (int i = 0; i < 200; i++)
            source.AddFailure($"host{i}", null, $"Unreachable {i}.", null);
        RunReport bad = RunReport.Of(source.Build(SampleFleet.Now.AddDays(-1)));
        Assert.Equal(23, RunSummary.Details(bad).Count());
        Assert.Contains("\nOthers: 180 more jobs with something to look at\n", RunSummary.PlainText(bad), StringComparison.Ordinal);
    }

    [Fact]
    public void The_mail_of_a_digest_has_the_report_attached()
    {
        NotificationOptions options = new() { Type = NotificationKind.Email, From = "a@example.com", To = ["b@example.com"] };
        using MimeMessage mail = MailDelivery.Message(options, RunReport.Of(SampleFleet.Whole()));

        Assert.StartsWith("Backups: 4 of 7 jobs", mail.TextBody, StringComparison.Ordinal);
        MimePart attached = Assert.IsType<TextPart>(Assert.Single(mail.Attachments), exactMatch: false);
        Assert.Equal(("backups.html", "text/html"), (attached.FileName, attached.ContentType.MimeType));
        Assert.StartsWith("<!DOCTYPE html>", ((TextPart)attached).Text, StringComparison.Ordinal);
        using MimeMessage ofRun = MailDelivery.Message(options, SampleReports.Good);
        Assert.Empty(ofRun.Attachments);
    }

    [Fact]
    public void A_repair_says_what_it_did()
    {
        RunReport report = RunReport.From(new BackupRun
        {
            Name = "photos",
            RunId = "run",
            HostName = "nas",
            Kind = BackupRunKind.Repair,
            Status = BackupStatus.Succeeded,
            Repair = new BackupRepairResult
            {
                Name = "photos",
                RunId = "run",
                Status = BackupStatus.Succeeded,
                RepairedInS3 = 3,
                Skipped = 1,
                Duration = TimeSpan.FromSeconds(1),
            },
        });

        Assert.Equal("photos on nas: repair succeeded, 3 repaired in S3, 1 left in 1.0 s", RunSummary.Subject(report));
        JsonElement told = JsonDocument.Parse(RunReportJson.ToUtf8(report)).RootElement;
        Assert.Equal(3, told.GetProperty("repair").GetProperty("repairedInS3").GetInt64());
    }

    [Fact]
    public void A_paused_run_says_what_remains()
    {
        RunReport report = SampleReports.Good with
        {
            Status = BackupStatus.Paused,
            Stage2 = SampleReports.Good.Stage2! with
            {
                Status = BackupStatus.Paused,
                PausedReason = "3 items (1.0 GiB) remain.",
                RemainingItems = 3,
                RemainingBytes = 1 << 30,
                UploadRuns = 2,
            },
        };

        Assert.Equal("photos: paused", RunSummary.Title(report));
        Assert.Contains(" paused, 12 new, 5.0 MiB in 1 m 10 s (s3://my-backups/rsync/photos/). 3 items (1.0 GiB) remain.", RunSummary.PlainText(report), StringComparison.Ordinal);
        JsonElement stage2 = Parse(RunReportJson.ToUtf8(report)).GetProperty("stage2");
        Assert.Equal(
            ("Paused", "3 items (1.0 GiB) remain.", 3, 1 << 30, 2),
            (stage2.GetProperty("status").GetString(), stage2.GetProperty("pausedReason").GetString(), stage2.GetProperty("remainingItems").GetInt32(),
                stage2.GetProperty("remainingBytes").GetInt64(), stage2.GetProperty("uploadRuns").GetInt32()));
        Assert.True(report.IsUntold);
    }

    [Fact]
    public void The_subject_of_a_failed_run_says_why() => Assert.Equal(
        "photos on nas: FAILED, SourceMissing: The source '/data/<photos> & more' does not exist.", RunSummary.Subject(SampleReports.Bad));

    [Fact]
    public void The_text_of_a_failed_run_begins_with_the_error_and_the_way_out() => Assert.StartsWith(
        """
        photos on nas: FAILED, SourceMissing: The source '/data/<photos> & more' does not exist.

        Error: SourceMissing: The source '/data/<photos> & more' does not exist.
            It was here.
        What to do: Check the path.
        Mirror: FAILED, 12 new, 3 changed, 1 deleted, 5.0 MiB in 3.0 s (/mirror)
        S3: skipped. Stage 1 failed (SourceMissing); the bucket was not touched.
        Warnings: warning 1
            warning 2
            warning 3
            warning 4
            warning 5
            … and 25 more
        Host: nas
        Started: 2026-01-02 03:04:05 +00:00

        """, RunSummary.PlainText(SampleReports.Bad), StringComparison.Ordinal);

    [Fact]
    public void What_mends_every_failed_entry_is_said_before_what_the_stage_recommends()
    {
        BackupError entry = SampleReports.Bad.Error! with { RecommendedAction = "Allow s3:PutObject." };
        RunReport report = SampleReports.Bad with { Stage1 = SampleReports.Bad.Stage1! with { FailedItems = [entry, entry] } };

        Assert.Contains("What to do: Allow s3:PutObject. Check the path.", RunSummary.PlainText(report), StringComparison.Ordinal);
    }

    [Property]
    public bool A_subject_is_one_short_line_whatever_an_error_says(string? name, string? message)
    {
        RunReport report = SampleReports.Bad with
        {
            Name = name ?? "",
            Stage1 = SampleReports.Bad.Stage1! with { Error = SampleReports.Bad.Error! with { Message = string.Concat(Enumerable.Repeat(message + "🙂", 40)) } },
        };
        string subject = RunSummary.Subject(report);
        // Half surrogate pairs, which names on Windows may have, are no reason to fail.
        Assert.All(Enum.GetValues<NotificationFormat>(), format => Parse(WebhookPayload.Of(format, report)));
        return subject.Length <= 250 && !subject.Any(char.IsControl);
    }

    [Fact]
    public void The_JSON_has_a_version_both_stages_and_numbers()
    {
        JsonElement json = Parse(RunReportJson.ToUtf8(SampleReports.Bad));

        Assert.Equal((1, "failure", "Failed", 3), (Number("schemaVersion"), Text("event"), Text("status"), Number("exitCode")));
        Assert.Equal(("SourceMissing", "Check the path."), (Text("error", "id"), Text("error", "recommendedAction")));
        Assert.Equal((12, 5 * 1024 * 1024), (Number("stage1", "created"), Number("stage1", "transferredBytes")));
        Assert.Equal(75, json.GetProperty("durationSeconds").GetDouble());
        Assert.Equal("Skipped", Text("stage2", "status"));
        Assert.Equal(20, json.GetProperty("stage1").GetProperty("warnings").GetArrayLength());

        string? Text(params string[] path) => Find(path).GetString();
        int Number(params string[] path) => Find(path).GetInt32();
        JsonElement Find(string[] path) => path.Aggregate(json, (element, name) => element.GetProperty(name));
    }

    [Fact]
    public void The_JSON_says_what_the_run_costs_and_whose_prices_that_is()
    {
        RunReport report = SampleReports.Good with
        {
            Stage2 = SampleReports.Good.Stage2! with
            {
                EstimatedRequestCost = 0.0125m,
                EstimatedStorageChange = -0.5m,
                EstimatedEarlyDeletionCost = 0.25m,
                EstimatedRetrievalCost = 1.5m,
                Currency = "EUR",
                PriceSource = "configuration",
                Renewed = 7,
            },
        };

        JsonElement stage2 = Parse(RunReportJson.ToUtf8(report)).GetProperty("stage2");

        Assert.Equal(
            [0.0125m, -0.5m, 0.25m, 1.5m, 7m],
            new[] { "estimatedRequestCost", "estimatedStorageChange", "estimatedEarlyDeletionCost", "estimatedRetrievalCost", "renewed" }
                .Select(name => stage2.GetProperty(name).GetDecimal()));
        Assert.Equal(("EUR", "configuration"), (stage2.GetProperty("currency").GetString(), stage2.GetProperty("priceSource").GetString()));
        Assert.False(Parse(RunReportJson.ToUtf8(SampleReports.Bad)).GetProperty("stage2").TryGetProperty("priceSource", out _));
    }

    [Fact]
    public void The_JSON_of_a_result_with_a_configuration_does_not_hold_the_configuration()
    {
        RunReport report = SampleReports.Good with
        {
            Stage1 = SampleReports.Good.Stage1! with
            {
                Configuration = new BackupConfiguration
                {
                    Name = "x",
                    Sources = [],
                    Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/planted" } },
                },
            },
        };

        Assert.DoesNotContain("planted", Encoding.UTF8.GetString(RunReportJson.ToUtf8(report)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_for_Slack_has_blocks_and_no_link_or_mention_of_a_path()
    {
        JsonElement json = Parse(WebhookPayload.Of(NotificationFormat.Slack, SampleReports.Bad));

        Assert.StartsWith("❌ photos on nas: FAILED, SourceMissing: The source '/data/&lt;photos&gt; &amp; more'", json.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(["header", "section", "section"], json.GetProperty("blocks").EnumerateArray().Select(block => block.GetProperty("type").GetString()));
        Assert.All(json.GetProperty("blocks").EnumerateArray(), block => Assert.True(block.GetProperty("text").GetProperty("text").GetString()!.Length <= 3000));
        Assert.Contains("*What to do:* Check the path.", json.GetProperty("blocks")[2].GetProperty("text").GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("good", "Good")]
    [InlineData("warned", "Warning")]
    [InlineData("bad", "Attention")]
    public void A_message_for_Teams_is_an_adaptive_card_in_the_color_of_the_event(string which, string color)
    {
        RunReport report = which switch { "good" => SampleReports.Good, "bad" => SampleReports.Bad, _ => SampleReports.Warned };
        JsonElement json = Parse(WebhookPayload.Of(NotificationFormat.Teams, report));

        Assert.Equal("message", json.GetProperty("type").GetString());
        JsonElement attachment = Assert.Single(json.GetProperty("attachments").EnumerateArray());
        Assert.Equal("application/vnd.microsoft.card.adaptive", attachment.GetProperty("contentType").GetString());
        JsonElement card = attachment.GetProperty("content");
        Assert.Equal("AdaptiveCard", card.GetProperty("type").GetString());
        Assert.Equal(["TextBlock", "TextBlock", "FactSet"], card.GetProperty("body").EnumerateArray().Select(item => item.GetProperty("type").GetString()));
        Assert.Equal(color, card.GetProperty("body")[0].GetProperty("color").GetString());
    }

    [Theory]
    [InlineData("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/start", "https://hc-ping.com/uuid/fail", "https://hc-ping.com/uuid")]
    [InlineData("https://hc-ping.com/uuid/", "https://hc-ping.com/uuid/start", "https://hc-ping.com/uuid/fail", "https://hc-ping.com/uuid/")]
    [InlineData("https://a/key/slug?create=1", "https://a/key/slug/start?create=1", "https://a/key/slug/fail?create=1", "https://a/key/slug?create=1")]
    public void A_ping_says_in_its_path_what_happened(string address, string start, string failure, string success)
    {
        Uri uri = new(address);
        Assert.Equal(start, HttpDelivery.PingAddress(uri, NotificationEvent.Start).ToString());
        Assert.Equal(failure, HttpDelivery.PingAddress(uri, NotificationEvent.Failure).ToString());
        Assert.Equal(failure, HttpDelivery.PingAddress(uri, NotificationEvent.Overdue).ToString());
        Assert.Equal(success, HttpDelivery.PingAddress(uri, NotificationEvent.Success).ToString());
        Assert.Equal(success, HttpDelivery.PingAddress(uri, NotificationEvent.Warning).ToString());
    }

    private static JsonElement Parse(byte[] json) => JsonDocument.Parse(json).RootElement;
}
