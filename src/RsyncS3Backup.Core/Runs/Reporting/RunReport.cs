using RsyncS3Backup.Calendar;
using RsyncS3Backup.Reports;

namespace RsyncS3Backup.Runs.Reporting;

/// <summary>What hooks and notifications are told of a run, of whichever result it is made.</summary>
internal sealed record RunReport
{
    public required string Name { get; init; }

    public required string RunId { get; init; }

    /// <summary>How it ended; null while it is on.</summary>
    public BackupStatus? Status { get; init; }

    public BackupExitCode? ExitCode { get; init; }

    public DateTimeOffset StartTime { get; init; }

    public TimeSpan? Duration { get; init; }

    public RsyncStageResult? Stage1 { get; init; }

    public S3SyncStageResult? Stage2 { get; init; }

    /// <summary>What a test of the copies found; null but for a test.</summary>
    public BackupTestResult? Test { get; init; }

    /// <summary>What a repair of the copies did; null but for a repair.</summary>
    public BackupRepairResult? Repair { get; init; }

    /// <summary>Whether it backed up, tested or repaired.</summary>
    public BackupRunKind Kind => Test is not null ? BackupRunKind.Test : Repair is not null ? BackupRunKind.Repair : BackupRunKind.Backup;

    public BackupError? Error => Stage1?.Error ?? Stage2?.Error ?? Test?.Error ?? Repair?.Error;

    public required string HostName { get; init; }

    public string? ConfigurationPath { get; init; }

    public string? LogPath { get; init; }

    public IReadOnlyList<BackupHookResult> Hooks { get; init; } = [];

    public IReadOnlyList<NotificationResult> Notifications { get; init; } = [];

    /// <summary>How old the last good run is; null where that was not looked up, as after a good one.</summary>
    public SuccessAge? Age { get; init; }

    /// <summary>True when it tells that the job is overdue, and not how a run ended.</summary>
    public bool IsOverdueNotice { get; init; }

    /// <summary>Of a notice, the level of the tests that it is about; null: it is about runs.</summary>
    public BackupTestLevel? OverdueTest { get; init; }

    /// <summary>True for a message that only shows that messages come through.</summary>
    public bool IsTest { get; init; }

    /// <summary>Of a message on many jobs, these; null for one run.</summary>
    public FleetReport? Digest { get; init; }

    /// <summary>
    /// True for a run that neither succeeded nor failed: nobody is told of it, and a success that is told would keep a monitor quiet that waits
    /// for one.
    /// </summary>
    public bool IsUntold => IsOfUntold(Status);

    /// <summary>The same of a run that ended so.</summary>
    public static bool IsOfUntold(BackupStatus? status) => status is BackupStatus.Skipped or BackupStatus.Paused;

    /// <summary>What there is to tell.</summary>
    public NotificationEvent Event => Digest is { } digest ? EventOf(digest) : IsOverdueNotice ? NotificationEvent.Overdue : Status switch
    {
        null => NotificationEvent.Start,
        BackupStatus.Failed or BackupStatus.Cancelled => NotificationEvent.Failure,
        BackupStatus.SucceededWithWarnings => NotificationEvent.Warning,
        _ => NotificationEvent.Success,
    };

    /// <summary>Many jobs in one message.</summary>
    public static RunReport Of(FleetReport digest) => new() { Name = "Backups", RunId = "", HostName = Environment.MachineName, Digest = digest };

    private static NotificationEvent EventOf(FleetReport digest) =>
        digest.Urgent.Any() ? NotificationEvent.Failure : digest.WorthALook.Any() ? NotificationEvent.Warning : NotificationEvent.Success;

    /// <summary>A run of both stages.</summary>
    public static RunReport From(BackupResult result, string? configurationPath) => new()
    {
        Name = result.Name,
        RunId = result.RunId,
        Status = result.Status,
        ExitCode = result.ExitCode,
        StartTime = result.StartTime,
        Duration = result.Duration,
        Stage1 = result.Stage1,
        Stage2 = result.Stage2,
        HostName = result.HostName,
        ConfigurationPath = configurationPath,
        LogPath = result.LogPath,
        Hooks = result.Hooks,
        Notifications = result.Notifications,
    };

    /// <summary>A run of the history.</summary>
    public static RunReport From(BackupRun run) => new()
    {
        Name = run.Name,
        RunId = run.RunId,
        Status = run.Status,
        ExitCode = run.ExitCode,
        StartTime = run.StartTime,
        Duration = run.Duration,
        Stage1 = run.Stage1,
        Stage2 = run.Stage2,
        Test = run.Test,
        Repair = run.Repair,
        HostName = run.HostName,
        ConfigurationPath = run.ConfigurationPath,
        LogPath = run.LogPath,
        Hooks = run.Hooks,
        Notifications = run.Notifications,
    };

    /// <summary>A test.</summary>
    public static RunReport From(BackupTestResult test, string? configurationPath) => new()
    {
        Name = test.Name ?? test.BucketName ?? "",
        RunId = test.RunId,
        Status = test.Status,
        ExitCode = test.ExitCode,
        StartTime = test.StartTime,
        Duration = test.Duration,
        Test = test,
        HostName = test.HostName,
        ConfigurationPath = configurationPath,
        LogPath = test.LogPath,
    };

    /// <summary>A stage 1 that ran alone.</summary>
    public static RunReport From(RsyncStageResult stage) => new()
    {
        Name = stage.Name,
        RunId = stage.RunId,
        Status = stage.Status,
        ExitCode = stage.Error?.ExitCode,
        StartTime = stage.StartTime,
        Duration = stage.Duration,
        Stage1 = stage,
        HostName = stage.HostName,
        ConfigurationPath = stage.Configuration?.Path,
        LogPath = stage.LogPath,
    };

    /// <summary>A stage 2 that ran alone.</summary>
    public static RunReport From(S3SyncStageResult stage) => new()
    {
        Name = stage.Name,
        RunId = stage.RunId,
        Status = stage.Status,
        ExitCode = stage.Error?.ExitCode,
        StartTime = stage.StartTime,
        Duration = stage.Duration,
        Stage2 = stage,
        HostName = stage.HostName,
        LogPath = stage.LogPath,
    };
}
