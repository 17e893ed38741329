namespace RsyncS3Backup;

/// <summary>The storage classes an object can be put into, by the names S3 uses.</summary>
public static class S3StorageClasses
{
    /// <summary>All of them. Source: the PutObject page of the S3 API reference.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY"];
}
