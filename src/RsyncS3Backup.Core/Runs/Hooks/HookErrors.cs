using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Runs.Hooks;

/// <summary>What can go wrong with hooks.</summary>
internal static class HookErrors
{
    /// <summary>It ended with another code than 0.</summary>
    public static BackupError Failed(BackupHook hook, string command, int exitCode, string lastLine) => Make(
        ErrorIds.HookFailed,
        BackupErrorCategory.InvalidOperation,
        $"The hook '{Name(hook)}' ({command}) ended with exit code {exitCode}{(lastLine.Length > 0 ? $": {lastLine}" : ".")}",
        "See what it printed in the run's log, and run it by hand.",
        command);

    /// <summary>It was killed, because it took too long.</summary>
    public static BackupError TimedOut(BackupHook hook, string command, TimeSpan timeout) => Make(
        ErrorIds.HookTimedOut,
        BackupErrorCategory.OperationTimeout,
        $"The hook '{Name(hook)}' ({command}) did not end within {HumanText.Duration(timeout)}, and was killed with all that it started.",
        "See what it printed in the run's log; give it more time with 'timeout' if it needs that.",
        command);

    /// <summary>It could not be started.</summary>
    public static BackupError CannotStart(BackupHook hook, string command, string reason) => Make(
        ErrorIds.HookCannotStart,
        BackupErrorCategory.ObjectNotFound,
        $"The hook '{Name(hook)}' ({command}) could not be started: {reason}",
        OperatingSystem.IsWindows()
            ? "Check its path. What is no program and no .ps1 needs one that runs it, as in \"command\": [\"cmd.exe\", \"/c\", \"after.cmd\"]."
            : "Check its path. A script other than a .ps1 must be executable (chmod +x) and name its interpreter in its first line (#!/bin/sh).",
        command);

    /// <summary>The hook before a run failed, so nothing ran.</summary>
    public static BackupError BeforeFailed(BackupError cause) => Make(
        ErrorIds.HookFailed,
        cause.Category,
        $"Nothing ran, because its hook demands that: {cause.Message}",
        $"{cause.RecommendedAction} Take 'hooks.before' out of the configuration to run without it.",
        cause.Target);

    /// <summary>Stopped by the user while the hook before it ran.</summary>
    public static BackupError Cancelled(string jobName, BackupExitCode exitCode) => Make(
        ErrorIds.RunCancelled,
        BackupErrorCategory.OperationStopped,
        $"The run was stopped while the hook 'before' of job '{jobName}' ran.",
        "Run it again; nothing was done.",
        jobName) with
    { ExitCode = exitCode };

    private static string Name(BackupHook hook) => ConfigurationKeys.NameOf(hook);

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string? target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Refused);
}
