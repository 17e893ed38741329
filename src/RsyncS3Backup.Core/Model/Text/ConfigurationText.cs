using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RsyncS3Backup;

/// <summary>The small texts that problems are made of.</summary>
internal static partial class ConfigurationText
{
    private const int LongestQuote = 100;
    private const int LongestSuggestion = 64;

    /// <summary>A value in quotes, on one line and not longer than is readable.</summary>
    public static string Quote(string value)
    {
        value = WithoutPassword(value);
        StringBuilder quoted = new("'");
        foreach (char character in value.AsSpan(0, Math.Min(value.Length, LongestQuote)))
        {
            if (char.IsControl(character) || char.IsSurrogate(character) && value.Length > LongestQuote)
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
            else
                quoted.Append(character);
        }

        return quoted.Append(value.Length > LongestQuote ? "…'" : "'").ToString();
    }

    /// <summary>An address without the user and the password that somebody wrote before its host.</summary>
    public static string WithoutPassword(string address) => PasswordAtStart().Replace(address, "$1***@");

    /// <summary>A text without those of the addresses that it holds.</summary>
    public static string WithoutPasswords(string text) =>
        text.Contains('@', StringComparison.Ordinal) ? PasswordInAddress().Replace(text, "$1***@") : text;

    // Up to the last one, because a password may hold the sign too.
    [GeneratedRegex(@"^([A-Za-z][A-Za-z0-9+.\-]*://)?[^/@:\s\\]*:(?!/)[^/\s\\]*@", RegexOptions.CultureInvariant)]
    private static partial Regex PasswordAtStart();

    [GeneratedRegex(@"([A-Za-z][A-Za-z0-9+.\-]*://)[^/\s'""@:]*:[^/\s'""]*@", RegexOptions.CultureInvariant)]
    private static partial Regex PasswordInAddress();

    /// <summary>The JSON path of an object's member.</summary>
    public static string Append(string path, string key) =>
        key.Length > 0 && key.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '$')
            ? $"{path}.{key}"
            : $"{path}[{Quote(key)}]";

    /// <summary>The JSON path of a list's item.</summary>
    public static string Append(string path, int index) => $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]";

    /// <summary>The candidate that was probably meant; null when none is near.</summary>
    public static string? Nearest(string written, IEnumerable<string> candidates)
    {
        if (written.Length is 0 or > LongestSuggestion)
            return null;
        (string? nearest, int best) = (null, Math.Max(1, written.Length / 3) + 1);
        foreach (string candidate in candidates)
        {
            int distance = Distance(Fold(written), Fold(candidate));
            if (distance < best)
                (nearest, best) = (candidate, distance);
        }

        return nearest;
    }

    /// <summary><c> Did you mean 'x'?</c>, or nothing.</summary>
    public static string DidYouMean(string written, IEnumerable<string> candidates) =>
        Nearest(written, candidates) is { } nearest ? $" Did you mean '{nearest}'?" : "";

    /// <summary>True when a text has half of a surrogate pair, which no UTF-8 can hold.</summary>
    public static bool HasLoneSurrogate(string value)
    {
        ReadOnlySpan<char> rest = value;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int read) != System.Buffers.OperationStatus.Done)
                return true;
            rest = rest[read..];
        }

        return false;
    }

    /// <summary>The text with U+FFFD for half surrogate pairs: UTF-8 has none of those, and a JSON writer would throw for one.</summary>
    public static string WellFormed(string value) => HasLoneSurrogate(value) ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value)) : value;

    /// <summary>A name without case, '_' and '-', for comparing names that are written in different styles.</summary>
    public static string Fold(string text) =>
        text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Levenshtein's distance: how many characters to insert, delete or replace.</summary>
    private static int Distance(string from, string to)
    {
        int[] previous = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int[] current = new int[to.Length + 1];
            current[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = previous[j] + (from[i] == to[j] ? 0 : 1);
                current[j + 1] = Math.Min(replaced, Math.Min(previous[j + 1], current[j]) + 1);
            }

            previous = current;
        }

        return previous[to.Length];
    }
}
