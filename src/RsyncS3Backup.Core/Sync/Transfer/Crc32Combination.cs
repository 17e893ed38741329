using System.Buffers.Binary;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// The CRC32 of two pieces together from the CRC32 of each, without their bytes. Appending n zero bytes is a linear map of the 32 bits, so it
/// is a matrix, and its powers of two are found by squaring. Source: crc32_combine of zlib 1.2.
/// </summary>
internal static class Crc32Combination
{
    private const int Bits = 32;
    private const uint Polynomial = 0xEDB88320;

    /// <summary>The CRC32 of the first piece followed by the second.</summary>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        uint[] power = OneZeroBit();
        // Three squarings: one bit, two, four, and eight, which is a byte.
        for (int i = 0; i < 3; i++)
            power = Square(power);
        for (long left = secondLength; left > 0; left >>= 1)
        {
            if ((left & 1) != 0)
                first = Times(power, first);
            power = Square(power);
        }

        return first ^ second;
    }

    /// <summary>The checksum of a whole from those of its pieces, in order; base64 of the big-endian number, as S3 writes it.</summary>
    public static string Combine(IEnumerable<(string Crc32, long Length)> pieces)
    {
        uint whole = 0;
        foreach ((string crc32, long length) in pieces)
            whole = Combine(whole, BinaryPrimitives.ReadUInt32BigEndian(Convert.FromBase64String(crc32)), length);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, whole);
        return Convert.ToBase64String(bytes);
    }

    private static uint[] OneZeroBit()
    {
        uint[] matrix = new uint[Bits];
        matrix[0] = Polynomial;
        for (int i = 1; i < Bits; i++)
            matrix[i] = 1u << (i - 1);
        return matrix;
    }

    private static uint Times(uint[] matrix, uint vector)
    {
        uint sum = 0;
        for (int i = 0; vector != 0; vector >>= 1, i++)
        {
            if ((vector & 1) != 0)
                sum ^= matrix[i];
        }

        return sum;
    }

    private static uint[] Square(uint[] matrix) => Array.ConvertAll(matrix, column => Times(matrix, column));
}
