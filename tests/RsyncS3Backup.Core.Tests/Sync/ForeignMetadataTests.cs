using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class ForeignMetadataTests
{
    [Fact]
    public void What_s3cmd_writes_is_read()
    {
        StoredAttributes read = Read((
            "s3cmd-attrs",
            "atime:1795398483/ctime:1795398480/gid:101/gname:staff/md5:0cc9cd4dd26c5137b675a0d819cb9ab0/mode:33184/mtime:1595002920/uid:1000/uname:me"));

        Assert.Equal(
            new StoredAttributes { Mode = 0x1A0, UserId = 1000, GroupId = 101, ModifiedNanoseconds = 1595002920_000000000 }, read);
    }

    [Fact]
    public void What_rclone_writes_with_metadata_is_read() => Assert.Equal(
        new StoredAttributes { Mode = 0x1A0, UserId = 1000, GroupId = 101 },
        Read(("mode", "100640"), ("uid", "1000"), ("gid", "101"), ("btime", "2026-11-23T01:48:00.070298047Z")));

    [Theory]
    [InlineData("s3cmd-attrs", "mode:35309")]
    [InlineData("mode", "104755")]
    public void Set_user_ID_of_another_tool_is_not_taken_over(string name, string value) => Assert.Equal(0x1EDu, Read((name, value)).Mode);

    [Theory]
    [InlineData("s3cmd-attrs", "")]
    [InlineData("s3cmd-attrs", "/::/mode/mtime:/uid:-1/gid:99999999999/mode:x/mtime:now/:5")]
    [InlineData("s3cmd-attrs", "mode:41471")]
    [InlineData("s3cmd-attrs", "mode:420")]
    [InlineData("mode", "33261")]
    [InlineData("mode", "120777")]
    [InlineData("mode", "644")]
    [InlineData("mode", "rw-r--r--")]
    public void What_is_not_a_file_as_they_write_it_counts_as_left_out(string name, string value) =>
        Assert.Equal(default, Read((name, value), ("other", "1")));

    [Fact]
    public void Owners_without_a_mode_are_somebody_elses() => Assert.Equal(default, Read(("uid", "1000"), ("gid", "101")));

    private static StoredAttributes Read(params (string Name, string Value)[] metadata) =>
        ForeignMetadata.Read(metadata.ToDictionary(item => item.Name, item => item.Value));
}
