using RsyncS3Backup.Files;

namespace RsyncS3Backup.Jobs;

/// <summary>The errors of finding a job by its name. All of them end a run before anything is touched.</summary>
internal static class JobErrors
{
    /// <summary>No job has that name.</summary>
    public static BackupError NotFound(string name, bool isFile, IReadOnlyList<string> places, string? nearest)
    {
        string suggestion = nearest is null ? "" : $" Did you mean {ConfigurationText.Quote(nearest)}?";
        bool isPath = isFile || name.AsSpan().ContainsAny('/', '\\') || name.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
        return Make(
            ErrorIds.JobNotFound,
            BackupErrorCategory.ObjectNotFound,
            $"No job is named {ConfigurationText.Quote(name)}. Looked in {string.Join(" and ", places)}.{suggestion}",
            isPath
                ? $"-Name takes the name of a job in a job folder; a file is given with -ConfigPath '{name.Replace("'", "''", StringComparison.Ordinal)}'."
                : "Get-BackupJob lists the jobs by name, New-BackupConfiguration -Name writes one, and -ConfigPath takes a file of any other folder.",
            name);
    }

    /// <summary>A file is no job that is known by its name.</summary>
    public static BackupError NotInFolder(string path, IReadOnlyList<string> places) => Make(
        ErrorIds.JobNotFound,
        BackupErrorCategory.ObjectNotFound,
        $"'{path}' is not a file of a job folder. Looked in {string.Join(" and ", places)}.",
        "Give the name of a job, or a file of a job folder. What another file holds, Import-BackupConfiguration shows.",
        path);

    /// <summary>Files of one folder claim one name.</summary>
    public static BackupError NameNotUnique(string name, IReadOnlyList<string> paths) => Make(
        ErrorIds.JobNameNotUnique,
        BackupErrorCategory.InvalidData,
        $"{paths.Count} files are jobs of the name {ConfigurationText.Quote(name)}: {string.Join(", ", paths.Select(path => $"'{path}'"))}.",
        "Give all but one another 'name', or move them out of the job folder.",
        name);

    /// <summary>Others could have written the file.</summary>
    public static BackupError Unsafe(string path, string problem) => Make(
        ErrorIds.JobFileUnsafe,
        BackupErrorCategory.PermissionDenied,
        $"The job '{path}' is not used: {problem}",
        "Who writes a job decides what is deleted and which programs run. Let it and its folder belong to you or to the administrator, and let nobody else write them "
        + $"({FileSafety.HowToClose}). A file that is given with -ConfigPath is used as it is.",
        path);

    /// <summary>A job cannot have a name because something has it.</summary>
    public static BackupError NameTaken(string name, string what) => Make(
        ErrorIds.JobNameTaken,
        BackupErrorCategory.InvalidOperation,
        $"No job can be renamed to {ConfigurationText.Quote(name)}: {what}.",
        "Choose another -NewName, or remove what has the name.",
        name);

    /// <summary>Something of a job could not be removed.</summary>
    public static BackupError NotRemoved(string name, string path, string reason) => Make(
        ErrorIds.JobNotRemoved,
        BackupErrorCategory.WriteError,
        $"Job {ConfigurationText.Quote(name)} was not removed as a whole: '{path}': {reason}",
        "Check the permissions of the folder, and remove the job again.",
        path);

    /// <summary>A mirror says whose it is, so it must be there when that changes.</summary>
    public static BackupError MirrorAway(string name, string mirror) => Make(
        ErrorIds.JobNotRenamed,
        BackupErrorCategory.ObjectNotFound,
        $"Job {ConfigurationText.Quote(name)} was not renamed: its mirror '{mirror}' is not there, and says whose it is by a file in it.",
        "Mount the mirror's drive, and rename the job then.",
        mirror);

    /// <summary>Something could not be written.</summary>
    public static BackupError NotRenamed(string name, string newName, string reason) => Make(
        ErrorIds.JobNotRenamed,
        BackupErrorCategory.WriteError,
        $"Job {ConfigurationText.Quote(name)} was not renamed as a whole: {reason}",
        $"Correct what the message names, and rename the job to {ConfigurationText.Quote(newName)} again: what was done stays done.",
        name);

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration);
}
