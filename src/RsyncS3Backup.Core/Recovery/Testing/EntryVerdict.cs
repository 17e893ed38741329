using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What the test has to say of an entry.</summary>
/// <param name="Kind">How the copies differ; null when they do not, as far as is known.</param>
/// <param name="Good">The copy that is good; null when that is not known.</param>
/// <param name="Reason">Why.</param>
/// <param name="NeedsContent">True when only the content can tell.</param>
internal readonly record struct EntryVerdict(BackupDifferenceKind? Kind, BackupCopy? Good, string Reason, bool NeedsContent = false)
{
    /// <summary>The copies are the same.</summary>
    public static EntryVerdict Same { get; }

    private static EntryVerdict Ask { get; } = new(null, null, "", NeedsContent: true);

    /// <summary>What can be said without reading content. Pure.</summary>
    /// <param name="pair">What the mirror, the catalog and the listing say.</param>
    /// <param name="facts">What is known of the copies as a whole.</param>
    public static EntryVerdict Of(CopyPair pair, TestFacts facts) => pair switch
    {
        { Local: null, Remote: null } => OfRowAlone(pair, facts),
        { Local: null } => OfMissingLocal(pair, facts),
        { Remote: null } => OfMissingRemote(pair.Local, pair.Row, facts),
        _ => OfBoth(pair.Local, pair.Row, pair.Remote, facts),
    };

    /// <summary>What can be said when the contents are known to differ. Pure.</summary>
    /// <param name="local">The mirror's entry.</param>
    /// <param name="sent">The modification and change time that the object was made from; null where nobody knows.</param>
    /// <param name="facts">What is known of the copies as a whole.</param>
    public static EntryVerdict OfOtherContent(MirrorEntry local, (long Modified, long Changed)? sent, TestFacts facts)
    {
        if (sent is not { } version)
            return new(BackupDifferenceKind.ContentDiffers, null, "The contents differ, and nothing tells from which version of the file the object was made.");
        if (version.Modified != local.Attributes.ModifiedNanoseconds)
            return OfModified(local, facts);
        if (version.Changed != 0 && version.Changed == local.Attributes.ChangedNanoseconds)
            return new(BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3, "The content changed although nothing wrote to the file since it was sent: bit rot.");
        return facts.StageOneChanged(local.RelativeKey) switch
        {
            false => new(
                BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3,
                "The content changed, but neither size nor modification time, and no run of stage 1 wrote the file: bit rot, or a hidden edit."),
            true => new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "Stage 1 changed the file since it was sent."),
            null => new(
                BackupDifferenceKind.ContentDiffers, null,
                "The content changed, but neither size nor modification time, and it is not known whether stage 1 wrote the file since it was sent."),
        };
    }

    /// <summary>What can be said when the drive cannot read the file. Pure.</summary>
    /// <param name="local">The mirror's entry.</param>
    /// <param name="sent">The size and modification time that the object was made from; null where nobody knows.</param>
    /// <param name="fault">What the drive said.</param>
    public static EntryVerdict OfUnreadable(MirrorEntry local, (long Size, long Modified)? sent, string fault) =>
        sent == (local.ContentLength, local.Attributes.ModifiedNanoseconds)
            ? new(BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3, $"The drive cannot read the file, and S3 has what was sent of it. {fault}")
            : new(
                BackupDifferenceKind.MirrorCorrupted, null,
                $"The drive cannot read the file, and nothing tells that S3 has this version of it. {fault}");

    private static EntryVerdict OfRowAlone(CopyPair pair, TestFacts facts) =>
        pair.Row is { IsOurs: true, IsLeftover: false } && facts.StageOneChanged(pair.RelativeKey) == false
            ? new(BackupDifferenceKind.MissingInMirror, null, "Both copies had it, and neither has it any more.")
            : Same;

    private static EntryVerdict OfMissingLocal(CopyPair pair, TestFacts facts)
    {
        if (!facts.HasMirror)
            return Ask;
        if (facts.IsProtected(pair.RelativeKey) || facts.IsExcluded(pair.RelativeKey))
            return Same;
        bool isRecorded = pair.Row is { IsOurs: true, IsLeftover: false };
        // What the mirror lost long ago, and the job does not delete, belongs there.
        if (!isRecorded && (!facts.DeletesFromS3 || (facts.DeletesLater && pair.Row?.GoneTime is not null)))
            return Same;
        if (facts.StageOneChanged(pair.RelativeKey) is not false)
            return new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "Deleted from the mirror since the last stage 2, or may be.");
        if (!isRecorded)
            return new(BackupDifferenceKind.MissingInMirror, null, "S3 has an object that this job did not send, or no longer should have.");
        // A folder's marker goes when there is something in the folder.
        if (pair.RelativeKey.EndsWith('/'))
            return new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "The folder is gone, or is not empty any more.");
        return new(BackupDifferenceKind.MissingInMirror, BackupCopy.S3, "The mirror has lost it: no run of stage 1 deleted it.");
    }

    private static EntryVerdict OfMissingRemote(MirrorEntry local, CatalogEntry? row, TestFacts facts)
    {
        if (row is { ETag.Length: > 0 })
            return new(BackupDifferenceKind.MissingInS3, BackupCopy.Local, "S3 confirmed the object, and does not have it any more.");
        return facts.IsCatalogComplete
            ? new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "It was never sent: no stage 2 has run since it came to the mirror, or the last one failed.")
            : new(BackupDifferenceKind.MissingInS3, BackupCopy.Local, "S3 does not have it.");
    }

    private static EntryVerdict OfBoth(MirrorEntry local, CatalogEntry? row, StoredObject remote, TestFacts facts)
    {
        if (row is not { IsOurs: true } || row.ModifiedNanoseconds == long.MinValue)
            return Ask;
        FileAttributesSnapshot now = local.Attributes;
        bool isUntouched = now.ModifiedNanoseconds == row.ModifiedNanoseconds && now.ChangedNanoseconds == row.ChangedNanoseconds
            && row.ChangedNanoseconds != 0;
        bool isRowOfObject = row.Size == remote.Size && row.ETag == remote.ETag;
        if (!isRowOfObject)
        {
            // The content may be the same all the same: somebody stored it again.
            if (local.ContentLength == remote.Size)
                return Ask;
            return isUntouched && local.ContentLength == row.Size
                ? new(BackupDifferenceKind.S3Corrupted, BackupCopy.Local, "S3 holds another object than was sent, and the file is as it was then.")
                : new(BackupDifferenceKind.ContentDiffers, null, "S3 holds another object than was sent, and the file changed too.");
        }

        if (!FileAttributesSnapshot.HaveSameType(now.Mode, row.Mode))
            return new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "It is another kind of entry than was sent.");
        if (local.ContentLength != row.Size)
        {
            EntryVerdict other = OfOtherContent(local, (row.ModifiedNanoseconds, row.ChangedNanoseconds), facts);
            return other.Kind == BackupDifferenceKind.MirrorCorrupted
                ? other with { Reason = "The file has another size, although its modification time is the same and no run of stage 1 wrote it." }
                : other;
        }

        if (local.ContentLength > 0 && now.ModifiedNanoseconds != row.ModifiedNanoseconds)
            return OfModified(local, facts);
        if (!EntryDecision.HasSameMetadata(now, row))
            return OfOtherMetadata(isUntouched);
        return Same;
    }

    // Of a file with several names stage 1 tells one name only.
    private static EntryVerdict OfModified(MirrorEntry local, TestFacts facts) =>
        EntryDecision.LinkGroup(local.Attributes) == 0 && facts.StageOneChanged(local.RelativeKey) == false
            ? new(BackupDifferenceKind.ChangedOutside, BackupCopy.S3, "Something other than stage 1 changed the file in the mirror.")
            : new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "The file was modified since it was sent.");

    private static EntryVerdict OfOtherMetadata(bool isUntouched) => isUntouched
        ? new(BackupDifferenceKind.MetadataDiffers, null, "Mode, owner or group differ, although nothing touched the file since it was sent.")
        : new(BackupDifferenceKind.NotYetSent, BackupCopy.Local, "Mode, owner, group, time or names changed since it was sent.");
}
