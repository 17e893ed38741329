using System.Globalization;
using System.Text.RegularExpressions;

namespace RsyncS3Backup;

/// <summary>Bytes a second as people write them: <c>10MiB</c>, <c>500kB</c>, <c>1.5GiB</c>, or a number of bytes. At least 1 KiB.</summary>
internal static partial class BandwidthText
{
    private const long Least = 1024;

    private static readonly Dictionary<string, double> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = 1,
        ["B"] = 1,
        ["KiB"] = 1L << 10,
        ["MiB"] = 1L << 20,
        ["GiB"] = 1L << 30,
        ["kB"] = 1e3,
        ["MB"] = 1e6,
        ["GB"] = 1e9,
    };

    /// <summary>Reads it; false when it is none, or less than rsync can do.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        Match match = Pattern().Match(text);
        if (!match.Success || !Units.TryGetValue(match.Groups["unit"].Value, out double unit))
            return false;
        double value = double.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * unit;
        if (value is < Least or > long.MaxValue / 2)
            return false;
        bytes = (long)value;
        return true;
    }

    [GeneratedRegex(@"^(?<number>[0-9]{1,18}(\.[0-9]{1,6})?) ?(?<unit>[A-Za-z]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
