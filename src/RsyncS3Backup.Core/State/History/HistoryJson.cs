using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>
/// What a run did as the JSON of its history, and back. Each property of a result is kept, by its name; nobody has to remember a
/// new one. One that is renamed, or means something else, needs a migration.
/// </summary>
internal static class HistoryJson
{
    // What is in the run's own columns, and what is of no use later: a journal is gone when the next run has carried it out, and
    // of the settings the run has the hash.
    private static readonly string[] NotKept = ["name", "runId", "hostName", "logPath", "journalPath", "configuration"];

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        IgnoreReadOnlyProperties = true,
        Converters = { new TicksConverter(), new TimeConverter() },
        TypeInfoResolver = HistoryJsonContext.Default.WithAddedModifier(Trim),
    };

    /// <summary>A value as JSON.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)));

    /// <summary>A value from JSON; null where there is none.</summary>
    /// <exception cref="SqliteException">It makes no sense.</exception>
    public static T? Read<T>(ReadOnlySpan<byte> json)
        where T : class
    {
        if (json.IsEmpty)
            return null;
        try
        {
            return JsonSerializer.Deserialize(json, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)));
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or FormatException)
        {
            throw SqliteException.Damaged($"A run in the history makes no sense: {exception.Message} {Start(json)}");
        }
    }

    private static string Start(ReadOnlySpan<byte> json) => Encoding.UTF8.GetString(json[..Math.Min(json.Length, 40)]);

    private static void Trim(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        foreach (JsonPropertyInfo property in type.Properties)
        {
            // A row of before there was the property reads on.
            property.IsRequired = false;
            // Most counters of most runs are 0. Where null is something else than 0, the 0 is kept.
            property.ShouldSerialize = NotKept.Contains(property.Name) ? (_, _) => false
                : property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
                ? (_, value) => value is not (0L or 0m)
                : (_, value) => value is not (null or IReadOnlyCollection<object> { Count: 0 });
        }
    }

    private sealed class TicksConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TimeSpan.FromTicks(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value.Ticks);
    }

    private sealed class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            HistoryRows.Time(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value.UtcTicks);
    }
}

/// <summary>How the results are read and written, made by the compiler.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RsyncStageResult))]
[JsonSerializable(typeof(S3SyncStageResult))]
[JsonSerializable(typeof(BackupTestResult))]
[JsonSerializable(typeof(BackupRepairResult))]
[JsonSerializable(typeof(IReadOnlyList<BackupHookResult>))]
[JsonSerializable(typeof(IReadOnlyList<NotificationResult>))]
[JsonSerializable(typeof(HistoryTotals))]
internal sealed partial class HistoryJsonContext : JsonSerializerContext;
