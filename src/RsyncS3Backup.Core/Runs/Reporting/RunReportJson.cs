using System.Text.Encodings.Web;
using System.Text.Json;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Reports;

namespace RsyncS3Backup.Runs.Reporting;

/// <summary>
/// A run as JSON, for hooks and webhooks. Written by hand, so that what others rely on changes only on purpose, and a new property of a result
/// (a configuration, for one) never leaves the machine by accident. docs/notifications.md describes it.
/// </summary>
internal static class RunReportJson
{
    /// <summary>Raised when a member changes its meaning or goes away; new members do not raise it.</summary>
    public const int SchemaVersion = 1;

    // A message need not carry hundreds of them; the log has all.
    private const int Items = 20;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToUtf8(RunReport report)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options))
            Write(json, report);
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter json, RunReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", SchemaVersion);
        json.WriteString("event", report.IsTest ? "test" : report.Digest is not null ? "digest" : JsonNamingPolicy.CamelCase.ConvertName(report.Event.ToString()));
        Text(json, "summary", RunSummary.Subject(report));
        Text(json, "name", report.Name);
        if (report.RunId.Length > 0)
            json.WriteString("runId", report.RunId);
        Text(json, "status", report.IsTest ? null : report.Status?.ToString());
        if (report.ExitCode is { } exitCode)
            json.WriteNumber("exitCode", (int)exitCode);
        if (report.StartTime != default)
            json.WriteString("startTime", report.StartTime);
        if (report.Age is { } age)
            Age(json, age, report.OverdueTest);
        if (report.Duration is { } duration)
            json.WriteNumber("durationSeconds", Seconds(duration));
        json.WriteString("hostName", report.HostName);
        Text(json, "configurationPath", report.ConfigurationPath);
        Text(json, "logPath", report.LogPath);
        Error(json, "error", report.Error);
        if (report.Stage1 is { } stage1)
            Stage(json, stage1);
        if (report.Stage2 is { } stage2)
            Stage(json, stage2);
        if (report.Test is { } test)
            Test(json, test);
        if (report.Repair is { } repair)
            Repair(json, repair);
        if (report.Digest is { } digest)
            Jobs(json, digest);
        if (report.Hooks.Count > 0)
            Hooks(json, report.Hooks);
        if (report.Notifications.Count > 0)
            Notifications(json, report.Notifications);
        json.WriteEndObject();
    }

    private static void Age(Utf8JsonWriter json, SuccessAge age, BackupTestLevel? test)
    {
        if (test is { } level)
            json.WriteString("testLevel", JsonNamingPolicy.CamelCase.ConvertName(level.ToString()));
        json.WriteBoolean("isOverdue", age.IsOverdue);
        if (age.LastSuccess is { } success)
            json.WriteString("lastSuccess", success);
        if (age.Age is { } old)
            json.WriteNumber("ageSeconds", Seconds(old));
        if (age.MaxAge is { } most)
            json.WriteNumber("maxAgeSeconds", Seconds(most));
    }

    private static void Stage(Utf8JsonWriter json, RsyncStageResult stage)
    {
        json.WriteStartObject("stage1");
        json.WriteString("status", stage.Status.ToString());
        Texts(json, "source", stage.Source);
        Text(json, "destination", stage.Destination);
        Counts(json, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged, stage.Failed, stage.Total);
        Bytes(json, stage.TotalBytes, stage.TransferredBytes, stage.StartTime, stage.Duration);
        Text(json, "rsyncVersion", stage.RsyncVersion);
        if (stage.RsyncExitCode is { } code)
            json.WriteNumber("rsyncExitCode", code);
        Text(json, "pausedReason", stage.PausedReason);
        Problems(json, stage.SkippedReason, stage.Error, stage.FailedItems, stage.Warnings);
        json.WriteEndObject();
    }

    private static void Stage(Utf8JsonWriter json, S3SyncStageResult stage)
    {
        json.WriteStartObject("stage2");
        json.WriteString("status", stage.Status.ToString());
        Text(json, "path", stage.Path);
        Text(json, "bucketName", stage.BucketName);
        Text(json, "keyPrefix", stage.KeyPrefix);
        Text(json, "storageClass", stage.StorageClass);
        Text(json, "syncMode", stage.SyncMode?.ToString());
        Counts(json, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged, stage.Failed, stage.Total);
        json.WriteNumber("copied", stage.Copied);
        json.WriteNumber("copiedBytes", stage.CopiedBytes);
        Bytes(json, stage.TotalBytes, stage.TransferredBytes, stage.StartTime, stage.Duration);
        json.WriteNumber("deletedBytes", stage.DeletedBytes);
        json.WriteNumber("requests", stage.Requests.Total);
        json.WriteNumber("estimatedRequestCost", stage.EstimatedRequestCost);
        if (stage.PriceSource is { Length: > 0 } source)
        {
            json.WriteNumber("estimatedEarlyDeletionCost", stage.EstimatedEarlyDeletionCost);
            json.WriteNumber("estimatedRetrievalCost", stage.EstimatedRetrievalCost);
            json.WriteNumber("estimatedStorageChange", stage.EstimatedStorageChange);
            Text(json, "currency", stage.Currency);
            Text(json, "priceSource", source);
        }

        json.WriteNumber("renewed", stage.Renewed);
        if (stage.PausedReason is not null)
        {
            json.WriteNumber("remainingItems", stage.RemainingItems);
            json.WriteNumber("remainingBytes", stage.RemainingBytes);
            json.WriteNumber("uploadRuns", stage.UploadRuns);
            if (stage.ForecastEnd is { } end)
                json.WriteString("forecastEnd", end);
        }

        Text(json, "pausedReason", stage.PausedReason);
        Problems(json, stage.SkippedReason, stage.Error, stage.FailedItems, stage.Warnings);
        json.WriteEndObject();
    }

    private static void Test(Utf8JsonWriter json, BackupTestResult test)
    {
        json.WriteStartObject("test");
        json.WriteString("status", test.Status.ToString());
        json.WriteString("level", JsonNamingPolicy.CamelCase.ConvertName(test.Level.ToString()));
        Texts(json, "paths", test.Paths);
        Text(json, "path", test.Path);
        Text(json, "bucketName", test.BucketName);
        Text(json, "keyPrefix", test.KeyPrefix);
        json.WriteNumber("total", test.Total);
        json.WriteNumber("totalBytes", test.TotalBytes);
        json.WriteNumber("checked", test.Checked);
        json.WriteNumber("downloadedBytes", test.DownloadedBytes);
        json.WriteNumber("differences", test.Differences);
        json.WriteNumber("notYetSent", test.NotYetSent);
        json.WriteNumber("failed", test.Failed);
        json.WriteNumber("archived", test.Archived);
        json.WriteNumber("restored", test.Restored);
        json.WriteNumber("restoredBytes", test.RestoredBytes);
        if (test.RestoreDuration is { } took)
            json.WriteNumber("restoreSeconds", Seconds(took));
        json.WriteNumber("requests", test.Requests.Total);
        json.WriteNumber("estimatedRequestCost", test.EstimatedRequestCost);
        Text(json, "currency", test.Currency);
        Problems(json, null, test.Error, test.FailedItems, test.Warnings);
        json.WriteEndObject();
    }

    private static void Repair(Utf8JsonWriter json, BackupRepairResult repair)
    {
        json.WriteStartObject("repair");
        json.WriteString("status", repair.Status.ToString());
        Text(json, "path", repair.Path);
        Text(json, "bucketName", repair.BucketName);
        json.WriteNumber("total", repair.Total);
        json.WriteNumber("repairedInMirror", repair.RepairedInMirror);
        json.WriteNumber("repairedInS3", repair.RepairedInS3);
        json.WriteNumber("repairedBytes", repair.RepairedBytes);
        json.WriteNumber("skipped", repair.Skipped);
        json.WriteNumber("failed", repair.Failed);
        Problems(json, null, repair.Error, repair.FailedItems, repair.Warnings);
        json.WriteEndObject();
    }

    private static void Jobs(Utf8JsonWriter json, FleetReport digest)
    {
        json.WriteStartArray("jobs");
        foreach (BackupReport row in digest.Jobs.Select(job => job.Row))
        {
            json.WriteStartObject();
            Text(json, "hostName", row.HostName);
            Text(json, "name", row.Name);
            json.WriteString("status", row.Status.ToString());
            json.WriteBoolean("needsAttention", row.NeedsAttention);
            Text(json, "reason", row.Reason);
            Text(json, "recommendedAction", row.RecommendedAction);
            Time(json, "lastRun", row.LastRun);
            Time(json, "lastSuccess", row.LastSuccess);
            if (row.Age is { } age)
                json.WriteNumber("ageSeconds", Seconds(age));
            json.WriteBoolean("isOverdue", row.IsOverdue);
            Number(json, "bytes", row.Bytes);
            Number(json, "bucketBytes", row.BucketBytes);
            Number(json, "uploadedBytes", row.UploadedBytes);
            if (row.Duration is { } took)
                json.WriteNumber("durationSeconds", Seconds(took));
            if (row.Cost is { } cost)
                json.WriteNumber("cost", cost);
            Text(json, "currency", row.Currency);
            Time(json, "lastTest", row.LastTest);
            Text(json, "lastTestStatus", row.LastTestStatus?.ToString());
            Number(json, "differences", row.Differences);
            Time(json, "nextRun", row.NextRun);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, known);
    }

    private static void Number(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
    }

    private static void Counts(
        Utf8JsonWriter json, long created, long updated, long metadataChanged, long deleted, long unchanged, long failed, long total)
    {
        json.WriteNumber("created", created);
        json.WriteNumber("updated", updated);
        json.WriteNumber("metadataChanged", metadataChanged);
        json.WriteNumber("deleted", deleted);
        json.WriteNumber("unchanged", unchanged);
        json.WriteNumber("failed", failed);
        json.WriteNumber("total", total);
    }

    private static void Bytes(Utf8JsonWriter json, long total, long transferred, DateTimeOffset started, TimeSpan duration)
    {
        json.WriteNumber("totalBytes", total);
        json.WriteNumber("transferredBytes", transferred);
        json.WriteString("startTime", started);
        json.WriteNumber("durationSeconds", Seconds(duration));
    }

    private static void Problems(
        Utf8JsonWriter json, string? skippedReason, BackupError? error, IReadOnlyList<BackupError> failedItems, IReadOnlyList<string> warnings)
    {
        Text(json, "skippedReason", skippedReason);
        Error(json, "error", error);
        if (failedItems.Count > 0)
        {
            json.WriteStartArray("failedItems");
            foreach (BackupError item in failedItems.Take(Items))
                Error(json, null, item);
            json.WriteEndArray();
        }

        if (warnings.Count > 0)
            Texts(json, "warnings", warnings.Take(Items));
    }

    private static void Hooks(Utf8JsonWriter json, IReadOnlyList<BackupHookResult> hooks)
    {
        json.WriteStartArray("hooks");
        foreach (BackupHookResult hook in hooks)
        {
            json.WriteStartObject();
            json.WriteString("hook", JsonNamingPolicy.CamelCase.ConvertName(hook.Hook.ToString()));
            Text(json, "command", hook.Command);
            json.WriteString("status", hook.Status.ToString());
            if (hook.ExitCode is { } code)
                json.WriteNumber("exitCode", code);
            json.WriteNumber("durationSeconds", Seconds(hook.Duration));
            Error(json, "error", hook.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Notifications(Utf8JsonWriter json, IReadOnlyList<NotificationResult> notifications)
    {
        json.WriteStartArray("notifications");
        foreach (NotificationResult notification in notifications)
        {
            json.WriteStartObject();
            json.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(notification.Kind.ToString()));
            json.WriteString("event", JsonNamingPolicy.CamelCase.ConvertName(notification.Event.ToString()));
            Text(json, "target", notification.Target);
            json.WriteString("status", notification.Status.ToString());
            json.WriteNumber("attempts", notification.Attempts);
            Error(json, "error", notification.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Error(Utf8JsonWriter json, string? name, BackupError? error)
    {
        if (error is null)
            return;
        if (name is not null)
            json.WritePropertyName(name);
        json.WriteStartObject();
        json.WriteString("id", error.Id);
        json.WriteString("category", error.Category.ToString());
        Text(json, "message", error.Message);
        Text(json, "recommendedAction", error.RecommendedAction);
        Text(json, "target", error.Target);
        Text(json, "s3ErrorCode", error.S3ErrorCode);
        Text(json, "requestId", error.RequestId);
        if (error.RsyncExitCode is { } code)
            json.WriteNumber("rsyncExitCode", code);
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, ConfigurationText.WellFormed(value));
    }

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(ConfigurationText.WellFormed(value));
        json.WriteEndArray();
    }

    private static double Seconds(TimeSpan duration) => Math.Round(duration.TotalSeconds, 3);
}
