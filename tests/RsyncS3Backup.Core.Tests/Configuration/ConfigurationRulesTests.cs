using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationRulesTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("my.backups-2026")]
    [InlineData("1.2.3.4.5")]
    [InlineData("my-backups-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias")]
    [InlineData("arn:aws:s3:us-east-1:123456789012:accesspoint/my-backups")]
    [InlineData("arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/abc")]
    public void A_bucket_name_by_the_rules_is_good(string name) => Assert.Null(ConfigurationRules.BucketName(name));

    [Theory]
    [InlineData(" ", "empty")]
    [InlineData("ab", "2 characters")]
    [InlineData("a-name-that-is-longer-than-the-sixty-three-characters-of-the-rule", "65 characters")]
    [InlineData("my_bucket", "'_'")]
    [InlineData("bücket", "'ü'")]
    [InlineData("-bucket", "begin and end")]
    [InlineData("bucket.", "begin and end")]
    [InlineData("my..bucket", "two dots")]
    [InlineData("192.168.0.1", "IP address")]
    [InlineData("xn--bucket", "'xn--'")]
    [InlineData("lambda-alias--ol-s3", "'--ol-s3'")]
    [InlineData("bucket--usw2-az1--x-s3", "'--x-s3'")]
    [InlineData("arn:aws:s3:us-east-1:123456789012:accesspoint/x", "none of an access point")]
    [InlineData("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "none of an access point")]
    [InlineData("arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-1/accesspoint/name", "none of an access point")]
    [InlineData("s3://bucket/photos", "address")]
    public void A_bucket_name_against_the_rules_is_a_problem_that_says_why(string name, string reason) =>
        Assert.Contains(reason, ConfigurationRules.BucketName(name), StringComparison.Ordinal);

    [Fact]
    public void Every_storage_class_is_good() => Assert.All(S3StorageClasses.All, name => Assert.Null(ConfigurationRules.StorageClass(name)));

    [Theory]
    [InlineData("https://s3.example.com")]
    [InlineData("https://s3.example.com/")]
    [InlineData("HTTP://localhost:9000")]
    [InlineData("http://[::1]:9000")]
    public void An_endpoint_of_scheme_host_and_port_is_good(string url) => Assert.Null(ConfigurationRules.EndpointUrl(url));

    [Theory]
    [InlineData("", "does not start")]
    [InlineData("ftp://host", "does not start")]
    [InlineData("/local/path", "does not start")]
    [InlineData("https://", "not a valid address")]
    [InlineData("https://ho st", "not a valid address")]
    [InlineData("https://host:99999", "not a valid address")]
    [InlineData("https://host/bucket", "holds a path")]
    [InlineData("https://host?x=1", "query")]
    [InlineData("https://host#x", "fragment")]
    [InlineData("https://user@host", "credentials come from")]
    public void An_endpoint_with_more_or_less_is_a_problem(string url, string reason) =>
        Assert.Contains(reason, ConfigurationRules.EndpointUrl(url), StringComparison.Ordinal);

    [Theory]
    [InlineData("0 2 * * *")]
    [InlineData("*/15 9-17 1,15 JAN-MAR MON-FRI")]
    [InlineData("0 0 29 2 *")]
    [InlineData("0 0 31 2 1")]
    [InlineData("0 2 * * 7")]
    public void Five_cron_fields_are_good(string expression) => Assert.Null(ConfigurationRules.CronExpression(expression));

    [Theory]
    [InlineData("", "0 fields")]
    [InlineData("@daily", "write '0 0 * * *'")]
    [InlineData("@reboot", "names no time")]
    [InlineData("0 0 2 * * *", "seconds are not supported")]
    [InlineData("60 2 * * *", "higher than the maximum")]
    [InlineData("0 2 * * 8", "between 0 and 6")]
    [InlineData("0 2 * * M", "is not a name")]
    [InlineData("a 2 * * *", "not a valid [Minute]")]
    [InlineData("a b c d e", "is not a name")]
    [InlineData("99999999999 2 * * *", "too large")]
    [InlineData("0 22-2 * * *", "runs backwards")]
    [InlineData("0 2 * * FRI-MON", "runs backwards")]
    [InlineData("*/0 * * * *", "not a valid step")]
    [InlineData("*/-1 * * * *", "not a valid step")]
    [InlineData("0 0 31 2 *", "never due")]
    public void Any_other_cron_expression_is_a_problem_that_says_why(string expression, string reason) =>
        Assert.Contains(reason, ConfigurationRules.CronExpression(expression), StringComparison.Ordinal);

    [Theory]
    [InlineData("UTC")]
    [InlineData("America/New_York")]
    [InlineData("America/Argentina/Buenos_Aires")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("europe/berlin")]
    public void Iana_and_windows_zones_are_known(string zone) => Assert.Null(ConfigurationRules.TimeZone(zone));

    [Theory]
    [InlineData("")]
    [InlineData("Mars/Olympus")]
    [InlineData("../../../etc/hosts")]
    [InlineData("/etc/localtime")]
    [InlineData("localtime")]
    [InlineData("right/Europe/Berlin")]
    public void What_is_no_zone_is_a_problem(string zone) => Assert.NotNull(ConfigurationRules.TimeZone(zone));

    [Fact]
    public void A_prefix_may_have_512_bytes_and_no_more()
    {
        Assert.Null(ConfigurationRules.KeyPrefix(new string('é', 256)));
        Assert.Contains("514 bytes", ConfigurationRules.KeyPrefix(new string('é', 257)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7d", 7 * 86400)]
    [InlineData("12h", 43200)]
    [InlineData("30m", 1800)]
    [InlineData("45s", 45)]
    [InlineData("1.06:00:00", 108000)]
    public void Durations_are_a_number_with_a_unit_or_a_time_span(string text, int seconds)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("d")]
    [InlineData("-7d")]
    [InlineData("0s")]
    [InlineData("7w")]
    [InlineData("1.5h")]
    [InlineData("-1.00:00:00")]
    [InlineData("00:00:00")]
    [InlineData("9223372036854775807d")]
    public void Anything_else_is_no_duration(string text) => Assert.False(DurationText.TryParse(text, out _));
}
