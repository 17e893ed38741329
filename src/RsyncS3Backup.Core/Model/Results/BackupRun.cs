namespace RsyncS3Backup;

/// <summary>
/// One run in a job's history: what its <see cref="BackupResult"/> was, for a test of the copies its
/// <see cref="BackupTestResult"/>, or for a repair its <see cref="BackupRepairResult"/>, and where and with what it ran.
/// </summary>
public sealed record BackupRun
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the run; its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>Whether it backed up, tested or repaired.</summary>
    public BackupRunKind Kind { get; init; }

    /// <summary>How the run ended: the worse of its two stages; a hook or notification that failed makes a success one with warnings; null while it is on.</summary>
    public BackupStatus? Status { get; init; }

    /// <summary>
    /// True when the run's process ended before the run did; its status is <see cref="BackupStatus.Failed"/>, that of a test or
    /// repair <see cref="BackupStatus.Cancelled"/>.
    /// </summary>
    public bool IsInterrupted { get; init; }

    /// <summary>When the run started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>
    /// When the newest run before this one started that did all of the job, and well; null when none is on record, and for a test or repair.
    /// </summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>How old that was when this run started.</summary>
    public TimeSpan? Age => StartTime - LastSuccess;

    /// <summary>True when that was older than the job's <c>maxAge</c>, as the job's file says now.</summary>
    public bool IsOverdue { get; init; }

    /// <summary>How long it took; null while it is on, and of a run that was interrupted.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Stage 1: sources to mirror; null when it has not ended, or was not part of the run.</summary>
    public RsyncStageResult? Stage1 { get; init; }

    /// <summary>Stage 2: mirror to S3; null when it has not ended, or was not part of the run.</summary>
    public S3SyncStageResult? Stage2 { get; init; }

    /// <summary>What the test found; null while it is on, and of a run that did not test.</summary>
    public BackupTestResult? Test { get; init; }

    /// <summary>What the repair did; null while it is on, and of a run that did not repair.</summary>
    public BackupRepairResult? Repair { get; init; }

    /// <summary>What a scheduler was told; null while the run is on.</summary>
    public BackupExitCode? ExitCode { get; init; }

    /// <summary>The first error of the run; null when there was none.</summary>
    public BackupError? Error => Stage1?.Error ?? Stage2?.Error ?? Test?.Error ?? Repair?.Error;

    /// <summary>The configuration file of the run; null when it ran from parameters or from a configuration made in memory.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>
    /// The SHA-256 of the job's settings, in hexadecimal digits: equal for equal settings, whatever a parameter overrode for the run; null when
    /// it ran from parameters.
    /// </summary>
    public string? ConfigurationHash { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public required string HostName { get; init; }

    /// <summary>The process that it ran in.</summary>
    public long ProcessId { get; init; }

    /// <summary>The version of this module.</summary>
    public string? ModuleVersion { get; init; }

    /// <summary>The version of PowerShell; null when it ran in another program.</summary>
    public string? PowerShellVersion { get; init; }

    /// <summary>The version of rsync; null when no stage 1 ran.</summary>
    public string? RsyncVersion => Stage1?.RsyncVersion;

    /// <summary>The bucket; null when the run did not get that far, and for a job without one.</summary>
    public string? BucketName => Stage2?.BucketName ?? Test?.BucketName ?? Repair?.BucketName;

    /// <summary>What every key starts with; null when that is not known.</summary>
    public string? KeyPrefix => Stage2?.KeyPrefix ?? Test?.KeyPrefix;

    /// <summary>What the job's hooks did, in the order in which they ran.</summary>
    public IReadOnlyList<BackupHookResult> Hooks { get; init => field = ListText.Of(value); } = ListText.Of<BackupHookResult>([]);

    /// <summary>Who was told of the run; one entry for each message, also for those that failed.</summary>
    public IReadOnlyList<NotificationResult> Notifications { get; init => field = ListText.Of(value); } = ListText.Of<NotificationResult>([]);

    /// <summary>The run's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The job and its status, e.g. <c>photos: Succeeded</c>.</summary>
    public override string ToString() => $"{Name}: {(Status is { } status ? status : "running")}";
}
