namespace RsyncS3Backup.Costs;

/// <summary>The errors of what a job costs.</summary>
internal static class CostErrors
{
    public static BackupException NoBucket(string job) => Failure(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation, job,
        $"Job '{job}' is local only: it has no bucket, and costs nothing there.", "Name a job whose stage 2 is enabled.");

    public static BackupException NotRecorded(string job) => Failure(
        ErrorIds.CatalogMissing, BackupErrorCategory.ObjectNotFound, job,
        $"This machine has no catalog of what the bucket holds for job '{job}'.",
        "Run the job once, which makes it, or add -Measure, which lists the bucket instead: a LIST request for each 1,000 "
        + "objects.");

    public static BackupException NotReadable(string job, IOException exception) => new(
        Failure(
            ErrorIds.CatalogFailed, BackupErrorCategory.ReadError, job,
            $"The catalog of what the bucket holds for job '{job}' cannot be read: {exception.Message}",
            "Run the job once, which makes it again, or add -Measure, which lists the bucket instead.").Error,
        exception);

    private static BackupException Failure(
        string id, BackupErrorCategory category, string target, string message, string action) =>
        new(BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration));
}
