namespace RsyncS3Backup;

/// <summary>What a policy allows to do with a job's copy in S3.</summary>
public enum BackupPolicyPurpose : long
{
    /// <summary>Runs of the job, with all that it does in S3.</summary>
    Backup,

    /// <summary>Looking into the copy, and restoring from it.</summary>
    Restore,

    /// <summary>Testing the copies.</summary>
    Test,

    /// <summary>Pruning dated snapshots, and nothing else of a run.</summary>
    Prune,
}
