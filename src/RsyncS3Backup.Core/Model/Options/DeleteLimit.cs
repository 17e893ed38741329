using System.Globalization;

namespace RsyncS3Backup;

/// <summary>
/// How much one run may delete: a number of entries (<c>100</c>), a share of what is there (<c>25%</c>), or the default, which is half of
/// what is there or 100 entries, whichever is more.
/// </summary>
public readonly record struct DeleteLimit
{
    private const long DefaultFloor = 100;

    // The exponent is for what ToString makes of a very small share, such as 1E-05%.
    private const NumberStyles ShareStyle = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private DeleteLimit(long? count, double? percent) => (Count, Percent) = (count, percent);

    /// <summary>50 % of what is there, and at least 100 entries.</summary>
    public static DeleteLimit Default => default;

    /// <summary>No limit, as <c>100%</c>.</summary>
    public static DeleteLimit Unlimited => OfPercent(100);

    /// <summary>The number of entries; null for a share or the default.</summary>
    public long? Count { get; }

    /// <summary>The share in percent, 0 to 100; null for a number or the default.</summary>
    public double? Percent { get; }

    /// <summary>At most that many entries.</summary>
    public static DeleteLimit OfCount(long count) =>
        count >= 0 ? new(count, null) : throw new ArgumentOutOfRangeException(nameof(count), count, "0 or more");

    /// <summary>At most that share, in percent.</summary>
    public static DeleteLimit OfPercent(double percent) =>
        percent is >= 0 and <= 100 ? new(null, percent) : throw new ArgumentOutOfRangeException(nameof(percent), percent, "0 to 100");

    /// <summary>How many of <paramref name="existing"/> entries may be deleted.</summary>
    public long Allowed(long existing) =>
        Count ?? (Percent is { } percent ? (long)Math.Floor(existing * (percent / 100)) : Math.Max(DefaultFloor, existing / 2));

    /// <summary>
    /// How many of the <paramref name="existing"/> entries of one source may be deleted: of a small source the default keeps a tenth, because a
    /// file system that is not mounted takes (nearly) all of it.
    /// </summary>
    public long AllowedOfSource(long existing) =>
        Count is not null || Percent is not null ? Allowed(existing) : Math.Max(existing / 2, Math.Min(DefaultFloor, existing - (existing + 9) / 10));

    /// <summary>Reads <c>100</c> or <c>25%</c>; <c>default</c> gives the default.</summary>
    public static bool TryParse(string? text, out DeleteLimit limit)
    {
        limit = Default;
        string trimmed = (text ?? "").Trim();
        if (trimmed.Equals("default", StringComparison.OrdinalIgnoreCase))
            return true;
        bool isShare = trimmed.EndsWith('%');
        if (isShare && double.TryParse(trimmed[..^1], ShareStyle, CultureInfo.InvariantCulture, out double percent)
            && percent is >= 0 and <= 100)
        {
            limit = OfPercent(percent);
            return true;
        }

        if (!isShare && long.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            limit = OfCount(count);
            return true;
        }

        return false;
    }

    /// <summary><c>100</c>, <c>25%</c> or <c>default</c>, as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        Count?.ToString(CultureInfo.InvariantCulture)
        ?? (Percent is { } percent ? percent.ToString(CultureInfo.InvariantCulture) + "%" : "default");
}
