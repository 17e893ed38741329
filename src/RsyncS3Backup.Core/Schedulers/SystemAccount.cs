using System.Security.Principal;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Schedulers;

/// <summary>
/// What the machine's own account finds of what this user has. On Unix root registers for root; on Windows an administrator does for SYSTEM, which has
/// job and state folders of its own.
/// </summary>
internal static class SystemAccount
{
    /// <summary>True when a job will run as another account than this one because of the scope.</summary>
    public static bool IsAnother(BackupScheduleScope scope)
    {
        if (!OperatingSystem.IsWindows() || scope != BackupScheduleScope.System)
            return false;
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        return !user.IsSystem;
    }

    /// <summary>True when both accounts have one state folder: then the task gets its path with its command.</summary>
    /// <param name="stateFolder">The variable that moves the state folder.</param>
    public static bool SharesState(string? stateFolder) => !string.IsNullOrEmpty(stateFolder);

    /// <summary>True for a job that the other account does not find by its name.</summary>
    /// <param name="path">The job's file; null when it has none.</param>
    /// <param name="folders">The folders where this user's jobs are.</param>
    public static bool NeedsPath(string? path, IReadOnlyList<JobFolder> folders) => path is not null
        && !folders.Any(folder => folder.Scope == BackupJobScope.System && ConfigurationPaths.AreSame(folder.Path, Path.GetDirectoryName(path)!));
}
