using System.Management.Automation;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Input;

/// <summary>Where runs are logged beside their own log files.</summary>
/// <param name="cmdlet">The cmdlet that runs.</param>
/// <param name="errors">Ends it where the log cannot be had.</param>
internal sealed class RunLogs(PSCmdlet cmdlet, InputErrors errors)
{
    private readonly FileSystemPaths paths = new(cmdlet);

    /// <summary>How a run is logged.</summary>
    /// <param name="logPath">The value of -LogPath; null when it was not given.</param>
    internal RunLogging To(string? logPath)
    {
        bool isOnlyAsked = cmdlet.MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? whatIf)
            && whatIf is SwitchParameter { IsPresent: true };
        if (logPath is null || isOnlyAsked)
            return new RunLogging();
        string resolved = "";
        try
        {
            resolved = paths.Resolve(logPath);
            // PowerShell's path tools take the separator away, which says that a folder is meant.
            if (Path.EndsInDirectorySeparator(logPath) && !Path.EndsInDirectorySeparator(resolved))
                resolved += Path.DirectorySeparatorChar;
            LogCopy.Require(resolved);
        }
        catch (BackupException exception)
        {
            // Terminating: without the log that was asked for, no job of this command may run.
            errors.Throw(exception.Error);
        }

        return new RunLogging { CopyPath = resolved };
    }
}
