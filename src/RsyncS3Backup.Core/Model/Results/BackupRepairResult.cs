namespace RsyncS3Backup;

/// <summary>What one repair of a backup did, in counts; <see cref="BackupRepair"/> says it of each entry.</summary>
public sealed record BackupRepairResult
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the repair; its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Succeeded: nothing that was to be repaired failed. Failed: an entry did, or the repair could not go on. Cancelled: it was
    /// stopped before its end, or its process died; what it had repaired then is repaired.
    /// </summary>
    public required BackupStatus Status { get; init; }

    /// <summary>How thoroughly each entry was looked at again right before.</summary>
    public BackupTestLevel Level { get; init; }

    /// <summary>The mirror's root folder.</summary>
    public string? Path { get; init; }

    /// <summary>The bucket.</summary>
    public string? BucketName { get; init; }

    /// <summary>Entries that were to be repaired.</summary>
    public long Total { get; init; }

    /// <summary>Entries of the mirror that were replaced by what S3 has.</summary>
    public long RepairedInMirror { get; init; }

    /// <summary>Objects in S3 that were replaced by what the mirror has.</summary>
    public long RepairedInS3 { get; init; }

    /// <summary>Bytes of what was replaced in either copy.</summary>
    public long RepairedBytes { get; init; }

    /// <summary>
    /// Entries that were left as they are, because they did not differ any more or it is not known which copy is good.
    /// </summary>
    public long Skipped { get; init; }

    /// <summary>Entries that could not be repaired.</summary>
    public long Failed { get; init; }

    /// <summary>When it started, with the offset of this machine.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, the second look at each entry included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why the repair failed or was stopped; null when it was not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first of the entries that could not be repaired, with reasons; the log has all.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What the user should know.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The status and how many entries were repaired.</summary>
    public override string ToString() => $"{Status}: {RepairedInMirror + RepairedInS3} of {Total} repaired";
}
