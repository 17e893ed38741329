using Amazon.S3;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Jobs.Buckets;

/// <summary>What can be wrong when a bucket is made or its settings are changed.</summary>
internal static class BucketErrors
{
    public static BackupException LocalOnly(string job) => new(BackupError.Make(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation, $"Job '{job}' is local only: it has no bucket.",
        "Name a job whose stage 2 is enabled.", job, BackupExitCode.BadConfiguration));

    /// <summary>What a request meant that failed.</summary>
    public static BackupException From(Exception exception, S3Target target)
    {
        BackupError error = S3Errors.From(exception, target);
        if (exception is not AmazonS3Exception answer)
            return new BackupException(error, exception);
        BackupError? known = answer.ErrorCode switch
        {
            "BucketAlreadyExists" => error with
            {
                Id = ErrorIds.BucketNotChanged,
                Category = BackupErrorCategory.InvalidOperation,
                Message = $"The name '{target.Bucket}' is taken: a bucket of that name belongs to another account.",
                RecommendedAction = "Choose another name: no two accounts can have buckets of the same name.",
            },
            "InvalidBucketName" or "IllegalLocationConstraintException" or "TooManyBuckets" or "InvalidBucketState" or "OperationAborted" => error with
            {
                Id = ErrorIds.BucketNotChanged,
                Message = $"Bucket '{target.Bucket}' was not made or changed: {answer.Message}",
                RecommendedAction = "Correct what S3 says, and run the command again. What is done already stays.",
            },
            "AccessDenied" or "AllAccessDisabled" => error with
            {
                Message = $"{target.Endpoint} refuses to make or change bucket '{target.Bucket}', or it belongs to another account: {answer.Message}",
                RecommendedAction = "The policy of a backup does not allow this. Use credentials of an administrator of the bucket (-Credential).",
            },
            _ => null,
        };
        return new BackupException(known ?? error, exception);
    }
}
