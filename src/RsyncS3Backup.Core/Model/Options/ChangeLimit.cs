using System.Globalization;

namespace RsyncS3Backup;

/// <summary>
/// How many of the files that S3 has may come with new content in one run: a number (<c>500</c>), a share (<c>60%</c>), the larger of both
/// (<c>60% or 500</c>), or any number (<c>off</c>, the default).
/// </summary>
public readonly record struct ChangeLimit
{
    private const string OffText = "off";
    private const string Or = " or ";

    private ChangeLimit(double? percent, long? count) => (Percent, Count) = (percent, count);

    /// <summary>No limit.</summary>
    public static ChangeLimit Off => default;

    /// <summary>What a new job gets: 60 % or 500 files, whichever is more.</summary>
    public static ChangeLimit Proposed => new(60, 500);

    /// <summary>The share in percent, 0 to 100; null for none.</summary>
    public double? Percent { get; }

    /// <summary>The number of files; null for none.</summary>
    public long? Count { get; }

    /// <summary>True when there is no limit.</summary>
    public bool IsOff => Percent is null && Count is null;

    /// <summary>How many of <paramref name="existing"/> files may change.</summary>
    public long Allowed(long existing) =>
        IsOff ? long.MaxValue : Math.Max(Percent is { } percent ? (long)Math.Floor(existing * (percent / 100)) : 0, Count ?? 0);

    /// <summary>Reads <c>500</c>, <c>60%</c>, <c>60% or 500</c> or <c>off</c>.</summary>
    public static bool TryParse(string? text, out ChangeLimit limit)
    {
        limit = Off;
        string trimmed = (text ?? "").Trim();
        if (trimmed.Equals(OffText, StringComparison.OrdinalIgnoreCase))
            return true;
        int between = trimmed.IndexOf(Or, StringComparison.OrdinalIgnoreCase);
        if (between < 0)
        {
            if (!TryParsePart(trimmed, out DeleteLimit one))
                return false;
            limit = new(one.Percent, one.Count);
            return true;
        }

        if (!TryParsePart(trimmed[..between], out DeleteLimit share) || share.Percent is null
            || !TryParsePart(trimmed[(between + Or.Length)..], out DeleteLimit count) || count.Count is null)
            return false;
        limit = new(share.Percent, count.Count);
        return true;
    }

    /// <summary><c>500</c>, <c>60%</c>, <c>60% or 500</c> or <c>off</c>, as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => (Percent, Count) switch
    {
        (null, null) => OffText,
        ({ } percent, { } count) => string.Create(CultureInfo.InvariantCulture, $"{percent}%{Or}{count}"),
        ({ } percent, null) => string.Create(CultureInfo.InvariantCulture, $"{percent}%"),
        (null, { } count) => count.ToString(CultureInfo.InvariantCulture),
    };

    // A number or a share is read as that of a DeleteLimit.
    private static bool TryParsePart(string text, out DeleteLimit part) =>
        DeleteLimit.TryParse(text, out part) && part != DeleteLimit.Default;
}
