using System.Text;
using RsyncS3Backup.Files;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

public sealed class StoredStatTests
{
    private const uint User = 500;

    [Theory]
    [InlineData("100644 0,0 1000:1001", 0x81A4u, 1000u, 1001u)]
    [InlineData("120777 0,0 0:0", 0xA1FFu, 0u, 0u)]
    [InlineData("20660 8,1 0:6", 0x21B0u, 0u, 6u)]
    [InlineData("104755 0,0 0:0\0", 0x89EDu, 0u, 0u)]
    [InlineData("40755 0,0 1:2", 0x81EDu, 1u, 2u)]
    [InlineData("", 0x81A0u, User, 7u)]
    [InlineData("rubbish", 0x81A0u, User, 7u)]
    [InlineData("100644 0,0 1000", 0x81A0u, User, 7u)]
    [InlineData("100644 0,0 x:1", 0x81A0u, User, 7u)]
    [InlineData("100644 0,0 4294967296:1", 0x81A0u, User, 7u)]
    public void An_entry_stands_for_what_is_written_down_of_it(string stored, uint mode, uint owner, uint group)
    {
        FileAttributesSnapshot found = Read(stored, mode: 0x81A0, User);
        Assert.Equal((mode, owner, group), (found.Mode, found.UserId, found.GroupId));
    }

    [Fact]
    public void A_folder_stays_one() => Assert.Equal(0x41C0u, Read("100700 0,0 1:1", mode: 0x41ED, User).Mode);

    [Theory]
    [InlineData(0x81B4u)]
    [InlineData(0x81A6u)]
    public void What_others_may_write_runs_as_nobody_else(uint mode) => Assert.Equal(0x81EDu, Read("106755 0,0 0:0", mode, User).Mode);

    [Theory]
    [InlineData(User, true)]
    [InlineData(0u, true)]
    [InlineData(501u, false)]
    public void Only_what_this_user_or_root_owns_is_believed(uint owner, bool isBelieved) =>
        Assert.Equal(isBelieved ? 77u : owner, Read("100644 0,0 77:77", mode: 0x81A0, owner).UserId);

    private static FileAttributesSnapshot Read(string stored, uint mode, uint owner) =>
        StoredStat.Read(new FileAttributesSnapshot { Mode = mode, UserId = owner, GroupId = 7 }, Encoding.ASCII.GetBytes(stored), User);
}
