namespace RsyncS3Backup.ObjectStore.Rights;

/// <summary>The errors of policies.</summary>
internal static class PolicyErrors
{
    // Source: "Using a bucket-style alias for your S3 bucket access point" in the Amazon S3 User Guide, its limitations.
    public static BackupException OfAlias(string alias) => new(BackupError.Make(
        ErrorIds.PolicyNeedsArn, BackupErrorCategory.InvalidArgument,
        $"'{alias}' is the alias of an access point, and a policy cannot name an alias.",
        "Make the policy for the job with the access point's ARN, or with the bucket's name, as destination.bucket; the job itself may keep the alias.",
        alias, BackupExitCode.BadConfiguration));

    public static BackupException NoBucket(string job) => new(BackupError.Make(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation,
        $"Job '{job}' is local only: it has no bucket, and needs no rights there.",
        "Name a job whose stage 2 is enabled.", job, BackupExitCode.BadConfiguration));
}
