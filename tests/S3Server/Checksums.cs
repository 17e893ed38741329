using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;

namespace S3Server;

internal enum ChecksumAlgorithm
{
    Crc32,
    Crc32C,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// <summary>A stored checksum: base64, with <c>-N</c> behind it when it is a checksum of N parts' checksums.</summary>
internal sealed record StoredChecksum(ChecksumAlgorithm Algorithm, string Value, bool IsComposite)
{
    public string Type => IsComposite ? "COMPOSITE" : "FULL_OBJECT";
}

/// <summary>Names of the checksum algorithms in headers and documents, and incremental computation of each.</summary>
internal static class Checksums
{
    public static IReadOnlyList<ChecksumAlgorithm> All { get; } = Enum.GetValues<ChecksumAlgorithm>();

    /// <summary>As in <c>x-amz-checksum-algorithm</c>.</summary>
    public static string Name(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "CRC32",
        ChecksumAlgorithm.Crc32C => "CRC32C",
        ChecksumAlgorithm.Crc64Nvme => "CRC64NVME",
        ChecksumAlgorithm.Sha1 => "SHA1",
        _ => "SHA256",
    };

    public static string HeaderName(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm.Crc32C => "x-amz-checksum-crc32c",
        ChecksumAlgorithm.Crc64Nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm.Sha1 => "x-amz-checksum-sha1",
        _ => "x-amz-checksum-sha256",
    };

    public static string ElementName(ChecksumAlgorithm algorithm) => "Checksum" + Name(algorithm);

    public static ChecksumAlgorithm? FromName(string name) => name.ToUpperInvariant() switch
    {
        "CRC32" => ChecksumAlgorithm.Crc32,
        "CRC32C" => ChecksumAlgorithm.Crc32C,
        "CRC64NVME" => ChecksumAlgorithm.Crc64Nvme,
        "SHA1" => ChecksumAlgorithm.Sha1,
        "SHA256" => ChecksumAlgorithm.Sha256,
        _ => null,
    };

    public static ChecksumAlgorithm? FromHeaderName(string header) =>
        header.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase) ? FromName(header[15..]) : null;

    public static int Length(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C => 4,
        ChecksumAlgorithm.Crc64Nvme => 8,
        ChecksumAlgorithm.Sha1 => 20,
        _ => 32,
    };

    public static RunningChecksum Start(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => new RunningCrc32(),
        ChecksumAlgorithm.Crc32C => new RunningCrc32C(),
        ChecksumAlgorithm.Crc64Nvme => new RunningCrc64Nvme(),
        ChecksumAlgorithm.Sha1 => new RunningHash(HashAlgorithmName.SHA1),
        _ => new RunningHash(HashAlgorithmName.SHA256),
    };
}

internal abstract class RunningChecksum : IDisposable
{
    public abstract void Append(ReadOnlySpan<byte> data);

    /// <summary>The checksum in network byte order; ends the computation.</summary>
    public abstract byte[] Finish();

    public virtual void Dispose()
    {
    }
}

internal sealed class RunningHash(HashAlgorithmName name) : RunningChecksum
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(name);

    public override void Append(ReadOnlySpan<byte> data) => hash.AppendData(data);

    public override byte[] Finish() => hash.GetHashAndReset();

    public override void Dispose()
    {
        hash.Dispose();
        base.Dispose();
    }
}

internal sealed class RunningCrc32 : RunningChecksum
{
    private readonly Crc32 crc = new();

    public override void Append(ReadOnlySpan<byte> data) => crc.Append(data);

    public override byte[] Finish()
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, crc.GetCurrentHashAsUInt32());
        return bytes;
    }
}

internal sealed class RunningCrc32C : RunningChecksum
{
    private uint state = uint.MaxValue;

    public override void Append(ReadOnlySpan<byte> data)
    {
        var crc = state;
        while (data.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        state = crc;
    }

    public override byte[] Finish()
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ~state);
        return bytes;
    }
}

/// <summary>CRC-64/NVME (reflected polynomial 0x9A6C9329AC4BC9B5), eight bytes a step.</summary>
internal sealed class RunningCrc64Nvme : RunningChecksum
{
    private static readonly ulong[] Tables = BuildTables();
    private ulong state = ulong.MaxValue;

    public override void Append(ReadOnlySpan<byte> data)
    {
        var crc = state;
        var tables = Tables;
        while (data.Length >= 8)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            crc = tables[1792 + (int)(crc & 0xFF)] ^ tables[1536 + (int)((crc >> 8) & 0xFF)]
                ^ tables[1280 + (int)((crc >> 16) & 0xFF)] ^ tables[1024 + (int)((crc >> 24) & 0xFF)]
                ^ tables[768 + (int)((crc >> 32) & 0xFF)] ^ tables[512 + (int)((crc >> 40) & 0xFF)]
                ^ tables[256 + (int)((crc >> 48) & 0xFF)] ^ tables[(int)(crc >> 56)];
            data = data[8..];
        }
        foreach (var value in data)
            crc = tables[(int)((crc ^ value) & 0xFF)] ^ (crc >> 8);
        state = crc;
    }

    public override byte[] Finish()
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, ~state);
        return bytes;
    }

    private static ulong[] BuildTables()
    {
        var tables = new ulong[8 * 256];
        for (var value = 0; value < 256; value++)
        {
            var crc = (ulong)value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ CrcCombination.Nvme64Polynomial : crc >> 1;
            tables[value] = crc;
        }
        for (var index = 256; index < tables.Length; index++)
            tables[index] = tables[(int)(tables[index - 256] & 0xFF)] ^ (tables[index - 256] >> 8);
        return tables;
    }
}

/// <summary>
/// The CRC of two texts joined, from their CRCs and the second's length: what a FULL_OBJECT checksum of a multipart upload
/// is made of. The method is zlib's crc32_combine: appending a zero byte is a linear map, so appending n is its n-th power.
/// </summary>
internal static class CrcCombination
{
    public const ulong Nvme64Polynomial = 0x9A6C9329AC4BC9B5;
    private const ulong Crc32Polynomial = 0xEDB88320;
    private const ulong Crc32CPolynomial = 0x82F63B78;

    public static byte[] Combine(ChecksumAlgorithm algorithm, byte[] first, byte[] second, long secondLength)
    {
        var (width, polynomial) = algorithm switch
        {
            ChecksumAlgorithm.Crc32 => (32, Crc32Polynomial),
            ChecksumAlgorithm.Crc32C => (32, Crc32CPolynomial),
            _ => (64, Nvme64Polynomial),
        };
        var result = new byte[width / 8];
        var combined = Shift(Read(first), secondLength, width, polynomial) ^ Read(second);
        for (var index = 0; index < result.Length; index++)
            result[index] = (byte)(combined >> (8 * (result.Length - 1 - index)));
        return result;
    }

    private static ulong Read(byte[] bigEndian) => bigEndian.Aggregate(0UL, (value, next) => (value << 8) | next);

    private static ulong Shift(ulong crc, long zeroBytes, int width, ulong polynomial)
    {
        var matrix = new ulong[width];
        matrix[0] = polynomial;
        for (var bit = 1; bit < width; bit++)
            matrix[bit] = 1UL << (bit - 1);
        // One zero bit, squared three times: one zero byte.
        for (var doubling = 0; doubling < 3; doubling++)
            matrix = Square(matrix);
        for (; zeroBytes > 0; zeroBytes >>= 1)
        {
            if ((zeroBytes & 1) != 0)
                crc = Multiply(matrix, crc);
            matrix = Square(matrix);
        }
        return crc;
    }

    private static ulong[] Square(ulong[] matrix) => Array.ConvertAll(matrix, column => Multiply(matrix, column));

    private static ulong Multiply(ulong[] matrix, ulong vector)
    {
        var sum = 0UL;
        for (; vector != 0; vector &= vector - 1)
            sum ^= matrix[BitOperations.TrailingZeroCount(vector)];
        return sum;
    }
}
