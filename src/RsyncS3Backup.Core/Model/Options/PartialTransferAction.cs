namespace RsyncS3Backup;

/// <summary>What becomes of a run when rsync could not copy single entries.</summary>
public enum PartialTransferAction : long
{
    /// <summary>Stage 1 has failed, and stage 2 is skipped.</summary>
    Stop,

    /// <summary>
    /// Stage 1 has succeeded with warnings, and stage 2 sends what the mirror has, without deleting anything. The run is at best
    /// <see cref="BackupStatus.SucceededWithWarnings"/>.
    /// </summary>
    Continue,
}
