namespace RsyncS3Backup;

/// <summary>What stage 2 (mirror to S3) did.</summary>
public sealed record S3SyncStageResult
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the run; both stages of one run share it, and its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>How the stage ended.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>The mirror's root folder.</summary>
    public required string Path { get; init; }

    /// <summary>The bucket; null when the stage was skipped because the job has none.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key starts with, e.g. <c>rsync/photos/</c>; empty for the bucket's root.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>The storage class of new objects, e.g. <c>STANDARD_IA</c>.</summary>
    public string StorageClass { get; init; } = S3StorageClasses.Standard;

    /// <summary>How differences were found: <c>Journal</c>, <c>Catalog</c> or <c>Reconcile</c>; null when the stage did not get that far.</summary>
    public S3SyncMode? SyncMode { get; init; }

    /// <summary>Why that way was taken.</summary>
    public string? SyncModeReason { get; init; }

    /// <summary>Objects that were not in the bucket before.</summary>
    public long Created { get; init; }

    /// <summary>Objects uploaded again because their content differed.</summary>
    public long Updated { get; init; }

    /// <summary>Objects of which only the metadata was replaced, by a copy inside S3.</summary>
    public long MetadataChanged { get; init; }

    /// <summary>Those of <see cref="Created"/> and <see cref="Updated"/> whose content was copied inside S3 instead of uploaded.</summary>
    public long Copied { get; init; }

    /// <summary>
    /// Bytes that were copied inside S3 and did not have to be uploaded: of those, and of unchanged parts of large files.
    /// </summary>
    public long CopiedBytes { get; init; }

    /// <summary>
    /// Entries with new attributes whose objects are in an archive, where S3 cannot change them: the job's catalog keeps them, and the next restore
    /// on this machine sets them.
    /// </summary>
    public long PendingAttributes { get; init; }

    /// <summary>Objects deleted from the bucket.</summary>
    public long Deleted { get; init; }

    /// <summary>Objects that this stage found gone from the mirror and that stay in the bucket until <c>deleteAfter</c> has passed.</summary>
    public long Postponed { get; init; }

    /// <summary>Objects whose lock was renewed, because less than half of the days of <c>objectLock</c> was left.</summary>
    public long Renewed { get; init; }

    /// <summary>
    /// Objects under the prefix that the mirror does not have and the job never sent, as far as the stage looked: they stay, unless the stage
    /// is run with -AllowNewDestination.
    /// </summary>
    public long Foreign { get; init; }

    /// <summary>Dated snapshots that were pruned, as <c>keepLast</c> and the like ask; their objects do not count as deleted.</summary>
    public long PrunedSnapshots { get; init; }

    /// <summary>What the keys of those snapshots started with.</summary>
    public IReadOnlyList<string> PrunedPrefixes { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>
    /// True when the dated snapshot under <see cref="KeyPrefix"/> is complete and marked so; false when the next run has to go on with it; null
    /// for a job without dated snapshots, and when the stage did not get that far.
    /// </summary>
    public bool? IsSnapshotComplete { get; init; }

    /// <summary>Objects that were the same on both sides.</summary>
    public long Unchanged { get; init; }

    /// <summary>Files that could not be uploaded, and objects that could not be deleted.</summary>
    public long Failed { get; init; }

    /// <summary>Entries of the mirror that belong in the bucket.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of all those entries.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes uploaded.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>Bytes of the objects that were deleted.</summary>
    public long DeletedBytes { get; init; }

    /// <summary>Requests to S3 by type, retries included.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>
    /// What the store turned out not to do, so that something else is done instead: <c>CopyObject</c>, <c>DeleteObjects</c>, <c>Checksums</c>,
    /// <c>DeleteChecksums</c>. Empty for a store that does all that S3 does.
    /// </summary>
    public IReadOnlyList<string> StoreLacks { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>When the first of <see cref="StoreLacks"/> was found out; null when there are none. It is believed for 30 days.</summary>
    public DateTimeOffset? StoreLacksSince { get; init; }

    /// <summary>What those requests cost in <see cref="Currency"/>; storage is not included.</summary>
    public decimal EstimatedRequestCost { get; init; }

    /// <summary>What listing everything under the prefix costs: what a run by journal or catalog saves.</summary>
    public decimal EstimatedListingCost { get; init; }

    /// <summary>
    /// What S3 charges because objects were deleted or replaced before the days were over for which their storage class bills at least.
    /// </summary>
    public decimal EstimatedEarlyDeletionCost { get; init; }

    /// <summary>What it costs that objects were read to be copied inside S3, from classes that charge for that.</summary>
    public decimal EstimatedRetrievalCost { get; init; }

    /// <summary>How much more storing the copy costs a month than before the run; negative for less.</summary>
    public decimal EstimatedStorageChange { get; init; }

    /// <summary>The currency of the estimates (ISO 4217).</summary>
    public string Currency { get => field ?? PriceOptions.TableCurrency; init; }

    /// <summary>Whose prices they are, e.g. <c>AWS us-east-1, 2026-06</c> or <c>configuration</c>; null where nothing was estimated.</summary>
    public string? PriceSource { get; init; }

    /// <summary>
    /// How often the stage was tried: more than once after a fault that may pass, as the job's <c>retry</c> says; 0 when it did not start. The
    /// counts, bytes, requests and costs of all attempts are added up; what is left to do is as the last one found it.
    /// </summary>
    public int Attempts { get; init; }

    /// <summary>When the stage started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, all attempts and the waiting between them included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Uploaded bytes per second.</summary>
    public double BytesPerSecond => Duration > TimeSpan.Zero ? TransferredBytes / Duration.TotalSeconds : 0;

    /// <summary>Why the stage failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first failed entries with their reasons (at most <see cref="BackupLimits.ReportedItems"/>); the log has all.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look although the stage succeeded.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>Why the stage did not run; null when it ran.</summary>
    public string? SkippedReason { get; init; }

    /// <summary>
    /// Why the stage ended before all of it was done (the job's <c>stopAt</c> or <c>maxUpload</c>), what remains and when it goes on; null when
    /// nothing made it pause.
    /// </summary>
    public string? PausedReason { get; init; }

    /// <summary>True when it paused because the day's bytes are used up.</summary>
    internal bool IsDayUsedUp { get; init; }

    /// <summary>
    /// How many runs an upload has taken that one run does not do, this one included: of a paused run so far, of the one that ends it in all. 0 for
    /// a run that did all by itself.
    /// </summary>
    public long UploadRuns { get; init; }

    /// <summary>
    /// When all of it is in the bucket, at the rate of the last days on which runs moved something; null when that cannot be told, as after one
    /// night, and for a run that was not paused.
    /// </summary>
    public DateTimeOffset? ForecastEnd { get; init; }

    /// <summary>Entries of the mirror that a paused stage left to the next run.</summary>
    public long RemainingItems { get; init; }

    /// <summary>Bytes of those entries that are not in the bucket yet, at most: some may turn out to be there.</summary>
    public long RemainingBytes { get; init; }

    /// <summary>The run's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The status, and why when there is a reason: what a cell of a CSV file shows of a stage.</summary>
    public override string ToString() => (SkippedReason ?? Error?.ToString() ?? PausedReason) is { } reason ? $"{Status}: {reason}" : $"{Status}";
}
