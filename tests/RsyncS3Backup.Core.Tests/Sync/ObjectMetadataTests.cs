using FsCheck.Xunit;
using RsyncS3Backup.Files;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class ObjectMetadataTests
{
    private const uint RegularFile = 0x8000;

    [Property(MaxTest = 2000)]
    public bool What_is_written_reads_back(ushort mode, uint owner, uint group, long nanoseconds, ulong inode, uint names)
    {
        FileAttributesSnapshot file = new()
        {
            Mode = mode,
            UserId = owner,
            GroupId = group,
            ModifiedNanoseconds = nanoseconds,
            Inode = inode,
            LinkCount = names,
        };
        bool hasGroup = file.IsRegularFile && names > 1 && inode > 0;
        StoredAttributes expected = new()
        {
            Mode = mode,
            UserId = owner,
            GroupId = group,
            ModifiedNanoseconds = nanoseconds,
            LinkGroup = hasGroup ? inode : null,
        };

        return ObjectMetadata.TryParse(Written(file), out StoredAttributes read) && read == expected;
    }

    [Property(MaxTest = 2000)]
    public bool The_time_that_rclone_reads_is_the_same_one(long nanoseconds)
    {
        Dictionary<string, string> metadata = Written(new FileAttributesSnapshot { ModifiedNanoseconds = nanoseconds });
        metadata.Remove("file-mtime");
        return ObjectMetadata.TryParse(metadata, out StoredAttributes read) && read.ModifiedNanoseconds == nanoseconds;
    }

    [Theory]
    [InlineData("file-mtime", "1595002920000000000ns", 1595002920_000000000)]
    [InlineData("mtime", "1595002920", 1595002920_000000000)]
    [InlineData("mtime", "1595002920.5", 1595002920_500000000)]
    [InlineData("mtime", "1595002920.123456789", 1595002920_123456789)]
    [InlineData("mtime", "-0.5", -500_000_000)]
    public void Times_of_other_tools_are_read(string name, string value, long expected)
    {
        Assert.True(ObjectMetadata.TryParse(Of(name, value), out StoredAttributes read));
        Assert.Equal(expected, read.ModifiedNanoseconds);
    }

    [Theory]
    [InlineData("0100644", 0x81A4u)]
    [InlineData("100644", 0x81A4u)]
    [InlineData("0755", 0x1EDu)]
    [InlineData("0120777", 0xA1FFu)]
    [InlineData("040755", 0x41EDu)]
    public void Modes_of_other_tools_are_read(string value, uint expected)
    {
        Assert.True(ObjectMetadata.TryParse(Of("file-permissions", value), out StoredAttributes read));
        Assert.Equal(expected, read.Mode);
    }

    [Theory]
    [InlineData("file-permissions", "rw-r--r--")]
    [InlineData("file-permissions", "0999")]
    [InlineData("file-permissions", "77777777")]
    [InlineData("file-permissions", "")]
    [InlineData("file-owner", "S-1-5-21")]
    [InlineData("file-owner", "-1")]
    [InlineData("file-group", "users")]
    [InlineData("file-mtime", "yesterday")]
    [InlineData("mtime", "2020-07-17T16:22:00Z")]
    [InlineData("mtime", "99999999999999999999999")]
    [InlineData("file-link-group", "0")]
    [InlineData("file-link-group", "xyz")]
    [InlineData("something", "else")]
    public void What_cannot_be_read_counts_as_left_out(string name, string value)
    {
        Assert.False(ObjectMetadata.TryParse(Of(name, value), out StoredAttributes read));
        Assert.Equal(default, read);
    }

    [Fact]
    public void Only_a_file_with_several_names_has_a_link_group()
    {
        FileAttributesSnapshot file = new() { Mode = RegularFile, Inode = 0xABCDEF, LinkCount = 2 };

        Assert.Equal("abcdef", Written(file)["file-link-group"]);
        Assert.DoesNotContain("file-link-group", Written(file with { LinkCount = 1 }).Keys);
        Assert.DoesNotContain("file-link-group", Written(file with { Mode = 0x41ED }).Keys);
    }

    [Fact]
    public void A_folder_and_a_link_have_the_type_in_their_mode()
    {
        Assert.Equal("040755", Written(new FileAttributesSnapshot { Mode = 0x41ED })["file-permissions"]);
        Assert.Equal("0120777", Written(new FileAttributesSnapshot { Mode = 0xA1FF })["file-permissions"]);
    }

    [Fact]
    public void Metadata_stays_far_below_the_2_KB_that_S3_allows()
    {
        FileAttributesSnapshot largest = new()
        {
            Mode = RegularFile | 0xFFF,
            UserId = uint.MaxValue,
            GroupId = uint.MaxValue,
            ModifiedNanoseconds = long.MinValue,
            Inode = ulong.MaxValue,
            LinkCount = 2,
        };

        Assert.InRange(Written(largest).Sum(pair => pair.Key.Length + pair.Value.Length), 1, 512);
    }

    private static Dictionary<string, string> Written(FileAttributesSnapshot attributes) => new(ObjectMetadata.For(attributes));

    private static Dictionary<string, string> Of(string name, string value) => new() { [name] = value };
}
