namespace RsyncS3Backup.ObjectStore.Rights;

/// <summary>A right, and what a job needs it for.</summary>
/// <param name="Action">Its name in a policy.</param>
/// <param name="For">What it is for, and what does not go without it.</param>
internal sealed record BackupRight(string Action, string For);

/// <summary>All rights that this module uses. docs/security.md has the same list, and a test compares the two.</summary>
internal static class BackupRights
{
    public static readonly BackupRight ListBucket = new(
        "s3:ListBucket",
        "what is in the bucket: for comparisons, restores, tests, and to tell an object that is missing from one that is closed");

    public static readonly BackupRight ListVersions = new(
        "s3:ListBucketVersions", "old versions: restores of a time in the past (`-AsOf`)");

    public static readonly BackupRight GetVersioning =
        new("s3:GetBucketVersioning", "whether the bucket keeps versions: without it, `-AsOf` takes it that it does, and a job with `requireVersioning` is refused");

    public static readonly BackupRight ListUploads = new(
        "s3:ListBucketMultipartUploads", "unfinished uploads of runs that died, which a run by reconcile gives up");

    public static readonly BackupRight GetObject = new(
        "s3:GetObject",
        "whose the prefix is, copies inside S3 (a chmod, other names of a file, parts that did not change, snapshots; without it these are uploads), restores and tests");

    public static readonly BackupRight GetVersion = new(
        "s3:GetObjectVersion", "the content of old versions: restores of a time in the past");

    public static readonly BackupRight PutObject = new("s3:PutObject", "uploads and copies");

    public static readonly BackupRight PutTagging = new("s3:PutObjectTagging", "uploads and copies of a job with `tags`");

    public static readonly BackupRight PutRetention = new(
        "s3:PutObjectRetention", "uploads and copies of a job with `objectLock`, and renewing their locks");

    public static readonly BackupRight GetRetention = new(
        "s3:GetObjectRetention",
        "whether the store locked what a job with `objectLock` wrote; without it each object is locked by a request of its own");

    public static readonly BackupRight GetObjectLock = new(
        "s3:GetBucketObjectLockConfiguration", "whether the bucket has Object Lock, before the first change of a job with `objectLock`");

    public static readonly BackupRight DeleteObject = new(
        "s3:DeleteObject", "what the mirror no longer has, with `deleteFromS3`, and snapshots that are pruned");

    public static readonly BackupRight AbortUpload = new(
        "s3:AbortMultipartUpload", "giving up an upload in parts, so that nobody pays for its parts");

    public static readonly BackupRight ListParts = new(
        "s3:ListMultipartUploadParts", "going on with an upload in parts that was cut off");

    public static readonly BackupRight RestoreObject = new(
        "s3:RestoreObject", "bringing objects back from an archive (`-RequestRetrieval`)");

    public static readonly BackupRight ReadLifecycle = new(
        "s3:GetLifecycleConfiguration", "the bucket's rules: `Get-BackupLifecycle`, and before they are changed; no run needs it");

    public static readonly BackupRight WriteLifecycle = new(
        "s3:PutLifecycleConfiguration", "`Set-BackupLifecycle` and `Remove-BackupLifecycle`; no run needs it");

    public static readonly BackupRight GenerateKey = new("kms:GenerateDataKey", "uploads and copies that a KMS key encrypts");

    public static readonly BackupRight Decrypt = new(
        "kms:Decrypt", "reading, copying and uploading in parts what a KMS key encrypts");

    /// <summary>In the order of the documentation.</summary>
    public static IReadOnlyList<BackupRight> All { get; } =
    [
        ListBucket, ListUploads, GetObject, PutObject, AbortUpload, ListParts, DeleteObject, PutTagging, PutRetention, GetRetention, GetObjectLock, GenerateKey, Decrypt,
        ListVersions, GetVersioning, GetVersion, RestoreObject, ReadLifecycle, WriteLifecycle,
    ];
}
