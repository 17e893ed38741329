namespace RsyncS3Backup;

/// <summary>Whose a job is.</summary>
public enum BackupJobScope : long
{
    /// <summary>It lies in a job folder of the user.</summary>
    User,

    /// <summary>It lies in the machine's job folder.</summary>
    System,
}
