using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Mirror;

/// <summary>Names that rsync and this module leave in a mirror for themselves; they never go to S3.</summary>
internal static class MirrorExclusions
{
    /// <summary>The file at the root that whoever works on the mirror holds a lock on.</summary>
    public const string LockFile = ".rsyncs3backup.lock";

    private const string DelayedUpdatesFolder = ".~tmp~";

    /// <summary>True for a file or folder that is not part of the backup.</summary>
    /// <param name="folder">Its folder below the mirror's root, ending in a slash; empty for the root.</param>
    /// <param name="name">Its name.</param>
    public static bool IsExcluded(string folder, ReadOnlySpan<char> name) =>
        name is RsyncCommandLine.PartialFolder or DelayedUpdatesFolder || (folder.Length == 0 && (name is MirrorMarker.FileName or LockFile or SnapshotManifest.RelativeKey
            || name.StartsWith(MirrorDrive.ProbePrefix, StringComparison.Ordinal)));
}
