namespace RsyncS3Backup;

/// <summary>One of the settings of a bucket that a job's backup rests on.</summary>
public sealed record BackupBucketSetting
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>The setting of the bucket that this is about.</summary>
    public required BackupBucketAspect Setting { get; init; }

    /// <summary>How the bucket and the job fit.</summary>
    public required BackupBucketStatus Status { get; init; }

    /// <summary>What the job wants, or what any backup should have.</summary>
    public required string Wanted { get; init; }

    /// <summary>What the bucket has; empty where it does not tell.</summary>
    public required string Found { get; init; }

    /// <summary>What is wrong, and what to do about it; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>The setting and how it fits.</summary>
    public override string ToString() => $"{Setting}: {Status}";
}

/// <summary>The settings of a bucket that a backup rests on.</summary>
public enum BackupBucketAspect : long
{
    /// <summary>The bucket itself, in the job's region.</summary>
    Bucket,

    /// <summary>Whether what is replaced or deleted stays as a version.</summary>
    Versioning,

    /// <summary>Whether versions can be locked.</summary>
    ObjectLock,

    /// <summary>Whether anybody can be given access from outside the account.</summary>
    PublicAccess,

    /// <summary>What encrypts objects for which no request says it.</summary>
    Encryption,

    /// <summary>Whether S3 gives up uploads in parts that nobody completed, whose parts are paid for.</summary>
    UnfinishedUploads,
}

/// <summary>How a setting of a bucket and a job fit.</summary>
public enum BackupBucketStatus : long
{
    /// <summary>It is as it should be.</summary>
    InPlace,

    /// <summary>It was made so by this command.</summary>
    Changed,

    /// <summary>It is otherwise.</summary>
    Different,

    /// <summary>The credentials may not ask, or the store does not know the question.</summary>
    Unknown,
}
