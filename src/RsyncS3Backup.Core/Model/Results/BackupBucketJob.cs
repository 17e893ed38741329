namespace RsyncS3Backup;

/// <summary>A job that backs up into a bucket, as the mark under its key prefix says: whose it is, when it last sent something, and how much is there.</summary>
public sealed record BackupBucketJob
{
    /// <summary>The job's name; empty where the mark cannot be read.</summary>
    public required string Name { get; init; }

    /// <summary>The machine whose mirror is sent there, as it wrote itself into the mark; null where the mark does not say.</summary>
    public string? HostName { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>What every key starts with; of dated snapshots each has a prefix and a mark of its own.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>The mirror's root folder on that machine; null where the mark does not say.</summary>
    public string? Path { get; init; }

    /// <summary>Identifies the mirror.</summary>
    public string? MirrorId { get; init; }

    /// <summary>When the mirror was made.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>
    /// When the newest object was stored, by S3's clock. A run without changes stores nothing, so this is no proof that the job does not run.
    /// </summary>
    public DateTimeOffset? LastUpload { get; init; }

    /// <summary>Current objects under the prefix, without the mark.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Why the mark could not be read; null when it could.</summary>
    public string? Problem { get; init; }

    /// <summary>The job, the machine and the place, e.g. <c>photos on nas: s3://my-backups/nas/photos/</c>.</summary>
    public override string ToString() => $"{Name}{(HostName is null ? "" : $" on {HostName}")}: s3://{BucketName}/{KeyPrefix}";
}
