using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Bytes in memory on their way to S3: a whole object or one part of it.</summary>
internal sealed class ObjectContent(string relativeKey, byte[] buffer, int length)
{
    private string? crc32;
    private string? md5;

    /// <summary>The key below the job's prefix.</summary>
    public string RelativeKey => relativeKey;

    /// <summary>Bytes.</summary>
    public int Length => length;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => new(buffer, 0, length);

    /// <summary>The CRC32 as S3 wants it: big-endian, base64.</summary>
    public string Crc32 => crc32 ??= ComputeCrc32();

    /// <summary>The MD5 as S3 wants it in Content-MD5: base64.</summary>
    public string Md5 => md5 ??= ComputeMd5();

    /// <summary>The headers by which S3 verifies these bytes.</summary>
    /// <param name="usesCrc32">True for a CRC32, false for stores that verify Content-MD5 only.</param>
    public IEnumerable<KeyValuePair<string, string>> ChecksumHeaders(bool usesCrc32) => usesCrc32
        // Ceph verifies the checksum only when the algorithm is named beside it.
        ? [new("x-amz-checksum-crc32", Crc32), new("x-amz-sdk-checksum-algorithm", "CRC32")]
        : [new("content-md5", Md5)];

    /// <summary>A new reader from the first byte; a retry reads again.</summary>
    public Stream OpenRead() => new MemoryStream(buffer, 0, length, writable: false);

    private string ComputeCrc32()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, System.IO.Hashing.Crc32.HashToUInt32(Bytes.Span));
        return Convert.ToBase64String(bytes);
    }

#pragma warning disable CA5351 // S3's own integrity check, not a security measure
    private string ComputeMd5() => Convert.ToBase64String(MD5.HashData(Bytes.Span));
#pragma warning restore CA5351
}
