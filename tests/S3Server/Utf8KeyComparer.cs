namespace S3Server;

/// <summary>
/// Orders keys by their UTF-8 bytes, as S3 lists them. C#'s ordinal order is that of UTF-16 units, which puts surrogates
/// (every character above U+FFFF) before U+E000–U+FFFF.
/// </summary>
public sealed class Utf8KeyComparer : IComparer<string>
{
    public static Utf8KeyComparer Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        x ??= string.Empty;
        y ??= string.Empty;
        var common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
            return x.Length - y.Length;
        return Rank(x[common]) - Rank(y[common]);
    }

    /// <summary>Moves surrogates above the rest of the basic plane, so that units compare as their code points do.</summary>
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
