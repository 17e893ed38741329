using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// The file at a mirror's root that tells this mirror from an empty mount point and from another drive; rsync neither copies nor deletes it.
/// Stage 2 puts it under the key prefix before anything else, so that it says there too whose that is.
/// </summary>
/// <param name="Id">The mirror's own id.</param>
/// <param name="Job">The name of the job that made the mirror.</param>
/// <param name="Created">When.</param>
/// <param name="FileSystem">Where.</param>
internal sealed record MirrorMarker(string Id, string Job, DateTimeOffset Created, FileSystemIdentity FileSystem)
{
    /// <summary>
    /// Where the mirror is, links followed: what tells a mirror that lies in another one from a copy of one, which is an ordinary folder. Null
    /// in a marker that an earlier version wrote.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>The name of the machine that made the mirror; null in a marker that an earlier version wrote.</summary>
    public string? Host { get; init; }

    /// <summary>
    /// The id of the mirror that this one took the place of, when the user said so: what that one owned is this one's. Null for none.
    /// </summary>
    public string? Replaces { get; init; }

    /// <summary>The id of the first mirror of a job whose drives take turns, of which this one is another; null for that one, and for an only one.</summary>
    public string? Set { get; init; }

    /// <summary>The number of its last turn, where drives take turns: the greater, the newer; 0 where there is one drive.</summary>
    public long Turn { get; init; }

    /// <summary>True when the entries of the mirror stand for what <see cref="StoredStat"/> says of them.</summary>
    public bool HasStoredStat { get; init; }

    /// <summary>The file's name.</summary>
    public const string FileName = ".rsyncs3backup.json";

    // So that the next ones can be counted, whatever stands in a file that others can write.
    private const long GreatestTurn = 1L << 53;

    /// <summary>Bytes that a marker has at most.</summary>
    internal const int LargestFile = 64 * 1024;
    private const string Note = "RsyncS3Backup knows this mirror, and its copy in S3, by this file. Without it the next run is refused.";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>A marker for a mirror that has none.</summary>
    public static MirrorMarker New(string job, string mirror) =>
        new(Guid.NewGuid().ToString("D"), job, DateTimeOffset.UtcNow, FileSystemIdentity.Of(mirror))
        {
            Path = RealPath.Of(mirror),
            Host = KeyPrefix.Host,
        };

    /// <summary>The marker of a mirror; null when it has none.</summary>
    /// <exception cref="InvalidDataException">There is a file of that name that is no marker.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static MirrorMarker? Read(string mirror) => ReadBytes(mirror) is { } bytes ? Parse(bytes) : null;

    /// <summary>True for a mirror whose marker says so of its entries; false for one without a marker that can be read.</summary>
    public static bool TellsStoredStat(string mirror)
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            return Read(mirror) is { HasStoredStat: true };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>What a marker says.</summary>
    /// <exception cref="InvalidDataException">It is no marker.</exception>
    public static MirrorMarker Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            JsonElement fileSystem = root.GetProperty("fileSystem");
            return new MirrorMarker(
                Text(root, "id") ?? throw new FormatException(),
                Text(root, "job") ?? throw new FormatException(),
                root.GetProperty("created").GetDateTimeOffset(),
                new FileSystemIdentity(Text(fileSystem, "type") ?? "", Text(fileSystem, "id")))
            {
                Path = Text(root, "path"),
                Host = Text(root, "host"),
                Replaces = Text(root, "replaces"),
                Set = Text(root, "set"),
                Turn = !root.TryGetProperty("turn", out JsonElement turn) ? 0
                    : turn.GetInt64() is >= 0 and < GreatestTurn and var number ? number : throw new FormatException(),
                HasStoredStat = root.TryGetProperty("fakeSuper", out JsonElement fakeSuper) && fakeSuper.GetBoolean(),
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("it is not what this module writes", exception);
        }
    }

    /// <summary>The file as it is; null when the mirror has none.</summary>
    /// <exception cref="InvalidDataException">There is something of that name that is no marker.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static byte[]? ReadBytes(string mirror)
    {
        // Whoever may write to the mirror's root may have put a pipe, a device or a link there.
        try
        {
            using SafeFileHandle file = new TreeReader(mirror).OpenFile(FileName, out FileAttributesSnapshot found);
            if (found.Size > LargestFile)
                throw new InvalidDataException("it is too large");
            byte[] bytes = new byte[found.Size];
            return bytes[..RandomAccess.Read(file, bytes, 0)];
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (BlockedException)
        {
            throw new InvalidDataException("it is not a file but a link, a pipe or a device");
        }
    }

    /// <summary>Writes it, all or nothing, for its user only.</summary>
    public void Write(string mirror)
    {
        string path = System.IO.Path.Combine(mirror, FileName);
        FolderTime.Keep(mirror, () => StateFolder.Replace(path, Write));
    }

    /// <summary>It as the bytes of a file.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Indented))
        {
            json.WriteStartObject();
            Write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteString("note", Note);
        json.WriteString("id", Id);
        json.WriteString("job", Job);
        json.WriteString("created", Created);
        if (Host is not null)
            json.WriteString("host", Host);
        if (Path is not null)
            json.WriteString("path", Path);
        if (Replaces is not null)
            json.WriteString("replaces", Replaces);
        if (Set is not null)
            json.WriteString("set", Set);
        if (Turn > 0)
            json.WriteNumber("turn", Turn);
        if (HasStoredStat)
            json.WriteBoolean("fakeSuper", true);
        json.WriteStartObject("fileSystem");
        json.WriteString("type", FileSystem.Type);
        if (FileSystem.Id is not null)
            json.WriteString("id", FileSystem.Id);
        json.WriteEndObject();
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
