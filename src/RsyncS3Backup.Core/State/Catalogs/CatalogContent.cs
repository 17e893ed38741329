using System.Buffers.Binary;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// By what the rows are found whose objects may hold an entry's content: size and modification time, and behind them the hash.
/// Eight bytes stand for the first two, so that an index of a million rows stays small; who finds a row compares.
/// </summary>
internal static class CatalogContent
{
    private const int PrefixLength = sizeof(ulong);

    /// <summary>What a row is found by; null for one whose object is nothing to copy from.</summary>
    public static byte[]? Of(CatalogEntry entry) =>
        // Nothing can be copied from an archive. What comes back from there has its row written anew.
        entry is { Hash: { } hash, ETag.Length: > 0 } && !S3StorageClasses.IsArchive(entry.StorageClass)
            ? Exact(entry.Size, entry.ModifiedNanoseconds, hash)
            : null;

    /// <summary>What the rows with that size, time and hash are found by.</summary>
    public static byte[] Exact(long size, long modifiedNanoseconds, ContentHash hash)
    {
        byte[] key = new byte[PrefixLength + ContentHash.Length];
        WritePrefix(key, size, modifiedNanoseconds);
        BinaryPrimitives.WriteUInt128BigEndian(key.AsSpan(PrefixLength), hash.Value);
        return key;
    }

    /// <summary>The first and the last by which rows with that size and time are found.</summary>
    public static (byte[] First, byte[] Last) Range(long size, long modifiedNanoseconds)
    {
        byte[] first = new byte[PrefixLength + ContentHash.Length];
        WritePrefix(first, size, modifiedNanoseconds);
        byte[] last = [.. first];
        last.AsSpan(PrefixLength).Fill(byte.MaxValue);
        return (first, last);
    }

    // Sizes are mixed by an odd factor, so that a size and a time that both grow by one do not come to the same.
    private static void WritePrefix(Span<byte> key, long size, long modifiedNanoseconds) => BinaryPrimitives.WriteUInt64BigEndian(
        key, unchecked((ulong)modifiedNanoseconds ^ ((ulong)size * 0x9E3779B97F4A7C15)));
}
