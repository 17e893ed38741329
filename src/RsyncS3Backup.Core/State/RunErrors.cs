namespace RsyncS3Backup.State;

/// <summary>The errors of what surrounds the stages of a run.</summary>
internal static class RunErrors
{
    /// <summary>The job's lock is held.</summary>
    public static BackupError JobAlreadyRunning(string jobName, JobLockHolder? holder) => BackupError.Make(
        ErrorIds.JobAlreadyRunning,
        BackupErrorCategory.ResourceBusy,
        $"Job '{jobName}' is already running: {holder?.ToString() ?? "another process holds its lock"}.",
        "Wait until that run has ended, or let this one wait with -WaitForLock; end the other process if it hangs.",
        jobName,
        BackupExitCode.AlreadyRunning);

    /// <summary>Somebody else can write to the state folder.</summary>
    public static BackupError StateFolderUnsafe(StateFolderUnsafeException exception) => BackupError.Make(
        ErrorIds.StateFolderUnsafe,
        BackupErrorCategory.PermissionDenied,
        exception.Message,
        $"Set {StateFolder.EnvironmentVariable} to a folder of this user's own, or give this one to the user (chown) and close it to others (chmod 700), "
            + "after a look at what is in it.",
        exception.Folder,
        BackupExitCode.BadConfiguration);

    /// <summary>Stopped by the user while it waited for the lock.</summary>
    public static BackupError Cancelled(string jobName, BackupExitCode exitCode) => BackupError.Make(
        ErrorIds.RunCancelled,
        BackupErrorCategory.OperationStopped,
        $"The run was stopped while it waited for another run of job '{jobName}'.",
        "Run it again; nothing was done.",
        jobName,
        exitCode);

    /// <summary>The run's process ended before the run did.</summary>
    public static BackupError Interrupted(string jobName, int stage, long processId, string host) => BackupError.Make(
        ErrorIds.RunInterrupted,
        BackupErrorCategory.OperationStopped,
        $"Process {processId} on {host} ended while stage {stage} of job '{jobName}' was on.",
        "Check whether the machine went down or the process was killed; the next run makes good what this one left.",
        jobName,
        stage == 1 ? BackupExitCode.Stage1Failed : BackupExitCode.Stage2Failed);
}
