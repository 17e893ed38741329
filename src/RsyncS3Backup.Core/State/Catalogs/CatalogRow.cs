using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// A <see cref="CatalogEntry"/> as bytes. SQLite checks the structure of its pages and not what is in them, so each row ends in a hash over
/// its key and itself; and one column is read four times as fast as thirteen.
/// </summary>
internal sealed class CatalogRow
{
    private const int HashLength = sizeof(uint);
    private const int LongestVarint = 10;
    private const int Md5Length = 16;
    private const string Digits = "0123456789abcdef";
    private const byte HasMd5ETag = 1;
    private const byte HasCrc32 = 2;
    private const byte HasCrc32Text = 4;
    private const byte HasVersionId = 8;
    private const byte IsLeftover = 16;
    private const byte HasStoredTime = 32;
    private const byte IsForeign = 64;

    // Another byte of flags follows.
    private const byte HasMore = 128;
    private const byte HasGoneTime = 1;
    private const byte HasPendingAttributes = 2;
    private const byte HasRetention = 4;
    private const byte IsCompliance = 8;
    private const byte HasHash = 16;

    private static readonly SearchValues<char> LowercaseDigits = SearchValues.Create(Digits);

    private byte[] buffer = new byte[512];
    private int position;
    private byte[] lastStorageClassBytes = [];
    private string lastStorageClass = "";

    /// <summary>The row, until the next call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ReadOnlySpan<byte> Write(ReadOnlySpan<byte> key, CatalogEntry entry)
    {
        Span<byte> md5 = stackalloc byte[Md5Length];
        Span<byte> crc32 = stackalloc byte[sizeof(uint)];
        bool isMd5 = entry.ETag.Length == 2 * Md5Length && !entry.ETag.AsSpan().ContainsAnyExcept(LowercaseDigits);
        bool isCrc32 = entry.Crc32 is { Length: 8 } text && Convert.TryFromBase64String(text, crc32, out int length)
            && length == crc32.Length && Convert.ToBase64String(crc32) == text;
        byte more = (byte)((entry.GoneTime is null ? 0 : HasGoneTime) | (entry.HasPendingAttributes ? HasPendingAttributes : 0)
            | (entry.Retention is null ? 0 : HasRetention) | (entry.Retention is { Mode: ObjectLockMode.Compliance } ? IsCompliance : 0)
            | (entry.Hash is null ? 0 : HasHash));
        byte flags = (byte)((isMd5 ? HasMd5ETag : 0) | (entry.Crc32 is null ? 0 : isCrc32 ? HasCrc32 : HasCrc32Text)
            | (entry.VersionId is null ? 0 : HasVersionId) | (entry.IsLeftover ? IsLeftover : 0)
            | (entry.StoredTime is null ? 0 : HasStoredTime) | (entry.IsForeign ? IsForeign : 0) | (more == 0 ? 0 : HasMore));
        position = 0;
        Ensure(2);
        buffer[position++] = flags;
        if (more != 0)
            buffer[position++] = more;
        Varint((ulong)entry.Size);
        Fixed(entry.ModifiedNanoseconds);
        Fixed(entry.ChangedNanoseconds);
        Varint(entry.Mode);
        Varint(entry.UserId);
        Varint(entry.GroupId);
        Varint(entry.LinkGroup);
        Fixed(entry.ConfirmedTime.UtcTicks);
        if (isMd5)
        {
            Convert.FromHexString(entry.ETag).CopyTo(md5);
            Raw(md5);
        }
        else
        {
            Text(entry.ETag);
        }

        if (isCrc32)
            Raw(crc32);
        else if (entry.Crc32 is not null)
            Text(entry.Crc32);
        Text(entry.StorageClass);
        if (entry.VersionId is not null)
            Text(entry.VersionId);
        if (entry.StoredTime is { } storedTime)
            Fixed(storedTime.ToUnixTimeSeconds());
        if (entry.GoneTime is { } goneTime)
            Fixed(goneTime.ToUnixTimeSeconds());
        if (entry.Retention is { } retention)
            Fixed(retention.Until.ToUnixTimeSeconds());
        if (entry.Hash is { } known)
        {
            Varint((ulong)known.PartSize);
            Ensure(ContentHash.Length);
            BinaryPrimitives.WriteUInt128BigEndian(buffer.AsSpan(position), known.Value);
            position += ContentHash.Length;
        }

        uint hash = Hash(key, buffer.AsSpan(0, position));
        Ensure(HashLength);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(position), hash);
        return buffer.AsSpan(0, position + HashLength);
    }

    /// <summary>The entry of a row.</summary>
    /// <exception cref="SqliteException">The row is not what was written.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public CatalogEntry Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        if (row.Length < HashLength
            || BinaryPrimitives.ReadUInt32LittleEndian(row[^HashLength..]) != Hash(key, row[..^HashLength]))
            throw SqliteException.Damaged("A row of the catalog is not what was written.");
        Cursor cursor = new(row[..^HashLength]);
        byte flags = cursor.Raw(1)[0];
        byte more = (flags & HasMore) != 0 ? cursor.Raw(1)[0] : (byte)0;
        return new CatalogEntry
        {
            RelativeKey = Encoding.UTF8.GetString(key),
            IsLeftover = (flags & IsLeftover) != 0,
            IsForeign = (flags & IsForeign) != 0,
            HasPendingAttributes = (more & HasPendingAttributes) != 0,
            Size = (long)cursor.Varint(),
            ModifiedNanoseconds = cursor.Fixed(),
            ChangedNanoseconds = cursor.Fixed(),
            Mode = (uint)cursor.Varint(),
            UserId = (uint)cursor.Varint(),
            GroupId = (uint)cursor.Varint(),
            LinkGroup = cursor.Varint(),
            ConfirmedTime = new DateTimeOffset(cursor.Fixed(), TimeSpan.Zero),
            ETag = (flags & HasMd5ETag) != 0 ? LowercaseHex(cursor.Raw(Md5Length)) : cursor.Text(),
            Crc32 = (flags & HasCrc32) != 0 ? Convert.ToBase64String(cursor.Raw(sizeof(uint)))
                : (flags & HasCrc32Text) != 0 ? cursor.Text() : null,
            StorageClass = StorageClass(cursor.TextBytes()),
            VersionId = (flags & HasVersionId) != 0 ? cursor.Text() : null,
            StoredTime = (flags & HasStoredTime) != 0 ? DateTimeOffset.FromUnixTimeSeconds(cursor.Fixed()) : null,
            GoneTime = (more & HasGoneTime) != 0 ? DateTimeOffset.FromUnixTimeSeconds(cursor.Fixed()) : null,
            Retention = (more & HasRetention) == 0 ? null : new ObjectRetention(
                (more & IsCompliance) != 0 ? ObjectLockMode.Compliance : ObjectLockMode.Governance,
                DateTimeOffset.FromUnixTimeSeconds(cursor.Fixed())),
            Hash = (more & HasHash) == 0 ? null : ReadHash(ref cursor),
        };
    }

    private static ContentHash ReadHash(ref Cursor cursor)
    {
        long partSize = (long)cursor.Varint();
        return new ContentHash(BinaryPrimitives.ReadUInt128BigEndian(cursor.Raw(ContentHash.Length)), partSize);
    }

    // CRC32C over key and content. The runtime's own instruction: the classes of System.IO.Hashing take ten times as long until the
    // just-in-time compiler has found out that they matter, which it does too late for 100,000 rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content) => Crc32C(Crc32C((uint)key.Length, key), content);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte rest in bytes)
            crc = BitOperations.Crc32C(crc, rest);
        return crc;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static string LowercaseHex(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[2 * Md5Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[2 * i] = Digits[bytes[i] >> 4];
            text[2 * i + 1] = Digits[bytes[i] & 0xF];
        }

        return new string(text);
    }

    // A million rows mostly have one storage class between them: one string will do.
    private string StorageClass(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.SequenceEqual(lastStorageClassBytes))
        {
            lastStorageClassBytes = bytes.ToArray();
            lastStorageClass = Encoding.UTF8.GetString(bytes);
        }

        return lastStorageClass;
    }

    private void Ensure(int count)
    {
        if (position + count > buffer.Length)
            Array.Resize(ref buffer, 2 * (position + count));
    }

    private void Varint(ulong value)
    {
        Ensure(LongestVarint);
        while (value >= 0x80)
        {
            buffer[position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[position++] = (byte)value;
    }

    private void Fixed(long value)
    {
        Ensure(sizeof(long));
        BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(position), value);
        position += sizeof(long);
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(buffer.AsSpan(position));
        position += bytes.Length;
    }

    private void Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Varint((ulong)length);
        Ensure(length);
        position += Encoding.UTF8.GetBytes(text, buffer.AsSpan(position));
    }

    /// <summary>Reads what the hash vouches for.</summary>
    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> rest = bytes;

        public ReadOnlySpan<byte> Raw(int length)
        {
            ReadOnlySpan<byte> taken = rest[..length];
            rest = rest[length..];
            return taken;
        }

        public ulong Varint()
        {
            ulong value = 0;
            for (int i = 0; ; i++)
            {
                value |= (ulong)(rest[i] & 0x7F) << (7 * i);
                if (rest[i] < 0x80)
                {
                    rest = rest[(i + 1)..];
                    return value;
                }
            }
        }

        public long Fixed() => BinaryPrimitives.ReadInt64LittleEndian(Raw(sizeof(long)));

        public ReadOnlySpan<byte> TextBytes() => Raw((int)Varint());

        public string Text() => Encoding.UTF8.GetString(TextBytes());
    }
}
