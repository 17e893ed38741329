using System.Text.Json;
using Amazon.S3;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// The object that says whose a dated snapshot is and whether it is complete. It says "incomplete" while a run changes the snapshot, and
/// "complete" as the last thing that a run does; so a snapshot without it, or with another one, is not complete.
/// </summary>
/// <remarks>
/// One object that is written over, and not one that comes and goes: that needs no right to delete, and a snapshot that was never completed
/// or is half pruned can be told from a folder that is somebody else's.
/// </remarks>
internal sealed record SnapshotManifest
{
    /// <summary>Its key below the snapshot's prefix. A file of that name at the mirror's root is no part of a backup.</summary>
    public const string RelativeKey = ".rsyncs3backup-snapshot.json";

    private const int LargestObject = 64 * 1024;
    private const string Complete = "complete";
    private const string Incomplete = "incomplete";
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>The name of the job whose snapshot it is.</summary>
    public required string Job { get; init; }

    /// <summary>
    /// The id of the mirror that was sent, as its marker has it: one job file on two machines makes two jobs of one name. Null in a manifest that
    /// an earlier version wrote.
    /// </summary>
    public string? Mirror { get; init; }

    /// <summary>The name of the machine that sent it; null in a manifest that an earlier version wrote.</summary>
    public string? Host { get; init; }

    /// <summary>True when everything that belongs in the snapshot is there.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>When the run began that gave the snapshot its date, or that wrote it last under the same date.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When the last run that wrote it began, where that is later because the snapshot was paused; null: at its time.</summary>
    public DateTimeOffset? Written { get; init; }

    /// <summary>When what it holds was there at the latest, as far as it says.</summary>
    public DateTimeOffset ContentTime => Written > Time ? Written.Value : Time;

    /// <summary>Entries of the mirror, without the manifest; 0 while it is incomplete.</summary>
    public long Objects { get; init; }

    /// <summary>Bytes of those entries.</summary>
    public long Bytes { get; init; }

    /// <summary>How many of them the last run copied inside S3.</summary>
    public long Copied { get; init; }

    /// <summary>Bytes that the last run uploaded.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>The module's version.</summary>
    public string ModuleVersion { get; init; } = typeof(SnapshotManifest).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>The manifest of a snapshot; null where there is none that this module wrote.</summary>
    /// <param name="snapshot">The bucket below the snapshot's prefix.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<SnapshotManifest?> ReadAsync(IObjectStore snapshot, CancellationToken cancellationToken) =>
        await snapshot.ReadAsync(RelativeKey, LargestObject, cancellationToken).ConfigureAwait(false) is { } json ? Parse(json) : null;

    /// <summary>What stands for one that is in an archive: it is of no job and says nothing.</summary>
    public static SnapshotManifest Unread { get; } = new() { Job = "", IsComplete = false, Time = default, ModuleVersion = "" };

    /// <summary>True for what S3 answers when it is in an archive.</summary>
    public static bool IsArchived(Exception exception) => exception is AmazonS3Exception { ErrorCode: "InvalidObjectState" };

    /// <summary>Writes it to S3.</summary>
    /// <param name="snapshot">The bucket below the snapshot's prefix.</param>
    /// <param name="request">How objects are encrypted and tagged. It is always in STANDARD: every run reads it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task WriteAsync(IObjectStore snapshot, S3CopyRequest request, CancellationToken cancellationToken)
    {
        byte[] json = ToJson();
        ObjectHeaders headers = new()
        {
            ContentType = "application/json",
            StorageClass = S3StorageClasses.Standard,
            Encryption = request.Destination.Encryption,
            Tags = request.Options.Tags,
        };
        await snapshot.PutAsync(new ObjectContent(RelativeKey, json, json.Length), headers, cancellationToken).ConfigureAwait(false);
    }

    internal byte[] ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteString("note", "RsyncS3Backup knows this snapshot by this object.");
            json.WriteString("status", IsComplete ? Complete : Incomplete);
            json.WriteString("job", Job);
            if (Mirror is not null)
                json.WriteString("mirror", Mirror);
            if (Host is not null)
                json.WriteString("host", Host);
            json.WriteString("time", Time.ToUniversalTime());
            if (Written is { } written)
                json.WriteString("written", written.ToUniversalTime());
            if (IsComplete)
            {
                json.WriteNumber("objects", Objects);
                json.WriteNumber("bytes", Bytes);
                json.WriteNumber("copied", Copied);
                json.WriteNumber("transferredBytes", TransferredBytes);
            }

            json.WriteString("moduleVersion", ModuleVersion);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    internal static SnapshotManifest? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string? status = root.GetProperty("status").GetString();
            if (status is not (Complete or Incomplete))
                return null;
            return new SnapshotManifest
            {
                Job = root.GetProperty("job").GetString() ?? "",
                Mirror = Text("mirror"),
                Host = Text("host"),
                IsComplete = status == Complete,
                Time = root.GetProperty("time").GetDateTimeOffset(),
                Written = root.TryGetProperty("written", out JsonElement written) ? written.GetDateTimeOffset() : null,
                Objects = Number("objects"),
                Bytes = Number("bytes"),
                Copied = Number("copied"),
                TransferredBytes = Number("transferredBytes"),
                ModuleVersion = root.GetProperty("moduleVersion").GetString() ?? "",
            };

            string? Text(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

            long Number(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
