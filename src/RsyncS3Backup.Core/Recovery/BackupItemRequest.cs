using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery;

/// <summary>Which copy is looked into, at what time, and what of it is of interest.</summary>
internal sealed record BackupItemRequest
{
    /// <summary>The job's name; null when a bucket is looked at without a job.</summary>
    public string? Name { get; init; }

    /// <summary>The mirror's root folder; null when there is no job.</summary>
    public string? MirrorPath { get; init; }

    /// <summary>The bucket and how to reach it; null for a local-only job.</summary>
    public S3CopyRequest? S3 { get; init; }

    /// <summary>Which copy; null: S3 where only that can tell, or where there is no mirror, else the mirror.</summary>
    public BackupCopy? From { get; init; }

    /// <summary>What is of interest, as <see cref="ItemFilter"/> reads it; none: everything.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>What else is of interest: paths that hold no wildcards.</summary>
    public IReadOnlyList<string> LiteralPaths { get; init; } = [];

    /// <summary>What was there at that time; null for now.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The date of a dated snapshot; null for the last complete one.</summary>
    public DateTime? Snapshot { get; init; }

    /// <summary>All versions and delete markers that S3 has, with everything beneath folders.</summary>
    public bool Versions { get; init; }

    /// <summary>Only what the mirror of the job, which has a name, no longer has and S3 still keeps; with everything beneath folders.</summary>
    public bool Deleted { get; init; }

    /// <summary>Also what is beneath folders.</summary>
    public bool Recurse { get; init; }

    /// <summary>A configured job.</summary>
    public static BackupItemRequest For(BackupConfiguration configuration) => new()
    {
        Name = configuration.Name,
        MirrorPath = configuration.Options.Rsync.LocalDestination,
        S3 = S3CopyRequest.Of(configuration),
    };

    /// <summary>The copy that is meant when none is named.</summary>
    internal BackupCopy EffectiveCopy => From
        ?? (MirrorPath is null || AsOf is not null || Snapshot is not null || Versions || Deleted || (S3 is not null && !Directory.Exists(MirrorPath))
            ? BackupCopy.S3
            : BackupCopy.Local);
}
