using System.Runtime.CompilerServices;

namespace RsyncS3Backup.Files;

/// <summary>
/// The order in which S3 lists keys: by their UTF-8 bytes. .NET's ordinal order is by UTF-16 units and differs for characters beyond U+FFFF
/// against U+E000 to U+FFFF; a merge that mixes the two orders takes a present file for a deleted one.
/// </summary>
internal sealed class KeyOrder : IComparer<string>
{
    public static KeyOrder Instance { get; } = new();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int IComparer<string>.Compare(string? x, string? y) => Compare(x, y);

    /// <summary>Less than, equal to, or greater than zero, as the UTF-8 bytes compare.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        int common = left.CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length - right.Length;
        return CodePointRank(left[common]) - CodePointRank(right[common]);
    }

    // Surrogates stand for code points above U+FFFF, so they must rank above U+E000..U+FFFF, which UTF-16 puts after them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CodePointRank(char unit) => unit switch
    {
        >= '\uE000' => unit - 0x800,
        >= '\uD800' => unit + 0x2000,
        _ => unit,
    };
}
