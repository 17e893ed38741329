namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>What is said of snapshots whose manifests cannot be read.</summary>
internal static class SnapshotErrors
{
    private const int Named = 3;

    /// <summary>That they cannot be read, and why.</summary>
    public static string Archived(IReadOnlyList<Snapshot> archived)
    {
        IEnumerable<string> first = archived.Take(Named).Select(snapshot => $"{snapshot.KeyPrefix} ({snapshot.ArchivedIn})");
        string more = archived.Count > Named ? $" and {archived.Count - Named} more" : "";
        return "A lifecycle rule has moved the manifests of these snapshots to an archive, so nobody can read whose they are and whether they are "
            + $"complete: {string.Join(", ", first)}{more}.";
    }

    /// <summary>How their manifests come back.</summary>
    public static string BringBack(IReadOnlyList<Snapshot> archived, string bucket) =>
        "Bring each manifest back with a command such as: aws s3api restore-object "
        + $"--bucket {bucket} --key '{archived[0].KeyPrefix}{SnapshotManifest.RelativeKey}' --restore-request Days=7. "
        + "Wait until S3 has done so (minutes to 48 hours), then run again; after the 7 days they are archived again.";

    /// <summary>When one of them may be what a restore is meant to be from.</summary>
    public static BackupException ManifestArchived(IReadOnlyList<Snapshot> archived, string bucket) => new(BackupError.Make(
        ErrorIds.SnapshotManifestArchived, BackupErrorCategory.InvalidOperation,
        Archived(archived),
        $"{BringBack(archived, bucket)} Or name an earlier snapshot with -Snapshot and its date, or the folder itself with -BucketName and -KeyPrefix.",
        archived[0].KeyPrefix, BackupExitCode.BadConfiguration));
}
