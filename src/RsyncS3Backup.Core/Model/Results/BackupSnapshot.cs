namespace RsyncS3Backup;

/// <summary>One dated snapshot of a job in its bucket.</summary>
public sealed record BackupSnapshot
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The date that the prefix shows, in the job's time zone.</summary>
    public required DateTime Date { get; init; }

    /// <summary>False while a run has to go on with it, or when it is half pruned.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>True when a run that completes its snapshot now prunes this one, by the <c>keep…</c> keys of the job.</summary>
    public required bool IsExpired { get; init; }

    /// <summary>Why it cannot be what it says, so that it counts for nothing and no run prunes it; null when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>How many entries of the mirror it holds; 0 when it is not complete.</summary>
    public long Objects { get; init; }

    /// <summary>Bytes of those entries.</summary>
    public long Bytes { get; init; }

    /// <summary>When the run began that wrote it last.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The machine that sent it; null where an earlier version did.</summary>
    public string? HostName { get; init; }

    /// <summary>The id of the mirror that was sent; null where an earlier version sent it.</summary>
    public string? MirrorId { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>What its keys start with.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>The prefix.</summary>
    public override string ToString() => KeyPrefix;
}
