namespace RsyncS3Backup;

/// <summary>The two copies of a backup.</summary>
public enum BackupCopy : long
{
    /// <summary>The mirror on this machine, which stage 1 makes.</summary>
    Local = 1,

    /// <summary>The objects in the bucket, which stage 2 makes.</summary>
    S3 = 2,
}

/// <summary>One entry of a copy: a file, a folder or a symbolic link of the mirror, or the object that S3 holds of it.</summary>
public sealed record BackupItem
{
    /// <summary>The job's name; null when a bucket is looked at without a job.</summary>
    public string? Name { get; init; }

    /// <summary>The path below the mirror's root, or the key below the key prefix, with <c>/</c> between parts; none at its end.</summary>
    public required string Path { get; init; }

    /// <summary>What it is. A listing of S3 does not tell a symbolic link from a file: the job's catalog does.</summary>
    public required BackupEntryType Kind { get; init; }

    /// <summary>Bytes; 0 for a folder and for a delete marker.</summary>
    public long Length { get; init; }

    /// <summary>
    /// When the file was modified. Null where the copy does not say: a listing of S3 knows only <see cref="LastModified"/>, and the file's own
    /// time only for objects that the job's catalog knows.
    /// </summary>
    public DateTimeOffset? ModifiedTime { get; init; }

    /// <summary>The copy that was looked into: the mirror (Local) or the bucket (S3).</summary>
    public required BackupCopy Copy { get; init; }

    /// <summary>The path on this machine; null for S3.</summary>
    public string? FullName { get; init; }

    /// <summary>Type and permissions as <c>ls -l</c> shows them; null where the copy does not say, as for <see cref="ModifiedTime"/>.</summary>
    public string? UnixMode { get; init; }

    /// <summary>The owner's numeric id; null where the copy does not say.</summary>
    public long? UserId { get; init; }

    /// <summary>The group's numeric id; null where the copy does not say.</summary>
    public long? GroupId { get; init; }

    /// <summary>The bucket; null for the mirror.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key of the copy starts with; null for the mirror.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>The date of the dated snapshot that it is in, in the job's time zone; null for none.</summary>
    public DateTime? Snapshot { get; init; }

    /// <summary>The whole key; null for the mirror, and for a folder that has no object of its own.</summary>
    public string? Key { get; init; }

    /// <summary>The version in a bucket that keeps versions; null when the listing was not one of versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>The entity tag without quotes.</summary>
    public string? ETag { get; init; }

    /// <summary>The storage class.</summary>
    public string? StorageClass { get; init; }

    /// <summary>When S3 stored the object, or the delete marker; null for the mirror.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>False for a version that a later one, or a delete marker, has replaced.</summary>
    public bool IsLatest { get; init; } = true;

    /// <summary>True for a version that says that the object was deleted.</summary>
    public bool IsDeleteMarker { get; init; }

    /// <summary>
    /// Since when the mirror does not have it, for what <c>deleteAfter</c> keeps in S3; null for everything else, and where that is not known.
    /// </summary>
    public DateTimeOffset? GoneTime { get; init; }

    /// <summary>The path.</summary>
    public override string ToString() => Path;
}
