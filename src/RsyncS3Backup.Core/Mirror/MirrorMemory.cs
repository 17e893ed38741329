using System.Text.Json;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>What a job remembers of its mirror, in <c>mirror.json</c> of its state folder. Losing it loses no backup.</summary>
internal sealed record MirrorMemory
{
    private const string FileName = "mirror.json";

    /// <summary>The mirror's root folder.</summary>
    public required string Path { get; init; }

    /// <summary>The id in the mirror's marker; null while no run has succeeded there.</summary>
    public string? MarkerId { get; init; }

    /// <summary>
    /// Where the mirror was begun, as long as no run has succeeded there: without a marker in it, this is all that tells an unmounted drive from
    /// the one that the first run has filled in part; null afterwards.
    /// </summary>
    public FileSystemIdentity? Begun { get; init; }

    /// <summary>
    /// How many entries the mirror held after its last good run with deletions on, or, where there was none, when deletions were first refused.
    /// A refused run has copied what is new already, so that the mirror alone would make the share of what is deleted look smaller the next time.
    /// </summary>
    public long? Entries { get; init; }

    /// <summary>When a run that compared contents by checksum last succeeded (UTC); null when none is known.</summary>
    public DateTimeOffset? LastChecksum { get; init; }

    /// <summary>What its drive does; null when that is not known.</summary>
    public MirrorDrive? Drive { get; init; }

    /// <summary>What a job remembers of this mirror; with nothing but the path when that is nothing.</summary>
    public static MirrorMemory Load(string job, string mirror)
    {
        MirrorMemory nothing = new() { Path = mirror };
        try
        {
            string path = System.IO.Path.Combine(StateFolder.PathFor(job), FileName);
            if (!File.Exists(path))
                return nothing;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            return root.GetProperty("path").GetString() != mirror ? nothing : nothing with
            {
                MarkerId = root.TryGetProperty("markerId", out JsonElement id) ? id.GetString() : null,
                Begun = root.TryGetProperty("begun", out JsonElement begun)
                    ? new FileSystemIdentity(
                        begun.GetProperty("type").GetString()!, begun.TryGetProperty("id", out JsonElement begunId) ? begunId.GetString() : null)
                    : null,
                Entries = root.TryGetProperty("entries", out JsonElement entries) ? entries.GetInt64() : null,
                LastChecksum = root.TryGetProperty("lastChecksum", out JsonElement last) ? last.GetDateTimeOffset() : null,
                Drive = root.TryGetProperty("drive", out JsonElement drive) ? MirrorDrive.Read(drive) : null,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException or NotSupportedException)
        {
            // The state is disposable: the marker in the mirror still tells whose it is.
            return nothing;
        }
    }

    /// <summary>The mirror that the job of a state folder remembers; null when that is none.</summary>
    public static string? PathIn(string stateFolder) => TextIn(stateFolder, "path");

    /// <summary>The id of the mirror that a job had last, wherever that was; null when none is known.</summary>
    public static string? LastMarkerId(string job) => TextIn(StateFolder.PathFor(job), "markerId");

    private static string? TextIn(string stateFolder, string name)
    {
        try
        {
            string path = System.IO.Path.Combine(stateFolder, FileName);
            if (!File.Exists(path))
                return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Save(string job) => StateFolder.Replace(System.IO.Path.Combine(StateFolder.ForJob(job).Path, FileName), json =>
    {
        json.WriteString("path", Path);
        if (MarkerId is not null)
            json.WriteString("markerId", MarkerId);
        if (Begun is { } begun)
        {
            json.WriteStartObject("begun");
            json.WriteString("type", begun.Type);
            if (begun.Id is not null)
                json.WriteString("id", begun.Id);
            json.WriteEndObject();
        }

        if (Entries is { } entries)
            json.WriteNumber("entries", entries);
        if (LastChecksum is { } last)
            json.WriteString("lastChecksum", last);
        if (Drive is { } drive)
        {
            json.WriteStartObject("drive");
            drive.Write(json);
            json.WriteEndObject();
        }
    });
}
