namespace RsyncS3Backup;

/// <summary>What a restore did.</summary>
public sealed record RestoreResult
{
    /// <summary>The job's name; of a bucket that is restored without a job, the last part of its key prefix.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the restore; its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>How it ended: Succeeded when all that was meant is at the destination.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>Which copy was restored; null when it did not get that far.</summary>
    public BackupCopy? From { get; init; }

    /// <summary>Why <see cref="From"/> was taken, in a sentence; null when it did not get that far.</summary>
    public string? FromReason { get; init; }

    /// <summary>The mirror's root folder, or <c>s3://bucket/prefix/</c>.</summary>
    public string? Source { get; init; }

    /// <summary>The folders that were written to.</summary>
    public IReadOnlyList<string> Destination { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The time in the past that was restored; null for the newest.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The date of the snapshot that was restored; null for a prefix without dates.</summary>
    public DateTime? Snapshot { get; init; }

    /// <summary>Files, links and folders that were made, replaced, or given other attributes.</summary>
    public long Restored { get; init; }

    /// <summary>Bytes of the files that were made or replaced.</summary>
    public long RestoredBytes { get; init; }

    /// <summary>
    /// Those of <see cref="Restored"/> whose content could be compared with nothing, because the store keeps no checksum of it; from the mirror none.
    /// </summary>
    public long Unverified { get; init; }

    /// <summary>
    /// Entries whose content is not what was stored, and that were written beside their place, with <c>.damaged</c> behind their name, because that was
    /// asked for. They are not among <see cref="Restored"/>.
    /// </summary>
    public long Damaged { get; init; }

    /// <summary>Entries that have another name at the destination, which cannot hold their own, because that was asked for.</summary>
    public long Renamed { get; init; }

    /// <summary>The first of them (at most <see cref="BackupLimits.ReportedItems"/>); the log has all.</summary>
    public IReadOnlyList<RestoreRename> RenamedItems { get; init => field = ListText.Of(value); } = ListText.Of<RestoreRename>([]);

    /// <summary>Entries that were as they should be already.</summary>
    public long Unchanged { get; init; }

    /// <summary>Entries that were left as they are: all that were there with <c>-Overwrite Never</c>, else files newer than the copy.</summary>
    public long Skipped { get; init; }

    /// <summary>Those of <see cref="Skipped"/> that are newer than the copy, and nobody said that they may be replaced.</summary>
    public long SkippedNewer { get; init; }

    /// <summary>
    /// Objects that the mirror had no more when it was last sent, and that were left out therefore, as the catalog of this machine knows them.
    /// They are not among <see cref="Total"/>.
    /// </summary>
    public long DeletedLeftOut { get; init; }

    /// <summary>Entries that could not be restored.</summary>
    public long Failed { get; init; }

    /// <summary>Those of <see cref="Failed"/> that are in the archive and were not asked for.</summary>
    public long Archived { get; init; }

    /// <summary>Objects that S3 is bringing back from the archive; a later run restores them.</summary>
    public long RetrievalPending { get; init; }

    /// <summary>Those of <see cref="RetrievalPending"/> that this run asked for.</summary>
    public long RetrievalRequested { get; init; }

    /// <summary>When all that was asked for should be there, by S3's own estimates; null when nothing is pending.</summary>
    public DateTimeOffset? RetrievalReadyBy { get; init; }

    /// <summary>All entries that were meant.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of all those entries.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes that were fetched or copied; those of an unfinished file that an earlier run had fetched are not among them.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>Requests to S3 by type, retries included.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>What those requests cost in <see cref="Currency"/>; traffic, and retrieval by the gigabyte, are not included.</summary>
    public decimal EstimatedRequestCost { get; init; }

    /// <summary>The currency of the estimates (ISO 4217).</summary>
    public string Currency { get => field ?? PriceOptions.TableCurrency; init; }

    /// <summary>Whose prices they are, e.g. <c>AWS us-east-1, 2026-06</c> or <c>configuration</c>; null where nothing was estimated.</summary>
    public string? PriceSource { get; init; }

    /// <summary>When the restore started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, until the last file was on the disk.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Transferred bytes per second.</summary>
    public double BytesPerSecond => Duration > TimeSpan.Zero ? TransferredBytes / Duration.TotalSeconds : 0;

    /// <summary>Why it failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first entries that failed with their reasons (at most <see cref="BackupLimits.ReportedItems"/>); the log has all.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look although the restore succeeded.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The restore's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The status, and why when there is a reason.</summary>
    public override string ToString() => Error is { } error ? $"{Status}: {error}" : $"{Status}";
}

/// <summary>An entry that was restored under another name.</summary>
/// <param name="Path">Its path in the copy.</param>
/// <param name="RestoredPath">Its path at the destination.</param>
public sealed record RestoreRename(string Path, string RestoredPath)
{
    /// <summary>Both paths.</summary>
    public override string ToString() => $"{Path} -> {RestoredPath}";
}
