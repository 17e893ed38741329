using RsyncS3Backup.S3.Mirror;

namespace RsyncS3Backup.S3.Planning;

/// <summary>What has to be done about one key.</summary>
internal enum SyncActionKind
{
    /// <summary>Nothing by that name is in S3.</summary>
    Create,

    /// <summary>S3 has something else by that name.</summary>
    Update,

    /// <summary>Same size on both sides: the content decides between nothing and <see cref="Update"/>.</summary>
    Compare,

    /// <summary>Same on both sides without reading anything.</summary>
    Keep,

    /// <summary>The mirror does not have it.</summary>
    Delete,

    /// <summary>The mirror may have it: it could not be read. Stays as it is.</summary>
    Protect,
}

/// <summary>One decision of the planner.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Local">The mirror's side; null for a delete and for what lies beneath an unreadable folder.</param>
/// <param name="Remote">S3's side; null when S3 has nothing.</param>
internal readonly record struct SyncAction(SyncActionKind Kind, MirrorEntry? Local, RemoteObject? Remote)
{
    /// <summary>The key below the job's prefix.</summary>
    public string RelativeKey => Local?.RelativeKey ?? Remote!.RelativeKey;
}
