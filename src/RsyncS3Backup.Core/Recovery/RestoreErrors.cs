using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Fetching;

namespace RsyncS3Backup.Recovery;

/// <summary>Every error of a restore, in one place.</summary>
internal static class RestoreErrors
{
    private const int DiskFullOnUnix = 28;
    private static readonly int[] QuotaExceeded = [122, 69];
    private const int DiskFullOnWindows = unchecked((int)0x80070070);

    public static BackupException DestinationMissing() => Refusal(
        ErrorIds.RestoreDestinationMissing, BackupErrorCategory.InvalidArgument, null,
        "No destination was given.",
        "Give a folder with -Destination, or -InPlace to restore each file to where it came from.",
        BackupExitCode.BadConfiguration);

    public static BackupException DestinationUnusable(string path, string reason) => Refusal(
        ErrorIds.RestoreDestinationUnusable, BackupErrorCategory.WriteError, path,
        $"'{path}' cannot be written to: {reason}", "Choose another folder, or give this user the right to write there.");

    public static BackupException DestinationWentAway(string path) => Refusal(
        ErrorIds.RestoreDestinationUnusable, BackupErrorCategory.WriteError, path,
        $"'{path}' went away while the restore wrote to it: its drive is not there any more, or fails.",
        "Connect and mount the drive, look for its errors in the system's log, and restore again: what is there already is not fetched again.");

    public static BackupException DestinationIsForeignLink(string path) => Refusal(
        ErrorIds.RestoreDestinationUnusable, BackupErrorCategory.PermissionDenied, path,
        $"'{path}' is a symbolic link that another user made, so it may lead anywhere.",
        "Give the folder that it leads to, or a new folder.");

    public static BackupException DestinationInMirror(string path, string mirror) => Refusal(
        ErrorIds.RestoreDestinationInMirror, BackupErrorCategory.InvalidArgument, path,
        $"'{path}' is in the mirror '{mirror}': what is restored there would go into the backup, or be deleted by its next run.",
        "Choose a folder outside the mirror.");

    public static BackupException DestinationBusy(string path) => Refusal(
        ErrorIds.RestoreDestinationBusy, BackupErrorCategory.ResourceBusy, path,
        $"Another restore writes to '{path}'.", "Wait until it has ended, or restore to another folder.", BackupExitCode.AlreadyRunning);

    public static BackupException InPlaceOfRemote(string source) => Refusal(
        ErrorIds.RestoreInPlaceRemote, BackupErrorCategory.InvalidOperation, source,
        $"The source '{source}' is on another machine, where this module writes nothing.",
        "Restore to a folder of this machine with -Destination, and copy it from there.", BackupExitCode.BadConfiguration);

    public static BackupException InPlaceWithoutJob() => Refusal(
        ErrorIds.RestoreDestinationMissing, BackupErrorCategory.InvalidArgument, null,
        "Where the files came from is not known without the job's configuration.", "Give a folder with -Destination.",
        BackupExitCode.BadConfiguration);

    public static BackupException NoSoundCopy(string job, string reason) => Refusal(
        ErrorIds.RestoreNoCopy, BackupErrorCategory.ObjectNotFound, job,
        $"There is no copy of job '{job}' to restore from: {reason}, and the job has no S3 copy.",
        "Mount the mirror's drive; or, if the folder is all that there is, take it with -From Local.");

    public static BackupException MirrorUnusable(string mirror, string reason) => Refusal(
        ErrorIds.RestoreNoCopy, BackupErrorCategory.ObjectNotFound, mirror,
        $"The mirror '{mirror}' cannot be restored from: {reason}.", "Mount its drive, or restore with -From S3.");

    public static BackupException NoMirrorWithoutJob(string name) => Refusal(
        ErrorIds.RestoreNoCopy, BackupErrorCategory.InvalidArgument, name,
        "Without a job no mirror is known.", "Leave -From Local out, or name the job with -Name or -ConfigPath.", BackupExitCode.BadConfiguration);

    public static BackupException PastOfMirror(string job) => Refusal(
        ErrorIds.RestorePastOfMirror, BackupErrorCategory.InvalidArgument, job,
        $"The mirror of job '{job}' holds what the last run saw; it knows no past.",
        "Leave -From Local out, or leave -AsOf and -Snapshot out.", BackupExitCode.BadConfiguration);

    public static BackupException DeletedOfMirror(string job) => Refusal(
        ErrorIds.RestorePastOfMirror, BackupErrorCategory.InvalidArgument, job,
        $"The mirror of job '{job}' has nothing of what was deleted from it, so -IncludeDeleted needs the copy in S3.",
        "Leave -From Local out, or leave -IncludeDeleted out. A job without a copy in S3 has nothing that was deleted.",
        BackupExitCode.BadConfiguration);

    /// <summary>Nothing is to be restored.</summary>
    /// <param name="where">The copy.</param>
    /// <param name="hasPatterns">True when part of it was asked for.</param>
    /// <param name="deleted">What was left out of it because the mirror had it no more.</param>
    public static BackupError NothingFound(string where, bool hasPatterns, long deleted) => Make(
        ErrorIds.RestoreNothingFound, BackupErrorCategory.ObjectNotFound, where,
        deleted > 0 ? $"Nothing in {where} that {(hasPatterns ? "matches -Path " : "")}was in the mirror at the last run; "
            + $"{deleted} deleted {(deleted == 1 ? "object is" : "objects are")} still there."
        : hasPatterns ? $"Nothing in {where} matches -Path." : $"There is nothing in {where}.",
        deleted > 0 ? "-IncludeDeleted restores them too."
        : "Get-BackupItem lists what there is; check the bucket's name, the key prefix and the spelling of -Path.");

    public static BackupError KeyRefused(string key, string problem) => Make(
        ErrorIds.RestoreKeyRefused, BackupErrorCategory.InvalidData, key,
        $"'{key}' was not restored: {problem}.",
        "No backup of this module holds such a name; look at who else writes to the bucket.");

    /// <summary>A name that is an ordinary one elsewhere.</summary>
    /// <param name="key">The key.</param>
    /// <param name="problem">What is wrong with it here.</param>
    /// <param name="renamed">A name that would do.</param>
    public static BackupError NameNotHeld(string key, string problem, string renamed) => Make(
        ErrorIds.RestoreNameNotHeld, BackupErrorCategory.InvalidData, key,
        $"'{key}' was not restored: {(OperatingSystem.IsWindows() ? "Windows" : "the destination's file system")} cannot hold a file of that name, "
        + $"because {problem}.",
        $"-RenameInvalid restores it as '{renamed}'; or restore it on Linux or macOS.");

    public static BackupError PathBlocked(string key, string blocker) => Make(
        ErrorIds.RestorePathBlocked, BackupErrorCategory.InvalidOperation, key,
        $"'{key}' was not restored: '{blocker}' is there, and is not of the same kind. Nothing is written through links.",
        "Move what is in the way, or restore to an empty folder.");

    public static BackupError NameCollision(string key, string first) => Make(
        ErrorIds.RestoreNameCollision, BackupErrorCategory.InvalidOperation, key,
        $"'{key}' was not restored: the destination's file system takes '{first}' for the same name.",
        "Restore it alone with -Path to another folder, or to a file system that tells the two names apart.");

    public static BackupError OfNoSource(string key) => Make(
        ErrorIds.RestoreKeyRefused, BackupErrorCategory.InvalidData, key,
        $"'{key}' was not restored: it is in the folder of none of the job's sources, so its original place is not known.",
        "Restore it with -Destination.");

    public static BackupError WriteFailed(string key, string reason) => Make(
        ErrorIds.RestoreWriteFailed, BackupErrorCategory.WriteError, key,
        $"'{key}' was not restored: {reason}", "Look at the destination: its permissions, its file system, its drive.");

    public static BackupError InUse(string key, string path) => Make(
        ErrorIds.RestoreWriteFailed, BackupErrorCategory.ResourceBusy, key,
        $"'{key}' was not restored: another program has '{path}' open.",
        "Close that program, or restore to another folder; then run the same command again: what is restored already is not fetched again.");

    public static BackupError DiskFull(string path, string reason) => Make(
        ErrorIds.RestoreDiskFull, BackupErrorCategory.LimitsExceeded, path,
        $"There is no room left in '{path}': {reason}",
        "Make room, then run the same command again: what is restored already is not fetched again.");

    public static BackupError ReadFailed(string path, string reason) => Make(
        ErrorIds.RestoreReadFailed, BackupErrorCategory.ReadError, path,
        $"'{path}' was not restored: it cannot be read ({reason}).",
        "Look at the mirror's drive, and restore this file with -From S3.");

    public static BackupError ContentWrong(string key, string reason) => Make(
        ErrorIds.RestoreContentWrong, BackupErrorCategory.InvalidData, key,
        $"'{key}' was not restored: {reason}", "Restore it from the other copy, or an earlier version with -AsOf; "
        + "-IncludeDamaged writes what came from S3 under another name.");

    public static BackupError ContentChanged(string key) => Make(
        ErrorIds.RestoreContentChanged, BackupErrorCategory.ResourceBusy, key,
        $"'{key}' was not restored: it changed each time it was read.", "A backup is running; restore when it has ended.");

    public static BackupError Archived(string key, string storageClass) => Make(
        ErrorIds.RestoreObjectArchived, BackupErrorCategory.InvalidOperation, key,
        $"'{key}' was not restored: it is in the archive ({storageClass}) and has to be retrieved first.",
        "Run the same command with -RequestRetrieval, and again when the retrieval is done.");

    public static BackupError BrokenOff(string key, string reason) => Make(
        ErrorIds.RestoreTransferBroken, BackupErrorCategory.ReadError, key,
        $"'{key}' was not restored: its content broke off each time it was fetched ({reason.TrimEnd('.')}).",
        "Run the same command again: what is restored already is not fetched again. If it breaks off again, look at the network and the "
        + "store's logs, and restore it from the other copy, or an earlier version with -AsOf.");

    /// <summary>What an exception while an entry's content was fetched means for that entry.</summary>
    public static BackupError OfContent(string key, Exception exception, S3Target target) => exception switch
    {
        ContentChangedException => ContentChanged(key),
        TransferBrokenException { IsWrongContent: true } or TransferBrokenException { InnerException: null } or InvalidDataException =>
            ContentWrong(key, exception.Message),
        TransferBrokenException { IsUnanswered: false } => BrokenOff(key, exception.Message),
        _ => Failed(key, exception, target),
    };

    public static BackupError Failed(string key, Exception exception, S3Target target)
    {
        BackupError cause = FromS3(exception, target);
        return cause with { Message = $"'{ShownText.Of(key)}' was not restored. {cause.Message}", Target = key };
    }

    /// <summary>What an exception of a request means to a restore.</summary>
    public static BackupError FromS3(Exception exception, S3Target target)
    {
        if (exception is TransferBrokenException { InnerException: { } cause })
            exception = cause;
        if (exception is AmazonS3Exception { ErrorCode: "NoSuchKey" or "NoSuchVersion" } gone)
        {
            return Make(
                ErrorIds.RestoreObjectGone, BackupErrorCategory.ObjectNotFound, target.Bucket, "It was deleted since it was listed.",
                "Run the same command again; or with -AsOf, where the bucket keeps versions.") with
            { S3ErrorCode = gone.ErrorCode };
        }

        BackupError error = S3Errors.From(exception, target);
        return error.Id switch
        {
            ErrorIds.S3AccessDenied => error with
            {
                RecommendedAction = "To restore, the credentials need s3:ListBucket on the bucket and s3:GetObject on its objects; for -AsOf also "
                    + "s3:ListBucketVersions and s3:GetObjectVersion, for -RequestRetrieval s3:RestoreObject, and the right to decrypt with its KMS key. New-BackupPolicy "
                    + "-For Restore writes such a policy.",
            },
            ErrorIds.S3EndpointUnreachable => error with
            {
                RecommendedAction = "Check the network, the region and the endpoint's address and port; then run the same command again.",
            },
            ErrorIds.S3ProxyUnreachable => error with
            {
                RecommendedAction = "Check that the proxy runs, and HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; then run the same command again.",
            },
            _ => error,
        };
    }

    public static BackupError Incomplete(long failed, long total) => Make(
        ErrorIds.RestoreIncomplete, BackupErrorCategory.WriteError, null,
        $"{failed} of {total} {(total == 1 ? "entry was" : "entries were")} not restored; the failed items say which and why.",
        "Do what they say, then run the same command again: what is restored already is not fetched again.");

    public static BackupError Cancelled(string where) => Make(
        ErrorIds.RestoreCancelled, BackupErrorCategory.OperationStopped, where,
        "The restore was stopped; each file is the old one or the whole new one.",
        "Run the same command again: what is restored already is not fetched again.");

    public static BackupError Unexpected(string where, Exception exception) => Make(
        ErrorIds.RestoreFailed, BackupErrorCategory.NotSpecified, where, $"The restore failed: {exception.Message}", "The log has the details.");

    /// <summary>True when nothing more can be written.</summary>
    public static bool IsDiskFull(Exception exception) => exception is IOException
        && (exception.HResult is DiskFullOnUnix or DiskFullOnWindows || QuotaExceeded.Contains(exception.HResult));

    private static BackupError Make(
        string id, BackupErrorCategory category, string? target, string message, string action, BackupExitCode exitCode = BackupExitCode.Stage1Failed) =>
        BackupError.Make(id, category, message, action, target, exitCode);

    private static BackupException Refusal(
        string id, BackupErrorCategory category, string? target, string message, string action, BackupExitCode exitCode = BackupExitCode.Refused) =>
        new(Make(id, category, target, message, action, exitCode));
}
