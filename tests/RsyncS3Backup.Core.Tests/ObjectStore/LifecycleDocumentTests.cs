using System.Text;
using System.Xml;
using RsyncS3Backup.ObjectStore.Lifecycle;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>A bucket's lifecycle rules as text, of which nothing gets lost.</summary>
public sealed class LifecycleDocumentTests
{
    private const string Start = """<?xml version="1.0" encoding="utf-8"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">""";
    private const string End = "</LifecycleConfiguration>";

    // An old prefix, what this module does not know, white space, and characters that have to be written as references.
    private const string Others =
        "\n  <Rule><ID>old form</ID><Prefix>logs/&#xD;a&amp;b </Prefix><Status>Disabled</Status>"
        + "<Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration></Rule>"
        + "<Rule x=\"y\"><Filter><And><Prefix /><Tag><Key>k</Key><Value> v</Value></Tag><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>"
        + "<Status>Enabled</Status><Future><Deep mode=\"new\">1</Deep></Future></Rule>";

    [Fact]
    public void What_is_not_changed_stays_to_the_letter()
    {
        LifecycleDocument document = Parse(Others + Rule("mine", "1"));

        LifecycleDocument changed = document.With(rule => rule.Id == "mine", Parse(Rule("mine", "2")).Rules);

        Assert.Equal(Start + Others + Rule("mine", "2") + End, Text(changed));
        Assert.Equal(Start + Others + Rule("mine", "1") + End, Text(document));
    }

    [Fact]
    public void Rules_come_where_those_were_that_go_and_else_behind_all()
    {
        LifecycleDocument document = Parse(Rule("a", "1") + Rule("b", "1") + Rule("c", "1") + Rule("b2", "1"));
        IReadOnlyList<LifecycleRule> come = Parse(Rule("x", "1") + Rule("y", "1")).Rules;

        Assert.Equal(["a", "x", "y", "c"], document.With(rule => rule.Id is "b" or "b2", come).Rules.Select(rule => rule.Id));
        Assert.Equal(["a", "b", "c", "b2", "x", "y"], document.With(_ => false, come).Rules.Select(rule => rule.Id));
        Assert.Equal(["x", "y"], LifecycleDocument.Empty.With(_ => true, come).Rules.Select(rule => rule.Id));
    }

    [Fact]
    public void A_new_rule_is_in_the_namespace_of_the_document()
    {
        LifecycleDocument bare = LifecycleDocument.Parse(Encoding.UTF8.GetBytes("<LifecycleConfiguration />"), null);

        Assert.DoesNotContain("xmlns", Text(bare.With(_ => false, Parse(Rule("a", "1")).Rules)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_elements_and_white_space_make_no_difference()
    {
        LifecycleDocument one = Parse("<Rule><ID>a</ID><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>");
        LifecycleDocument other = Parse(
            "<Rule>\n <Expiration> <Days> 1 </Days> </Expiration>\n <Status>Enabled</Status><Filter><Prefix>p</Prefix></Filter><ID>a</ID></Rule>");

        Assert.Null(one.FirstDifference(other));
    }

    [Theory]
    [InlineData("", "<Rule><ID>b</ID></Rule>", "b")]
    [InlineData("<Rule><ID>a</ID></Rule>", "", "a")]
    [InlineData("<Rule><ID>a</ID><Prefix>p</Prefix></Rule>", "<Rule><ID>a</ID><Prefix>p </Prefix></Rule>", "a")]
    [InlineData("<Rule><ID>a</ID></Rule><Rule><ID>a</ID></Rule>", "<Rule><ID>a</ID></Rule>", "a")]
    [InlineData("<Rule><ID>a</ID><Future>1</Future></Rule>", "<Rule><ID>a</ID></Rule>", "a")]
    public void A_rule_that_is_another_one_is_found(string one, string other, string id)
    {
        Assert.Equal(id, Parse(one).FirstDifference(Parse(other))!.Id);
        Assert.Equal(id, Parse(other).FirstDifference(Parse(one))!.Id);
    }

    [Theory]
    [InlineData("<Rule><Prefix>old</Prefix><Filter><Prefix>new</Prefix></Filter></Rule>", "old")]
    [InlineData("<Rule><Filter><Prefix>a/</Prefix></Filter></Rule>", "a/")]
    [InlineData("<Rule><Filter><And><Prefix>b/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter></Rule>", "b/")]
    [InlineData("<Rule><Filter/></Rule>", "")]
    [InlineData("<Rule><Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter></Rule>", "")]
    public void A_prefix_is_found_in_all_its_forms(string rule, string prefix) => Assert.Equal(prefix, Assert.Single(Parse(rule).Rules).Prefix);

    [Fact]
    public void A_rule_is_told_in_words()
    {
        string rule = """
            <Rule><ID>a</ID><Status>Disabled</Status>
            <Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><New>n</New></And></Filter>
            <Transition><Days>1</Days><StorageClass>GLACIER_IR</StorageClass></Transition>
            <Transition><Date>2030-01-01T00:00:00Z</Date><StorageClass>GLACIER</StorageClass></Transition>
            <NoncurrentVersionTransition><NoncurrentDays>2</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>
            <NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>4</NewerNoncurrentVersions></NoncurrentVersionExpiration>
            <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
            <AbortIncompleteMultipartUpload><DaysAfterInitiation>5</DaysAfterInitiation></AbortIncompleteMultipartUpload>
            <Future><Deep>1</Deep></Future></Rule>
            """;

        Assert.Equal(
            [
                "rule 'a', which is not enabled",
                "    keys that start with 'p/', with the tag k=v, more than 9 bytes, New='n'",
                "    to GLACIER_IR after 1 day",
                "    to GLACIER from 2030-01-01T00:00:00Z on",
                "    old versions to GLACIER after 2 days",
                "    old versions expire after 3 days, but for the newest 4",
                "    delete markers without versions go",
                "    unfinished uploads are given up after 5 days",
                "    Future(Deep='1')",
            ],
            Assert.Single(Parse(rule).Rules).Lines());
    }

    [Theory]
    [InlineData("<html><body>Please sign in</body></html>")]
    [InlineData("<LifecycleConfiguration>")]
    [InlineData("")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"b\">]><LifecycleConfiguration>&a;</LifecycleConfiguration>")]
    public void What_is_no_configuration_is_none(string text) =>
        Assert.ThrowsAny<XmlException>(() => LifecycleDocument.Parse(Encoding.UTF8.GetBytes(text), null));

    private static LifecycleDocument Parse(string rules) => LifecycleDocument.Parse(Encoding.UTF8.GetBytes(Start + rules + End), null);

    private static string Rule(string id, string days) =>
        $"<Rule><ID>{id}</ID><Filter><Prefix>p/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>{days}</Days></Expiration></Rule>";

    private static string Text(LifecycleDocument document) => Encoding.UTF8.GetString(document.ToBytes());
}
