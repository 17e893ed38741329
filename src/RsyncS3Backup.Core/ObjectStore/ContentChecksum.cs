using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The algorithms of checksums that S3 stores.</summary>
internal static class ContentChecksum
{
    /// <summary>What the names of S3's checksum headers start with.</summary>
    public const string HeaderPrefix = "x-amz-checksum-";

    /// <summary>S3's own, of which there is none of parts.</summary>
    public const string Crc64Nvme = "crc64nvme";

    /// <summary>That of entity tags.</summary>
    public const string Md5 = "md5";

    /// <summary>Those that have a header, by S3's name in lower case, the cheapest first.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = ["crc32", "crc32c", Crc64Nvme, "sha1", "sha256"];

    /// <summary>A computation under way.</summary>
    public interface IRunning : IDisposable
    {
        /// <summary>Further bytes.</summary>
        void Append(ReadOnlySpan<byte> bytes);

        /// <summary>The checksum of all of them, the most significant byte first; then the next one can begin.</summary>
        byte[] Finish();
    }

    /// <summary>Starts a computation.</summary>
    /// <param name="algorithm">Its name.</param>
    public static IRunning Start(string algorithm) => algorithm switch
    {
        "crc32" => new PlainCrc32(),
        "crc32c" => new Crc32C(),
        Crc64Nvme => new Crc64NvmeSum(),
        "sha1" => new Hash(HashAlgorithmName.SHA1),
        Md5 => new Hash(HashAlgorithmName.MD5),
        _ => new Hash(HashAlgorithmName.SHA256),
    };

    /// <summary>A CRC32 as S3 writes it: big-endian, base64.</summary>
    public static string Base64(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Convert.ToBase64String(bytes);
    }

    private sealed class PlainCrc32 : IRunning
    {
        private readonly Crc32 crc = new();

        public void Append(ReadOnlySpan<byte> bytes) => crc.Append(bytes);

        public byte[] Finish()
        {
            byte[] value = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(value, crc.GetCurrentHashAsUInt32());
            crc.Reset();
            return value;
        }

        public void Dispose()
        {
        }
    }

    private sealed class Crc32C : IRunning
    {
        private uint state = uint.MaxValue;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            uint crc = state;
            for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            foreach (byte value in bytes)
                crc = BitOperations.Crc32C(crc, value);
            state = crc;
        }

        public byte[] Finish()
        {
            byte[] value = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(value, ~state);
            state = uint.MaxValue;
            return value;
        }

        public void Dispose()
        {
        }
    }

    // What S3 computes itself when the client sends no checksum. Reflected polynomial of CRC-64/NVME, eight bytes a step.
    private sealed class Crc64NvmeSum : IRunning
    {
        private const ulong Polynomial = 0x9A6C9329AC4BC9B5;
        private static readonly ulong[][] Tables = MakeTables();
        private ulong state = ulong.MaxValue;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            ulong crc = state;
            for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            {
                crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                crc = Tables[7][(byte)crc] ^ Tables[6][(byte)(crc >> 8)] ^ Tables[5][(byte)(crc >> 16)] ^ Tables[4][(byte)(crc >> 24)]
                    ^ Tables[3][(byte)(crc >> 32)] ^ Tables[2][(byte)(crc >> 40)] ^ Tables[1][(byte)(crc >> 48)] ^ Tables[0][(byte)(crc >> 56)];
            }

            foreach (byte value in bytes)
                crc = Tables[0][(byte)(crc ^ value)] ^ (crc >> 8);
            state = crc;
        }

        public byte[] Finish()
        {
            byte[] value = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(value, ~state);
            state = ulong.MaxValue;
            return value;
        }

        public void Dispose()
        {
        }

        private static ulong[][] MakeTables()
        {
            ulong[][] tables = [.. Enumerable.Range(0, sizeof(ulong)).Select(_ => new ulong[256])];
            for (int value = 0; value < 256; value++)
            {
                ulong crc = (ulong)value;
                for (int bit = 0; bit < 8; bit++)
                    crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
                tables[0][value] = crc;
            }

            for (int value = 0; value < 256; value++)
            {
                for (int table = 1; table < tables.Length; table++)
                    tables[table][value] = tables[0][(byte)tables[table - 1][value]] ^ (tables[table - 1][value] >> 8);
            }

            return tables;
        }
    }

    private sealed class Hash(HashAlgorithmName name) : IRunning
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(name);

        public void Append(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

        public byte[] Finish() => hash.GetHashAndReset();

        public void Dispose() => hash.Dispose();
    }
}
