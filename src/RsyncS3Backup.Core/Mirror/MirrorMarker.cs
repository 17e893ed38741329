using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// The file at a mirror's root that tells this mirror from an empty mount point and from another drive. It never goes to S3, and rsync
/// neither copies nor deletes it.
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

    /// <summary>The file's name.</summary>
    public const string FileName = ".rsyncs3backup.json";

    private const int LargestFile = 64 * 1024;
    private const string Note = "RsyncS3Backup knows this mirror by this file. Without it the next run is refused.";

    /// <summary>A marker for a mirror that has none.</summary>
    public static MirrorMarker New(string job, string mirror) =>
        new(Guid.NewGuid().ToString("D"), job, DateTimeOffset.UtcNow, FileSystemIdentity.Of(mirror)) { Path = RealPath.Of(mirror) };

    /// <summary>The marker of a mirror; null when it has none.</summary>
    /// <exception cref="InvalidDataException">There is a file of that name that is no marker.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static MirrorMarker? Read(string mirror)
    {
        if (TryReadBytes(mirror) is not { } bytes)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement fileSystem = document.RootElement.GetProperty("fileSystem");
            return new MirrorMarker(
                Text(document.RootElement, "id")!,
                Text(document.RootElement, "job")!,
                document.RootElement.GetProperty("created").GetDateTimeOffset(),
                new FileSystemIdentity(Text(fileSystem, "type")!, fileSystem.TryGetProperty("id", out _) ? Text(fileSystem, "id") : null))
            {
                Path = document.RootElement.TryGetProperty("path", out _) ? Text(document.RootElement, "path") : null,
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("it is not what this module writes", exception);
        }
    }

    // Whoever may write to the mirror's root may have put a pipe, a device or a link there.
    private static byte[]? TryReadBytes(string mirror)
    {
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
            throw new InvalidDataException("it is no file, but a link, a pipe or a device");
        }
    }

    /// <summary>Writes it, all or nothing, for its user only.</summary>
    public void Write(string mirror)
    {
        string path = System.IO.Path.Combine(mirror, FileName);
        FolderTime.Keep(mirror, () => StateFolder.Replace(path, json =>
        {
            json.WriteString("note", Note);
            json.WriteString("id", Id);
            json.WriteString("job", Job);
            json.WriteString("created", Created);
            if (Path is not null)
                json.WriteString("path", Path);
            json.WriteStartObject("fileSystem");
            json.WriteString("type", FileSystem.Type);
            if (FileSystem.Id is not null)
                json.WriteString("id", FileSystem.Id);
            json.WriteEndObject();
        }));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
