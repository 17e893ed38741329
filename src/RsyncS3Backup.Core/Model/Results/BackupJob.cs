namespace RsyncS3Backup;

/// <summary>How a job fares.</summary>
public enum BackupJobStatus : long
{
    /// <summary>No run of it is on record.</summary>
    NeverRan = 0,

    /// <summary>Its last run succeeded.</summary>
    Succeeded = 1,

    /// <summary>Its last run succeeded, and something deserves a look.</summary>
    SucceededWithWarnings = 2,

    /// <summary>Its last run failed.</summary>
    Failed = 3,

    /// <summary>Its last run was stopped.</summary>
    Cancelled = 4,

    /// <summary>Its last run did nothing, e.g. because another one was on.</summary>
    Skipped = 5,

    /// <summary>A run of it is on.</summary>
    Running = 6,

    /// <summary>Something is wrong with it: see <see cref="BackupJob.Problems"/>.</summary>
    Invalid = 7,

    /// <summary>Nothing is known of its runs: only tests of it were given, or nothing came from its machine. In reports only.</summary>
    Unknown = 8,

    /// <summary>Its last run did not do all of it, because the job's <c>stopAt</c> or <c>maxUpload</c> says so; the next one goes on.</summary>
    Paused = 9,
}

/// <summary>A job of a job folder: what it backs up and where to, and how it has fared.</summary>
public sealed record BackupJob
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The machine whose job it is.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>Its configuration file.</summary>
    public required string Path { get; init; }

    /// <summary>Whose job folder it is in.</summary>
    public required BackupJobScope Scope { get; init; }

    /// <summary>
    /// How it fares: Invalid when there are <see cref="Problems"/>, Running while a run is on, otherwise how the last run ended.
    /// </summary>
    public BackupJobStatus Status =>
        Problems.Count > 0 ? BackupJobStatus.Invalid
        : IsRunning ? BackupJobStatus.Running
        : LastStatus is { } ended ? StatusOf(ended)
        : BackupJobStatus.NeverRan;

    /// <summary>A job whose last run ended so.</summary>
    internal static BackupJobStatus StatusOf(BackupStatus ended) => ended switch
    {
        BackupStatus.Succeeded => BackupJobStatus.Succeeded,
        BackupStatus.SucceededWithWarnings => BackupJobStatus.SucceededWithWarnings,
        BackupStatus.Failed => BackupJobStatus.Failed,
        BackupStatus.Cancelled => BackupJobStatus.Cancelled,
        BackupStatus.Paused => BackupJobStatus.Paused,
        _ => BackupJobStatus.Skipped,
    };

    /// <summary>What is backed up; empty for a broken job.</summary>
    public IReadOnlyList<string> Source { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The mirror's root folder; null for a broken job.</summary>
    public string? Mirror { get; init; }

    /// <summary>The drives that take turns there, the newest first; empty for a job with one drive.</summary>
    public IReadOnlyList<BackupJobDrive> Drives { get; init => field = ListText.Of(value); } = ListText.Of<BackupJobDrive>([]);

    /// <summary>The bucket; null for a job without stage 2, and for a broken one.</summary>
    public string? BucketName { get; init; }

    /// <summary>What every key starts with, with its date tokens; null as above.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>When the job is due: five fields, as in cron; null for a job that is started by hand.</summary>
    public string? CronExpression { get; init; }

    /// <summary>The IANA time zone of <see cref="CronExpression"/>; null: the machine's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>When the last run that has ended started; null when none is on record.</summary>
    public DateTimeOffset? LastRun { get; init; }

    /// <summary>How the last run ended that <see cref="LastRun"/> is of; null when none is on record.</summary>
    public BackupStatus? LastStatus { get; init; }

    /// <summary>Bytes that the last run left to the next one, because it was paused; null when it was not.</summary>
    public long? RemainingBytes { get; init; }

    /// <summary>When all of them are in the bucket, as the last run could tell; null when it could not, or was not paused.</summary>
    public DateTimeOffset? ForecastEnd { get; init; }

    /// <summary>When the last run started that did all of the job, and well; null when none is on record.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>How old <see cref="LastSuccess"/> is now; null when none is on record.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>
    /// How old it may be: the job's <c>maxAge</c>, else twice the longest gap of the schedule that starts it; null for a job without either.
    /// </summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>
    /// True when it is older than that. Of a job that never did well, when its first run, or without any its file, is older than that.
    /// </summary>
    public bool IsOverdue { get; init; }

    /// <summary>
    /// When the last test of all of the job's copies started that was neither stopped nor refused because the job was running; null when none is on
    /// record.
    /// </summary>
    public DateTimeOffset? LastTest { get; init; }

    /// <summary>How it ended: Succeeded when the copies were complete and intact, as far as its level sees.</summary>
    public BackupStatus? LastTestStatus { get; init; }

    /// <summary>How thorough it was.</summary>
    public BackupTestLevel? LastTestLevel { get; init; }

    /// <summary>True when the last good test of a level that the job's <c>tests</c> name is too old, or there was none in that time.</summary>
    public bool IsTestOverdue { get; init; }

    /// <summary>
    /// When the last test of level Restore started that found everything well: it has restored some of the files from S3; null when none is on
    /// record.
    /// </summary>
    public DateTimeOffset? LastRestoreTest { get; init; }

    /// <summary>
    /// How long a restore of the whole job from S3 would take, at the rate of that test: by bytes or by entries, whichever is more; null when that
    /// is not known.
    /// </summary>
    public TimeSpan? EstimatedRestoreDuration { get; init; }

    /// <summary>True while a run of the job is on.</summary>
    public bool IsRunning { get; init; }

    /// <summary>
    /// When one of this machine's schedulers starts the job next, as Register-BackupSchedule made it; null for a job that is not registered, whose
    /// registration is disabled or broken, and for a broken job.
    /// </summary>
    public DateTimeOffset? NextRun { get; init; }

    /// <summary>Files, folders and links, as the last run that got so far found them; null when none did.</summary>
    public long? Entries { get; init; }

    /// <summary>Their bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>
    /// What is wrong, each thing in a line; empty for a good job. What is wrong with the configuration file keeps the job from running
    /// (<see cref="Error"/> says so then); a mirror or a key prefix that overlaps with another job's does not, nor does a damaged
    /// file of its state that was set aside and is still there.
    /// </summary>
    public IReadOnlyList<string> Problems { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>Why it does not run; null for a good one.</summary>
    internal BackupError? Error { get; init; }

    /// <summary>The job's name.</summary>
    public override string ToString() => Name;
}
