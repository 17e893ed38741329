namespace RsyncS3Backup;

/// <summary>What becomes of owners and groups in the mirror.</summary>
public enum MirrorOwnership : long
{
    /// <summary>They are kept where the mirror's drive keeps them.</summary>
    Auto,

    /// <summary>They are kept, and where the drive refuses that, stage 1 fails.</summary>
    Keep,

    /// <summary>The mirror's files belong to whom the drive says.</summary>
    Ignore,

    /// <summary>
    /// They, and what else only the superuser may make, are written down in an extended attribute of each file of the mirror (rsync
    /// <c>--fake-super</c>), from where they go to S3 and come back in a restore.
    /// </summary>
    FakeSuper,
}
