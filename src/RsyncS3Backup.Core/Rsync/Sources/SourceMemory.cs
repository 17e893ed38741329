using System.Text.Json;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Rsync.Sources;

/// <summary>What is known of one source since its last good run.</summary>
internal sealed record SourceFacts
{
    /// <summary>The file system that the source's folder was on; null for a source on another machine.</summary>
    public FileSystemIdentity? FileSystem { get; init; }

    /// <summary>Where that was mounted: the source itself or a folder above it; null where the system does not say.</summary>
    public string? MountPoint { get; init; }

    /// <summary>
    /// The folders that were file systems of their own, by their paths below the source; <c>""</c> is the source itself. Of a source on another
    /// machine it is known that they were, and not which.
    /// </summary>
    public IReadOnlyDictionary<string, FileSystemIdentity> Mounts { get; init; } = new Dictionary<string, FileSystemIdentity>();

    /// <summary>
    /// How many entries the source's folder of the mirror held after the last good run with deletions on, or when deletions were first refused;
    /// null when that is not known.
    /// </summary>
    public long? Entries { get; init; }
}

/// <summary>What a job remembers of its sources, in <c>sources.json</c> of its state folder. Losing it loses no backup.</summary>
internal static class SourceMemory
{
    private const string FileName = "sources.json";

    /// <summary>What is known, by the path of each source.</summary>
    public static IReadOnlyDictionary<string, SourceFacts> Load(string job)
    {
        Dictionary<string, SourceFacts> known = [];
        try
        {
            string path = Path.Combine(StateFolder.PathFor(job), FileName);
            if (!File.Exists(path))
                return known;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonElement source in document.RootElement.GetProperty("sources").EnumerateArray())
            {
                known[source.GetProperty("path").GetString()!] = new SourceFacts
                {
                    FileSystem = source.TryGetProperty("fileSystem", out JsonElement fileSystem) ? ReadFileSystem(fileSystem) : null,
                    MountPoint = source.TryGetProperty("mountPoint", out JsonElement mountPoint) ? mountPoint.GetString() : null,
                    Mounts = source.GetProperty("mounts").EnumerateArray()
                        .ToDictionary(mount => mount.GetProperty("path").GetString()!, mount => ReadFileSystem(mount.GetProperty("fileSystem"))),
                    Entries = source.TryGetProperty("entries", out JsonElement entries) ? entries.GetInt64() : null,
                };
            }

            return known;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException or NotSupportedException or ArgumentException)
        {
            // The state is disposable; the sources are then as if they were new.
            return new Dictionary<string, SourceFacts>();
        }
    }

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Save(string job, IEnumerable<KeyValuePair<string, SourceFacts>> sources) =>
        StateFolder.Replace(Path.Combine(StateFolder.ForJob(job).Path, FileName), json =>
        {
            json.WriteStartArray("sources");
            foreach ((string path, SourceFacts facts) in sources)
            {
                json.WriteStartObject();
                json.WriteString("path", path);
                if (facts.FileSystem is { } fileSystem)
                    WriteFileSystem(json, fileSystem);
                if (facts.MountPoint is not null)
                    json.WriteString("mountPoint", facts.MountPoint);
                json.WriteStartArray("mounts");
                foreach ((string below, FileSystemIdentity mounted) in facts.Mounts)
                {
                    json.WriteStartObject();
                    json.WriteString("path", below);
                    WriteFileSystem(json, mounted);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                if (facts.Entries is { } entries)
                    json.WriteNumber("entries", entries);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    private static FileSystemIdentity ReadFileSystem(JsonElement element) => new(
        element.GetProperty("type").GetString()!, element.TryGetProperty("id", out JsonElement id) ? id.GetString() : null);

    private static void WriteFileSystem(Utf8JsonWriter json, FileSystemIdentity fileSystem)
    {
        json.WriteStartObject("fileSystem");
        json.WriteString("type", fileSystem.Type);
        if (fileSystem.Id is not null)
            json.WriteString("id", fileSystem.Id);
        json.WriteEndObject();
    }
}
