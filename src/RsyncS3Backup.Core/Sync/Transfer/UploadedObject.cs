using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>An entry that S3 confirmed.</summary>
/// <param name="Attributes">The attributes of the version that was sent; they are in the object's metadata.</param>
/// <param name="Stored">What S3 answered.</param>
/// <param name="Crc32">The CRC32 of the whole content, base64 as S3 writes it.</param>
/// <param name="Hash">The hash of what was sent; null where it is not worth it.</param>
/// <param name="PartHashes">The hashes of the parts that <paramref name="Hash"/> is made of; null for content in one
/// piece.</param>
/// <param name="SentBytes">Bytes that were sent for it in this run; fewer than it has when an upload was continued.</param>
internal sealed record UploadedObject(
    FileAttributesSnapshot Attributes, StoredObject Stored, string Crc32, ContentHash? Hash, IReadOnlyList<UInt128>? PartHashes,
        long SentBytes)
{
    /// <summary>Bytes that were copied inside S3 instead.</summary>
    public long CopiedBytes { get; init; }
}
