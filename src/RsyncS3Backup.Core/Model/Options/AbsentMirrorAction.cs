namespace RsyncS3Backup;

/// <summary>What becomes of a run when the drive of the mirror is not there.</summary>
public enum AbsentMirrorAction
{
    /// <summary>It fails.</summary>
    Fail,

    /// <summary>
    /// It is <see cref="BackupStatus.Skipped"/>, which is no failure, when the job has a mirror there. <c>maxAge</c> tells when a drive has been
    /// away for too long.
    /// </summary>
    Skip,
}
