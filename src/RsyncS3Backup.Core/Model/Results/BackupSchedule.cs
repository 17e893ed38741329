namespace RsyncS3Backup;

/// <summary>A job's schedule as it is registered with the operating system.</summary>
public sealed record BackupSchedule
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>What is started: the job's backup, or the tests of its copies.</summary>
    public BackupScheduleTask Task { get; init; }

    /// <summary>Whether the registration is there, on, and what the job's configuration asks for.</summary>
    public BackupScheduleState State { get; init; }

    /// <summary>When the job is due next; null when it is not registered, is disabled, or its configuration cannot be read.</summary>
    public DateTimeOffset? NextRun { get; init; }

    /// <summary>When the job ran last; null when it never did.</summary>
    public DateTimeOffset? LastRun { get; init; }

    /// <summary>How its last run ended; null when it never ran, or is running.</summary>
    public BackupStatus? LastResult { get; init; }

    /// <summary>The cron expression that counts; of tests null; null when the configuration cannot be read.</summary>
    public string? CronExpression { get; init; }

    /// <summary>The IANA time zone in which it is meant; null: the machine's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>True when the expression or the zone was given at registration and overrides what the configuration says.</summary>
    public bool IsOverride { get; init; }

    /// <summary>The operating system's scheduler that starts the job.</summary>
    public BackupScheduler Scheduler { get; init; }

    /// <summary>Whose scheduler it is.</summary>
    public BackupScheduleScope Scope { get; init; }

    /// <summary>Whether a time that was missed is made good.</summary>
    public bool CatchUp { get; init; }

    /// <summary>The most by which a start is put off at random.</summary>
    public TimeSpan RandomDelay { get; init; }

    /// <summary>The drive whose coming starts a check as well: where it is mounted, or the mirror on it; null: none does.</summary>
    public string? OnDrive { get; init; }

    /// <summary>The unit, the crontab's block, the agent or the task.</summary>
    public required string EntryName { get; init; }

    /// <summary>The file that holds it, or what holds it.</summary>
    public required string Location { get; init; }

    /// <summary>The program that is started, and its arguments, one an element.</summary>
    public IReadOnlyList<string> Command { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The job's configuration file; null when it is found by the job's name.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>What is wrong with the registration, and what to do; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>The job and the state, e.g. <c>photos: Active</c>.</summary>
    public override string ToString() => $"{Name}: {State}";
}

/// <summary>What a schedule starts.</summary>
public enum BackupScheduleTask : long
{
    /// <summary>The job's backup.</summary>
    Backup,

    /// <summary>The tests of its copies, as its configuration names them.</summary>
    Test,
}

/// <summary>How a registered schedule is.</summary>
public enum BackupScheduleState : long
{
    /// <summary>Registered, on, and what the configuration asks for.</summary>
    Active,

    /// <summary>Registered and switched off.</summary>
    Disabled,

    /// <summary>Registered and on, but not what the configuration asks for now: register it again.</summary>
    NeedsRegistration,

    /// <summary>Somebody changed what is registered, or the system does not run it.</summary>
    Broken,
}

/// <summary>The schedulers of operating systems.</summary>
public enum BackupScheduler : long
{
    /// <summary>The one that fits this system.</summary>
    Auto,

    /// <summary>A service and a timer of systemd.</summary>
    Systemd,

    /// <summary>A crontab's entry.</summary>
    Cron,

    /// <summary>An agent or a daemon of macOS.</summary>
    Launchd,

    /// <summary>A task of Windows.</summary>
    TaskScheduler,
}

/// <summary>Whose scheduler starts a job.</summary>
public enum BackupScheduleScope : long
{
    /// <summary>The user's own.</summary>
    User,

    /// <summary>The machine's: the job runs as root, or as SYSTEM.</summary>
    System,
}
