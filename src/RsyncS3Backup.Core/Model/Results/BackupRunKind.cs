namespace RsyncS3Backup;

/// <summary>What a run in a job's history did.</summary>
public enum BackupRunKind : long
{
    /// <summary>Backed up: one of the stages, or both.</summary>
    Backup,

    /// <summary>Tested whether the copies are complete and intact.</summary>
    Test,

    /// <summary>Repaired one copy from the other.</summary>
    Repair,
}
