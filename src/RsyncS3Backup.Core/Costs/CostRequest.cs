using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Costs;

/// <summary>What is asked of the cost of a job.</summary>
internal sealed record CostRequest
{
    /// <summary>The job.</summary>
    public required BackupConfiguration Configuration { get; init; }

    /// <summary>Its copy in S3.</summary>
    public required S3CopyRequest S3 { get; init; }

    /// <summary>List the bucket instead of reading the catalog: old versions and unfinished uploads are counted too.</summary>
    public bool Measure { get; init; }

    /// <summary>Storage classes to compare.</summary>
    public IReadOnlyList<string> StorageClasses { get; init; } = [];

    /// <summary>The cost of a job.</summary>
    /// <exception cref="BackupException">The job is local only.</exception>
    public static CostRequest For(BackupConfiguration configuration) => new()
    {
        Configuration = configuration,
        S3 = S3CopyRequest.Of(configuration) ?? throw CostErrors.NoBucket(configuration.Name),
    };
}
