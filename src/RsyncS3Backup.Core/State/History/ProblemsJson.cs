using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>What went wrong in a run, as the JSON of its history, and back.</summary>
internal static class ProblemsJson
{
    // Of failed items the first few, so that a history of years stays small; the run's log has all.
    private const int FailedItems = 10;

    /// <summary>Writes the error, failed items and warnings as properties of the object that is open.</summary>
    public static void Write(Utf8JsonWriter json, BackupError? error, IReadOnlyList<BackupError> failedItems, IReadOnlyList<string> warnings)
    {
        WriteError(json, error);
        json.WriteStartArray("failedItems");
        foreach (BackupError item in failedItems.Take(FailedItems))
            WriteValue(json, item);
        json.WriteEndArray();
        json.WritePropertyName("warnings");
        WriteTexts(json, warnings);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static (BackupError? Error, IReadOnlyList<BackupError> FailedItems, IReadOnlyList<string> Warnings) Read(JsonElement item) => (
        ReadError(item),
        [.. item.GetProperty("failedItems").EnumerateArray().Select(ReadValue)],
        ReadTexts(item.GetProperty("warnings")));

    /// <summary>Writes an error as a property of the object that is open; nothing where there is none.</summary>
    public static void WriteError(Utf8JsonWriter json, BackupError? error)
    {
        if (error is null)
            return;
        json.WritePropertyName("error");
        WriteValue(json, error);
    }

    /// <summary>Reads what <see cref="WriteError"/> wrote.</summary>
    public static BackupError? ReadError(JsonElement item) => item.TryGetProperty("error", out JsonElement error) ? ReadValue(error) : null;

    /// <summary>Writes an array.</summary>
    public static void WriteTexts(Utf8JsonWriter json, IReadOnlyList<string> texts)
    {
        json.WriteStartArray();
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>Reads an array.</summary>
    public static string[] ReadTexts(JsonElement texts) => [.. texts.EnumerateArray().Select(text => text.GetString()!)];

    private static void WriteValue(Utf8JsonWriter json, BackupError error)
    {
        json.WriteStartObject();
        json.WriteString("id", error.Id);
        json.WriteString("category", error.Category.ToString());
        json.WriteString("message", error.Message);
        json.WriteString("recommendedAction", error.RecommendedAction);
        json.WriteString("target", error.Target);
        json.WriteString("exitCode", error.ExitCode.ToString());
        json.WriteString("s3ErrorCode", error.S3ErrorCode);
        json.WriteString("requestId", error.RequestId);
        if (error.RsyncExitCode is { } code)
            json.WriteNumber("rsyncExitCode", code);
        json.WriteEndObject();
    }

    private static BackupError ReadValue(JsonElement error) => new()
    {
        Id = error.GetProperty("id").GetString()!,
        Category = Enum.Parse<BackupErrorCategory>(error.GetProperty("category").GetString()!),
        Message = error.GetProperty("message").GetString()!,
        RecommendedAction = error.GetProperty("recommendedAction").GetString()!,
        Target = error.GetProperty("target").GetString(),
        ExitCode = Enum.Parse<BackupExitCode>(error.GetProperty("exitCode").GetString()!),
        S3ErrorCode = error.GetProperty("s3ErrorCode").GetString(),
        RequestId = error.GetProperty("requestId").GetString(),
        RsyncExitCode = error.TryGetProperty("rsyncExitCode", out JsonElement code) ? code.GetInt32() : null,
    };
}
