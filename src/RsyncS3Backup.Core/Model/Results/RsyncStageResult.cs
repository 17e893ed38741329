namespace RsyncS3Backup;

/// <summary>What stage 1 (rsync: sources to mirror) did.</summary>
public sealed record RsyncStageResult
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the run; both stages of one run share it, and its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>How the stage ended.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>The sources as configured.</summary>
    public required IReadOnlyList<string> Source { get; init => field = ListText.Of(value); }

    /// <summary>The mirror's root folder.</summary>
    public required string Destination { get; init; }

    /// <summary>Files, links and folders that were not in the mirror before.</summary>
    public long Created { get; init; }

    /// <summary>Files whose content was transferred again.</summary>
    public long Updated { get; init; }

    /// <summary>
    /// Entries of which only attributes changed (mode, owner, times). A folder whose time changed because an entry in it came or went is among the
    /// unchanged.
    /// </summary>
    public long MetadataChanged { get; init; }

    /// <summary>Entries deleted from the mirror.</summary>
    public long Deleted { get; init; }

    /// <summary>Entries that were the same on both sides.</summary>
    public long Unchanged { get; init; }

    /// <summary>Entries that rsync reported an error for.</summary>
    public long Failed { get; init; }

    /// <summary>All entries of the sources: files, folders, links.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of all files of the sources.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes of the files that were transferred.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>When the stage started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, all passes of rsync and the waiting for the lock included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Transferred bytes per second.</summary>
    public double BytesPerSecond => Duration > TimeSpan.Zero ? TransferredBytes / Duration.TotalSeconds : 0;

    /// <summary>The version of the rsync that ran, e.g. <c>3.2.7</c>; null when none was found.</summary>
    public string? RsyncVersion { get; init; }

    /// <summary>rsync's exit code; null when rsync did not run.</summary>
    public int? RsyncExitCode { get; init; }

    /// <summary>Why the stage failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The first failed entries with their reasons (at most <see cref="BackupLimits.ReportedItems"/>); the log has all.</summary>
    public IReadOnlyList<BackupError> FailedItems { get; init => field = ListText.Of(value); } = ListText.Of<BackupError>([]);

    /// <summary>What deserves a look although the stage succeeded.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>Why the stage did not run; null when it ran.</summary>
    public string? SkippedReason { get; init; }

    /// <summary>
    /// Why the stage ended before all of it was done (the job's <c>stopAt</c>), and when it goes on; null when nothing made it pause.
    /// </summary>
    public string? PausedReason { get; init; }

    /// <summary>True when single entries could not be copied, and the job goes on all the same (<c>onPartial</c>).</summary>
    public bool IsPartial { get; init; }

    /// <summary>The run's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The run's change journal, which <see cref="GetChanges"/> reads; null when rsync did not run or no journal could be made.</summary>
    public string? JournalPath { get; init; }

    /// <summary>The configuration that the stage ran from; null when it ran from parameters. Stage 2 reads its target here.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>The status, and why when there is a reason: what a cell of a CSV file shows of a stage.</summary>
    public override string ToString() => (SkippedReason ?? Error?.ToString() ?? PausedReason) is { } reason ? $"{Status}: {reason}" : $"{Status}";

    /// <summary>
    /// Every change that rsync reported, in its order, read from the journal as it is asked for. Empty without a journal.
    /// No property, because whatever lists or serialises properties would read the whole journal: PowerShell's serialiser does so even with
    /// a hidden script property (seen with PowerShell 7.6).
    /// </summary>
    /// <remarks>
    /// The journal stays until stage 2 has carried it out and the job's next run starts; asked after that, the enumeration throws
    /// <see cref="InvalidOperationException"/>.
    /// </remarks>
    public IEnumerable<BackupChange> GetChanges() => JournalPath is { } path && ReadChanges is { } read ? read(path) : [];

    /// <summary>Reads a journal's changes; given by who ran the stage, because a result opens no file by itself.</summary>
    internal Func<string, IEnumerable<BackupChange>>? ReadChanges { get; init; }
}
