namespace RsyncS3Backup;

/// <summary>A lifecycle rule of a bucket, as far as it is about a job's objects: one of the job's own, or one of somebody else.</summary>
public sealed record BackupLifecycleRule
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>How the bucket's rule and the job's configuration fit.</summary>
    public required BackupLifecycleStatus Status { get; init; }

    /// <summary>The rule's id in the bucket; empty for a rule of somebody else that has none.</summary>
    public required string RuleId { get; init; }

    /// <summary>What it does, a text for each step; of a rule that is missing what it would do.</summary>
    public required IReadOnlyList<string> Actions { get; init => field = ListText.Of(value); }

    /// <summary>True for a rule that deletes current versions of objects.</summary>
    internal bool Deletes { get; init; }

    /// <summary>What the keys start with that it is for; empty for all keys of the bucket.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>What is wrong, and what to do about it; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>Of a rule that differs, the lines that the bucket has (<c>-</c>) and those that the job asks for (<c>+</c>); else none.</summary>
    public IReadOnlyList<string> Difference { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The id.</summary>
    public override string ToString() => RuleId;
}

/// <summary>How a lifecycle rule of a bucket and a job's configuration fit.</summary>
public enum BackupLifecycleStatus : long
{
    /// <summary>The bucket has the rule as the job asks for it.</summary>
    InPlace,

    /// <summary>The job asks for it, and the bucket does not have it.</summary>
    Missing,

    /// <summary>The bucket has the job's rule, and it says something else than the job asks for.</summary>
    Different,

    /// <summary>The bucket has a rule of the job that the job does not ask for any more.</summary>
    NotConfigured,

    /// <summary>It is somebody else's, and applies to objects of the job.</summary>
    Foreign,
}
