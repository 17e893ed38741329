using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// What tells content from any other: the first 128 bits of its SHA-256. A quicker hash, such as XXH128, would be no proof here: whoever may
/// write one folder of a source could make a file that collides with a known one of somebody else's, and theirs would be restored for it.
/// </summary>
/// <param name="Value">The hash of the content; of content in parts, the hash of the parts' hashes.</param>
/// <param name="PartSize">Bytes of each part but the last; 0 for content in one piece.</param>
internal readonly record struct ContentHash(UInt128 Value, long PartSize)
{
    /// <summary>Bytes of a value.</summary>
    public const int Length = 16;

    /// <summary>The value of one piece.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return First(hash);
    }

    /// <summary>The hash of content from those of its parts, in order.</summary>
    public static ContentHash OfParts(IReadOnlyList<UInt128> parts, long partSize)
    {
        byte[] all = new byte[parts.Count * Length];
        for (int index = 0; index < parts.Count; index++)
            BinaryPrimitives.WriteUInt128BigEndian(all.AsSpan(index * Length), parts[index]);
        return new ContentHash(Of(all), partSize);
    }

    /// <summary>The value that a whole SHA-256 stands for.</summary>
    public static UInt128 First(ReadOnlySpan<byte> sha256) => BinaryPrimitives.ReadUInt128BigEndian(sha256);
}
