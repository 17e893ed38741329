namespace RsyncS3Backup;

/// <summary>How much a line of a log matters.</summary>
public enum BackupLogLevel : long
{
    /// <summary>The run's story.</summary>
    Info,

    /// <summary>What deserves a look although the run went on.</summary>
    Warning,

    /// <summary>What failed.</summary>
    Error,
}

/// <summary>One line of the log of a run, a test, a repair or a restore.</summary>
public sealed record BackupLogEntry
{
    /// <summary>When it was written, in UTC as the log has it.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>How much it matters.</summary>
    public BackupLogLevel Level { get; init; }

    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the run, whose log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>What happened. Of a line that is damaged, the line.</summary>
    public required string Message { get; init; }

    /// <summary>The id of an error, as docs/errors.md lists it; null for what is none.</summary>
    public string? ErrorId { get; init; }

    /// <summary>The path, key, bucket or setting that an error is about; null when there is none.</summary>
    public string? Target { get; init; }

    /// <summary>What to do about an error; null for what is none.</summary>
    public string? RecommendedAction { get; init; }

    /// <summary>S3's own error code; null where S3 did not answer.</summary>
    public string? S3ErrorCode { get; init; }

    /// <summary>S3's request id, which AWS support asks for; null where S3 did not answer.</summary>
    public string? RequestId { get; init; }

    /// <summary>rsync's exit code; null where rsync did not run.</summary>
    public int? RsyncExitCode { get; init; }

    /// <summary>The log file.</summary>
    public required string LogPath { get; init; }

    /// <summary>The level and the message.</summary>
    public override string ToString() => $"{Level}: {Message}";
}
