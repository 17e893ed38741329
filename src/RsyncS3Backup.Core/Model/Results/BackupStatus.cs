namespace RsyncS3Backup;

/// <summary>How a run, or one stage of it, ended.</summary>
public enum BackupStatus : long
{
    /// <summary>Everything that had to be done was done.</summary>
    Succeeded,

    /// <summary>Done, but something deserves a look: files vanished while they were read, a special file was left out.</summary>
    SucceededWithWarnings,

    /// <summary>Not done, or not all of it. The stage's error and failed items say what and why.</summary>
    Failed,

    /// <summary>Stopped by the user before the end.</summary>
    Cancelled,

    /// <summary>Not started, for the reason given in the stage's <c>SkippedReason</c>. Skipping is no failure.</summary>
    Skipped,

    /// <summary>
    /// Ended before all of it was done, because the job's <c>stopAt</c> or <c>maxUpload</c> says so; the stage's <c>PausedReason</c> says
    /// what remains. The next run goes on with it. It is no failure, and no success either.
    /// </summary>
    Paused,
}
