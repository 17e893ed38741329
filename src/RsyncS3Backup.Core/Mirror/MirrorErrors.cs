using RsyncS3Backup.Files;

namespace RsyncS3Backup.Mirror;

/// <summary>The errors of the mirror: it is not there, not the job's, or cannot be read.</summary>
internal static class MirrorErrors
{
    /// <summary>The destination is not there.</summary>
    public static BackupError DestinationNotMounted(string destination, string what) => BackupError.Make(
        ErrorIds.DestinationNotMounted,
        BackupErrorCategory.ObjectNotFound,
        $"The destination '{destination}' cannot be used: {what}.",
        "Mount its drive. For a new destination create the folder above it; only the last folder is created by itself. If the mirror is to be "
        + "made anew there, run once with -AllowNewDestination.",
        destination,
        BackupExitCode.Refused);

    /// <summary>The mirror's drive was there when the run began.</summary>
    public static BackupError DestinationWentAway(string destination) => BackupError.Make(
        ErrorIds.DestinationNotMounted,
        BackupErrorCategory.ObjectNotFound,
        $"The mirror '{destination}' went away while rsync wrote to it: its drive is not there any more, or fails. Nothing more is deleted because of it.",
        "Connect and mount the drive, look for its errors in the system's log, and run again. -AllowNewDestination is not for this.",
        destination,
        BackupExitCode.Stage1Failed);

    /// <summary>The destination is not the mirror that the job knows.</summary>
    public static BackupError DestinationChanged(string destination, string what) => BackupError.Make(
        ErrorIds.DestinationChanged,
        BackupErrorCategory.InvalidOperation,
        $"The destination '{destination}' is not the mirror that this job knows: {what}.",
        "Check that the right drive is mounted. If this is to be the job's mirror from now on, run once with -AllowNewDestination.",
        destination,
        BackupExitCode.Refused);

    /// <summary>A job with one drive had several, and no way leads back.</summary>
    public static BackupError DrivesTookTurns(string destination) => BackupError.Make(
        ErrorIds.DestinationChanged,
        BackupErrorCategory.InvalidOperation,
        $"Drives took turns as the mirror '{destination}', and the job has one drive now. What this one has from former times could go over what another sent.",
        "Set 'drives' back to what it was: with it a job also goes on with the only drive that is left. Or make a new job, with a name and a key prefix of its own.",
        destination,
        BackupExitCode.Refused);

    /// <summary>A new mirror would lie in that of another job, which would send it to S3, and delete it.</summary>
    public static BackupError DestinationInMirror(string destination, string outer, string job) => BackupError.Make(
        ErrorIds.DestinationInMirror,
        BackupErrorCategory.InvalidArgument,
        $"The destination '{destination}' lies in '{outer}', the mirror of the job '{job}'.",
        "Choose a destination outside of it. If the other job is gone, run once with -AllowNewDestination.",
        destination,
        BackupExitCode.Refused);

    /// <summary>A drive that is to take turns keeps other things than those that do.</summary>
    public static BackupError DrivesNotAlike(string mirror) => BackupError.Make(
        ErrorIds.DrivesNotAlike,
        BackupErrorCategory.InvalidOperation,
        $"The drive of the mirror '{mirror}' keeps other times, owners, permissions or names than the job's other drives. Nothing was copied.",
        "Make its file system, its mount options and the user that runs the job the same as with the other drives. Where all of them have changed, "
        + "make a new job, with a name and a key prefix of its own.",
        mirror,
        BackupExitCode.Refused);

    /// <summary>Stage 1 could not make a drive that takes turns what the sources are.</summary>
    public static BackupError MirrorNotWhole(string mirror, string why) => BackupError.Make(
        ErrorIds.MirrorNotWhole,
        BackupErrorCategory.InvalidOperation,
        $"The mirror '{mirror}' is not wholly what the sources are: {why}. So this was no turn of its drive, and nothing is sent to S3 from it.",
        "Mend what this and the warnings name, and run again. Exclude an entry only if its copies may go: what is excluded is deleted from each drive."
        + " about_RsyncS3Backup_Drives has the rules.",
        mirror,
        BackupExitCode.Stage1Failed);

    /// <summary>In a drive that takes turns lies what is no business of its job.</summary>
    public static BackupError MirrorOfOtherInside(string mirror, string other) => BackupError.Make(
        ErrorIds.MirrorNotWhole,
        BackupErrorCategory.InvalidOperation,
        $"In the mirror '{mirror}' lies '{other}', the mirror of another job. Stage 1 would have to leave it there, so this was no turn of its drive.",
        "Move the other job's mirror elsewhere, and tell that job its new 'localDestination'. To exclude it does not help.",
        mirror,
        BackupExitCode.Stage1Failed);

    /// <summary>What S3 has may be newer than this drive.</summary>
    public static BackupException MirrorOutdated(string mirror, string why) => Refusal(
        ErrorIds.MirrorOutdated, BackupErrorCategory.InvalidOperation, mirror,
        $"The mirror '{mirror}' may be older than what is in S3: {why}. The bucket was not touched.",
        "Run both stages of the job, which brings this drive up to date first.");

    /// <summary>Somebody else works on the mirror.</summary>
    public static BackupError MirrorInUse(string mirror) => BackupError.Make(
        ErrorIds.MirrorInUse,
        BackupErrorCategory.ResourceBusy,
        $"Another run works on the mirror '{mirror}', with another state folder than this one: that of another user, or another job's. Nothing was changed.",
        $"Wait until it has ended, or let this one wait with -WaitForLock. {WhoHolds(WindowsPath.Below(mirror, MirrorExclusions.LockFile))} Let one user "
        + "run the job.",
        mirror,
        BackupExitCode.AlreadyRunning);

    public static BackupException MirrorMissing(string path) => Refusal(
        ErrorIds.MirrorMissing, BackupErrorCategory.ObjectNotFound, path,
        $"The mirror '{path}' does not exist or is not a folder; the bucket was not touched.",
        "Run stage 1 first, mount the drive that the mirror is on, or correct the path.");

    public static BackupException MirrorNotMounted(string path) => Refusal(
        ErrorIds.MirrorMissing, BackupErrorCategory.ObjectNotFound, path,
        $"'{path}' is not the job's mirror: its marker {MirrorMarker.FileName} is not there. The bucket was not touched.",
        "Mount the drive that the mirror is on. If it is mounted, run stage 1, which says what is wrong with the mirror.");

    public static BackupException MirrorWentAway(string path) => Failure(
        ErrorIds.MirrorMissing, BackupErrorCategory.ObjectNotFound, path,
        $"The mirror '{path}' went away while it was sent: its drive is not there any more, or fails. Nothing is deleted from the bucket because of it.",
        "Connect and mount the drive, look for its errors in the system's log, and run again: what was sent is not sent again.");

    public static BackupException MirrorUnreadable(string path) => Refusal(
        ErrorIds.MirrorUnreadable, BackupErrorCategory.PermissionDenied, path,
        $"The mirror '{path}' cannot be listed; the bucket was not touched.",
        "Give the user that runs the backup the right to read the folder.");

    public static BackupError NameNotUtf8(string path) => Item(
        ErrorIds.NameNotUtf8, BackupErrorCategory.InvalidData, path,
        $"The name of '{path}' is not UTF-8, so S3 cannot hold it; it is only in the mirror.",
        "Rename the file, for example with 'convmv'.");

    public static BackupError FileUnreadable(string path, Exception exception) => Item(
        ErrorIds.FileUnreadable, Category(exception), path,
        $"'{path}' cannot be read ({Reason(exception)}); its copy in S3 stays as it is.",
        InUse.Is(exception) ? "Close the program that has it open; the next run sends the file."
        : exception is UnauthorizedAccessException ? "Give the user that runs the backup the right to read it."
        : "Give the user that runs the backup the right to read it, or look at the disk.");

    public static BackupError FolderUnreadable(string path, Exception exception) => Item(
        ErrorIds.FolderUnreadable, Category(exception), path,
        $"The folder '{path}' cannot be read ({Reason(exception)}); nothing beneath it in S3 is changed.",
        InUse.Is(exception) ? "Close the program that has it open; the next run reads it."
        : "Give the user that runs the backup the right to read it, or look at the disk.");

    private static string WhoHolds(string file) => OperatingSystem.IsWindows()
        ? $"The Resource Monitor (resmon) names the process that has '{file}' open."
        : $"`fuser '{file}'` names its process.";

    private static BackupErrorCategory Category(Exception exception) =>
        InUse.Is(exception) ? BackupErrorCategory.ResourceBusy : BackupErrorCategory.ReadError;

    // What .NET says of a file that is in use names the path once more.
    private static string Reason(Exception exception) => InUse.Is(exception) ? "another program has it open" : exception.Message.TrimEnd('.');

    private static BackupError Stage2(string id, BackupErrorCategory category, string? target, string message, string action) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Stage2Failed);

    private static BackupError Item(string id, BackupErrorCategory category, string target, string message, string action) =>
        Stage2(id, category, target, message, action);

    private static BackupException Failure(
        string id, BackupErrorCategory category, string target, string message, string action, Exception? cause = null) =>
        new(Stage2(id, category, target, message, action), cause);

    private static BackupException Refusal(string id, BackupErrorCategory category, string target, string message, string action) =>
        new(Stage2(id, category, target, message, action) with { ExitCode = BackupExitCode.Refused });

    private static BackupException ParameterError(string id, string target, string message, string action) =>
        new(Stage2(id, BackupErrorCategory.InvalidArgument, target, message, action) with { ExitCode = BackupExitCode.BadConfiguration });
}

