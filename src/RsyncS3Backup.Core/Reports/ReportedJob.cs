namespace RsyncS3Backup.Reports;

/// <summary>One job of a report.</summary>
/// <param name="Row">How it fares.</param>
/// <param name="Runs">Its runs, tests and repairs in the time that the report covers, newest first.</param>
internal sealed record ReportedJob(BackupReport Row, IReadOnlyList<BackupRun> Runs)
{
    /// <summary>Its backups that have ended, without those that were refused because another one was on; newest first.</summary>
    public IEnumerable<BackupRun> Backups => Runs.Where(run => run is { Kind: BackupRunKind.Backup, Status: not null } && !IsRefused(run));

    /// <summary>Its tests that have ended, newest first.</summary>
    public IEnumerable<BackupTestResult> Tests => Runs.Where(run => run.Status is not null).Select(run => run.Test).OfType<BackupTestResult>();

    /// <summary>How much it needs a person: 2 at once, 1 some time, 0 not.</summary>
    public int Urgency => UrgencyOf(Row);

    /// <summary>How much a job needs a person: 2 at once, 1 some time, 0 not.</summary>
    public static int UrgencyOf(BackupReport row) =>
        row.NeedsAttention ? 2
        : row.Status is BackupJobStatus.SucceededWithWarnings or BackupJobStatus.NeverRan or BackupJobStatus.Skipped or BackupJobStatus.Paused ? 1
        : 0;

    /// <summary>True for a start that found the job running: it says nothing of the job.</summary>
    public static bool IsRefused(BackupRun run) => run is { Status: BackupStatus.Skipped, ExitCode: BackupExitCode.AlreadyRunning };
}
