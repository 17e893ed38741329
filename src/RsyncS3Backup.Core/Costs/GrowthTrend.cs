namespace RsyncS3Backup.Costs;

/// <summary>How a mirror grows, as its history shows it.</summary>
/// <param name="BytesADay">The slope of the straight line that fits best; negative where it shrinks.</param>
/// <param name="Days">The days between the first size and the last.</param>
internal readonly record struct GrowthTrend(double BytesADay, double Days)
{
    // Of less than a week, one busy day would be the forecast of a year.
    private static readonly TimeSpan Shortest = TimeSpan.FromDays(7);

    /// <summary>
    /// The straight line through sizes by the method of least squares; null when they are less than a week apart.
    /// </summary>
    /// <param name="sizes">Sizes in bytes, and when they were seen; in any order.</param>
    public static GrowthTrend? Of(IReadOnlyCollection<(DateTimeOffset Time, long Bytes)> sizes)
    {
        if (sizes.Count < 2)
            return null;
        DateTimeOffset first = sizes.Min(size => size.Time);
        TimeSpan span = sizes.Max(size => size.Time) - first;
        if (span < Shortest)
            return null;
        double meanDay = sizes.Average(size => (size.Time - first).TotalDays);
        double meanBytes = sizes.Average(size => (double)size.Bytes);
        double covariance = sizes.Sum(size => ((size.Time - first).TotalDays - meanDay) * (size.Bytes - meanBytes));
        double variance = sizes.Sum(size => Math.Pow((size.Time - first).TotalDays - meanDay, 2));
        return new GrowthTrend(covariance / variance, span.TotalDays);
    }

    /// <summary>The size after some days, at least none.</summary>
    public long After(long bytes, int days) => (long)Math.Max(0, bytes + (BytesADay * days));
}
