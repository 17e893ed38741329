namespace RsyncS3Backup;

/// <summary>How the copies of one entry differ.</summary>
public enum BackupDifferenceKind : long
{
    /// <summary>
    /// The mirror's entry is newer than what was sent last, or was deleted since. No damage: the next stage 2 sends it.
    /// </summary>
    NotYetSent = 1,

    /// <summary>S3 has no object of an entry that was sent, or should have been.</summary>
    MissingInS3,

    /// <summary>The mirror has no entry of an object, and no run of stage 1 deleted it.</summary>
    MissingInMirror,

    /// <summary>The contents differ, and nothing tells which one is damaged.</summary>
    ContentDiffers,

    /// <summary>The contents are the same; mode, owner or times are not.</summary>
    MetadataDiffers,

    /// <summary>
    /// The mirror's content is another one than was sent, although nothing has written to it since: bit rot, or a hidden edit. Or its drive cannot
    /// read it any more.
    /// </summary>
    MirrorCorrupted,

    /// <summary>S3 sends other bytes than were stored, or holds another object than was sent.</summary>
    S3Corrupted,

    /// <summary>Something other than stage 1 changed the mirror's file; S3 has it as stage 1 left it.</summary>
    ChangedOutside,
}

/// <summary>One difference between the copies of a backup.</summary>
public sealed record BackupDifference
{
    /// <summary>The job's name; null when a bucket is tested without a job.</summary>
    public string? Name { get; init; }

    /// <summary>The job's configuration file; null when there is none.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>The path below the mirror's root with <c>/</c> between parts.</summary>
    public required string Path { get; init; }

    /// <summary>How the copies of the entry differ.</summary>
    public required BackupDifferenceKind Kind { get; init; }

    /// <summary>What the entry is: a file, a folder or a link.</summary>
    public required BackupEntryType EntryType { get; init; }

    /// <summary>What the mirror has; empty for nothing.</summary>
    public required string Left { get; init; }

    /// <summary>What S3 has; empty for nothing.</summary>
    public required string Right { get; init; }

    /// <summary>The copy that is good; null when that is not known.</summary>
    public BackupCopy? GoodCopy { get; init; }

    /// <summary>How it is known, in a sentence: what was compared with what.</summary>
    public required string Reason { get; init; }

    /// <summary>Bytes of the entry.</summary>
    public long Length { get; init; }

    /// <summary>The path on this machine, whether there is something or not; null when a bucket is tested without a job.</summary>
    public string? FullName { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>The object's key, whether there is one or not.</summary>
    public required string Key { get; init; }

    /// <summary>The kind and the path.</summary>
    public override string ToString() => $"{Kind}: {Path}";
}
