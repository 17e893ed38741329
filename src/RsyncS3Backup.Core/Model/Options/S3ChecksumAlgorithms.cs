namespace RsyncS3Backup;

/// <summary>The checksums that can go with uploads, by the names S3 uses.</summary>
internal static class S3ChecksumAlgorithms
{
    /// <summary>The cheapest one, and the one that the most stores know.</summary>
    public const string Crc32 = "CRC32";

    /// <summary>S3's own, which is always one of the whole object.</summary>
    public const string Crc64Nvme = "CRC64NVME";

    /// <summary>The one that nobody can forge; of an object that is sent in parts it is one of the checksums of the parts.</summary>
    public const string Sha256 = "SHA256";

    /// <summary>All of them. Source: "Checking object integrity in Amazon S3" in the Amazon S3 User Guide.</summary>
    public static IReadOnlyList<string> All { get; } = [Crc32, Crc64Nvme, Sha256];
}
