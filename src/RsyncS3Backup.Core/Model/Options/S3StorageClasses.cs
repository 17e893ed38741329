namespace RsyncS3Backup;

/// <summary>The storage classes an object can be put into, by the names S3 uses.</summary>
public static class S3StorageClasses
{
    /// <summary>The one that S3 takes where none is named, and does not name itself.</summary>
    public const string Standard = "STANDARD";

    /// <summary>The class that S3 means by a name in one of its answers.</summary>
    internal static string Named(string? answered) => string.IsNullOrEmpty(answered) ? Standard : answered;

    /// <summary>All of them. Source: the PutObject page of the S3 API reference.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Standard, "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY"];

    /// <summary>Those that bill small objects by their size and for as long as they exist. Source: the S3 pricing page.</summary>
    public static IReadOnlyList<string> WithoutMinimum { get; } = [Standard, "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY"];

    /// <summary>Those that lifecycle rules move objects to. Source: the Transition page of the S3 API reference.</summary>
    internal static IReadOnlyList<string> ForTransitions { get; } =
        ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

    /// <summary>True for a class that bills every object as at least 128 KiB. Source: the S3 pricing page.</summary>
    public static bool HasMinimum(string storageClass) => storageClass is "STANDARD_IA" or "ONEZONE_IA" or "GLACIER_IR";

    /// <summary>True for a class whose objects must be restored before they can be read or copied. Source: the S3 user guide.</summary>
    public static bool IsArchive(string storageClass) => storageClass is "GLACIER" or "DEEP_ARCHIVE";
}
