using RsyncS3Backup.Jobs;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Readiness;

/// <summary>What is to be checked of a job.</summary>
internal sealed record ReadinessRequest
{
    /// <summary>The job.</summary>
    public required BackupConfiguration Job { get; init; }

    /// <summary>Its bucket, with keys; null for a job without one.</summary>
    public S3CopyRequest? S3 { get; init; }

    /// <summary>The jobs that its places are compared with; null: with none.</summary>
    public JobList? Jobs { get; init; }

    /// <summary>Only these checks; empty: all.</summary>
    public IReadOnlyCollection<BackupReadinessCheck> Checks { get; init; } = [];

    /// <summary>Send a test message to everybody whom the job tells.</summary>
    public bool Notifies { get; init; }

    /// <summary>This machine's schedules; null: they are not asked.</summary>
    public BackupSchedules? Schedules { get; init; }

    /// <summary>The module's launcher script.</summary>
    public string Launcher { get; init; } = "";

    /// <summary>Finds secrets by name; null: none can be found.</summary>
    public ISecretReader? Secrets { get; init; }

    /// <summary>How long to wait between the tries of a test message; null: as notifications do.</summary>
    internal IReadOnlyList<TimeSpan>? NotificationDelays { get; init; }

    /// <summary>True when something is to be checked.</summary>
    public bool Asks(BackupReadinessCheck check) => Checks.Count == 0 || Checks.Contains(check);

    /// <summary>That of a job.</summary>
    public static ReadinessRequest For(BackupConfiguration job) => new()
    {
        Job = job,
        S3 = S3CopyRequest.Of(job) is { } s3 ? s3 with { Work = "the command" } : null,
    };

    /// <summary>A check that passed.</summary>
    public BackupReadiness Passed(BackupReadinessCheck check, string target, string detail) =>
        Make(check, target, BackupReadinessStatus.Passed, detail, recommendation: null);

    /// <summary>A check that somebody should look at.</summary>
    public BackupReadiness Warning(BackupReadinessCheck check, string target, string detail, string? recommendation) =>
        Make(check, target, BackupReadinessStatus.Warning, detail, recommendation);

    /// <summary>A check that failed: a run would fail as the error says.</summary>
    public BackupReadiness Failed(BackupReadinessCheck check, string target, BackupError error) =>
        Make(check, target, BackupReadinessStatus.Failed, error.Message, error.RecommendedAction) with
        {
            ErrorId = error.Id,
            ExitCode = error.ExitCode == BackupExitCode.Succeeded ? BackupExitCode.Refused : error.ExitCode,
        };

    /// <summary>A check that failed where no run would.</summary>
    public BackupReadiness Failed(BackupReadinessCheck check, string target, string detail, string recommendation) =>
        Make(check, target, BackupReadinessStatus.Failed, detail, recommendation) with { ExitCode = BackupExitCode.Refused };

    private BackupReadiness Make(
        BackupReadinessCheck check, string target, BackupReadinessStatus status, string detail, string? recommendation) => new()
        {
            Name = Job.Name,
            Check = check,
            Target = target,
            Status = status,
            Detail = ShownText.Of(detail),
            Recommendation = recommendation is null ? null : ShownText.Of(recommendation),
        };
}
