using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class KeyPrefixTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 5, 3, 4, 9, TimeSpan.Zero);

    [Theory]
    [InlineData(null, "rsync/photos/")]
    [InlineData("", "")]
    [InlineData("a/b", "a/b/")]
    [InlineData("a/b/", "a/b/")]
    [InlineData("rsync/{yyyy-MM-dd}", "rsync/2026-11-05/")]
    [InlineData("{yyyy}/{MM}/{dd}/{HH}{mm}{ss}", "2026/11/05/030409/")]
    [InlineData("{y}{M}{d}{H}{m}{s}", "26115349/")]
    [InlineData("{yyyy_MM.dd}", "2026_11.05/")]
    public void Resolves_to_one_form(string? prefix, string expected) =>
        Assert.Equal(expected, KeyPrefix.Resolve(prefix, "photos", Now, "UTC"));

    [Fact]
    public void The_date_is_that_of_the_zone() =>
        Assert.Equal("2026-11-04/", KeyPrefix.Resolve("{yyyy-MM-dd}", "photos", Now, "America/New_York"));

    [Fact]
    public void Braces_in_a_job_name_are_no_tokens() => Assert.Equal("rsync/{yyyy}/", KeyPrefix.Resolve(null, "{yyyy}", Now, "UTC"));

    [Theory]
    [InlineData("rsync/{host}", "rsync/{0}/")]
    [InlineData("{host}-{host}/{yyyy-MM-dd}/x", "{0}-{0}/2026-11-05/x/")]
    public void The_host_is_this_machines_name(string prefix, string expected)
    {
        Assert.Null(ConfigurationRules.KeyPrefix(prefix));
        Assert.Equal(expected.Replace("{0}", KeyPrefix.Host, StringComparison.Ordinal), KeyPrefix.Resolve(prefix, "photos", Now, "UTC"));
    }

    [Theory]
    [InlineData("NAS", "nas")]
    [InlineData("nas-1.example.org", "nas-1")]
    [InlineData("Büro_2", "b-ro-2")]
    [InlineData("{yyyy}", "-yyyy-")]
    [InlineData("", "localhost")]
    public void A_machines_name_is_a_plain_part_of_a_key(string machine, string expected) => Assert.Equal(expected, KeyPrefix.HostOf(machine));

    [Theory]
    [InlineData("{}")]
    [InlineData("{-}")]
    [InlineData("{yyyy/MM}")]
    [InlineData("{fff}")]
    [InlineData("{Host}")]
    [InlineData("{host-name}")]
    [InlineData("{yyyy")]
    [InlineData("yyyy}")]
    [InlineData("{{yyyy}}")]
    public void Anything_else_in_braces_is_refused(string prefix)
    {
        Assert.NotNull(ConfigurationRules.KeyPrefix(prefix));
        Assert.Throws<FormatException>(() => KeyPrefix.Resolve(prefix, "photos", Now, "UTC"));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("rsync/photos/", false)]
    [InlineData("rsync/{yyyy}/", true)]
    [InlineData("rsync/{host}/", false)]
    [InlineData("rsync/{host}/{yyyy}/", true)]
    public void Knows_whether_a_prefix_changes(string? prefix, bool changes) => Assert.Equal(changes, KeyPrefix.HasDateTokens(prefix));
}
