namespace RsyncS3Backup;

/// <summary>What a run of a job would do now: stage 1 (rsync), then stage 2 (S3). Nothing of it was done.</summary>
public sealed record BackupPlan
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>How the run would end, as far as that can be foretold: <c>Failed</c> when a guard would refuse it.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>Stage 1: sources to mirror.</summary>
    public required RsyncStagePlan Stage1 { get; init; }

    /// <summary>Stage 2: mirror to S3, the mirror being what stage 1 would make of it.</summary>
    public required S3SyncStagePlan Stage2 { get; init; }

    /// <summary>When planning started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long planning took; the run takes another time.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What a scheduler would be told.</summary>
    public BackupExitCode ExitCode { get; init; }

    /// <summary>The first error that the run would meet; null when none is foreseen.</summary>
    public BackupError? Error => Stage1.Error ?? Stage2.Error;

    /// <summary>The job and how it would end, e.g. <c>photos: Succeeded</c>.</summary>
    public override string ToString() => $"{Name}: {Status}";
}

/// <summary>What stage 1 would do.</summary>
public sealed record RsyncStagePlan
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>How the stage would end, as far as that can be foretold.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>The sources as configured.</summary>
    public required IReadOnlyList<string> Source { get; init => field = ListText.Of(value); }

    /// <summary>The mirror's root folder.</summary>
    public required string Destination { get; init; }

    /// <summary>Files, links and folders that are not in the mirror yet.</summary>
    public long Created { get; init; }

    /// <summary>Files whose content would be transferred again.</summary>
    public long Updated { get; init; }

    /// <summary>Entries of which only attributes would change.</summary>
    public long MetadataChanged { get; init; }

    /// <summary>Entries that would be deleted from the mirror.</summary>
    public long Deleted { get; init; }

    /// <summary>Entries that are the same on both sides.</summary>
    public long Unchanged { get; init; }

    /// <summary>Entries that rsync reported an error for.</summary>
    public long Failed { get; init; }

    /// <summary>All entries of the sources.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of all files of the sources.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes of the files that would be transferred.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>The version of rsync; null when none was found.</summary>
    public string? RsyncVersion { get; init; }

    /// <summary>Why the stage would fail, a guard that refuses above all; null when nothing of the kind is foreseen.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first entries that rsync could not read.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>Why the stage would not run; null when it would.</summary>
    public string? SkippedReason { get; init; }

    /// <summary>How it would end, and why when there is a reason.</summary>
    public override string ToString() => (SkippedReason ?? Error?.ToString()) is { } reason ? $"{Status}: {reason}" : $"{Status}";

    internal static RsyncStagePlan From(RsyncStageResult result) => new()
    {
        Name = result.Name,
        Status = result.Status,
        Source = result.Source,
        Destination = result.Destination,
        Created = result.Created,
        Updated = result.Updated,
        MetadataChanged = result.MetadataChanged,
        Deleted = result.Deleted,
        Unchanged = result.Unchanged,
        Failed = result.Failed,
        Total = result.Total,
        TotalBytes = result.TotalBytes,
        TransferredBytes = result.TransferredBytes,
        RsyncVersion = result.RsyncVersion,
        Error = result.Error,
        FailedItems = result.FailedItems,
        Warnings = result.Warnings,
        SkippedReason = result.SkippedReason,
    };
}

/// <summary>What stage 2 would do.</summary>
public sealed record S3SyncStagePlan
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>How the stage would end, as far as that can be foretold.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>The mirror's root folder.</summary>
    public required string Path { get; init; }

    /// <summary>The bucket; null when the job has none.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key starts with, date tokens replaced as of now; empty for the bucket's root.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>The storage class of new objects.</summary>
    public string StorageClass { get; init; } = S3StorageClasses.Standard;

    /// <summary>How differences would be found: <c>Journal</c>, <c>Catalog</c> or <c>Reconcile</c>; null when that is not known.</summary>
    public S3SyncMode? SyncMode { get; init; }

    /// <summary>Why stage 2 would find differences in that way, in a sentence.</summary>
    public string? SyncModeReason { get; init; }

    /// <summary>Objects that are not in the bucket yet.</summary>
    public long Created { get; init; }

    /// <summary>Objects that would be replaced because their content differs.</summary>
    public long Updated { get; init; }

    /// <summary>Objects of which only the metadata would be replaced, by a copy inside S3.</summary>
    public long MetadataChanged { get; init; }

    /// <summary>Those of <see cref="Created"/> and <see cref="Updated"/> whose content would be copied inside S3 instead of uploaded.</summary>
    public long Copied { get; init; }

    /// <summary>
    /// Bytes of those, which would not have to be uploaded. Which parts of a large file changed only the run finds out: a plan
    /// counts all of it.
    /// </summary>
    public long CopiedBytes { get; init; }

    /// <summary>Objects that would be deleted from the bucket.</summary>
    public long Deleted { get; init; }

    /// <summary>Objects that would be noted as gone from the mirror, and stay in the bucket until <c>deleteAfter</c> has passed.</summary>
    public long Postponed { get; init; }

    /// <summary>Objects whose lock would be renewed.</summary>
    public long Renewed { get; init; }

    /// <summary>Dated snapshots that would be pruned; the requests for that are not in <see cref="Requests"/>.</summary>
    public long PrunedSnapshots { get; init; }

    /// <summary>Objects that are the same on both sides.</summary>
    public long Unchanged { get; init; }

    /// <summary>Entries of the mirror that cannot be brought to S3.</summary>
    public long Failed { get; init; }

    /// <summary>Entries of the mirror that belong in the bucket.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of all those entries.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes that would be uploaded.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>Bytes of the objects that would be deleted.</summary>
    public long DeletedBytes { get; init; }

    /// <summary>Requests to S3 by type that the run would send, without retries.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>What those requests would cost in <see cref="Currency"/>; storage is not included.</summary>
    public decimal EstimatedRequestCost { get; init; }

    /// <summary>
    /// What S3 would charge because objects are deleted or replaced before the days are over for which their storage class bills at least.
    /// </summary>
    public decimal EstimatedEarlyDeletionCost { get; init; }

    /// <summary>What it would cost that objects are read to be copied inside S3, from classes that charge for that.</summary>
    public decimal EstimatedRetrievalCost { get; init; }

    /// <summary>How much more storing the copy would cost a month; negative for less. What is pruned is not in it.</summary>
    public decimal EstimatedStorageChange { get; init; }

    /// <summary>The currency of the estimates (ISO 4217).</summary>
    public string Currency { get => field ?? PriceOptions.TableCurrency; init; }

    /// <summary>Whose prices they are, e.g. <c>AWS us-east-1, 2026-06</c> or <c>configuration</c>; null where nothing was estimated.</summary>
    public string? PriceSource { get; init; }

    /// <summary>Why the stage would fail, a guard that refuses above all; null when nothing of the kind is foreseen.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first entries that could not be brought to S3.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>Why the stage would not run; null when it would.</summary>
    public string? SkippedReason { get; init; }

    /// <summary>How it would end, and why when there is a reason.</summary>
    public override string ToString() => (SkippedReason ?? Error?.ToString()) is { } reason ? $"{Status}: {reason}" : $"{Status}";

    internal static S3SyncStagePlan From(S3SyncStageResult result) => new()
    {
        Name = result.Name,
        Status = result.Status,
        Path = result.Path,
        BucketName = result.BucketName,
        KeyPrefix = result.KeyPrefix,
        StorageClass = result.StorageClass,
        SyncMode = result.SyncMode,
        SyncModeReason = result.SyncModeReason,
        Created = result.Created,
        Updated = result.Updated,
        MetadataChanged = result.MetadataChanged,
        Copied = result.Copied,
        CopiedBytes = result.CopiedBytes,
        Deleted = result.Deleted,
        Postponed = result.Postponed,
        Renewed = result.Renewed,
        PrunedSnapshots = result.PrunedSnapshots,
        Unchanged = result.Unchanged,
        Failed = result.Failed,
        Total = result.Total,
        TotalBytes = result.TotalBytes,
        TransferredBytes = result.TransferredBytes,
        DeletedBytes = result.DeletedBytes,
        Requests = result.Requests,
        EstimatedRequestCost = result.EstimatedRequestCost,
        EstimatedEarlyDeletionCost = result.EstimatedEarlyDeletionCost,
        EstimatedRetrievalCost = result.EstimatedRetrievalCost,
        EstimatedStorageChange = result.EstimatedStorageChange,
        Currency = result.Currency,
        PriceSource = result.PriceSource,
        Error = result.Error,
        FailedItems = result.FailedItems,
        Warnings = result.Warnings,
        SkippedReason = result.SkippedReason,
    };
}
