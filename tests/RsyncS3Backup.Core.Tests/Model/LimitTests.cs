using Xunit;

namespace RsyncS3Backup.Core.Tests.Model;

/// <summary>How much one run may delete, and how many files may come with new content.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("default", 0, 100)]
    [InlineData("default", 199, 100)]
    [InlineData("default", 201, 100)]
    [InlineData("default", 202, 101)]
    [InlineData("default", 1000, 500)]
    [InlineData("33%", 10, 3)]
    [InlineData("100%", 7, 7)]
    [InlineData("0%", 1000, 0)]
    [InlineData("12", 3, 12)]
    [InlineData("0", 1000, 0)]
    public void A_run_may_delete_so_much_of_what_is_there(string limit, long existing, long allowed) =>
        Assert.Equal(allowed, Parse(limit).Allowed(existing));

    [Theory]
    [InlineData("default", 0, 0)]
    [InlineData("default", 1, 0)]
    [InlineData("default", 9, 8)]
    [InlineData("default", 10, 9)]
    [InlineData("default", 11, 9)]
    [InlineData("default", 100, 90)]
    [InlineData("default", 111, 99)]
    [InlineData("default", 112, 100)]
    [InlineData("default", 200, 100)]
    [InlineData("default", 202, 101)]
    [InlineData("50%", 10, 5)]
    [InlineData("100%", 10, 10)]
    [InlineData("12", 10, 12)]
    public void Of_a_small_source_the_default_keeps_a_tenth(string limit, long existing, long allowed) =>
        Assert.Equal(allowed, Parse(limit).AllowedOfSource(existing));

    [Theory]
    [InlineData("7", "7")]
    [InlineData(" 7 ", "7")]
    [InlineData("0", "0")]
    [InlineData("0%", "0%")]
    [InlineData("25.5%", "25.5%")]
    [InlineData("1E-05%", "1E-05%")]
    [InlineData("100%", "100%")]
    [InlineData("default", "default")]
    [InlineData("DEFAULT", "default")]
    [InlineData("100.1%", null)]
    [InlineData("-1%", null)]
    [InlineData("%", null)]
    [InlineData("-1", null)]
    [InlineData("7.5", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("all", null)]
    public void A_limit_of_deletions_is_read_and_written(string? text, string? written)
    {
        Assert.Equal(written is not null, DeleteLimit.TryParse(text, out DeleteLimit limit));
        Assert.Equal(written ?? "default", limit.ToString());
    }

    [Fact]
    public void A_limit_of_deletions_is_a_number_from_0_or_a_share_from_0_to_100()
    {
        Assert.Equal((0L, (double?)null), (DeleteLimit.OfCount(0).Count, DeleteLimit.OfCount(0).Percent));
        Assert.Equal([0, 100], new[] { DeleteLimit.OfPercent(0), DeleteLimit.OfPercent(100) }.Select(limit => limit.Percent!.Value));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeleteLimit.OfCount(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeleteLimit.OfPercent(-0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeleteLimit.OfPercent(100.1));
        Assert.Equal("100%", DeleteLimit.Unlimited.ToString());
        Assert.Equal(default, DeleteLimit.Default);
    }

    [Theory]
    [InlineData("off", 1_000_000, long.MaxValue)]
    [InlineData("60%", 10, 6)]
    [InlineData("33%", 10, 3)]
    [InlineData("500", 10, 500)]
    [InlineData("60% or 500", 100, 500)]
    [InlineData("60% or 500", 1000, 600)]
    [InlineData("0", 100, 0)]
    [InlineData("0%", 10, 0)]
    public void So_many_files_may_change(string limit, long existing, long allowed)
    {
        Assert.True(ChangeLimit.TryParse(limit, out ChangeLimit parsed));
        Assert.Equal((allowed, limit == "off"), (parsed.Allowed(existing), parsed.IsOff));
    }

    [Theory]
    [InlineData("off", "off")]
    [InlineData(" OFF ", "off")]
    [InlineData("500", "500")]
    [InlineData("60%", "60%")]
    [InlineData("60% or 500", "60% or 500")]
    [InlineData("60% OR 500", "60% or 500")]
    [InlineData("60 or 500", null)]
    [InlineData("60% or 500%", null)]
    [InlineData("60% or 50%", null)]
    [InlineData("x or 500", null)]
    [InlineData("60% or x", null)]
    [InlineData("60% or default", null)]
    [InlineData("default", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_limit_of_changes_is_read_and_written(string? text, string? written)
    {
        Assert.Equal(written is not null, ChangeLimit.TryParse(text, out ChangeLimit limit));
        Assert.Equal(written ?? "off", limit.ToString());
    }

    [Fact]
    public void A_new_job_may_change_three_fifths_and_in_any_case_500_files() =>
        Assert.Equal(("60% or 500", true), (ChangeLimit.Proposed.ToString(), ChangeLimit.Off == default));

    private static DeleteLimit Parse(string text) => DeleteLimit.TryParse(text, out DeleteLimit limit) ? limit : throw new FormatException(text);
}
