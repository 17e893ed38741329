using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RsyncS3Backup.Configuration;

/// <summary>Writes jobs as JSON that people read and edit.</summary>
internal static class ConfigurationWriter
{
    /// <summary>The id of the schema that is shipped as <c>schema/backup-job.schema.json</c>.</summary>
    public const string SchemaId = "urn:rsyncs3backup:schema:backup-job";

    // Paths and patterns stay readable; the text goes into a file, not into a web page.
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The job as indented JSON: what most jobs set, and of the rest what differs from its default.</summary>
    /// <param name="configuration">The job.</param>
    /// <param name="schema">What <c>$schema</c> names, such as the address of the shipped schema file; null: <see cref="SchemaId"/>.</param>
    public static string ToJson(BackupConfiguration configuration, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        JsonObject job = new() { ["$schema"] = schema ?? SchemaId };
        ConfigurationKeys.Job.WriteTo(job, configuration);
        return ToJson(job) + "\n";
    }

    /// <summary>A text as JSON.</summary>
    public static string Quoted(string text) =>
        $"\"{JsonEncodedText.Encode(ConfigurationText.WellFormed(text), Options.Encoder)}\"";

    /// <summary>Indented JSON, its lines ended by <c>\n</c> everywhere.</summary>
    public static string ToJson(JsonNode json)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, Options))
            json.WriteTo(writer);
        // Utf8JsonWriter breaks lines as the platform does; a line break inside a text is escaped and not touched by this.
        return Encoding.UTF8.GetString(buffer.ToArray()).ReplaceLineEndings("\n");
    }

    /// <summary>Equal for equal settings.</summary>
    public static string Hash(BackupConfiguration configuration) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson(configuration)))).ToLowerInvariant();
}
