using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>A test of a job's copies as the JSON of its history, and back.</summary>
internal static class TestJson
{
    public static void Write(Utf8JsonWriter json, BackupTestResult test)
    {
        json.WriteStartObject();
        json.WriteString("status", test.Status.ToString());
        json.WriteString("level", test.Level.ToString());
        json.WritePropertyName("paths");
        ProblemsJson.WriteTexts(json, test.Paths);
        json.WriteString("mirror", test.Path);
        json.WriteString("bucket", test.BucketName);
        json.WriteString("keyPrefix", test.KeyPrefix);
        json.WriteNumber("started", test.StartTime.UtcTicks);
        json.WriteNumber("duration", test.Duration.Ticks);
        json.WriteNumber("total", test.Total);
        json.WriteNumber("totalBytes", test.TotalBytes);
        json.WriteNumber("checked", test.Checked);
        json.WriteNumber("checkedBytes", test.CheckedBytes);
        json.WriteNumber("downloadedBytes", test.DownloadedBytes);
        json.WriteNumber("failed", test.Failed);
        json.WriteNumber("archived", test.Archived);
        if (test.SamplePercent is { } percent)
            json.WriteNumber("samplePercent", percent);
        if (test.Seed is { } seed)
            json.WriteNumber("seed", seed);
        json.WriteNumber("differences", test.Differences);
        json.WriteStartObject("kinds");
        BackupDifferenceCounts kinds = test.DifferenceCounts;
        json.WriteNumber("notYetSent", kinds.NotYetSent);
        json.WriteNumber("missingInS3", kinds.MissingInS3);
        json.WriteNumber("missingInMirror", kinds.MissingInMirror);
        json.WriteNumber("contentDiffers", kinds.ContentDiffers);
        json.WriteNumber("metadataDiffers", kinds.MetadataDiffers);
        json.WriteNumber("mirrorCorrupted", kinds.MirrorCorrupted);
        json.WriteNumber("s3Corrupted", kinds.S3Corrupted);
        json.WriteEndObject();
        json.WriteStartObject("requests");
        json.WriteNumber("put", test.Requests.Put);
        json.WriteNumber("copy", test.Requests.Copy);
        json.WriteNumber("list", test.Requests.List);
        json.WriteNumber("get", test.Requests.Get);
        json.WriteNumber("head", test.Requests.Head);
        json.WriteNumber("delete", test.Requests.Delete);
        json.WriteEndObject();
        json.WriteNumber("cost", test.EstimatedRequestCost);
        ProblemsJson.Write(json, test.Error, test.FailedItems, test.Warnings);
        json.WriteEndObject();
    }

    /// <summary>The test of a run.</summary>
    public static BackupTestResult Read(BackupRun run, string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement test = document.RootElement;
        JsonElement kinds = test.GetProperty("kinds");
        JsonElement requests = test.GetProperty("requests");
        (BackupError? error, IReadOnlyList<BackupError> failedItems, IReadOnlyList<string> warnings) = ProblemsJson.Read(test);
        return new BackupTestResult
        {
            Name = run.Name,
            RunId = run.RunId,
            Status = Enum.Parse<BackupStatus>(test.GetProperty("status").GetString()!),
            Level = Enum.Parse<BackupTestLevel>(test.GetProperty("level").GetString()!),
            Paths = ProblemsJson.ReadTexts(test.GetProperty("paths")),
            Path = test.GetProperty("mirror").GetString(),
            BucketName = test.GetProperty("bucket").GetString(),
            KeyPrefix = test.GetProperty("keyPrefix").GetString(),
            StartTime = new DateTimeOffset(Number(test, "started"), TimeSpan.Zero).ToLocalTime(),
            Duration = TimeSpan.FromTicks(Number(test, "duration")),
            Total = Number(test, "total"),
            TotalBytes = Number(test, "totalBytes"),
            Checked = Number(test, "checked"),
            CheckedBytes = Number(test, "checkedBytes"),
            DownloadedBytes = Number(test, "downloadedBytes"),
            Failed = Number(test, "failed"),
            Archived = Number(test, "archived"),
            SamplePercent = test.TryGetProperty("samplePercent", out JsonElement percent) ? percent.GetDouble() : null,
            Seed = test.TryGetProperty("seed", out JsonElement seed) ? seed.GetInt32() : null,
            Differences = Number(test, "differences"),
            DifferenceCounts = new BackupDifferenceCounts
            {
                NotYetSent = Number(kinds, "notYetSent"),
                MissingInS3 = Number(kinds, "missingInS3"),
                MissingInMirror = Number(kinds, "missingInMirror"),
                ContentDiffers = Number(kinds, "contentDiffers"),
                MetadataDiffers = Number(kinds, "metadataDiffers"),
                MirrorCorrupted = Number(kinds, "mirrorCorrupted"),
                S3Corrupted = Number(kinds, "s3Corrupted"),
            },
            Requests = new S3RequestCounts
            {
                Put = Number(requests, "put"),
                Copy = Number(requests, "copy"),
                List = Number(requests, "list"),
                Get = Number(requests, "get"),
                Head = Number(requests, "head"),
                Delete = Number(requests, "delete"),
            },
            EstimatedRequestCost = test.GetProperty("cost").GetDecimal(),
            Error = error,
            FailedItems = failedItems,
            Warnings = warnings,
            LogPath = run.LogPath,
        };
    }

    private static long Number(JsonElement item, string name) => item.GetProperty(name).GetInt64();
}
