namespace RsyncS3Backup;

/// <summary>Exit codes for schedulers, as documented in docs/errors.md.</summary>
public enum BackupExitCode
{
    /// <summary>Succeeded, with or without warnings, or skipped on purpose.</summary>
    Succeeded = 0,

    /// <summary>Stage 1 (rsync) failed; the mirror is as usable as it was and stage 2 did not run.</summary>
    Stage1Failed = 1,

    /// <summary>Stage 2 (S3) failed; the mirror is good.</summary>
    Stage2Failed = 2,

    /// <summary>A guard refused to start, before anything was deleted.</summary>
    Refused = 3,

    /// <summary>Another run of the same job is under way.</summary>
    AlreadyRunning = 4,

    /// <summary>The configuration or a parameter is wrong; nothing ran.</summary>
    BadConfiguration = 5,

    /// <summary>A test of the copies found that they differ.</summary>
    DifferencesFound = 6,
}
