using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>Which backup is tested, and how thoroughly.</summary>
internal sealed record BackupTestRequest
{
    /// <summary>The job; null when a bucket is tested without one, against what S3 itself says of the objects.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>The mirror's root folder; null without a job.</summary>
    public string? MirrorPath => Configuration?.Options.Rsync.LocalDestination;

    /// <summary>The bucket and how to reach it; null for a local-only job, which cannot be tested.</summary>
    public S3CopyRequest? S3 { get; init; }

    /// <summary>How thoroughly.</summary>
    public BackupTestLevel Level { get; init; }

    /// <summary>
    /// The share of files that <see cref="BackupTestLevel.Sample"/> downloads and <see cref="BackupTestLevel.Restore"/> restores, in percent.
    /// </summary>
    public double SamplePercent { get; init; } = 1;

    /// <summary>Where <see cref="BackupTestLevel.Restore"/> makes its folder; null: where the system has temporary files.</summary>
    public string? TemporaryPath { get; init; }

    /// <summary>True for a level that takes a share of the files.</summary>
    public bool IsOfShare => Level is BackupTestLevel.Sample or BackupTestLevel.Restore;

    /// <summary>Makes the random choice repeatable; null: another one each time.</summary>
    public int? Seed { get; init; }

    /// <summary>What is tested, as <see cref="ItemFilter"/> reads it; none: everything.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>What else is tested: paths that hold no wildcards.</summary>
    public IReadOnlyList<string> LiteralPaths { get; init; } = [];

    /// <summary>All of both, as a result names them.</summary>
    internal IReadOnlyList<string> NamedPaths => [.. Paths, .. LiteralPaths];

    /// <summary>Paths as they are, instead of <see cref="Paths"/>.</summary>
    internal IReadOnlyList<string>? Exactly { get; init; }

    /// <summary>How many files are looked at at a time; null: chosen by the module.</summary>
    public int? ThrottleLimit { get; init; }

    /// <summary>How long to wait for a run of the job to end; null: not at all.</summary>
    public TimeSpan? WaitForLock { get; init; }

    /// <summary>The version of PowerShell, for the job's history; null in another program.</summary>
    public string? PowerShellVersion { get; init; }

    /// <summary>A configured job.</summary>
    public static BackupTestRequest For(BackupConfiguration configuration) => new()
    {
        Configuration = configuration,
        S3 = S3CopyRequest.Of(configuration),
    };
}
