using System.Buffers.Binary;
using System.Security.Cryptography;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Bytes in memory on their way to S3: a whole object or one part of it.</summary>
internal sealed class ObjectContent(string relativeKey, byte[] buffer, int length)
{
    private string? crc32;
    private string? md5;
    private (string Algorithm, string Value)? other;
    private UInt128? hash;

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

    /// <summary>The checksum by one of <see cref="S3ChecksumAlgorithms"/>, base64.</summary>
    public string ChecksumBy(string algorithm)
    {
        if (algorithm == S3ChecksumAlgorithms.Crc32)
            return Crc32;
        if (other is { } known && known.Algorithm == algorithm)
            return known.Value;
        using ContentChecksum.IRunning running = ContentChecksum.Start(algorithm.ToLowerInvariant());
        running.Append(Bytes.Span);
        string value = Convert.ToBase64String(running.Finish());
        other = (algorithm, value);
        return value;
    }

    /// <summary>The hash by which the content is known again. Asked for after the checksum, which may be the same.</summary>
    public UInt128 Hash => hash ??= other is { Algorithm: S3ChecksumAlgorithms.Sha256 } known
        ? ContentHash.First(Convert.FromBase64String(known.Value))
        : ContentHash.Of(Bytes.Span);

    /// <summary>The headers by which S3 verifies these bytes.</summary>
    /// <param name="usesChecksum">True for a checksum, false for stores that verify Content-MD5 only.</param>
    /// <param name="algorithm">One of <see cref="S3ChecksumAlgorithms"/>.</param>
    public IEnumerable<KeyValuePair<string, string>> ChecksumHeaders(bool usesChecksum, string algorithm = S3ChecksumAlgorithms.Crc32) => usesChecksum
        // Ceph verifies the checksum only when the algorithm is named beside it.
        ? [new(ContentChecksum.HeaderPrefix + algorithm.ToLowerInvariant(), ChecksumBy(algorithm)), new("x-amz-sdk-checksum-algorithm", algorithm)]
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
