namespace RsyncS3Backup.ObjectStore.Rights;

/// <summary>The errors of policies.</summary>
internal static class PolicyErrors
{
    public static BackupException NoBucket(string job) => new(BackupError.Make(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation,
        $"Job '{job}' is local only: it has no bucket, and needs no rights there.",
        "Name a job whose stage 2 is enabled.", job, BackupExitCode.BadConfiguration));
}
