namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>Who said a price.</summary>
[Flags]
internal enum PriceOrigins
{
    /// <summary>Nobody: nothing was to be paid.</summary>
    None = 0,

    /// <summary>The module's table.</summary>
    Table = 1,

    /// <summary>The job.</summary>
    Configuration = 2,
}

/// <summary>An amount, and whose prices are in it.</summary>
internal readonly record struct Price(decimal Amount, PriceOrigins Origins)
{
    /// <summary>The amount as results have it.</summary>
    public decimal Rounded => Math.Round(Amount, 6);

    /// <summary>Both together.</summary>
    public static Price operator +(Price left, Price right) => new(left.Amount + right.Amount, left.Origins | right.Origins);

    /// <summary>So much of it; nothing of it has nobody's prices.</summary>
    public static Price operator *(decimal count, Price price) =>
        count == 0 ? default : price with { Amount = count * price.Amount };
}
