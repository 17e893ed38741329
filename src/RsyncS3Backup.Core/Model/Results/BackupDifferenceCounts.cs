namespace RsyncS3Backup;

/// <summary>Differences between the copies of a backup by their kind.</summary>
public sealed record BackupDifferenceCounts
{
    /// <summary>Entries that the next stage 2 sends; no damage.</summary>
    public long NotYetSent { get; init; }

    /// <summary>Entries that S3 does not have.</summary>
    public long MissingInS3 { get; init; }

    /// <summary>Entries that the mirror has lost.</summary>
    public long MissingInMirror { get; init; }

    /// <summary>Entries of other content, without a trace of which copy is good.</summary>
    public long ContentDiffers { get; init; }

    /// <summary>Entries of the same content, but of other mode, owner or times.</summary>
    public long MetadataDiffers { get; init; }

    /// <summary>Entries that are damaged in the mirror.</summary>
    public long MirrorCorrupted { get; init; }

    /// <summary>Entries that are damaged in S3.</summary>
    public long S3Corrupted { get; init; }

    /// <summary>Entries that something other than stage 1 changed in the mirror.</summary>
    public long ChangedOutside { get; init; }

    /// <summary>The counts that are not zero, e.g. <c>2 MissingInS3, 1 MirrorCorrupted</c>.</summary>
    public override string ToString()
    {
        (long Count, BackupDifferenceKind Kind)[] counts =
        [
            (MissingInS3, BackupDifferenceKind.MissingInS3), (MissingInMirror, BackupDifferenceKind.MissingInMirror),
            (MirrorCorrupted, BackupDifferenceKind.MirrorCorrupted), (S3Corrupted, BackupDifferenceKind.S3Corrupted),
            (ChangedOutside, BackupDifferenceKind.ChangedOutside),
            (ContentDiffers, BackupDifferenceKind.ContentDiffers), (MetadataDiffers, BackupDifferenceKind.MetadataDiffers),
            (NotYetSent, BackupDifferenceKind.NotYetSent),
        ];
        string text = string.Join(", ", counts.Where(item => item.Count > 0).Select(item => $"{item.Count} {item.Kind}"));
        return text.Length > 0 ? text : "none";
    }
}
