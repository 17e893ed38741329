namespace RsyncS3Backup;

/// <summary>What became of one difference between the copies of a backup.</summary>
public sealed record BackupRepair
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The path below the mirror's root with <c>/</c> between parts.</summary>
    public required string Path { get; init; }

    /// <summary>How the copies differed, when they were looked at again right before; null when they did not differ any more.</summary>
    public BackupDifferenceKind? Kind { get; init; }

    /// <summary>Succeeded: both copies are the same now. Skipped: left as it is, for the reason given.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>The copy that was replaced; null when none was.</summary>
    public BackupCopy? RepairedCopy { get; init; }

    /// <summary>What was done, or why nothing was.</summary>
    public required string Reason { get; init; }

    /// <summary>Bytes of the entry.</summary>
    public long Length { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The status and the path.</summary>
    public override string ToString() => $"{Status}: {Path}";
}
