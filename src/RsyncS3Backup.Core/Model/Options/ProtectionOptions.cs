namespace RsyncS3Backup;

/// <summary>
/// The <c>options.rsync.syncToS3.protection</c> of a job: what keeps its objects from being lost even when somebody has its credentials. A run
/// that changes something asks the bucket before its first change whether it can do this, and is refused when it cannot.
/// </summary>
public sealed record ProtectionOptions
{
    /// <summary>The bucket must keep versions, so that what is replaced or deleted can be brought back. Default: false.</summary>
    public bool RequireVersioning { get; init; }

    /// <summary>The lock of every object that is written; null: none of the job's own.</summary>
    public ObjectLockOptions? ObjectLock { get; init; }
}

/// <summary>
/// The <c>objectLock</c> of a job: for some time nobody can delete or replace a version that was written. Source: "Locking objects with Object
/// Lock" in the Amazon S3 User Guide.
/// </summary>
public sealed record ObjectLockOptions
{
    /// <summary>Whether anybody may take the lock away: with a right of its own (governance), or nobody (compliance).</summary>
    public required ObjectLockMode Mode { get; init; }

    /// <summary>For how many days from when it is written, or renewed, 1 to 36,500.</summary>
    public required int Days { get; init; }

    /// <summary>
    /// Renew the lock of what is still in the bucket when less than half of its days is left, so that what never changes does not lose it.
    /// Default: true.
    /// </summary>
    public bool Renew { get; init; } = true;
}

/// <summary>Who may undo a lock of an object before its time.</summary>
public enum ObjectLockMode : long
{
    /// <summary>Whoever has the right <c>s3:BypassGovernanceRetention</c>.</summary>
    Governance,

    /// <summary>Nobody, not the account's owner either.</summary>
    Compliance,
}
