namespace RsyncS3Backup;

/// <summary>The <c>hooks</c> of a job: what is run around its stages.</summary>
public sealed record HookOptions
{
    /// <summary>Run before the first stage; when it fails, nothing runs. Null: none.</summary>
    public HookCommand? Before { get; init; }

    /// <summary>Run after a run that succeeded, with or without warnings; null: none.</summary>
    public HookCommand? AfterSuccess { get; init; }

    /// <summary>Run after a run that failed, was refused or was cancelled; null: none.</summary>
    public HookCommand? AfterFailure { get; init; }

    /// <summary>Run last, however the run ended; null: none.</summary>
    public HookCommand? Finally { get; init; }
}

/// <summary>One hook: a command or a script file.</summary>
public sealed record HookCommand
{
    internal static TimeSpan DefaultTimeout { get; } = TimeSpan.FromMinutes(10);

    /// <summary>The program and its arguments; no shell sees them. Empty when there is a <see cref="Script"/>.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The script file, absolute; null when there is a <see cref="Command"/>.</summary>
    public string? Script { get; init; }

    /// <summary>How long it may take before it is killed. Default: 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>The program or script without arguments, which may hold secrets.</summary>
    public override string ToString() => Script ?? (Command.Count > 0 ? Command[0] : "");
}
