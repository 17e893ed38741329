using RsyncS3Backup.Files;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class FileSystemIdentityTests
{
    private static readonly string[] Mounts =
    [
        "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw",
        @"30 22 8:17 / /mnt/back\040up rw master:1 propagate_from:2 - xfs /dev/sdb1 rw",
        "31 22 0:50 / /mnt/nas rw - nfs4 nas:/export/backup rw,vers=4.2",
        "32 22 0:51 / /mnt/twice rw - tmpfs first rw",
        "33 32 0:52 / /mnt/twice rw - tmpfs second rw",
        "nonsense",
    ];

    [Theory]
    [InlineData("/home/me", "8:2", "ext4", "/dev/sda2")]
    [InlineData("/mnt/back up/photos", "8:17", "xfs", "/dev/sdb1")]
    [InlineData("/mnt/back upside", "8:2", "ext4", "/dev/sda2")]
    [InlineData("/mnt/nas", "0:50", "nfs4", "nas:/export/backup")]
    [InlineData("/mnt/twice/x", "0:52", "tmpfs", "second")]
    public void A_path_is_on_the_innermost_and_last_mount(string path, string device, string type, string source) =>
        Assert.Equal((device, type, source), FileSystemIdentity.FindMount(Mounts, path));

    [Theory]
    [InlineData("ext4", "uuid:a", "ext4", "uuid:a", false)]
    [InlineData("ext4", "uuid:a", "ext4", "uuid:b", true)]
    [InlineData("ext4", "uuid:a", "ext4", "fsid:b", false)]
    [InlineData("ext4", "uuid:a", "ext4", null, false)]
    [InlineData("ext4", "uuid:a", "tmpfs", null, true)]
    [InlineData("", null, "tmpfs", "fsid:a", false)]
    public void Two_file_systems_differ_only_where_that_is_known(string type, string? id, string otherType, string? otherId, bool expected)
    {
        FileSystemIdentity one = new(type, id);
        FileSystemIdentity other = new(otherType, otherId);
        Assert.Equal(expected, one.IsOtherThan(other));
        Assert.Equal(expected, other.IsOtherThan(one));
    }

    [SkippableFact]
    public void Two_real_file_systems_are_told_apart()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Directory.Exists("/dev/shm"), "There is no second file system to look at.");
        FileSystemIdentity memory = FileSystemIdentity.Of("/dev/shm");
        Assert.True(FileSystemIdentity.Of(AppContext.BaseDirectory).IsOtherThan(memory));
        Assert.Equal(memory, FileSystemIdentity.Of("/dev/shm/"));
    }
}
