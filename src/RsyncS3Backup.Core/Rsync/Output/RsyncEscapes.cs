using System.Text;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>
/// Undoes rsync's escapes: a byte that it does not print is <c>\#</c> and three octal digits. A name that itself holds <c>\#</c> and three
/// digits has its backslash escaped (<c>\#134#123</c>), so this is exact (rsync(1), "OUTPUT").
/// </summary>
internal static class RsyncEscapes
{
    /// <summary>The text without escapes: the same span when it has none, else a part of <paramref name="buffer"/>.</summary>
    public static ReadOnlySpan<byte> Undo(ReadOnlySpan<byte> text, ref byte[] buffer)
    {
        int at = text.IndexOf("\\#"u8);
        if (at < 0)
            return text;
        if (buffer.Length < text.Length)
            buffer = new byte[text.Length];
        int written = 0;
        while (at >= 0)
        {
            text[..at].CopyTo(buffer.AsSpan(written));
            written += at;
            bool isEscape = TryReadOctal(text[(at + 2)..], out byte value);
            buffer[written++] = isEscape ? value : (byte)'\\';
            text = text[(at + (isEscape ? 5 : 1))..];
            at = text.IndexOf("\\#"u8);
        }

        text.CopyTo(buffer.AsSpan(written));
        return buffer.AsSpan(0, written + text.Length);
    }

    /// <summary>The text without escapes, for people.</summary>
    public static string Undo(ReadOnlySpan<byte> text)
    {
        byte[] buffer = [];
        return Encoding.UTF8.GetString(Undo(text, ref buffer));
    }

    private static bool TryReadOctal(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 3)
            return false;
        int number = 0;
        foreach (byte digit in text[..3])
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return false;
            number = (number * 8) + (digit - '0');
        }

        value = (byte)number;
        return number <= byte.MaxValue;
    }
}
