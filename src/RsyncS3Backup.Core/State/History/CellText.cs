using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>What a row holds that is no plain text or number, as text.</summary>
internal static class CellText
{
    /// <summary>A yes or no that is neither.</summary>
    public const long Unknown = -1;

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An array of numbers, which <see cref="NumberReader"/> reads.</summary>
    public static string Numbers(long[] numbers, params decimal[] costs) => Json(json =>
    {
        json.WriteStartArray();
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        foreach (decimal cost in costs)
            json.WriteNumberValue(cost);
        json.WriteEndArray();
    });

    /// <summary>A yes or no as a number.</summary>
    public static decimal Flag(bool? flag) => flag switch { null => Unknown, true => 1, false => 0 };

    /// <summary>A member of an enumeration by its name.</summary>
    public static T? Word<T>(string? text)
        where T : struct, Enum => text is null ? null : Enum.Parse<T>(text);

    /// <summary>What went wrong; null when nothing did.</summary>
    public static string? Problems(BackupError? error, IReadOnlyList<BackupError> failedItems, IReadOnlyList<string> warnings) =>
        error is null && failedItems.Count == 0 && warnings.Count == 0 ? null : Json(json =>
        {
            json.WriteStartObject();
            ProblemsJson.Write(json, error, failedItems, warnings);
            json.WriteEndObject();
        });

    /// <summary>A JSON text.</summary>
    public static string Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, JsonOptions))
            write(json);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
