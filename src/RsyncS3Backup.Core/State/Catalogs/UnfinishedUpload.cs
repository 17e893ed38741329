namespace RsyncS3Backup.State.Catalogs;

/// <summary>A multipart upload that was begun and of which it is not recorded that it ended, and the file that it was begun for.</summary>
/// <param name="RelativeKey">The key below the job's prefix.</param>
/// <param name="UploadId">S3's name for it.</param>
/// <param name="Size">Bytes of the file.</param>
/// <param name="PartSize">Bytes of each part but the last.</param>
/// <param name="ModifiedNanoseconds">The file's modification time in nanoseconds since 1970-01-01 UTC.</param>
/// <param name="ChangedNanoseconds">The file's change time, likewise.</param>
/// <param name="Inode">The file's inode.</param>
/// <param name="StartTime">When it was begun.</param>
internal sealed record UnfinishedUpload(
    string RelativeKey,
    string UploadId,
    long Size,
    long PartSize,
    long ModifiedNanoseconds,
    long ChangedNanoseconds,
    ulong Inode,
    DateTimeOffset StartTime)
{
    // No store makes such a name: it would have to be escaped in every address.
    private const char IntentionMark = '?';

    /// <summary>True before S3 has answered with its name: a crash then leaves an upload of which only the key is known.</summary>
    public bool IsIntention => UploadId.StartsWith(IntentionMark);

    /// <summary>A name for an upload that is about to be begun.</summary>
    public static string NewIntention() => IntentionMark + Guid.NewGuid().ToString("N");
}
