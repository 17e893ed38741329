using System.Buffers.Binary;
using System.IO.Hashing;

namespace RsyncS3Backup.State.Journal;

/// <summary>How a journal's records lie in its file.</summary>
/// <remarks>
/// A record is the length of its body (4 bytes), the body, and the CRC-32 of both (4 bytes); numbers are little endian. The first record is
/// the header, then one record a change, then the end mark. A file that was cut anywhere, or has a block of zeros after a power loss, has a
/// record that does not fit its CRC, or no end mark.
/// </remarks>
internal static class ChangeJournalFormat
{
    /// <summary>Bytes around a body.</summary>
    public const int Frame = 8;

    /// <summary>Bytes of a change before its path: kind, entry type, size, the path's length.</summary>
    public const int ChangeHead = 1 + 1 + 8 + 4;

    /// <summary>The body of an end mark: kind, completeness, exit code, number of changes.</summary>
    public const int EndBody = 1 + 1 + 4 + 8;

    /// <summary>The body of a header before the mirror's path: kind, version, start.</summary>
    public const int HeaderHead = 1 + 1 + 8;

    /// <summary>A longer body is none of ours: a path and a target of PATH_MAX bytes each are far below.</summary>
    public const int LongestBody = 256 * 1024;

    /// <summary>The kind of the header.</summary>
    public const byte HeaderKind = 0xC1;

    /// <summary>The kind of the end mark.</summary>
    public const byte EndKind = 0xC2;

    /// <summary>The version that is written, and the only one that is read.</summary>
    public const byte Version = 1;

    /// <summary>Completes a record whose body is in place: writes the length before it and the CRC after it.</summary>
    public static void Seal(Span<byte> record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length - Frame);
        BinaryPrimitives.WriteUInt32LittleEndian(record[^4..], Crc32.HashToUInt32(record[..^4]));
    }

    /// <summary>True when the record is as it was sealed.</summary>
    public static bool IsSound(ReadOnlySpan<byte> record) =>
        BinaryPrimitives.ReadUInt32LittleEndian(record[^4..]) == Crc32.HashToUInt32(record[..^4]);
}

/// <summary>The end mark of a journal.</summary>
/// <param name="IsComplete">True when every rsync ended well, said all it had to say, all of it was understood, and no entry failed.</param>
/// <param name="RsyncExitCode">The last rsync's exit code; null when none ended.</param>
/// <param name="Changes">How many changes the journal has.</param>
internal readonly record struct ChangeJournalEnd(bool IsComplete, int? RsyncExitCode, long Changes);
