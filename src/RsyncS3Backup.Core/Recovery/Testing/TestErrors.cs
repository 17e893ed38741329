using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>How a test of a backup can end.</summary>
internal static class TestErrors
{
    public static BackupError Differs(long differences, long total, string target) => Make(
        ErrorIds.BackupDiffers, BackupErrorCategory.InvalidData, target,
        $"The copies differ in {differences} of {total} entries.",
        "Each difference says which copy is good, and why; Repair-Backup replaces the bad one where that is known.");

    public static BackupError Incomplete(long failed, long total, string target) => Make(
        ErrorIds.TestIncomplete, BackupErrorCategory.ReadError, target,
        $"{failed} of {total} entries could not be looked at, so nothing is known of them.", "Look at FailedItems and the log for the reasons.");

    public static BackupError BrokenOff(string name, string reason) => Make(
        ErrorIds.RestoreTransferBroken, BackupErrorCategory.ReadError, name,
        $"'{name}' could not be compared: its content broke off each time it was fetched ({reason.TrimEnd('.')}).",
        "Run the test again; if it breaks off again, look at the network and the store's logs.");

    public static BackupError NotCompared(string name, BackupError cause) => cause with
    {
        Message = $"'{ShownText.Of(name)}' could not be compared. {cause.Message}",
        Target = name,
    };

    /// <summary>There is no place for what is to be restored.</summary>
    public static BackupError NoDrillFolder(string folder, string reason) => Make(
        ErrorIds.TestFailed, BackupErrorCategory.WriteError, folder,
        $"No folder for a restore could be made in '{folder}': {reason}", "Give -TemporaryPath a folder that is there, with room, that you may write.");

    public static BackupError Cancelled(string target) => Make(
        ErrorIds.TestCancelled, BackupErrorCategory.OperationStopped, target,
        "The test was stopped before its end; nothing was changed.", "Run it again.");

    /// <summary>The test's process ended before the test did.</summary>
    public static BackupError Interrupted(string jobName, long processId, string host) => Make(
        ErrorIds.RunInterrupted, BackupErrorCategory.OperationStopped, jobName,
        $"Process {processId} on {host} ended while it tested the copies of job '{jobName}'; nothing was changed.",
        "Check whether the machine went down or the process was killed, and run the test again.");

    /// <summary>The repair's process ended before the repair did.</summary>
    public static BackupError RepairInterrupted(string jobName, long processId, string host) => Make(
        ErrorIds.RunInterrupted, BackupErrorCategory.OperationStopped, jobName,
        $"Process {processId} on {host} ended while it repaired the copies of job '{jobName}'; each entry is the old one or the whole "
        + "new one.",
        "Check whether the machine went down or the process was killed, and run the repair again.");

    public static BackupError Failed(Exception exception, S3Target target)
    {
        BackupError error = S3Errors.From(exception, target);
        return error.Id == ErrorIds.S3RequestFailed && error.S3ErrorCode is null
            ? Make(
                ErrorIds.TestFailed, BackupErrorCategory.ReadError, target.Bucket,
                $"The test could not go on: {exception.Message}", "Correct what the message names, and run the test again.")
            : error;
    }

    private static BackupError Make(string id, BackupErrorCategory category, string target, string message, string action) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.DifferencesFound);
}
