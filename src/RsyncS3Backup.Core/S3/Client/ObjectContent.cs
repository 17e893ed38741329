using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;

namespace RsyncS3Backup.S3.Client;

/// <summary>Bytes in memory on their way to S3: a whole object or one part of it.</summary>
internal sealed class ObjectContent(string relativeKey, byte[] buffer, int length)
{
    /// <summary>The key below the job's prefix.</summary>
    public string RelativeKey => relativeKey;

    /// <summary>Bytes.</summary>
    public int Length => length;

    /// <summary>The object's metadata; nothing for a part.</summary>
    public IEnumerable<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>The CRC32 as S3 wants it: big-endian, base64.</summary>
    public string Crc32
    {
        get
        {
            Span<byte> bytes = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, System.IO.Hashing.Crc32.HashToUInt32(buffer.AsSpan(0, length)));
            return Convert.ToBase64String(bytes);
        }
    }

    /// <summary>The MD5 as S3 wants it in Content-MD5: base64.</summary>
    public string Md5
    {
        get
        {
#pragma warning disable CA5351 // S3's own integrity check, not a security measure
            return Convert.ToBase64String(MD5.HashData(buffer.AsSpan(0, length)));
#pragma warning restore CA5351
        }
    }

    /// <summary>A new reader from the first byte; a retry reads again.</summary>
    public Stream OpenRead() => new MemoryStream(buffer, 0, length, writable: false);
}
