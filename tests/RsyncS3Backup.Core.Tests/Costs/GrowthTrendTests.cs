using RsyncS3Backup.Costs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Costs;

public sealed class GrowthTrendTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 2, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Sizes_on_a_straight_line_give_its_slope()
    {
        GrowthTrend? trend = GrowthTrend.Of([.. Enumerable.Range(0, 31).Select(day => (Start.AddDays(day), 1000L + (10 * day)))]);

        Assert.Equal(10, trend!.Value.BytesADay, 6);
        Assert.Equal(30, trend.Value.Days);
        Assert.Equal(2300, trend.Value.After(1300, 100));
    }

    // Anscombe's first data set: https://en.wikipedia.org/wiki/Anscombe%27s_quartet has its line as y = 3.00 + 0.500x.
    [Fact]
    public void Scattered_sizes_give_the_line_of_least_squares()
    {
        (int X, long Y)[] data =
            [(10, 804), (8, 695), (13, 758), (9, 881), (11, 833), (14, 996), (6, 724), (4, 426), (12, 1084), (7, 482), (5, 568)];

        GrowthTrend? trend = GrowthTrend.Of([.. data.Select(point => (Start.AddDays(point.X), point.Y))]);

        Assert.Equal(50.0, trend!.Value.BytesADay, 1);
    }

    [Fact]
    public void A_mirror_that_shrinks_is_empty_one_day_and_never_less() =>
        Assert.Equal(0, GrowthTrend.Of([(Start, 1000), (Start.AddDays(10), 0)])!.Value.After(500, 30));

    [Fact]
    public void Less_than_a_week_tells_nothing()
    {
        Assert.Null(GrowthTrend.Of([]));
        Assert.Null(GrowthTrend.Of([(Start, 1000)]));
        Assert.Null(GrowthTrend.Of([(Start, 1000), (Start.AddDays(6.9), 2000)]));
        Assert.NotNull(GrowthTrend.Of([(Start, 1000), (Start.AddDays(7), 2000)]));
    }
}
