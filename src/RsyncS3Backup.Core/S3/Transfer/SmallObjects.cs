namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// Storage classes that bill every object as at least 128 KiB: STANDARD_IA, ONEZONE_IA and GLACIER_IR. Source: "Amazon S3 pricing", the notes
/// on minimum billable object sizes.
/// </summary>
internal static class SmallObjects
{
    /// <summary>Bytes that the classes with a minimum bill at least.</summary>
    public const long MinimumBilledSize = 128 * 1024;

    /// <summary>True when an object of that class is billed as at least <see cref="MinimumBilledSize"/>.</summary>
    public static bool HasMinimum(string storageClass) => storageClass is "STANDARD_IA" or "ONEZONE_IA" or "GLACIER_IR";

    /// <summary>The class that an object of <paramref name="size"/> bytes goes to.</summary>
    public static string StorageClassFor(long size, S3SyncOptions options) =>
        options.SmallObjectStorageClass is { } small && size < MinimumBilledSize && HasMinimum(options.StorageClass) ? small : options.StorageClass;
}
