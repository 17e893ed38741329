namespace RsyncS3Backup;

/// <summary>How one job of one machine fares, in a flat row: nothing in it is a list or an object, so that it fits a sheet.</summary>
public sealed record BackupReport
{
    /// <summary>The machine, by the name that it was reached by; else by the one that it gives itself.</summary>
    public required string HostName { get; init; }

    /// <summary>The job's name; empty for a machine from which nothing came.</summary>
    public required string Name { get; init; }

    /// <summary>How the job fares.</summary>
    public required BackupJobStatus Status { get; init; }

    /// <summary>Why, when it does not fare well: the first thing that is wrong; null when nothing is.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null where that is not known.</summary>
    public string? RecommendedAction { get; init; }

    /// <summary>When the last run started; null when none is known.</summary>
    public DateTimeOffset? LastRun { get; init; }

    /// <summary>When the last run started that did all of the job, and well; null when none is known.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>How old that was when the report was made.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>How old it may be; null where the job does not say, or is not known.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>True when it is older than that.</summary>
    public bool IsOverdue { get; init; }

    /// <summary>Files, folders and links, as the last good run found them.</summary>
    public long? Entries { get; init; }

    /// <summary>Bytes of the mirror.</summary>
    public long? Bytes { get; init; }

    /// <summary>Bytes that belong in the bucket.</summary>
    public long? BucketBytes { get; init; }

    /// <summary>
    /// By how many bytes the mirror grows in 30 days: the slope of the straight line that fits the known sizes best; null when these are less than a
    /// week apart.
    /// </summary>
    public long? GrowthBytes { get; init; }

    /// <summary>Entries that the last run made, changed or deleted in the mirror.</summary>
    public long? Changed { get; init; }

    /// <summary>Bytes that the last run sent to S3.</summary>
    public long? UploadedBytes { get; init; }

    /// <summary>How long the last run took.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The requests of the last run to S3.</summary>
    public long? Requests { get; init; }

    /// <summary>What the last run cost, estimated: requests, early deletions, retrievals; in <see cref="Currency"/>.</summary>
    public decimal? Cost { get; init; }

    /// <summary>The currency (ISO 4217); null without a cost.</summary>
    public string? Currency { get; init; }

    /// <summary>When the last test of all copies started; null when none is known.</summary>
    public DateTimeOffset? LastTest { get; init; }

    /// <summary>How it ended.</summary>
    public BackupStatus? LastTestStatus { get; init; }

    /// <summary>How many differences it found; null where that is not known.</summary>
    public long? Differences { get; init; }

    /// <summary>True when a test that the job asks for is too old.</summary>
    public bool IsTestOverdue { get; init; }

    /// <summary>When the machine's scheduler starts the job next; null where it does not, or that is not known.</summary>
    public DateTimeOffset? NextRun { get; init; }

    /// <summary>The bucket.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key starts with.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>
    /// True for what a person should look at: a failed, stopped or invalid job, one of which nothing is known, one that is overdue or whose copies
    /// were found to differ or were not tested in time.
    /// </summary>
    public bool NeedsAttention =>
        Status is BackupJobStatus.Failed or BackupJobStatus.Cancelled or BackupJobStatus.Invalid
        || (Status == BackupJobStatus.Unknown && LastTest is null)
        || IsOverdue || IsTestOverdue || LastTestStatus == BackupStatus.Failed;

    /// <summary>The job, the machine and the status, e.g. <c>photos on nas: Failed</c>.</summary>
    public override string ToString() => Name.Length > 0 ? $"{Name} on {HostName}: {Status}" : $"{HostName}: {Status}";
}
