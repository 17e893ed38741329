namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>A price a GB that falls with the amount, as that of a month on a bill does.</summary>
/// <param name="steps">Up to how many GB each price holds, the last one for all the rest.</param>
internal sealed class PriceSteps(params (decimal UpToGigabytes, decimal PerGigabyte)[] steps)
{
    /// <summary>All that there may be.</summary>
    public const decimal Rest = decimal.MaxValue;

    private const decimal GigabytesPerTerabyte = 1024;

    /// <summary>The same for any amount.</summary>
    public PriceSteps(decimal perGigabyte)
        : this((Rest, perGigabyte))
    {
    }

    /// <summary>So many TB in GB.</summary>
    public static decimal Terabytes(decimal count) => count * GigabytesPerTerabyte;

    /// <summary>What an amount costs.</summary>
    public decimal Of(decimal gigabytes)
    {
        decimal cost = 0;
        decimal from = 0;
        foreach ((decimal upTo, decimal perGigabyte) in steps)
        {
            if (gigabytes <= from)
                break;
            cost += (Math.Min(gigabytes, upTo) - from) * perGigabyte;
            from = upTo;
        }

        return cost;
    }
}
