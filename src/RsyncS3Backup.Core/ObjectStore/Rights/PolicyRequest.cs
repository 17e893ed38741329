namespace RsyncS3Backup.ObjectStore.Rights;

/// <summary>What a policy is to allow.</summary>
internal sealed record PolicyRequest
{
    /// <summary>The job.</summary>
    public required BackupConfiguration Configuration { get; init; }

    /// <summary>What is to be done.</summary>
    public required BackupPolicyPurpose Purpose { get; init; }

    /// <summary>Leave out the right to delete, whatever the job does.</summary>
    public bool NoDeletion { get; init; }

    /// <summary>Restores of a time in the past too.</summary>
    public bool Versions { get; init; }

    /// <summary>Bringing back from an archive too, whatever the job's storage class is.</summary>
    public bool Retrieval { get; init; }

    /// <summary>The ARN of the KMS key that encrypts the objects; null: what the job says.</summary>
    public string? KmsKeyArn { get; init; }

    /// <summary>The partition of AWS, such as <c>aws</c> or <c>aws-cn</c>.</summary>
    public string Partition { get; init; } = "aws";
}
