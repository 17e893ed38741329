using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>A checksum by its algorithm, in the requests and answers of the SDK, which has a property for each.</summary>
internal static class PartChecksums
{
    /// <summary>
    /// What the checksum of an object that is copied in parts is to be made of: of the whole, because the parts are not those of its source; null
    /// for what S3 makes of checksums of parts. There is no SHA-256 of the whole of parts.
    /// </summary>
    public static ChecksumType? TypeOfCopies(string algorithm) => algorithm == S3ChecksumAlgorithms.Sha256 ? null : ChecksumType.FULL_OBJECT;

    /// <summary>The checksum of content, for a whole object.</summary>
    public static void Set(PutObjectRequest put, ObjectContent content, string algorithm)
    {
        put.ChecksumAlgorithm = new ChecksumAlgorithm(algorithm);
        string value = content.ChecksumBy(algorithm);
        (put.ChecksumCRC32, put.ChecksumCRC64NVME, put.ChecksumSHA256) = Of(value, algorithm);
    }

    /// <summary>The checksum of content, for a part.</summary>
    public static void Set(UploadPartRequest put, ObjectContent content, string algorithm)
    {
        put.ChecksumAlgorithm = new ChecksumAlgorithm(algorithm);
        string value = content.ChecksumBy(algorithm);
        (put.ChecksumCRC32, put.ChecksumCRC64NVME, put.ChecksumSHA256) = Of(value, algorithm);
    }

    /// <summary>A part, as the request names it that makes the object of them.</summary>
    public static PartETag Tag(UploadedPart part, string algorithm)
    {
        PartETag tag = new(part.Number, part.ETag);
        (tag.ChecksumCRC32, tag.ChecksumCRC64NVME, tag.ChecksumSHA256) = Of(part.Checksum, algorithm);
        return tag;
    }

    /// <summary>The checksum of a part that a listing shows.</summary>
    public static string? Of(PartDetail part, string algorithm) =>
        Given(algorithm, part.ChecksumCRC32, part.ChecksumCRC64NVME, part.ChecksumSHA256);

    /// <summary>True for a part of an upload that was begun with another algorithm, as far as the store tells.</summary>
    public static bool IsOfOther(ListPartsResponse page, PartDetail part, string algorithm) =>
        (page.ChecksumAlgorithm?.Value is { Length: > 0 } named && named != algorithm)
        || (Of(part, algorithm) is null && S3ChecksumAlgorithms.All.Any(other => Of(part, other) is not null));

    /// <summary>The checksum of a part that was copied.</summary>
    public static string? Of(CopyPartResponse part, string algorithm) =>
        Given(algorithm, part.ChecksumCRC32, part.ChecksumCRC64NVME, part.ChecksumSHA256);

    private static (string? Crc32, string? Crc64Nvme, string? Sha256) Of(string? value, string algorithm) => algorithm switch
    {
        S3ChecksumAlgorithms.Crc64Nvme => (null, value, null),
        S3ChecksumAlgorithms.Sha256 => (null, null, value),
        _ => (value, null, null),
    };

    private static string? Given(string algorithm, string? crc32, string? crc64Nvme, string? sha256)
    {
        string? value = algorithm switch
        {
            S3ChecksumAlgorithms.Crc64Nvme => crc64Nvme,
            S3ChecksumAlgorithms.Sha256 => sha256,
            _ => crc32,
        };
        return string.IsNullOrEmpty(value) ? null : value;
    }
}
