namespace RsyncS3Backup;

/// <summary>One thing that must be so for a job to run, and whether it is.</summary>
public sealed record BackupReadiness
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of thing that was checked.</summary>
    public required BackupReadinessCheck Check { get; init; }

    /// <summary>Of what: a path, a bucket, a right, a scheduler; empty where the check says it all.</summary>
    public string Target { get; init; } = "";

    /// <summary>Whether it is so.</summary>
    public required BackupReadinessStatus Status { get; init; }

    /// <summary>What was found, in a sentence.</summary>
    public required string Detail { get; init; }

    /// <summary>What to do about it; null when nothing has to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The id of the error that a run would fail with, as docs/errors.md lists it; null for none.</summary>
    public string? ErrorId { get; init; }

    /// <summary>What a run would end with because of it.</summary>
    internal BackupExitCode ExitCode { get; init; }

    /// <summary>The check and what it found.</summary>
    public override string ToString() => $"{Check}: {Status}, {Detail}";
}

/// <summary>What <c>Test-BackupReadiness</c> checks.</summary>
public enum BackupReadinessCheck : long
{
    /// <summary>Whether the job's places are those of no other job.</summary>
    Configuration,

    /// <summary>The rsync program, and whether it can do what the job asks for.</summary>
    Rsync,

    /// <summary>A source: there, readable, not empty, on the file system that it was on.</summary>
    Source,

    /// <summary>The mirror: mounted, the job's own, writable, and what its drive keeps.</summary>
    Mirror,

    /// <summary>Whether what is missing in the mirror fits on its drive: a dry run of rsync.</summary>
    Room,

    /// <summary>The job's state folder.</summary>
    State,

    /// <summary>Credentials for S3, and when they end.</summary>
    Credentials,

    /// <summary>The bucket, in the region where the job looks for it.</summary>
    Bucket,

    /// <summary>Whose the key prefix is.</summary>
    Prefix,

    /// <summary>A right in the bucket that the job needs.</summary>
    Right,

    /// <summary>A setting of the bucket: versions, Object Lock, public access, encryption, unfinished uploads.</summary>
    BucketSetting,

    /// <summary>A lifecycle rule of the bucket that is about the job's objects.</summary>
    Lifecycle,

    /// <summary>This machine's clock beside that of the store.</summary>
    Clock,

    /// <summary>The scheduler that starts the job.</summary>
    Scheduler,

    /// <summary>One who is told how runs end.</summary>
    Notification,
}

/// <summary>How a check of <c>Test-BackupReadiness</c> ended.</summary>
public enum BackupReadinessStatus : long
{
    /// <summary>It is as it must be.</summary>
    Passed,

    /// <summary>The job runs, but somebody should look.</summary>
    Warning,

    /// <summary>The job would fail, be refused, or not be started.</summary>
    Failed,
}
