using System.Globalization;

namespace RsyncS3Backup.Reports.Html;

/// <summary>An upright axis: where it ends, and how its values are written.</summary>
/// <param name="Most">Its end; more than 0.</param>
/// <param name="Text">Writes a value.</param>
internal sealed record Scale(double Most, Func<double, string> Text)
{
    private static readonly double[] RoundSeconds =
    [
        1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000,
    ];

    /// <summary>A scale of bytes.</summary>
    public static Scale Bytes(double most)
    {
        double unit = 1;
        while (most / unit >= 1024)
            unit *= 1024;
        return new Scale(Round(most / unit) * unit, value => HumanText.Bytes((long)value).Replace(".0 ", " ", StringComparison.Ordinal));
    }

    /// <summary>A scale of seconds.</summary>
    public static Scale Seconds(double most)
    {
        double end = Array.Find(RoundSeconds, step => step >= most);
        return new Scale(end > 0 ? end : Round(most), value => value == 0 ? "0" : Short(TimeSpan.FromSeconds(value)));
    }

    /// <summary>A scale of things that are counted.</summary>
    public static Scale Counts(double most) => new(
        Math.Max(2, Round(most)),
        value => value switch
        {
            >= 1_000_000 => (value / 1_000_000).ToString("0.#", CultureInfo.InvariantCulture) + " M",
            >= 10_000 => (value / 1_000).ToString("0.#", CultureInfo.InvariantCulture) + " k",
            _ => value.ToString("0.#", CultureInfo.InvariantCulture),
        });

    /// <summary>A scale of amounts.</summary>
    public static Scale Money(double most, string currency) => new(
        Round(most),
        value => currency == "USD" ? "$" + Digits(value) : $"{Digits(value)} {currency}");

    private static string Digits(double amount) => amount.ToString("0.########", CultureInfo.InvariantCulture);

    private static double Round(double most)
    {
        if (most <= 0)
            return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        // Halves of these are round as well.
        double[] steps = [1, 2, 4, 5, 8, 10];
        return Array.Find(steps, step => step * power >= most * 0.999999) * power;
    }

    private static string Short(TimeSpan time)
    {
        string text = HumanText.Duration(time).Replace(".0 s", " s", StringComparison.Ordinal);
        return text.Replace(" m 0 s", " m", StringComparison.Ordinal).Replace(" h 0 m", " h", StringComparison.Ordinal)
            .Replace(" d 0 h", " d", StringComparison.Ordinal);
    }
}
