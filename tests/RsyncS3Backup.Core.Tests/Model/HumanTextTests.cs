using System.Globalization;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Model;

public sealed class HumanTextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1048524, "1023.9 KiB")]
    [InlineData(1048575, "1.0 MiB")]
    [InlineData(12_897_485, "12.3 MiB")]
    [InlineData(-2048, "-2.0 KiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void Sizes_have_one_decimal_and_a_binary_unit(long bytes, string text) => Assert.Equal(text, HumanText.Bytes(bytes));

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(0.35, "350 ms")]
    [InlineData(0.9996, "1.0 s")]
    [InlineData(1.24, "1.2 s")]
    [InlineData(59.97, "1 m 0 s")]
    [InlineData(72, "1 m 12 s")]
    [InlineData(3599.6, "1 h 0 m")]
    [InlineData(11_100, "3 h 5 m")]
    [InlineData(187_300, "2 d 4 h")]
    [InlineData(-5, "0 ms")]
    public void Durations_have_their_two_largest_units(double seconds, string text) =>
        Assert.Equal(text, HumanText.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 B/s")]
    [InlineData(1_258_291.2, "1.2 MiB/s")]
    [InlineData(double.PositiveInfinity, "? B/s")]
    [InlineData(-1, "0 B/s")]
    public void Rates_are_sizes_per_second(double bytesPerSecond, string text) => Assert.Equal(text, HumanText.Rate(bytesPerSecond));

    [Fact]
    public void The_culture_of_the_user_changes_nothing()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal("1.5 KiB", HumanText.Bytes(1536));
            Assert.Equal("1.5 s", HumanText.Duration(TimeSpan.FromSeconds(1.5)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
