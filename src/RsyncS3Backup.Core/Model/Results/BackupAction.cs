namespace RsyncS3Backup;

/// <summary>What a stage did, or would do, with one entry.</summary>
public enum BackupActionKind : long
{
    /// <summary>It was not there before.</summary>
    Created = 1,

    /// <summary>Its content was replaced.</summary>
    Updated = 2,

    /// <summary>Only its attributes were replaced.</summary>
    Metadata = 3,

    /// <summary>It was made inside S3 out of another object that has its content, without an upload.</summary>
    Copied = 4,

    /// <summary>It was deleted.</summary>
    Deleted = 5,

    /// <summary>It failed; <see cref="BackupAction.Error"/> says why.</summary>
    Failed = 6,
}

/// <summary>One entry that a stage did something about.</summary>
public sealed record BackupAction
{
    /// <summary>When it was done, in UTC.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>1 (rsync: sources to mirror) or 2 (mirror to S3).</summary>
    public required int Stage { get; init; }

    /// <summary>What was done with the entry.</summary>
    public required BackupActionKind Action { get; init; }

    /// <summary>The path below the mirror's root, with <c>/</c> between parts; of a failure what the error is about.</summary>
    public required string Path { get; init; }

    /// <summary>The object's whole key; null in stage 1 and of a failure.</summary>
    public string? Key { get; init; }

    /// <summary>The entry's size in bytes; of what was deleted from the mirror it is not known, and 0.</summary>
    public long Length { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The action and the path, e.g. <c>Created 2026/a.jpg</c>.</summary>
    public override string ToString() => $"{Action} {Path}";
}
