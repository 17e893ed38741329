namespace RsyncS3Backup;

/// <summary>What one hook of a job did in one run.</summary>
public sealed record BackupHookResult
{
    /// <summary>The moment of the run at which the hook runs.</summary>
    public required BackupHook Hook { get; init; }

    /// <summary>The program or script, without its arguments, which may hold secrets.</summary>
    public required string Command { get; init; }

    /// <summary>Succeeded, Failed, or Cancelled when the run was stopped while it ran.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>Its exit code; null when it did not start, or was killed.</summary>
    public int? ExitCode { get; init; }

    /// <summary>When the program was started, with the offset of this machine.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long the program ran.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The hook and its status, e.g. <c>Before: Succeeded</c>.</summary>
    public override string ToString() => $"{Hook}: {Status}";
}

/// <summary>The hooks of a job.</summary>
public enum BackupHook : long
{
    /// <summary>Before the first stage.</summary>
    Before,

    /// <summary>After a run that succeeded, with or without warnings.</summary>
    AfterSuccess,

    /// <summary>After a run that failed, was refused by a guard or was cancelled.</summary>
    AfterFailure,

    /// <summary>Last, however the run ended.</summary>
    Finally,
}
