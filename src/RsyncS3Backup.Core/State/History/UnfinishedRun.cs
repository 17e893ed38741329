namespace RsyncS3Backup.State.History;

/// <summary>What a run that nobody wrote the end of is: on, or interrupted.</summary>
internal static class UnfinishedRun
{
    /// <summary>
    /// The run as it is now. One that has not ended and whose process is gone was interrupted, also before the next run writes that down.
    /// </summary>
    /// <param name="run">The run as its rows have it.</param>
    /// <param name="stage">The stage that it was in last.</param>
    /// <param name="began">When its process began.</param>
    public static BackupRun Settle(BackupRun run, int stage, DateTimeOffset began)
    {
        bool isDead = run.IsInterrupted || (run.Status is null && !RunningProcess.MayBe((int)run.ProcessId, run.HostName, began));
        if (!isDead)
            return run is { Status: null, Kind: not BackupRunKind.Backup } ? run with { Test = null, Repair = null } : run;
        if (run.Kind != BackupRunKind.Backup)
            return run with { Status = BackupStatus.Cancelled, IsInterrupted = true, ExitCode = BackupExitCode.DifferencesFound };
        BackupError error = RunErrors.Interrupted(run.Name, stage, run.ProcessId, run.HostName);
        run = run with { Status = BackupStatus.Failed, IsInterrupted = true, ExitCode = error.ExitCode };
        if (stage == 1)
            return run with { Stage1 = run.Stage1 ?? DeadStage1(run, error) };
        return run with { Stage2 = run.Stage2 ?? DeadStage2(run, error) };
    }

    private static RsyncStageResult DeadStage1(BackupRun run, BackupError error) => new()
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        Status = BackupStatus.Failed,
        Source = [],
        Destination = "",
        StartTime = run.StartTime,
        Error = error,
        LogPath = run.LogPath,
    };

    private static S3SyncStageResult DeadStage2(BackupRun run, BackupError error) => new()
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        Status = BackupStatus.Failed,
        Path = "",
        StartTime = run.StartTime,
        Error = error,
        LogPath = run.LogPath,
    };
}
