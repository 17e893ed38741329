namespace RsyncS3Backup.Commands;

/// <summary>Which of several exit codes a scheduler is told.</summary>
internal static class ExitCodes
{
    // From what needs a person most to what settles itself.
    private static readonly BackupExitCode[] FromWorst =
    [
        BackupExitCode.BadConfiguration, BackupExitCode.Refused, BackupExitCode.DifferencesFound, BackupExitCode.Stage1Failed, BackupExitCode.Stage2Failed,
        BackupExitCode.AlreadyRunning, BackupExitCode.Succeeded,
    ];

    /// <summary>The worse of two.</summary>
    internal static BackupExitCode Worse(BackupExitCode first, BackupExitCode second) =>
        Array.IndexOf(FromWorst, first) <= Array.IndexOf(FromWorst, second) ? first : second;
}
