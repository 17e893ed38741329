namespace RsyncS3Backup;

/// <summary>
/// The <c>options.rsync.syncToS3.lifecycle</c> of a job: what S3 itself does with the job's objects as they grow old. Nothing of it reaches a
/// bucket before <c>Set-BackupLifecycle</c> writes it there.
/// </summary>
public sealed record LifecycleOptions
{
    internal const int DefaultSmallestSize = 128 * 1024;

    /// <summary>When objects go to which storage class.</summary>
    public IReadOnlyList<LifecycleTransition> Transitions { get; init; } = [];

    /// <summary>Objects of fewer bytes are not moved; 0: S3 is told no size. Default: 131072.</summary>
    public int SmallestSize { get; init; } = DefaultSmallestSize;

    /// <summary>What becomes of versions that are not the current ones any more; null: they stay as they are.</summary>
    public NoncurrentVersionOptions? NoncurrentVersions { get; init; }

    /// <summary>After how many days S3 gives up uploads in parts that nobody completed; 0: never. Default: 7.</summary>
    public int AbortUnfinishedUploadsAfterDays { get; init; } = 7;
}

/// <summary>A step of an object's life: from some day on it is in another storage class.</summary>
public sealed record LifecycleTransition
{
    /// <summary>Days since S3 stored the object; of a version that is not current any more, since the next one came or it was deleted.</summary>
    public required int AfterDays { get; init; }

    /// <summary>The storage class that it goes to, by S3's name.</summary>
    public required string StorageClass { get; init; }

    /// <summary>As <c>GLACIER after 90 days</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{StorageClass} after {AfterDays} days");
}

/// <summary>The <c>noncurrentVersions</c> of a job's lifecycle, in a bucket that keeps versions.</summary>
public sealed record NoncurrentVersionOptions
{
    /// <summary>After how many days without being current a version goes for good; null: never.</summary>
    public int? ExpireAfterDays { get; init; }

    /// <summary>How many of the newest of them stay all the same, of each object; null: none.</summary>
    public int? KeepNewest { get; init; }

    /// <summary>When they go to which storage class.</summary>
    public IReadOnlyList<LifecycleTransition> Transitions { get; init; } = [];
}
