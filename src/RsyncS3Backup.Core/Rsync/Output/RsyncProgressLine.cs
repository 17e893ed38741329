using System.Buffers.Text;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>One state of <c>--info=progress2</c>, e.g. <c>3000003  99%  238.42MB/s    0:00:00 (xfr#3, to-chk=7/12)</c>.</summary>
/// <param name="Bytes">Bytes of files transferred so far.</param>
/// <param name="Percent"><paramref name="Bytes"/> as a share of all files that rsync knows so far, changed or not; rounded down.</param>
/// <param name="Remaining">Entries not looked at yet; null in a line without a count.</param>
/// <param name="Known">Entries known so far; null in a line without a count.</param>
/// <param name="IsScanComplete">True when <paramref name="Known"/> is all (rsync says <c>to-chk</c>; while it still scans, <c>ir-chk</c>).</param>
internal readonly record struct RsyncProgressLine(long Bytes, int Percent, long? Remaining, long? Known, bool IsScanComplete)
{
    /// <summary>Reads one state; false for any other text.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out RsyncProgressLine progress)
    {
        progress = default;
        line = line.TrimStart((byte)' ');
        if (!TryReadNumber(ref line, out long bytes) || line.IsEmpty || line[0] != ' ')
            return false;
        line = line.TrimStart((byte)' ');
        if (!TryReadNumber(ref line, out long percent) || line.IsEmpty || line[0] != '%')
            return false;
        (long? remaining, long? known, bool isScanComplete) = ReadCount(line);
        progress = new RsyncProgressLine(bytes, (int)Math.Min(percent, 100), remaining, known, isScanComplete);
        return true;
    }

    /// <summary>True for one state with nothing after it: it ends with its count, or with two spaces after its time (progress.c).</summary>
    public static bool IsWhole(ReadOnlySpan<byte> line)
    {
        if (!TryParse(line, out RsyncProgressLine progress))
            return false;
        ReadOnlySpan<byte> trimmed = line.TrimEnd((byte)' ');
        return progress.Known is null
            ? trimmed.Length + 2 == line.Length && trimmed.Length >= 6 && trimmed[^3] == ':' && trimmed[^6] == ':' && trimmed.Count((byte)':') == 2
            : trimmed.IndexOf((byte)')') == trimmed.Length - 1;
    }

    private static (long? Remaining, long? Known, bool IsScanComplete) ReadCount(ReadOnlySpan<byte> line)
    {
        int at = line.IndexOf("-chk="u8);
        if (at < 2)
            return default;
        bool isScanComplete = line[at - 2] == 't';
        line = line[(at + "-chk=".Length)..];
        if (!TryReadNumber(ref line, out long remaining) || line.IsEmpty || line[0] != '/')
            return default;
        line = line[1..];
        return TryReadNumber(ref line, out long known) ? (remaining, known, isScanComplete) : default;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, out long number)
    {
        if (text.IsEmpty || !char.IsAsciiDigit((char)text[0]) || !Utf8Parser.TryParse(text, out number, out int length))
        {
            number = 0;
            return false;
        }

        text = text[length..];
        return true;
    }
}
