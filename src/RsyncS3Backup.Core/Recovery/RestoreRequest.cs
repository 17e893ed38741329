using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery;

/// <summary>What is to be restored, and where to.</summary>
internal sealed record RestoreRequest
{
    /// <summary>The job's name; without a job, what the log is named after.</summary>
    public required string Name { get; init; }

    /// <summary>The job; null when a bucket is restored without one.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>The bucket and how to reach it; null for a local-only job.</summary>
    public S3CopyRequest? S3
    {
        get;
        init => field = value is null ? null : value with { Work = "the restore" };
    }

    /// <summary>The mirror's root folder; null when a bucket is restored without a job.</summary>
    public string? MirrorPath => Configuration?.Options.Rsync.LocalDestination;

    /// <summary>Which copy; null: the mirror when it is there and sound, else S3.</summary>
    public BackupCopy? From { get; init; }

    /// <summary>What is restored, as <see cref="ItemFilter"/> reads it; none: everything.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>What else is restored: paths that hold no wildcards.</summary>
    public IReadOnlyList<string> LiteralPaths { get; init; } = [];

    /// <summary>Which objects of those; null: all.</summary>
    internal Func<StoredObject, bool>? Chooses { get; init; }

    /// <summary>Hears of each object that S3 does not hand out because it is in an archive, and leaves it out; null: it has failed.</summary>
    internal Action? LeavesOutArchived { get; init; }

    /// <summary>The folder that everything goes to, below it as it is in the copy.</summary>
    public string? Destination { get; init; }

    /// <summary>Restore to the job's sources instead.</summary>
    public bool InPlace { get; init; }

    /// <summary>What was there at that time; null for the newest.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The date of a dated snapshot; null for the newest.</summary>
    public DateTime? Snapshot { get; init; }

    /// <summary>What becomes of files that are there already.</summary>
    public RestoreOverwrite Overwrite { get; init; } = RestoreOverwrite.IfDifferent;

    /// <summary>Files at the destination that are newer than the copy are replaced without a question.</summary>
    public bool ReplaceNewer { get; init; }

    /// <summary>Asks whether a newer file may be replaced; null answers: nobody can be asked, as when this is null.</summary>
    public Func<ReplacedFile, Task<bool?>>? AskToReplaceNewer { get; init; }

    /// <summary>Everything that S3 has comes back, also what the mirror had no more when it was last sent. So it comes from S3.</summary>
    public bool IncludeDeleted { get; init; }

    /// <summary>What is not what was stored is written all the same, under a name that says so.</summary>
    public bool IncludeDamaged { get; init; }

    /// <summary>What the destination cannot hold by its name is written under one that it can.</summary>
    public bool RenameInvalid { get; init; }

    /// <summary>Set-user-ID and set-group-ID bits come back from S3 too.</summary>
    public bool PreserveSpecialBits { get; init; }

    /// <summary>Ask S3 to bring objects back from the archive; null: report them.</summary>
    public RestoreRetrieval? Retrieval { get; init; }

    /// <summary>How many requests may be in flight; null: what the job says, else chosen by the module.</summary>
    public int? ThrottleLimit { get; init; }

    /// <summary>How long to wait for a run of the job to end; null: not at all.</summary>
    public TimeSpan? WaitForLock { get; init; }

    /// <summary>A configured job.</summary>
    public static RestoreRequest For(BackupConfiguration configuration) => new()
    {
        Name = configuration.Name,
        Configuration = configuration,
        S3 = S3CopyRequest.Of(configuration),
    };
}

/// <summary>How S3 is asked to bring objects back from the archive.</summary>
/// <param name="Tier">How fast.</param>
/// <param name="Days">How many days the retrieved copies stay.</param>
internal sealed record RestoreRetrieval(RetrievalTier Tier, int Days);
