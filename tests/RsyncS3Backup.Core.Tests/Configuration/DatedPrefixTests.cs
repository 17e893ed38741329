using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class DatedPrefixTests
{
    [Theory]
    [InlineData("rsync/{yyyy-MM-dd}/", true)]
    [InlineData("rsync/{yyyy-MM-dd}", true)]
    [InlineData("{yyyy}", true)]
    [InlineData("{yyyy}/{MM}/{dd}/{HH}{mm}{ss}", true)]
    [InlineData("{dd}.{MM}.{yyyy}/a", true)]
    [InlineData("{yyyyMMdd_HH}", true)]
    [InlineData("{yy}-{M}", true)]
    [InlineData("{yyyy}/{MMM}/{dd}", true)]
    [InlineData("y's/{yyyy}\\{MM}", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("rsync/", false)]
    [InlineData("{ddd}", false)]
    [InlineData("{MM-dd}", false)]
    [InlineData("{HH}", false)]
    [InlineData("{yyyy-dd}", false)]
    [InlineData("{yyyy-MM-ddd}", false)]
    [InlineData("{yyyy}{M}{d}", false)]
    [InlineData("{yyyy", false)]
    public void Tells_whether_each_prefix_stands_for_one_time(string? prefix, bool expected) =>
        Assert.Equal(expected, DatedPrefix.NamesTimes(prefix));

    [Property(MaxTest = 500)]
    public Property Reads_back_what_the_tokens_gave() => Prop.ForAll(
        (from pattern in Gen.Elements(
                "rsync/{yyyy-MM-dd}/", "{yyyy}/{MM}/{dd}", "a{yyyy}b/{MMM-dd}", "{dd}.{MM}.{yyyy}/y", "x.y+[{yyyy}{MM}{dd}]", "d/{yyyy}d/{MM}/{dd}")
         from days in Gen.Choose(0, 36_500)
         select (pattern, Day: new DateTime(2000, 1, 1).AddDays(days))).ToArbitrary(),
        sample =>
        {
            string given = KeyPrefix.Resolve(sample.pattern, "job", new DateTimeOffset(sample.Day, TimeSpan.Zero), "UTC");
            DatedPrefix dated = new(sample.pattern);
            string[] parts = given[..^1].Split('/');
            return dated.TryParse(given, out DateTime time) && time == sample.Day
                && dated.Segments.Zip(parts).All(pair => pair.First.MayBe(pair.Second) && pair.Second.StartsWith(pair.First.Start, StringComparison.Ordinal));
        });

    [Theory]
    [InlineData("rsync/2026-02-30/")]
    [InlineData("rsync/2026-2-3/")]
    [InlineData("rsync/2026-02-03")]
    [InlineData("rsync/2026-02-03 /")]
    [InlineData("rsync/2026-02-03/x/")]
    [InlineData("other/2026-02-03/")]
    [InlineData("rsync/２026-02-03/")]
    [InlineData("")]
    public void Anything_else_is_no_prefix_of_its(string prefix) => Assert.False(new DatedPrefix("rsync/{yyyy-MM-dd}/").TryParse(prefix, out _));

    [Fact]
    public void The_host_is_a_fixed_part()
    {
        DatedPrefix dated = new("rsync/{host}/{yyyy-MM-dd}/");

        Assert.True(dated.TryParse($"rsync/{KeyPrefix.Host}/2026-11-25/", out DateTime time));
        Assert.Equal(new DateTime(2026, 11, 25), time);
        Assert.False(dated.TryParse("rsync/{host}/2026-11-25/", out _));
        Assert.Equal([false, false, true], dated.Segments.Select(segment => segment.HasTokens));
        Assert.True(DatedPrefix.NamesTimes("rsync/{host}/{yyyy-MM-dd}/"));
        Assert.False(DatedPrefix.NamesTimes("rsync/{host}/"));
    }
}
