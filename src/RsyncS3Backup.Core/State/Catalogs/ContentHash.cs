using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// What tells content from any other: the first 128 bits of its SHA-256. A quicker hash, such as XXH128, would be no proof here:
/// whoever may write one folder of a source could make a file that collides with a known one of somebody else's, and theirs would
/// be restored for it.
/// </summary>
/// <param name="Value">The hash of the content; of content in parts, the hash of the parts' hashes.</param>
/// <param name="PartSize">Bytes of each part but the last; 0 for content in one piece.</param>
internal readonly record struct ContentHash(UInt128 Value, long PartSize)
{
    /// <summary>Bytes of a value.</summary>
    public const int Length = 16;

    /// <summary>True where the hashes of parts are known, if they are of this content.</summary>
    public bool IsOfParts => PartSize > 0;

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
        return new ContentHash(Of(Write(parts)), partSize);
    }

    /// <summary>Values as bytes.</summary>
    public static byte[] Write(IReadOnlyList<UInt128> parts)
    {
        byte[] all = new byte[parts.Count * Length];
        for (int index = 0; index < parts.Count; index++)
            BinaryPrimitives.WriteUInt128BigEndian(all.AsSpan(index * Length), parts[index]);
        return all;
    }

    /// <summary>The hashes of the parts that this is made of; null when those are others.</summary>
    /// <param name="written">What <see cref="Write"/> gave.</param>
    public UInt128[]? ReadParts(ReadOnlySpan<byte> written)
    {
        if (!IsOfParts || written.Length % Length != 0 || Of(written) != Value)
            return null;
        UInt128[] parts = new UInt128[written.Length / Length];
        for (int index = 0; index < parts.Length; index++)
            parts[index] = BinaryPrimitives.ReadUInt128BigEndian(written[(index * Length)..]);
        return parts;
    }

    /// <summary>The value that a whole SHA-256 stands for.</summary>
    public static UInt128 First(ReadOnlySpan<byte> sha256) => BinaryPrimitives.ReadUInt128BigEndian(sha256);
}
