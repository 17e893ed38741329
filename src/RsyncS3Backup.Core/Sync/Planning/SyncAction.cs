using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>What has to be done about one key.</summary>
internal enum SyncActionKind
{
    /// <summary>S3 holds the entry as it is.</summary>
    Keep,

    /// <summary>Nothing by that name is in S3.</summary>
    Create,

    /// <summary>S3 has something else by that name.</summary>
    Update,

    /// <summary>Same size, but something about the file moved since it was sent: its bytes decide between the others.</summary>
    Compare,

    /// <summary>The object is not in the catalog: what S3 says of it, and in doubt the file's bytes, decide between the others.</summary>
    Examine,

    /// <summary>The content is in S3; only the attributes changed.</summary>
    Metadata,

    /// <summary>The mirror does not have it.</summary>
    Delete,

    /// <summary>The mirror may have it: it could not be read. Stays as it is.</summary>
    Protect,

    /// <summary>Neither side has what the catalog says.</summary>
    Forget,
}

/// <summary>One decision of the planner.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Local">The mirror's side; null for a delete and for what lies beneath an unreadable folder.</param>
/// <param name="Row">What the catalog says; of an entry of the mirror only as far as S3 does not refute it. Null when it says nothing.</param>
/// <param name="Remote">S3's side as a listing showed it; null when S3 has nothing or was not asked.</param>
internal readonly record struct SyncAction(SyncActionKind Kind, MirrorEntry? Local, CatalogEntry? Row, StoredObject? Remote)
{
    /// <summary>The key below the job's prefix.</summary>
    public string RelativeKey => Local?.RelativeKey ?? Row?.RelativeKey ?? Remote!.RelativeKey;

    /// <summary>Bytes of the object that S3 has, as far as is known.</summary>
    public long RemoteSize => Remote?.Size ?? Row?.Size ?? 0;

    /// <summary>True when the catalog has a row that the listing refutes. It must go, whatever becomes of the action.</summary>
    public bool IsRowRefuted { get; init; }

    /// <summary>True when S3 has moved the object to another storage class since the row was written, which <see cref="Row"/> says already.</summary>
    public bool IsMoved { get; init; }

    /// <summary>True when the row was sent from another drive, and <see cref="Row"/> has the change time that the entry has on this one.</summary>
    public bool IsSettled { get; init; }

    /// <summary>True for a file or link that is new where S3 has keys of a folder of that name: those go first.</summary>
    public bool ReplacesFolder { get; init; }

    /// <summary>True when S3 has, or should have, an object by that name.</summary>
    public bool IsInS3 => Remote is not null || (Row is not null && !IsRowRefuted);
}
