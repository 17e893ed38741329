using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.Sync;

/// <summary>The errors of stage 2 that are not those of a request or of the mirror.</summary>
internal static class SyncErrors
{
    private const string SeeFailedItems =
        "Look at FailedItems and the log for the reasons, then run stage 2 again. The mirror is good.";

    public static BackupException MirrorEmpty(string path, long deletions, string where) => Refusal(
        ErrorIds.MirrorEmpty, BackupErrorCategory.InvalidOperation, path,
        $"The mirror '{path}' is empty, and all {deletions} objects under {where} would be deleted; none was.",
        "Check that the right drive is mounted and that stage 1 really ran. If the mirror is meant to be empty, run with -AllowEmptySource.");

    public static BackupException DeleteLimitExceeded(long deletions, long existing, long allowed, string where, IEnumerable<string> first) => Refusal(
        ErrorIds.DeleteLimitExceeded, BackupErrorCategory.LimitsExceeded, where,
        $"{deletions} of {existing} objects under {where} would be deleted, and {allowed} are allowed; none was. The first: {string.Join(", ", first)}.",
        "Check whether the mirror lost files. If the deletions are right, run once with a higher -MaxDelete.");

    /// <summary>More of the mirror was changed by something other than stage 1 than somebody does by hand.</summary>
    public static BackupException MirrorChangedOutside(string mirror, long changed, long existing, IEnumerable<string> first) => Refusal(
        ErrorIds.MirrorChangedOutside, BackupErrorCategory.InvalidOperation, mirror,
        $"Something other than stage 1 of this job changed or removed {changed} of {existing} files of the mirror '{mirror}'. None of that was brought "
        + $"to S3, which keeps the good copies. The first: {string.Join(", ", first)}.",
        "Find out what changed them: it may be an attack. Repair-Backup brings back the copies of S3. If the changes are right, run once with "
        + "-AllowChangedMirror.");

    /// <summary>More files have new content than the job allows.</summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="changed">How many files have.</param>
    /// <param name="becameFolders">How many of them are folders now, and had to go before that was known.</param>
    /// <param name="existing">How many S3 has.</param>
    /// <param name="limit">How many may have.</param>
    /// <param name="first">The first of the others.</param>
    public static BackupException ChangeLimitExceeded(
        string mirror, long changed, long becameFolders, long existing, ChangeLimit limit, IReadOnlyList<string> first) => Refusal(
        ErrorIds.ChangeLimitExceeded, BackupErrorCategory.LimitsExceeded, mirror,
        $"{changed} of {existing} files have new content in the mirror '{mirror}', and {limit.Allowed(existing)} may have ({limit}). "
        + (becameFolders == 0 ? "None of them was sent" : $"{becameFolders} that are folders now were replaced; none of the others was sent")
        + ", and S3 keeps the copies from before."
        + (first.Count > 0 ? $" The first: {string.Join(", ", first)}." : ""),
        "Look at these files: after an attack, restore them from S3. If the changes are right, run once with a higher -MaxChange, or with "
        + "-MaxChange off.");

    /// <summary>A lifecycle rule moved what says whose the prefix is to an archive.</summary>
    public static BackupError PrefixOwnerArchived(string where, string storageClass) => Refused(
        ErrorIds.PrefixOwnedByOther, where,
        $"Whose {where} is cannot be read: its marker is in the archive ({storageClass}), where a lifecycle rule of the bucket moved it. "
        + "Nothing was sent or deleted.",
        "Let the rule leave out small objects, as Set-BackupLifecycle does. If this mirror is to take the prefix over, run once with "
        + "-AllowNewDestination.");

    /// <summary>Another job, or this one on another machine, sends to the prefix already.</summary>
    /// <param name="where">The prefix as a URL.</param>
    /// <param name="other">What its marker says; null when nobody can read that.</param>
    /// <param name="own">This run's mirror.</param>
    public static BackupError PrefixOwnedByOther(string where, MirrorMarker? other, MirrorMarker own)
    {
        string what = other is null || other.Job != own.Job || other.Host != own.Host ? "" : ", which is another mirror than this one";
        return Refused(
            ErrorIds.PrefixOwnedByOther, where,
            $"{where} belongs to {Describe(other)}{what}. Nothing was sent or deleted.",
            "Give each job, and each machine, a prefix of its own: {host} in s3Prefix is the machine's name. If this mirror is to take the "
            + "prefix over, run once with -AllowNewDestination.");
    }

    /// <summary>A prefix lies beneath another job's, which would delete what is sent there.</summary>
    public static BackupError PrefixInOther(string where, string above, MirrorMarker other) => Refused(
        ErrorIds.PrefixOwnedByOther, where,
        $"{where} lies in {above}, which belongs to {Describe(other)}. Nothing was sent or deleted.",
        "Give the jobs prefixes that are not in one another.");

    /// <summary>Another job's prefix lies beneath this run's.</summary>
    public static BackupError OtherInPrefix(string where, string own, MirrorMarker other) => Item(
        ErrorIds.PrefixOwnedByOther, BackupErrorCategory.InvalidOperation, where,
        $"{where} belongs to {Describe(other)} and lies in {own}. Nothing beneath it was sent or deleted.",
        "Give the jobs prefixes that are not in one another.");

    /// <summary>The job locks its objects, and the bucket has no Object Lock.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="isKnown">False when the bucket did not say.</param>
    public static BackupException NoObjectLock(string bucket, bool isKnown) => Refusal(
        ErrorIds.ProtectionMissing, BackupErrorCategory.InvalidOperation, bucket,
        isKnown
            ? $"The job locks its objects ('objectLock'), and bucket '{bucket}' has no Object Lock. Nothing was sent or deleted."
            : $"The job locks its objects ('objectLock'), and bucket '{bucket}' does not say whether it has Object Lock. Nothing was sent or deleted.",
        isKnown
            ? "Run Initialize-BackupBucket -Update with credentials of an administrator, which switches it on; or name another bucket, or take "
                + "'objectLock' out of the job."
            : "The credentials need s3:GetBucketObjectLockConfiguration, and the store must have Object Lock.");

    /// <summary>The job demands versions, and the bucket keeps none.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="isKnown">False when the bucket did not say.</param>
    public static BackupException NoVersioning(string bucket, bool isKnown) => Refusal(
        ErrorIds.ProtectionMissing, BackupErrorCategory.InvalidOperation, bucket,
        isKnown
            ? $"The job demands versions ('requireVersioning'), and bucket '{bucket}' keeps none. Nothing was sent or deleted."
            : $"The job demands versions ('requireVersioning'), and bucket '{bucket}' does not say whether it keeps them. Nothing was sent or deleted.",
        isKnown
            ? "Run Initialize-BackupBucket -Update with credentials of an administrator, which switches it on; or name another bucket, or take "
                + "'requireVersioning' out of the job."
            : "The credentials need s3:GetBucketVersioning, and the store must have versioning.");

    /// <summary>S3 did not renew the locks of objects; all else was done.</summary>
    /// <param name="cause">What it said.</param>
    /// <param name="left">How many are not renewed.</param>
    /// <param name="bucket">The bucket.</param>
    public static BackupError LocksNotRenewed(BackupError cause, long left, string bucket) => Stage2(
        ErrorIds.LocksNotRenewed, BackupErrorCategory.WriteError, bucket,
        $"{(left == 1 ? "One lock" : $"{left} locks")} of objects in bucket '{bucket}' {(left == 1 ? "was" : "were")} not renewed, and will end. S3 said of '{cause.Target}': {cause.Message}",
        "Correct what S3 said; when access was denied, give the credentials s3:PutObjectRetention. Then run again soon: these objects have less than "
        + "half of the days of 'objectLock' left, or no lock yet.")
        with
    { S3ErrorCode = cause.S3ErrorCode, RequestId = cause.RequestId };

    /// <summary>An owner for people.</summary>
    public static string Describe(MirrorMarker? owner) =>
        owner is null ? $"somebody whose marker {MirrorMarker.FileName} cannot be read"
        : owner.Host is null ? $"the job '{owner.Job}'"
        : $"the job '{owner.Job}' on {owner.Host}";

    public static BackupError CatalogFailed(string path, SqliteException exception) => Stage2(
        ErrorIds.CatalogFailed, exception.IsBusy ? BackupErrorCategory.ResourceBusy : BackupErrorCategory.ReadError, path,
        $"The catalog of what S3 holds, '{path}', failed ({exception.Message}). Nothing was deleted.",
        exception.IsBusy
            ? "Another program has the file open; close it, then run stage 2 again."
            : "Run stage 2 again. If it happens again, look at the drive's health and free space, and delete the file: the next run "
            + "makes it anew from a full comparison, and sends nothing again that S3 has.");

    public static BackupError Cancelled(string bucket) => Stage2(
        ErrorIds.RunCancelled, BackupErrorCategory.OperationStopped, bucket,
        "Stage 2 was stopped before its end. What was uploaded until then stays; nothing was left half-made.",
        "Run it again; only what is missing is sent.");

    public static BackupError PartialTransfer(long failed, long total, string? bucket) => Stage2(
        ErrorIds.S3PartialTransfer, BackupErrorCategory.WriteError, bucket,
        $"{failed} of {total} entries of the mirror were not brought to S3; the others were.",
        "Look at FailedItems and the log for the reasons, then run stage 2 again. The mirror is good.");

    public static BackupException ParameterInvalid(string what, string value, string problem) => ParameterError(
        ErrorIds.InvalidParameter, value, $"{what}: {problem}", "Correct the value; Get-Help about_RsyncS3Backup_Configuration says what is allowed.");

    public static BackupError KeyTooLong(string path, int length) => Item(
        ErrorIds.KeyTooLong, BackupErrorCategory.LimitsExceeded, path,
        $"The key of '{path}' would have {length} bytes; S3 takes 1,024.", "Use a shorter key prefix, or shorter names.");

    public static BackupError FileTooLarge(string path, long size) => Item(
        ErrorIds.FileTooLarge, BackupErrorCategory.LimitsExceeded, path,
        $"'{path}' has {HumanText.Bytes(size)}; the largest object S3 takes has 48.8 TiB.", "Split the file, or exclude it.");

    public static BackupError FileChanged(string path) => Item(
        ErrorIds.FileChangedDuringUpload, BackupErrorCategory.ReadError, path,
        $"'{path}' changed each time it was read; its copy in S3 stays as it is.",
        "Something writes into the mirror while it is sent to S3; stop that, then run again.");

    /// <summary>
    /// Not one entry was sent, and S3 refused all of them for one reason: that is what is wrong with the run. The entries' own
    /// errors give the reason and the way out, so this one does not say them again.
    /// </summary>
    public static BackupError NothingSent(BackupError first, long failed, string bucket) => first with
    {
        Target = bucket,
        Message = failed == 1
            ? $"Nothing was sent to S3: it refused the only entry that there was to send ({first.S3ErrorCode})."
            : $"Nothing was sent to S3: it refused all {failed} entries that there were to send ({first.S3ErrorCode}).",
        RecommendedAction = SeeFailedItems,
    };

    /// <summary>So many entries failed without one success that the others were not tried.</summary>
    public static BackupError GivenUp(BackupError last, long failed) => last with
    {
        Message =
            $"Nothing was sent to S3: {failed} entries failed ({last.S3ErrorCode ?? last.Id}), so the others were not tried.",
        RecommendedAction = SeeFailedItems,
    };

    private static BackupError Stage2(string id, BackupErrorCategory category, string? target, string message, string action) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Stage2Failed);

    private static BackupError Item(string id, BackupErrorCategory category, string target, string message, string action) =>
        Stage2(id, category, target, message, action);

    private static BackupException Failure(
        string id, BackupErrorCategory category, string target, string message, string action, Exception? cause = null) =>
        new(Stage2(id, category, target, message, action), cause);

    private static BackupException Refusal(string id, BackupErrorCategory category, string target, string message, string action) =>
        new(Stage2(id, category, target, message, action) with { ExitCode = BackupExitCode.Refused });

    private static BackupError Refused(string id, string target, string message, string action) =>
        Stage2(id, BackupErrorCategory.InvalidOperation, target, message, action) with { ExitCode = BackupExitCode.Refused };

    private static BackupException ParameterError(string id, string target, string message, string action) =>
        new(Stage2(id, BackupErrorCategory.InvalidArgument, target, message, action) with { ExitCode = BackupExitCode.BadConfiguration });
}

