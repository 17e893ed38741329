using RsyncS3Backup.Files;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

public sealed class FileSafetyTests
{
    private const uint Me = 1000;

    [Theory]
    [InlineData("100644", Me, Me, Me, null)]
    [InlineData("100600", 0, 0, Me, null)]
    [InlineData("100664", Me, Me, Me, null)]
    [InlineData("100664", 0, 0, 0, null)]
    [InlineData("040755", 0, 0, 0, null)]
    [InlineData("041777", 0, 0, 0, null)]
    [InlineData("120777", Me, Me, Me, null)]
    [InlineData("100664", 0, 50, 0, "a group (id 50) may write it, and root would run it.")]
    [InlineData("040775", 0, 50, 0, "a group (id 50) may write it, and root would run it.")]
    [InlineData("100644", Me, Me, 0, "it belongs to another user (id 1000).")]
    [InlineData("120777", Me, Me, 0, "it belongs to another user (id 1000).")]
    [InlineData("041777", Me, Me, 0, "it belongs to another user (id 1000).")]
    [InlineData("100644", 1001, Me, Me, "it belongs to another user (id 1001).")]
    [InlineData("100646", Me, Me, Me, "everybody may write it.")]
    [InlineData("101646", Me, Me, Me, "everybody may write it.")]
    [InlineData("040777", Me, Me, Me, "everybody may write it.")]
    public void A_job_is_trusted_when_nobody_but_its_user_and_root_may_write_it(string mode, uint owner, uint group, uint user, string? problem)
    {
        FileAttributesSnapshot entry = new() { Mode = Convert.ToUInt32(mode, 8), UserId = owner, GroupId = group };

        Assert.Equal(problem, FileSafety.UnixProblem("it", entry, user));
    }

    [Theory]
    [InlineData("S-1-1-0", true)]
    [InlineData("S-1-5-11", true)]
    [InlineData("S-1-5-4", true)]
    [InlineData("S-1-5-32-545", true)]
    [InlineData("S-1-5-21-1-2-3-513", true)]
    // Its administrators, one of its users, SYSTEM and the administrators of the machine.
    [InlineData("S-1-5-21-1-2-3-512", false)]
    [InlineData("S-1-5-21-1-2-3-1001", false)]
    [InlineData("S-1-5-18", false)]
    [InlineData("S-1-5-32-544", false)]
    public void Groups_of_Windows_that_anybody_is_in_are_known(string sid, bool isMany) => Assert.Equal(isMany, FileSafety.IsManyAccounts(sid));
}
