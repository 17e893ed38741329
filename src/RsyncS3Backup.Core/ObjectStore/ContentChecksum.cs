using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Computes, while content goes by, the checksum that S3 stored for it.</summary>
internal sealed class ContentChecksum : IDisposable
{
    /// <summary>What the names of S3's checksum headers start with.</summary>
    public const string HeaderPrefix = "x-amz-checksum-";

    private readonly IRunning running;
    private readonly string expected;

    private ContentChecksum(IRunning running, string expected)
    {
        this.running = running;
        this.expected = expected;
    }

    private interface IRunning : IDisposable
    {
        void Append(ReadOnlySpan<byte> bytes);

        string Finish();
    }

    /// <summary>
    /// The cheapest of what S3 knows of the whole content: a checksum, or the entity tag where that is an MD5; null when it knows none.
    /// </summary>
    public static ContentChecksum? For(StoredObject stored)
    {
        foreach (string algorithm in (ReadOnlySpan<string>)["crc32", "crc32c", "crc64nvme", "sha1", "sha256"])
        {
            if (stored.ChecksumBy(algorithm) is { } expected)
                return new ContentChecksum(Start(algorithm), expected);
        }

        bool isMd5 = !stored.IsTagOpaque && stored.ETag.Length == 32;
        return isMd5 ? new ContentChecksum(new Hash(HashAlgorithmName.MD5, isHex: true), stored.ETag.ToLowerInvariant()) : null;
    }

    /// <summary>Further bytes of the content.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => running.Append(bytes);

    /// <summary>True when the bytes were those that S3 stored. Ends the computation.</summary>
    public bool IsRight() => running.Finish() == expected;

    /// <inheritdoc/>
    public void Dispose() => running.Dispose();

    private static IRunning Start(string algorithm) => algorithm switch
    {
        "crc32" => new PlainCrc32(),
        "crc32c" => new Crc32C(),
        "crc64nvme" => new Crc64Nvme(),
        "sha1" => new Hash(HashAlgorithmName.SHA1, isHex: false),
        _ => new Hash(HashAlgorithmName.SHA256, isHex: false),
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

        public string Finish() => Base64(crc.GetCurrentHashAsUInt32());

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

        public string Finish() => Base64(~state);

        public void Dispose()
        {
        }
    }

    // What S3 computes itself when the client sends no checksum. Reflected polynomial of CRC-64/NVME, eight bytes a step.
    private sealed class Crc64Nvme : IRunning
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

        public string Finish()
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, ~state);
            return Convert.ToBase64String(bytes);
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

    private sealed class Hash(HashAlgorithmName name, bool isHex) : IRunning
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(name);

        public void Append(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

        public string Finish()
        {
            byte[] value = hash.GetHashAndReset();
            return isHex ? Convert.ToHexString(value).ToLowerInvariant() : Convert.ToBase64String(value);
        }

        public void Dispose() => hash.Dispose();
    }
}
