using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
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
        @"34 22 0:53 / /srv/a\134b\011c rw - overlay over\040lay rw",
        @"35 22 0:54 / /srv/end\040 rw - tmpfs x rw",
        @"40 22 0:59 / /srv/odd\04 rw - tmpfs x rw",
        @"36 22 0:55 / /srv/not\0 rw - tmpfs x rw",
        "37 22 0:56 / /srv/short rw - tmpfs",
        "38 22 0:57 / /srv/nothing rw - tmpfs none",
        "39 22 0:58 / /srv/early - tmpfs none rw",
        "nonsense",
    ];

    [Theory]
    [InlineData("/home/me", "8:2", "ext4", "/dev/sda2")]
    [InlineData("/mnt/back up/photos", "8:17", "xfs", "/dev/sdb1")]
    [InlineData("/mnt/back upside", "8:2", "ext4", "/dev/sda2")]
    [InlineData("/mnt/nas", "0:50", "nfs4", "nas:/export/backup")]
    [InlineData("/mnt/twice/x", "0:52", "tmpfs", "second")]
    [InlineData("/srv/a\\b\tc/x", "0:53", "overlay", "over lay")]
    [InlineData("/srv/end ", "0:54", "tmpfs", "x")]
    [InlineData(@"/srv/not\0", "0:55", "tmpfs", "x")]
    [InlineData(@"/srv/odd\04", "0:59", "tmpfs", "x")]
    // Of a line without all its fields nothing is known.
    [InlineData("/srv/short", "8:2", "ext4", "/dev/sda2")]
    [InlineData("/srv/nothing", "0:57", "tmpfs", "none")]
    [InlineData("/srv/early", "8:2", "ext4", "/dev/sda2")]
    public void A_path_is_on_the_innermost_and_last_mount(string path, string device, string type, string source)
    {
        MountLine? found = MountLine.Holding(MountLine.Read(Mounts), path);

        Assert.Equal((device, "/", type, source), (found?.Device, found?.Root, found?.Type, found?.Source));
    }

    [Fact]
    public void A_path_that_nothing_is_mounted_above_is_on_nothing_that_is_known() =>
        Assert.Null(MountLine.Holding(MountLine.Read(Mounts[1..]), "/home"));

    [Theory]
    [InlineData("/", "/ /mnt/back up /mnt/nas /mnt/twice /srv/end  /srv/not\\0 /srv/nothing /srv/odd\\04")]
    [InlineData("/mnt", "/mnt/back up /mnt/nas /mnt/twice")]
    [InlineData("/mnt/nas", "/mnt/nas")]
    [InlineData("/mnt/na", "")]
    // An overlay comes and goes with a container.
    [InlineData("/srv/a\\b\tc", "")]
    public void The_mounts_at_a_folder_and_below_it_are_those_that_hold_data(string folder, string mounts) => Assert.Equal(
        mounts, string.Join(' ', MountPoints.In(MountLine.Read(Mounts), folder).Order(StringComparer.Ordinal)));

    [Theory]
    // A UUID is the best; a network's source comes next; the id of statfs(2) only where the file system keeps it.
    [InlineData("ext4", "u", "uuid:u")]
    [InlineData("nfs4", "u", "uuid:u")]
    [InlineData("nfs4", null, "source:s")]
    [InlineData("cifs", null, "source:s")]
    [InlineData("ext4", null, "fsid:f")]
    [InlineData("tmpfs", null, "fsid:f")]
    [InlineData("xfs", null, null)]
    [InlineData("vfat", null, null)]
    [InlineData("overlay", null, null)]
    public void An_id_is_what_outlives_a_reboot(string type, string? uuid, string? id)
    {
        Assert.Equal(id, FileSystemIdentity.StableId(type, "s", uuid, () => "f"));
        Assert.Equal(id == "fsid:f" ? null : id, FileSystemIdentity.StableId(type, "s", uuid, () => null));
    }

    [Theory]
    [InlineData(0UL, null)]
    [InlineData(1UL, "0000000000000001")]
    [InlineData(ulong.MaxValue, "ffffffffffffffff")]
    public void An_id_of_zero_is_none(ulong id, string? text) => Assert.Equal(text, FileSystemIdentity.StatfsId(id));

    [Fact]
    public void A_UUID_is_the_name_of_a_link_to_the_device()
    {
        using TemporaryFolder folder = new();
        string device = folder.File("sda1");
        string links = folder.Folder("by-uuid");
        foreach ((string name, string target) in new[] { ("b", device), ("a", device), ("c", folder.File("sdb1")), ("0", folder["gone"]) })
            File.CreateSymbolicLink(Path.Combine(links, name), target);
        File.CreateSymbolicLink(folder["mapper"], device);

        Assert.Equal(
            ["a", "a", "c", null, null, null],
            new[] { device, folder["mapper"], folder["sdb1"], folder["sdc1"], "sda1", "nas:/export" }
                .Select(source => FileSystemIdentity.Uuid(source, links)));
        Assert.Null(FileSystemIdentity.Uuid(device, folder["nowhere"]));
    }

    [SkippableFact]
    public void The_id_of_a_file_system_in_memory_is_the_one_that_statfs_tells()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Directory.Exists("/dev/shm"), "There is no file system in memory to look at.");
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-f", "-c", "%T %i", "/dev/shm"]) { RedirectStandardOutput = true })!;
        string[] told = stat.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
        Skip.IfNot(told[0] == "tmpfs" && told[1].Trim('0').Length > 0, "It is none, or has no id.");
        FileSystemIdentity found = FileSystemIdentity.Of("/dev/shm");

        // f_fsid is two words of 32 bits, which stat(1) shows the other way round.
        string id = told[1].PadLeft(16, '0');
        Assert.Equal(("tmpfs", $"fsid:{id[8..]}{id[..8]}"), (found.Type, found.Id));
        Assert.Equal($"tmpfs {found.Id}", found.ToString());
        Assert.Equal("xfs", new FileSystemIdentity("xfs", null).ToString());
        Assert.Equal("/dev/shm", MountPoints.Holding("/dev/shm"));
        Assert.Equal(["/dev/shm"], MountPoints.In("/dev/shm").Select(mount => mount.Path));
    }

    [Theory]
    [InlineData("ext4", "uuid:a", "ext4", "uuid:a", false)]
    [InlineData("ext4", "uuid:a", "ext4", "uuid:b", true)]
    [InlineData("ext4", "uuid:a", "ext4", "fsid:b", false)]
    [InlineData("ext4", "uuid:a", "ext4", null, false)]
    [InlineData("ext4", "uuid:a", "tmpfs", null, true)]
    [InlineData("", null, "tmpfs", "fsid:a", false)]
    [InlineData("9", null, "x", null, true)]
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
