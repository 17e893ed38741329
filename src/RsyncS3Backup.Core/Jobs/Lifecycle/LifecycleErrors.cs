using System.Net;
using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Lifecycle;

namespace RsyncS3Backup.Jobs.Lifecycle;

/// <summary>What can be wrong when a bucket's lifecycle rules are read or written.</summary>
internal static class LifecycleErrors
{
    public static BackupException LocalOnly(string job) => Failure(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation, job, $"Job '{job}' is local only: it has no bucket.",
        "Lifecycle rules are for jobs with a destination.");

    public static BackupException NotConfigured(string job) => Failure(
        ErrorIds.LifecycleNotConfigured, BackupErrorCategory.InvalidOperation, job,
        $"Job '{job}' asks for no lifecycle rules, so there is nothing to write.",
        "Say what is wanted in options.rsync.syncToS3.lifecycle ('{}' gives up unfinished uploads after 7 days). Remove-BackupLifecycle "
        + "removes rules.");

    public static BackupException Overlap(JobLifecycle job, string what) => Failure(
        ErrorIds.LifecycleOverlap, BackupErrorCategory.InvalidOperation, job.Job,
        $"The lifecycle rules of job '{job.Job}' are for all keys that start with '{job.KeyPrefix}', and meet {what}. Nothing was written.",
        "A rule has no exceptions below its prefix. Give each job a prefix of its own, none of which starts with another. A rule of this "
        + "job under an older name or prefix goes with Remove-BackupLifecycle -RuleId.");

    public static BackupException ForeignRule(string id) => new(BackupError.Make(
        ErrorIds.InvalidParameter, BackupErrorCategory.InvalidArgument,
        $"{ConfigurationText.Quote(id)} is not a rule of this module: its ids start with '{JobLifecycle.IdStart}'.",
        "Remove rules of others where they were made.", id, BackupExitCode.BadConfiguration));

    public static BackupException NoSuchRule(string bucket, string id) => Failure(
        ErrorIds.ItemNotFound, BackupErrorCategory.ObjectNotFound, id,
        $"Bucket '{bucket}' has no lifecycle rule {ConfigurationText.Quote(id)}.", "Get-BackupLifecycle shows the ids.");

    public static BackupException Changed(string bucket, LifecycleRule rule, bool isWritten) => Failure(
        ErrorIds.LifecycleChanged, BackupErrorCategory.InvalidOperation, bucket,
        $"Somebody else changed the lifecycle rule {rule.ShownName} of bucket '{bucket}' meanwhile. "
        + (isWritten ? "The job's rules were written at the same time, and one of both may have undone the other." : "Nothing was written."),
        isWritten
            ? "Look at all rules of the bucket, and put right what is missing; Get-BackupLifecycle shows those of the job."
            : "Run the command again: it starts from the rules as they are now.");

    public static BackupException NotKept(string bucket, LifecycleRule rule, IReadOnlyList<string> difference, bool isBack) => Failure(
        ErrorIds.LifecycleNotVerified, BackupErrorCategory.InvalidData, bucket,
        $"The store took the lifecycle rule {rule.ShownName} of bucket '{bucket}' and keeps something else: {string.Join("; ", difference)}. "
        + (isBack ? "The rules from before were put back." : "The rules from before could not be put back."),
        "The store does not know all that the rule says. One that knows no smallest size of objects takes rules without it: "
        + "\"smallestSize\": 0 in the job's lifecycle.");

    public static BackupException NotShown(string bucket, TimeSpan waited) => Failure(
        ErrorIds.LifecycleNotVerified, BackupErrorCategory.InvalidData, bucket,
        $"The store took the lifecycle rules of bucket '{bucket}', and still shows those from before {HumanText.Duration(waited)} later.",
        "S3 may take some minutes to show new rules. Get-BackupLifecycle tells then whether they are there.");

    /// <summary>What a request meant that failed.</summary>
    /// <param name="exception">What it ended with.</param>
    /// <param name="target">The bucket.</param>
    /// <param name="right">The right that it needs.</param>
    public static BackupException From(Exception exception, S3Target target, string right)
    {
        BackupError error = S3Errors.From(exception, target);
        if (error.Id == ErrorIds.S3AccessDenied)
        {
            error = error with
            {
                Message = $"Access to the lifecycle rules of bucket '{target.Bucket}' is denied ({error.S3ErrorCode}).",
                RecommendedAction = $"The credentials need {right} on the bucket. Its policy can deny it too.",
            };
        }
        else if (exception is AmazonS3Exception { StatusCode: HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed })
        {
            error = Error(
                ErrorIds.LifecycleRefused, BackupErrorCategory.NotImplemented, target.Bucket,
                $"{target.Endpoint} does not know lifecycle rules.", "Use a store that does, or leave 'lifecycle' out of the job.")
                with
            { S3ErrorCode = error.S3ErrorCode, RequestId = error.RequestId };
        }
        else if (exception is AmazonS3Exception { StatusCode: HttpStatusCode.BadRequest } refused && error.Id == ErrorIds.S3RequestFailed)
        {
            error = Error(
                ErrorIds.LifecycleRefused, BackupErrorCategory.InvalidArgument, target.Bucket,
                $"The store refuses the lifecycle rules of bucket '{target.Bucket}' ({refused.ErrorCode}): {refused.Message}",
                "Nothing was written. The store may have limits of its own: change 'lifecycle' in the job's configuration, or the rule of "
                + "somebody else that the message names.")
                with
            { S3ErrorCode = error.S3ErrorCode, RequestId = error.RequestId };
        }

        return new BackupException(error, exception);
    }

    private static BackupException Failure(string id, BackupErrorCategory category, string target, string message, string action) =>
        new(Error(id, category, target, message, action));

    private static BackupError Error(string id, BackupErrorCategory category, string target, string message, string action) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Stage2Failed);
}
