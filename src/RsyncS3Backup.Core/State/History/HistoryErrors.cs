namespace RsyncS3Backup.State.History;

/// <summary>What can be wrong with a history. None of it stops a run.</summary>
internal static class HistoryErrors
{
    /// <summary>No job of that name has a history.</summary>
    public static BackupError NotFound(string name) => Make(
        ErrorIds.HistoryNotFound,
        BackupErrorCategory.ObjectNotFound,
        $"No run of a job named '{name}' is on record in '{StateFolder.Root()}'.",
        $"Check the name; 'Get-BackupHistory' lists all jobs. Runs of another user, or with another {StateFolder.EnvironmentVariable}, are not here.",
        name);

    /// <summary>It is damaged, or cannot be opened.</summary>
    public static BackupError Unreadable(string name, string path, string reason) => Make(
        ErrorIds.HistoryUnreadable,
        BackupErrorCategory.ReadError,
        $"The history of job '{name}' in '{path}' cannot be read: {reason}",
        "Check the drive and the permissions of the state folder. If the history is damaged, the first run of each day moves it aside and "
        + "begins a new one; nothing is deleted.",
        path);

    /// <summary>A newer version of the module made it.</summary>
    public static BackupError Newer(string name, string path, string? version) => Make(
        ErrorIds.HistoryNewer,
        BackupErrorCategory.InvalidOperation,
        $"The history of job '{name}' in '{path}' was written by {(version is null ? "a newer version" : $"version {version}")} of "
        + $"the module, and this is {HistoryFile.ModuleVersion}. It is left as it is.",
        $"Use {(version is null ? "the newest version" : $"version {version} or a newer one")}: "
        + "'Get-Module RsyncS3Backup -ListAvailable' shows which are installed, 'Update-PSResource RsyncS3Backup' installs the newest.",
        path);

    /// <summary>Nothing could be removed from it.</summary>
    public static BackupError NotChanged(string name, string path, string reason) => Make(
        ErrorIds.HistoryNotChanged,
        BackupErrorCategory.WriteError,
        $"The history of job '{name}' in '{path}' cannot be changed: {reason}",
        "Check the drive, its free space and the permissions of the state folder.",
        path);

    /// <summary>The user wants a copy of the log where none can be written.</summary>
    public static BackupError LogNotWritable(string path, string reason) => Make(
        ErrorIds.LogNotWritable,
        BackupErrorCategory.WriteError,
        $"The log cannot be written to '{path}': {reason}",
        "Give -LogPath a file in a folder that is there, or a folder (with a slash at its end it is made), that the user who runs the backup may write.",
        path);

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration);
}
