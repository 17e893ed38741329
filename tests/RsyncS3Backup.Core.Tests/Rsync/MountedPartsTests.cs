using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>One folder at two places.</summary>
[Collection(FakeRsync.Collection)]
public sealed class MountedPartsTests : RsyncStageHarness
{
    private static readonly string[] Mounts =
    [
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
        "23 22 8:2 / /home rw,relatime - ext4 /dev/sda2 rw",
        "30 22 8:17 / /mnt/drive rw - ext4 /dev/sdb1 rw",
        @"31 22 8:17 /my\040backups /mnt/again rw - ext4 /dev/sdb1 rw",
        "32 23 8:17 /shared /home/me/shared rw - ext4 /dev/sdb1 rw",
        "33 22 8:1 /var/lib /mnt/lib rw - ext4 /dev/sda1 rw",
        "34 22 0:40 / /mnt/hidden rw - tmpfs none rw",
        "35 22 8:2 /me /mnt/hidden rw - ext4 /dev/sda2 rw",
        "36 22 0:31 /@data /data rw - btrfs /dev/sdc rw",
        "37 22 0:31 /@backup /backup rw - btrfs /dev/sdc rw",
    ];

    [Theory]
    [InlineData("/mnt/again", "/mnt/drive/my backups", "same")]
    [InlineData("/mnt/drive", "/mnt/again/photos", "destination is inside")]
    [InlineData("/mnt/again/photos", "/mnt/drive", "source is inside")]
    [InlineData("/home/me", "/mnt/drive/shared/mirror", "destination is inside")]
    [InlineData("/mnt/drive/shared/x", "/home/me", "source is inside")]
    [InlineData("/var/lib/docker", "/mnt/lib", "source is inside")]
    [InlineData("/home/me", "/mnt/hidden", "same")]
    [InlineData("/home/me/photos", "/mnt/drive/mirror", null)]
    [InlineData("/mnt/again", "/mnt/drive/my", null)]
    [InlineData("/mnt/again", "/mnt/drive/my backups2", null)]
    [InlineData("/home/other", "/mnt/drive/shared", null)]
    [InlineData("/var", "/mnt/drive/x", null)]
    [InlineData("/data", "/backup", null)]
    [InlineData("/etc", "/mnt/drive/etc", null)]
    public void An_overlap_is_seen_through_mounts(string source, string destination, string? overlap)
    {
        string? found = MountedParts.Overlap(Mounts, source, destination);
        if (overlap is null)
            Assert.Null(found);
        else
            Assert.Contains(overlap, found);
    }

    [SkippableFact]
    public async Task A_mirror_in_a_second_view_of_the_source_is_refused()
    {
        Files.File("source/a");
        Directory.CreateDirectory(Files["source/deep"]);
        using SmallDrive view = SmallDrive.MountAgain(Files["source/deep"], Files.Folder("view"));
        Options = Options with { LocalDestination = Files["view/mirror"], DeleteExtraneous = true };

        RsyncStageResult result = await RunAsync();

        Assert.Equal(("PathsOverlap", BackupExitCode.Refused), (result.Error?.Id, result.Error?.ExitCode));
        Assert.Empty(Directory.GetFileSystemEntries(Files["source/deep"]));
    }
}
