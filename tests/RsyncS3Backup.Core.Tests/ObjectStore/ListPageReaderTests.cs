using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>A page of a listing is read as it is written, or left to the SDK; never half of it.</summary>
public sealed class ListPageReaderTests
{
    private const string Start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    private const string Object = "<Contents><Key>a</Key><Size>1</Size></Contents>";
    private const string Rest = "<IsTruncated>false</IsTruncated></ListBucketResult>";

    private const string Page = Start
        + "<Name>bucket</Name><Prefix/><StartAfter a='>'>x</StartAfter><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
        + "<NextContinuationToken>1/+&amp;=</NextContinuationToken>\n  "
        + "<Contents><Key>photos/a+b%2B%F0%9F%98%80&amp;</Key><LastModified>2026-11-30T21:00:13.250Z</LastModified>"
        + "<ETag>&quot;9b2cf535f27731c974343645a3985328-2&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
        + "<Owner><ID>1</ID><DisplayName/></Owner><Size>5368709121</Size><StorageClass>GLACIER</StorageClass></Contents>"
        + "<Contents><Key>photos/b</Key><LastModified>2026-11-30T21:00:13Z</LastModified><ETag>\"x\"</ETag><Size>0</Size></Contents>"
        + "<IsTruncated>true</IsTruncated></ListBucketResult>\n";

    [Fact]
    public void A_page_is_read()
    {
        ListPage page = Read(Page)!;
        Assert.Equal((true, "1/+&=", 2), (page.IsTruncated, page.Next, page.KeyCount));
        Assert.Equal(
            [
                new("photos/a b+\U0001F600&", 5368709121, "\"9b2cf535f27731c974343645a3985328-2\"", "GLACIER",
                    new DateTimeOffset(2026, 11, 30, 21, 0, 13, 250, TimeSpan.Zero)),
                new ListedObject("photos/b", 0, "\"x\"", null, new DateTimeOffset(2026, 11, 30, 21, 0, 13, TimeSpan.Zero)),
            ],
            page.Objects);
    }

    [Theory]
    [InlineData("<Contents><Key>a&#x41;&#66;&lt;&gt;&apos;&quot;</Key><Size>1</Size></Contents>", "aAB<>'\"")]
    [InlineData("<Contents><Key>a%20b+c</Key><Size>1</Size></Contents>", "a%20b+c")]
    [InlineData("<Contents><Key>é</Key><Size>1</Size><RestoreStatus><A><B>1</B></A></RestoreStatus></Contents>", "é")]
    public void A_key_that_is_not_encoded_is_as_it_is_written(string item, string key) =>
        Assert.Equal(key, Assert.Single(Read(Start + item + Rest)!.Objects).Key);

    [Theory]
    [InlineData("<Contents><Key>a</Key></Contents>")]
    [InlineData("<Contents><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key/><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key> a</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a\rb</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a</Key><Key>b</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a<!-- b --></Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key><![CDATA[a]]></Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a&b;</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a&#xD800;</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a&#99999999999;</Key><Size>1</Size></Contents>")]
    [InlineData("<Contents><Key>a</Key><Size>-1</Size></Contents>")]
    [InlineData("<Contents><Key>a</Key><Size>1 </Size></Contents>")]
    [InlineData("<Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>")]
    [InlineData("<Contents><Key>a</Key><Size>1</Size><LastModified>yesterday</LastModified></Contents>")]
    [InlineData("<Contents><Key>a</Key><Size>1</Size></contents>")]
    [InlineData("<Contents><Key>a</Key><Size>1</Size></Contents>text")]
    [InlineData("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>")]
    [InlineData("<IsTruncated>true</IsTruncated>")]
    [InlineData("<KeyCount>9999999999</KeyCount>")]
    [InlineData("<EncodingType>base64</EncodingType>")]
    public void What_is_written_otherwise_is_left_to_the_SDK(string item) => Assert.Null(Read(Start + item + Rest));

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>Please sign in</body></html>")]
    [InlineData("<Error><Code>InternalError</Code></Error>")]
    [InlineData("<ListBucketResult>" + Object + "</ListBucketResult>")]
    [InlineData("<?xml version=\"1.0\" encoding=\"UTF-16\"?><ListBucketResult>" + Object + Rest)]
    [InlineData("<!DOCTYPE a><ListBucketResult>" + Object + Rest)]
    [InlineData(Start + Object + Rest + "<a/>")]
    public void So_is_a_document_that_is_no_page(string document) => Assert.Null(Read(document));

    [Fact]
    public void So_is_a_page_that_ends_early_wherever_that_is()
    {
        byte[] page = Encoding.UTF8.GetBytes(Page.TrimEnd());
        for (int length = 0; length < page.Length; length++)
            Assert.Null(ListPageReader.TryRead(page.AsSpan(0, length)));
        Assert.NotNull(ListPageReader.TryRead(page));
    }

    [Fact]
    public void Nothing_that_a_hostile_store_sends_ends_in_another_way()
    {
        byte[] page = Encoding.UTF8.GetBytes(Page);
        for (int seed = 0; seed < TestEffort.Times(20_000); seed++)
        {
            Random random = new(seed);
            byte[] changed = [.. page];
            for (int count = random.Next(1, 4); count > 0; count--)
                changed[random.Next(changed.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : "<>/&;\"'!? "u8[random.Next(10)];
            ListPageReader.TryRead(changed);
        }

        Assert.Null(Read(Start + string.Concat(Enumerable.Repeat("<a>", 1_000_000))));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_left_to_the_SDK()
    {
        byte[] page = Encoding.UTF8.GetBytes(Start + Object + Rest);
        page[page.AsSpan().IndexOf("<Key>a"u8) + 5] = 0xFF;
        Assert.Null(ListPageReader.TryRead(page));
    }

    private static ListPage? Read(string document) => ListPageReader.TryRead(Encoding.UTF8.GetBytes(document));
}
