using System.Buffers;
using System.Text;

namespace S3Server;

/// <summary>Percent-encoding as S3 does it, in signatures, targets and listings.</summary>
internal static class UrlEncoding
{
    private static readonly SearchValues<char> PathSafe = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    private static readonly SearchValues<char> Unreserved = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>Percent-encodes what RFC 3986 does not leave unreserved; the signature's canonical form.</summary>
    public static string Encode(string text, bool keepSlash)
    {
        var safe = keepSlash ? PathSafe : Unreserved;
        if (!text.AsSpan().ContainsAnyExcept(safe))
            return text;
        var result = new StringBuilder(text.Length + 32);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (value < 0x80 && safe.Contains((char)value))
                result.Append((char)value);
            else
                result.Append('%').Append(HexDigit(value >> 4)).Append(HexDigit(value & 15));
        }
        return result.ToString();
    }

    /// <summary>For <c>encoding-type=url</c>: a space is <c>+</c>, and <c>/</c> and <c>*</c> stay, as in S3's own answers.</summary>
    public static string EncodeListed(string text) =>
        Encode(text, keepSlash: true).Replace("%20", "+", StringComparison.Ordinal).Replace("%2A", "*", StringComparison.Ordinal);

    public static string Decode(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        if (!text.ContainsAny('%', '+'))
            return text.ToString();
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var index = 0; index < text.Length; index++)
        {
            var unit = text[index];
            if (unit == '%')
            {
                if (index + 2 >= text.Length || !char.IsAsciiHexDigit(text[index + 1]) || !char.IsAsciiHexDigit(text[index + 2]))
                    throw InvalidUri();
                bytes[length++] = (byte)((Convert.ToInt32(text[index + 1].ToString(), 16) << 4)
                    | Convert.ToInt32(text[index + 2].ToString(), 16));
                index += 2;
            }
            else if (unit == '+' && plusIsSpace)
            {
                bytes[length++] = (byte)' ';
            }
            else
            {
                length += Encoding.UTF8.GetBytes(text.Slice(index, 1), bytes.AsSpan(length));
            }
        }
        try
        {
            return Strict.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw InvalidUri();
        }
    }

    private static S3Exception InvalidUri() => new(400, "InvalidURI", "Couldn't parse the specified URI.");

    private static char HexDigit(int value) => "0123456789ABCDEF"[value];
}
