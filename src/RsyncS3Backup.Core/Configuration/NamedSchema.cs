using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// The schema that a job file names. One that a newer version of the module wrote says of each key which version was the first
/// to know it, so an older version can say what a key is that it does not know itself.
/// </summary>
/// <param name="path">The schema's file; null for none on this machine.</param>
internal sealed partial class NamedSchema(string? path)
{
    /// <summary>The name of the member that says which version was the first to know a key.</summary>
    public const string Since = "x-since";

    private const int LargestFile = 1024 * 1024;

    private readonly Lazy<JsonNode?> schema = new(() => Read(path));

    /// <summary>The schema that a job names.</summary>
    /// <param name="job">The job.</param>
    /// <param name="path">Its file; null for none.</param>
    public static NamedSchema Of(ConfigurationNode job, string? path)
    {
        string? named = job.Members.FirstOrDefault(member => member.Key == "$schema")?.Value.Text;
        if (string.IsNullOrEmpty(named) || named.Contains('\0', StringComparison.Ordinal))
            return new NamedSchema(null);
        if (Uri.TryCreate(named, UriKind.Absolute, out Uri? address))
            return new NamedSchema(address is { IsFile: true, IsUnc: false } ? address.LocalPath : null);
        return new NamedSchema(path is null ? null : Path.GetFullPath(named, Path.GetDirectoryName(path)!));
    }

    /// <summary>The first version that knows a key; null where the schema does not say.</summary>
    /// <param name="jsonPath">The JSON path of the key.</param>
    public string? VersionOf(string jsonPath)
    {
        JsonObject? at = schema.Value as JsonObject;
        foreach (string name in Index().Replace(jsonPath, "").Split('.').Skip(1))
        {
            at = (at?["properties"] ?? at?["items"]?["properties"])?[name] as JsonObject;
        }

        // What stands in the file may be anything.
        return at?[Since] is JsonValue value && value.TryGetValue(out string? since)
            && Version.TryParse(since, out Version? version)
            ? version.ToString()
            : null;
    }

    /// <summary>True for a schema that has keys of a later version than all of another.</summary>
    public static bool IsNewer(string schema, string other) => NewestKey(schema) > NewestKey(other);

    private static Version NewestKey(string schema) => SinceMember().Matches(schema)
        .Select(match => Version.TryParse(match.Groups[1].ValueSpan, out Version? version) ? version : new Version())
        .Append(new Version())
        .Max()!;

    private static JsonNode? Read(string? path)
    {
        try
        {
            // A pipe or a device would hold the run up.
            bool isFile = File.Exists(path) && FileAttributesReader.TryRead(RealPath.Of(path)) is not { IsRegularFile: false };
            return isFile && new FileInfo(path!).Length <= LargestFile ? JsonNode.Parse(File.ReadAllBytes(path!)) : null;
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or JsonException or NotSupportedException
                or ArgumentException)
        {
            // The job is judged without.
            return null;
        }
    }

    [GeneratedRegex(@"\[[0-9]+\]", RegexOptions.CultureInvariant)]
    private static partial Regex Index();

    [GeneratedRegex("\"" + Since + @"""\s*:\s*""([^""]*)""", RegexOptions.CultureInvariant)]
    private static partial Regex SinceMember();
}
