using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Recovery.Copies;

/// <summary>
/// The copy on this machine: everything in the mirror, also what the job's <c>excludePatterns</c> keep from S3. What rsync and this module
/// keep there for themselves is left out.
/// </summary>
/// <param name="root">The mirror's root folder.</param>
/// <param name="report">Hears of what cannot be read; such an entry is handed out as <see cref="MirrorEntryKind.Unreadable"/>.</param>
internal sealed class MirrorCopy(string root, StageReport report)
{
    /// <summary>
    /// What is meant, in the order of S3's keys. Every folder comes before what is in it, as <see cref="MirrorEntryKind.Folder"/>,
    /// whether it is empty or not. Holds one folder's names at a time.
    /// </summary>
    /// <exception cref="BackupException">There is no mirror, or its root cannot be listed.</exception>
    public IEnumerable<MirrorEntry> Walk(ItemFilter filter, CancellationToken cancellationToken)
    {
        Func<string, bool>? wants = filter.IsAll ? null : key => key.EndsWith('/') ? filter.MayHold(key) : filter.Matches(key);
        return Walker(wants).Walk(cancellationToken).Where(entry => filter.Matches(entry.RelativeKey));
    }

    /// <summary>What is right in a folder; nothing when there is no such folder.</summary>
    /// <param name="folder">The folder's relative key, with a slash at its end; empty for the root.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">There is no mirror.</exception>
    public IEnumerable<MirrorEntry> WalkLevel(string folder, CancellationToken cancellationToken) =>
        Walker(wants: null).WalkLevel(folder, cancellationToken);

    private MirrorWalker Walker(Func<string, bool>? wants) => Directory.Exists(root)
        ? new MirrorWalker(root, report, markers: S3DirectoryMarkers.All, wants: wants)
        : throw MirrorErrors.MirrorMissing(root);
}
