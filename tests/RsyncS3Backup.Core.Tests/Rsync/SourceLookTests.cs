using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Rsync.Sources;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What a source is, where an automounter mounts what is in it.</summary>
public sealed class SourceLookTests
{
    private static readonly FileSystemIdentity Nas = new("nfs", "source:nas:/photos");
    private static readonly FileSystemIdentity Disk = new("ext4", "uuid:disk");

    [Theory]
    // What was mounted; what is; what comes back when somebody looks into it; where is looked; what is found.
    [InlineData("", "", "nas", "", "")]
    [InlineData("nas", "nas", "", "", "nas")]
    [InlineData("nas", "", "nas", "nas", "nas")]
    [InlineData("nas", "", "", "nas", "")]
    [InlineData("nas,usb", "usb", "nas", "nas", "nas,usb")]
    [InlineData("nas,usb", "", "nas", "nas,usb", "nas")]
    [InlineData("", "usb", "nas", "", "usb")]
    [InlineData(",nas", "", "", ",nas", "")]
    public void What_was_mounted_and_is_not_is_looked_into_before_it_is_missed(
        string before, string mounted, string comesBack, string lookedInto, string found)
    {
        HashSet<string> mounts = [.. Paths(mounted)];
        List<string> looks = [];
        int reads = 0;

        SourceFacts facts = SourceLook.Find(
            Paths(before),
            () => new SourceFacts { Mounts = mounts.ToDictionary(path => path, _ => Nas), Entries = ++reads },
            path =>
            {
                looks.Add(path);
                if (Paths(comesBack).Contains(path))
                    mounts.Add(path);
            });

        Assert.Equal(Paths(lookedInto), looks);
        Assert.Equal(looks.Count == 0 ? 1 : 2, facts.Entries);
        Assert.Equal(Paths(found), facts.Mounts.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_was_mounted_meanwhile_is_added_and_what_is_known_stays()
    {
        SourceFacts known = new() { FileSystem = Disk, Mounts = new Dictionary<string, FileSystemIdentity> { ["usb"] = Disk }, Entries = 7 };

        SourceFacts facts = SourceLook.With(known, [KeyValuePair.Create("nas", Nas), KeyValuePair.Create("usb", Nas)]);

        Assert.Equal([("nas", Nas), ("usb", Disk)], facts.Mounts.Select(mount => (mount.Key, mount.Value)).OrderBy(mount => mount.Key));
        Assert.Equal((Disk, 7), (facts.FileSystem, facts.Entries));
    }

    [Theory]
    // A direct map and systemd: the file system lies on the automounter's own.
    [InlineData("/data/nas autofs,/data/nas nfs", "/data/nas")]
    // An indirect map: it lies below.
    [InlineData("/data/misc autofs,/data/misc/nas nfs,/data/misc/deep/nas nfs", "/data/misc/deep/nas,/data/misc/nas")]
    // It has expired.
    [InlineData("/data/nas autofs", "")]
    // What no automounter has mounted, and what is elsewhere.
    [InlineData("/data/usb ext4,/data/nas2 autofs,/data/nas nfs,/other autofs,/other/nas nfs", "")]
    // The source itself is in one.
    [InlineData("/data autofs,/data nfs,/data/usb ext4", "/data,/data/usb")]
    public void What_an_automounter_mounts_is_told_from_the_rest(string lines, string expected)
    {
        MountLine[] mounts = [.. Paths(lines).Select(line => line.Split(' ')).Select(line => new MountLine("", "/", line[0], line[1], ""))];

        Assert.Equal(Paths(expected), MountPoints.Automounted(mounts, "/data").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/data", "")]
    [InlineData("/data/nas", "nas")]
    [InlineData("/data/deep/nas", "deep/nas")]
    public void A_mount_has_its_path_below_the_source(string path, string below) => Assert.Equal(below, SourceLook.Below("/data", path));

    [SkippableFact]
    public void What_the_kernel_shows_of_itself_is_no_mount_that_somebody_would_miss()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Linux alone says what is mounted.");

        Assert.Empty(MountPoints.In("/proc"));
        Assert.Empty(MountPoints.Automounted("/proc"));
    }

    [Fact]
    public void What_is_missing_is_looked_into_although_it_is_not_there()
    {
        using TemporaryFolder folder = new();

        SourceFacts facts = SourceLook.At(folder.Path, ["nas", ""]);

        Assert.Empty(facts.Mounts);
        Assert.Equal(FileSystemIdentity.Of(folder.Path), facts.FileSystem);
    }

    // "" alone is no path; after a comma it is the source itself.
    private static string[] Paths(string list) => list.Length == 0 ? [] : list.Split(',');
}
