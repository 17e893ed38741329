namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Where objects go that their storage class would bill as larger than they are. Source: "Amazon S3 pricing", the notes on minimum billable
/// object sizes.
/// </summary>
internal static class SmallObjects
{
    /// <summary>Bytes that the classes with a minimum bill at least.</summary>
    public const long MinimumBilledSize = 128 * 1024;

    /// <summary>The class that an object of <paramref name="size"/> bytes goes to.</summary>
    public static string StorageClassFor(long size, S3SyncOptions options) =>
        options.SmallObjectStorageClass is { } small && size < MinimumBilledSize && S3StorageClasses.HasMinimum(options.StorageClass)
            ? small
            : options.StorageClass;
}
