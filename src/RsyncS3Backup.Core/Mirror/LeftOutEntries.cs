using System.Text.Json;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// What the last stage 1 left out of a mirror because it cannot be there, in <c>left-out.json</c> of the job's state folder. The sources have
/// it, so what S3 has of it stays.
/// </summary>
internal sealed class LeftOutEntries
{
    private const string FileName = "left-out.json";

    private readonly HashSet<string> paths;

    private LeftOutEntries(HashSet<string> paths, bool hasMore) => (this.paths, HasMore) = (paths, hasMore);

    /// <summary>Nothing.</summary>
    public static LeftOutEntries None { get; } = new([], hasMore: false);

    /// <summary>Their paths below the mirror's root.</summary>
    public IEnumerable<string> Paths => paths;

    /// <summary>True when there are more than are known, or when nobody can tell: nothing may be deleted because the mirror lacks it.</summary>
    public bool HasMore { get; }

    /// <summary>True when the object of a key, or what it lies beneath, is something that the mirror lacks for that reason only.</summary>
    /// <param name="relativeKey">The key below the prefix.</param>
    public bool Cover(string relativeKey)
    {
        if (HasMore)
            return true;
        if (paths.Count == 0)
            return false;
        string path = relativeKey.TrimEnd('/');
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (paths.Contains(path[..slash]))
                return true;
        }

        return paths.Contains(path);
    }

    /// <summary>What a job left out of this mirror.</summary>
    public static LeftOutEntries Load(string job, string mirror)
    {
        try
        {
            string file = Path.Combine(StateFolder.PathFor(job), FileName);
            if (!File.Exists(file))
                return None;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = document.RootElement;
            return root.GetProperty("path").GetString() != Place(mirror) ? None : new LeftOutEntries(
                [.. root.GetProperty("entries").EnumerateArray().Select(entry => entry.GetString()!)], root.GetProperty("hasMore").GetBoolean());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException or NotSupportedException)
        {
            return new LeftOutEntries([], hasMore: true);
        }
    }

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Save(string job, string mirror, IReadOnlyCollection<string> paths, bool hasMore)
    {
        string file = Path.Combine(StateFolder.PathFor(job), FileName);
        if (paths.Count == 0 && !hasMore)
        {
            if (File.Exists(file))
                File.Delete(file);
            return;
        }

        StateFolder.Replace(Path.Combine(StateFolder.ForJob(job).Path, FileName), json =>
        {
            json.WriteString("path", Place(mirror));
            json.WriteBoolean("hasMore", hasMore);
            json.WriteStartArray("entries");
            foreach (string path in paths)
                json.WriteStringValue(path);
            json.WriteEndArray();
        });
    }

    private static string Place(string mirror) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(mirror));
}
