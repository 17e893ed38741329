using System.Text.Json;

namespace RsyncS3Backup.State;

/// <summary>
/// The drives that take turns as the mirror of a job, in <c>drives.json</c> of its state folder. Without it no drive is known to be the newest one,
/// so nothing is sent to S3 before a run of both stages.
/// </summary>
internal sealed record DriveTurns
{
    private const string FileName = "drives.json";

    /// <summary>The id of the mirror that was the first one.</summary>
    public required string Set { get; init; }

    /// <summary>When that was made: what S3 stored before is none of any drive's.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The drives, the one that had the last turn first.</summary>
    public required IReadOnlyList<DriveTurn> Drives { get; init; }

    /// <summary>The one that had the last turn.</summary>
    public DriveTurn? Newest => Drives.Count == 0 ? null : Drives[0];

    /// <summary>A drive by the id in its marker; null for one that is not known.</summary>
    public DriveTurn? Find(string markerId) => Drives.FirstOrDefault(drive => drive.Id == markerId);

    /// <summary>It with a drive in its place.</summary>
    /// <param name="drive">The drive.</param>
    /// <param name="most">How many drives there may be; those that are away longest are left out.</param>
    public DriveTurns With(DriveTurn drive, int most) => this with
    {
        Drives = [.. Drives.Where(other => other.Id != drive.Id).Append(drive).OrderByDescending(other => other.Turn).Take(most)],
    };

    /// <summary>True when a job has such a file, whatever is in it.</summary>
    public static bool Exists(string job) => File.Exists(PathOf(job));

    /// <summary>What is known of a job's drives; null when that is nothing, or cannot be read.</summary>
    public static DriveTurns? Load(string job) => StateFolder.Read(
        () => PathOf(job),
        root => new DriveTurns
        {
            Set = root.GetProperty("set").GetString()!,
            Created = root.GetProperty("created").GetDateTimeOffset(),
            Drives = [.. root.GetProperty("drives").EnumerateArray().Select(DriveTurn.Read).OrderByDescending(drive => drive.Turn)],
        },
        otherwise: null);

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Save(string job) => StateFolder.Replace(Path.Combine(StateFolder.ForJob(job).Path, FileName), json =>
    {
        json.WriteString("set", Set);
        json.WriteString("created", Created);
        json.WriteStartArray("drives");
        foreach (DriveTurn drive in Drives)
            drive.Write(json);
        json.WriteEndArray();
    });

    /// <summary>The job has one drive from now on.</summary>
    /// <exception cref="IOException">It cannot be forgotten.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be forgotten.</exception>
    public static void Forget(string job)
    {
        if (Exists(job))
            File.Delete(PathOf(job));
    }

    private static string PathOf(string job) => Path.Combine(StateFolder.PathFor(job), FileName);
}

/// <summary>The last turn of one drive: a stage 1 that made all of its mirror what the sources are.</summary>
/// <param name="Id">The id in its marker.</param>
/// <param name="Turn">The number of its turn; of two drives, the one with the greater number is newer.</param>
/// <param name="Time">When that was.</param>
/// <param name="RunId">The run that did it.</param>
/// <param name="Folders">The folders of the mirror that were made what the sources are; one empty text for all of it.</param>
/// <param name="Kind">What the drive keeps.</param>
internal sealed record DriveTurn(string Id, long Turn, DateTimeOffset Time, string RunId, IReadOnlyList<string> Folders, string Kind)
{
    /// <summary>True when it was its first turn, beside other drives that had theirs before.</summary>
    public bool HasJoined { get; init; }

    /// <summary>How many entries the mirror held.</summary>
    public long? Entries { get; init; }

    /// <summary>When a run that compared contents by checksum last succeeded on it; null when none is known.</summary>
    public DateTimeOffset? LastChecksum { get; init; }

    /// <summary>When such a run last began on it.</summary>
    public DateTimeOffset? ChecksumBegun { get; init; }

    /// <summary>True when such a run may have changed files without their size and time, and stage 2 has not looked for them.</summary>
    public bool HasHiddenChanges { get; init; }

    /// <summary>What was written by <see cref="Write"/>.</summary>
    public static DriveTurn Read(JsonElement json) => new(
        json.GetProperty("id").GetString()!, json.GetProperty("turn").GetInt64(), json.GetProperty("time").GetDateTimeOffset(),
        json.GetProperty("runId").GetString()!, [.. json.GetProperty("folders").EnumerateArray().Select(folder => folder.GetString()!)],
        json.GetProperty("kind").GetString()!)
    {
        HasJoined = json.GetProperty("hasJoined").GetBoolean(),
        Entries = json.TryGetProperty("entries", out JsonElement entries) ? entries.GetInt64() : null,
        LastChecksum = json.TryGetProperty("lastChecksum", out JsonElement last) ? last.GetDateTimeOffset() : null,
        ChecksumBegun = json.TryGetProperty("checksumBegun", out JsonElement begun) ? begun.GetDateTimeOffset() : null,
        HasHiddenChanges = json.GetProperty("hasHiddenChanges").GetBoolean(),
    };

    /// <summary>Writes it as an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteNumber("turn", Turn);
        json.WriteString("time", Time);
        json.WriteString("runId", RunId);
        json.WriteStartArray("folders");
        foreach (string folder in Folders)
            json.WriteStringValue(folder);
        json.WriteEndArray();
        json.WriteString("kind", Kind);
        json.WriteBoolean("hasJoined", HasJoined);
        if (Entries is { } entries)
            json.WriteNumber("entries", entries);
        if (LastChecksum is { } last)
            json.WriteString("lastChecksum", last);
        if (ChecksumBegun is { } begun)
            json.WriteString("checksumBegun", begun);
        json.WriteBoolean("hasHiddenChanges", HasHiddenChanges);
        json.WriteEndObject();
    }
}
