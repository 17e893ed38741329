using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Recovery.Copies;

/// <summary>What can be wrong with a copy that somebody wants to look into.</summary>
internal static class CopyErrors
{
    public static BackupException KeepsNoVersions(string bucket) => Failure(
        ErrorIds.BucketKeepsNoVersions, BackupErrorCategory.InvalidOperation, bucket,
        $"Bucket '{bucket}' keeps no versions, so it does not know what it held in the past.",
        "Leave the time out to see what it holds now. For the future: switch versioning on, or use dated snapshots ({yyyy-MM-dd} in s3Prefix).");

    public static BackupException NoSnapshot(string prefix, string wanted) => Failure(
        ErrorIds.SnapshotNotFound, BackupErrorCategory.ObjectNotFound, prefix,
        $"There is no {wanted} under '{prefix}'.", "Get-BackupSnapshot lists the snapshots that there are.");

    public static BackupException SnapshotOwnedByOther(string prefix, string job, IReadOnlyList<Snapshot> others)
    {
        IEnumerable<string> mirrors = others.GroupBy(snapshot => snapshot.Manifest.Mirror).Select(ofOne =>
            $"{ofOne.First().KeyPrefix} ({(ofOne.First().Manifest.Host is { } host ? $"of machine '{host}', " : "")}mirror {ofOne.Key ?? "not known"})");
        return Failure(
            ErrorIds.SnapshotOwnedByOther, BackupErrorCategory.InvalidOperation, prefix,
            $"The snapshots under '{prefix}' are of other mirrors of a job of the name '{job}'. The newest of each: {string.Join(", ", mirrors)}.",
            "If one of them is meant, name it with -Snapshot and its date; Get-BackupSnapshot lists them with HostName and MirrorId.");
    }

    public static BackupException NotDated(string? prefix) => Failure(
        ErrorIds.SnapshotNotFound, BackupErrorCategory.InvalidArgument, prefix ?? "",
        "A snapshot was asked for, and the key prefix has no date tokens, so there are no dated snapshots.",
        "Leave -Snapshot out; in a bucket that keeps versions, -AsOf goes back in time.");

    public static BackupException SnapshotsNotNamed(string prefix) => Failure(
        ErrorIds.SnapshotNotFound, BackupErrorCategory.InvalidOperation, prefix,
        $"The date tokens of '{prefix}' repeat (they leave out the year, or a part after it), so a date does not name one snapshot.",
        "Name the folder itself with -BucketName and -KeyPrefix.");

    public static BackupException NoBucket(string job) => Failure(
        ErrorIds.NoS3Copy, BackupErrorCategory.InvalidOperation, job,
        $"Job '{job}' is local only: it has no bucket.", "Look into the mirror, with -From Local.");

    public static BackupException NoMirror() => Failure(
        ErrorIds.NoLocalCopy, BackupErrorCategory.InvalidArgument, "",
        "A bucket without a job has no mirror.", "Leave -From out, or name the job with -Name or -ConfigPath.");

    public static BackupException MirrorHasNoPast(string root) => Failure(
        ErrorIds.NoLocalCopy, BackupErrorCategory.InvalidArgument, root,
        $"The mirror '{root}' holds the last state only: it knows no time in the past, no snapshots and no versions.",
        "Leave -From out, or look into S3, with -From S3.");

    public static BackupException DeletedIsOfNow() => Failure(
        ErrorIds.DeletedUnknown, BackupErrorCategory.InvalidArgument, "",
        "-Deleted lists what S3 still keeps of what the mirror no longer has. That is known of the present only.",
        "Leave out -AsOf, -Snapshot and -AllVersions; -AllVersions alone lists the delete markers of a bucket that keeps versions.");

    public static BackupException DeletedUnknown(string job) => Failure(
        ErrorIds.DeletedUnknown, BackupErrorCategory.ObjectNotFound, job,
        $"This machine does not know what of the bucket the mirror of job '{job}' has: it has no catalog of the job, or one that is in doubt.",
        "Name a job of this machine, with -Name or -ConfigPath. Where its catalog is lost or in doubt, the next run makes it good.");

    public static BackupException NoItem(string path) => Failure(
        ErrorIds.ItemNotFound, BackupErrorCategory.ObjectNotFound, path,
        $"The copy holds no '{path}'.", "Paths are below the mirror's root, and upper and lower case count. Get-BackupItem without -Path shows what there is.");

    private static BackupException Failure(string id, BackupErrorCategory category, string target, string message, string action) =>
        new(BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration));
}
