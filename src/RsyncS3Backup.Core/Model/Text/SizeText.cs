using System.Globalization;
using System.Text.RegularExpressions;

namespace RsyncS3Backup;

/// <summary>Sizes as people write them: <c>20GiB</c>, <c>500 MB</c>, <c>1.5TiB</c>, or a number of bytes.</summary>
internal static partial class SizeText
{
    private static readonly Dictionary<string, double> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = 1,
        ["B"] = 1,
        ["KiB"] = 1L << 10,
        ["MiB"] = 1L << 20,
        ["GiB"] = 1L << 30,
        ["TiB"] = 1L << 40,
        ["kB"] = 1e3,
        ["MB"] = 1e6,
        ["GB"] = 1e9,
        ["TB"] = 1e12,
    };

    /// <summary>Reads one; false when it is none, or smaller than the smallest.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="smallest">The fewest bytes.</param>
    /// <param name="bytes">Its bytes.</param>
    public static bool TryParse(string text, long smallest, out long bytes)
    {
        bytes = 0;
        Match match = Pattern().Match(text);
        if (!match.Success || !Units.TryGetValue(match.Groups["unit"].Value, out double unit))
            return false;
        double value = double.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * unit;
        if (value < smallest || value > long.MaxValue / 2)
            return false;
        bytes = (long)value;
        return true;
    }

    [GeneratedRegex(@"^(?<number>[0-9]{1,18}(\.[0-9]{1,6})?) ?(?<unit>[A-Za-z]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
