namespace RsyncS3Backup;

/// <summary>How thoroughly the copies of a backup are compared.</summary>
public enum BackupTestLevel : long
{
    /// <summary>Names, sizes, times and entity tags, as the mirror's folders, the catalog and a listing say. No content is read.</summary>
    Quick,

    /// <summary>Every file of the mirror is read, and its checksum compared with the one that S3 stores. Nothing is downloaded.</summary>
    Checksums,

    /// <summary>Of a random sample of the files, what S3 sends is compared with the mirror, byte by byte; of the others, as <see cref="Quick"/>.</summary>
    Sample,

    /// <summary>What S3 sends is compared with the mirror, byte by byte.</summary>
    Full,

    /// <summary>
    /// A random sample of the files is restored from S3 to a temporary folder, as a restore does it, and compared with the mirror: content,
    /// attributes, links. The others as <see cref="Quick"/>.
    /// </summary>
    Restore,
}

/// <summary>What a test of a backup found.</summary>
public sealed record BackupTestResult
{
    /// <summary>The job's name; null when a bucket is tested without a job.</summary>
    public string? Name { get; init; }

    /// <summary>Identifies the test; its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Succeeded: the copies are the same, but for what was not sent yet. Failed: they differ, or something could not be looked at.
    /// </summary>
    public required BackupStatus Status { get; init; }

    /// <summary>How thorough the test was.</summary>
    public required BackupTestLevel Level { get; init; }

    /// <summary>What was tested, as it was asked for; empty for everything.</summary>
    public IReadOnlyList<string> Paths { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The mirror's root folder; null when a bucket is tested without a job.</summary>
    public string? Path { get; init; }

    /// <summary>The bucket; null when the test did not get that far.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key starts with.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>Entries that were looked at, in either copy.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of those entries.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Entries whose content was read and compared.</summary>
    public long Checked { get; init; }

    /// <summary>Bytes of the mirror that were read.</summary>
    public long CheckedBytes { get; init; }

    /// <summary>Bytes that were downloaded.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Differences, without those that are only not sent yet.</summary>
    public long Differences { get; init; }

    /// <summary>Entries that the mirror has otherwise than they were sent, because no stage 2 has run since.</summary>
    public long NotYetSent => DifferenceCounts.NotYetSent;

    /// <summary>All of them by kind.</summary>
    public BackupDifferenceCounts DifferenceCounts { get; init; } = new();

    /// <summary>Entries that could not be looked at.</summary>
    public long Failed { get; init; }

    /// <summary>Archived objects that a download was to test, and cannot without a retrieval.</summary>
    public long Archived { get; init; }

    /// <summary>Entries that were restored to a temporary folder; 0 but for <see cref="BackupTestLevel.Restore"/>.</summary>
    public long Restored { get; init; }

    /// <summary>Bytes of those entries.</summary>
    public long RestoredBytes { get; init; }

    /// <summary>How long that took, without the comparison; null but for <see cref="BackupTestLevel.Restore"/>.</summary>
    public TimeSpan? RestoreDuration { get; init; }

    /// <summary>
    /// How large the sample was that was downloaded or restored, in percent of the files; null but for <see cref="BackupTestLevel.Sample"/> and
    /// <see cref="BackupTestLevel.Restore"/>.
    /// </summary>
    public double? SamplePercent { get; init; }

    /// <summary>
    /// The seed of the random choice, to test the same files again; null but for <see cref="BackupTestLevel.Sample"/> and
    /// <see cref="BackupTestLevel.Restore"/>.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>Requests to S3 by type, retries included.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>What those requests cost in <see cref="Currency"/>; traffic is not included.</summary>
    public decimal EstimatedRequestCost { get; init; }

    /// <summary>The currency of the estimates (ISO 4217).</summary>
    public string Currency { get => field ?? PriceOptions.TableCurrency; init; }

    /// <summary>Whose prices they are, e.g. <c>AWS us-east-1, 2026-06</c> or <c>configuration</c>; null where nothing was estimated.</summary>
    public string? PriceSource { get; init; }

    /// <summary>When the test started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, the reading of files and downloads included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why the status is not Succeeded.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first entries that could not be looked at, with reasons (at most <see cref="BackupLimits.ReportedItems"/>).</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The test's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>What a scheduler should be told.</summary>
    public BackupExitCode ExitCode => Error?.ExitCode ?? BackupExitCode.Succeeded;

    /// <summary>
    /// True when it says something of all of the job's copies: a test of single paths, one that was stopped and one that found the job running do not.
    /// </summary>
    internal bool IsOfAll => Paths.Count == 0 && Status != BackupStatus.Cancelled && ExitCode != BackupExitCode.AlreadyRunning;

    /// <summary>
    /// How long a restore of so much would take, by what this one took: by bytes or by entries, whichever is more; null where nothing was restored.
    /// </summary>
    internal TimeSpan? RestoreTime(long entries, long bytes)
    {
        if (Restored == 0 || RestoreDuration is not { } took)
            return null;
        double times = Math.Max((double)entries / Restored, RestoredBytes == 0 ? 0 : (double)bytes / RestoredBytes);
        return took.TotalDays * times < TimeSpan.MaxValue.TotalDays / 2 ? took * times : TimeSpan.MaxValue;
    }

    /// <summary>The status and what was found.</summary>
    public override string ToString() => $"{Status}: {Differences} differences";
}
