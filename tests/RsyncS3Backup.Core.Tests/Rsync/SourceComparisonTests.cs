using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Sources;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Whether a source is what it was, decided without a mount.</summary>
public sealed class SourceComparisonTests
{
    private static readonly FileSystemIdentity Disk = new("ext4", "uuid:disk");
    private static readonly FileSystemIdentity OtherDisk = new("ext4", "uuid:other");
    private static readonly FileSystemIdentity Nas = new("nfs", "source:nas:/photos");
    private static readonly RsyncLeg Leg = new("/data", "/mirror", null);

    [Fact]
    public void What_is_as_it_was_is_fine() => Assert.Null(Compare(Facts(Disk, "/", ("nas", Nas)), Facts(Disk, "/", ("nas", Nas)), "/mirror"));

    [Theory]
    [InlineData("nas", "/data/nas", "/mirror/nas")]
    [InlineData("deep/nas", "/data/deep/nas", "/mirror/deep/nas")]
    [InlineData("", "/data", "/mirror")]
    public void What_was_a_file_system_of_its_own_must_be_one_again(string below, string target, string held)
    {
        BackupError? error = Compare(Facts(Disk, null, (below, Nas)), Facts(Disk, null), held);

        Assert.Equal(("SourceNotMounted", target), (error?.Id, error?.Target));
        Assert.Contains("(nfs source:nas:/photos)", error!.Message, StringComparison.Ordinal);
        // What the mirror does not hold, nobody can lose.
        Assert.Null(Compare(Facts(Disk, null, (below, Nas)), Facts(Disk, null), "/mirror/other"));
    }

    [Theory]
    [InlineData("nas", "/data/nas", "/mirror/nas")]
    [InlineData("", "/data", "/mirror")]
    public void What_was_one_file_system_must_not_be_another(string below, string target, string held)
    {
        BackupError? error = Compare(Facts(Disk, null, (below, Disk)), Facts(Disk, null, (below, OtherDisk)), held);

        Assert.Equal(("SourceChanged", target), (error?.Id, error?.Target));
        Assert.Contains("it was ext4 uuid:disk and is ext4 uuid:other", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_mount_is_looked_at()
    {
        SourceFacts before = Facts(Disk, null, ("excluded", Nas), ("same", Nas), ("gone", Nas));

        BackupError? error = Compare(before, Facts(Disk, null, ("same", Nas)), "/mirror/same", "/mirror/gone");

        Assert.Equal(("SourceNotMounted", "/data/gone"), (error?.Id, error?.Target));
    }

    [Fact]
    public void A_new_mount_is_fine() => Assert.Null(Compare(Facts(Disk, "/"), Facts(Disk, "/", ("nas", Nas)), "/mirror", "/mirror/nas"));

    [Theory]
    // Where it was mounted, and where it is; whether the mirror holds something.
    [InlineData("/data", "/", true, "SourceNotMounted")]
    [InlineData("/srv/drive", "/srv", true, "SourceNotMounted")]
    [InlineData("/data", "/", false, null)]
    // A file system of its own now, where it was a part of another one: that one's drive may be below.
    [InlineData("/", "/data", true, null)]
    [InlineData("/data", "/data", true, null)]
    [InlineData("/data", "/data2", true, null)]
    [InlineData("/data", null, true, null)]
    [InlineData(null, "/", true, null)]
    public void What_was_mounted_above_the_source_tells_it_too(string? before, string? now, bool holds, string? id)
    {
        // Without an id that would tell it.
        FileSystemIdentity nameless = new("xfs", null);

        BackupError? error = Compare(Facts(nameless, before), Facts(nameless, now), holds ? "/mirror" : "/other");

        Assert.Equal((id, id is null ? null : before), (error?.Id, error?.Target));
        if (id is not null)
            Assert.Contains("(xfs)", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_mounted_above_is_named_also_where_its_kind_is_not_known() => Assert.Equal(
        "SourceNotMounted", Compare(Facts(null, "/data"), Facts(null, "/"), "/mirror")?.Id);

    [Theory]
    [InlineData(true, true, "SourceChanged")]
    [InlineData(false, true, null)]
    [InlineData(true, false, null)]
    public void A_source_on_another_file_system_has_changed(bool isOther, bool holds, string? id)
    {
        BackupError? error = Compare(Facts(Disk, "/"), Facts(isOther ? OtherDisk : Disk, "/"), holds ? "/mirror" : "/other");

        Assert.Equal((id, id is null ? null : "/data"), (error?.Id, error?.Target));
        if (id is not null)
            Assert.Contains("it was ext4 uuid:disk and is ext4 uuid:other", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_not_known_or_is_not_is_not_compared()
    {
        Assert.Null(Compare(Facts(null, null), Facts(Disk, "/"), "/mirror"));
        Assert.Null(Compare(Facts(Disk, "/"), Facts(null, null), "/mirror"));
    }

    private static BackupError? Compare(SourceFacts before, SourceFacts now, params string[] held) =>
        SourceComparison.Find(Leg, before, now, held.Contains);

    private static SourceFacts Facts(FileSystemIdentity? fileSystem, string? mountPoint, params (string Below, FileSystemIdentity FileSystem)[] mounts) => new()
    {
        FileSystem = fileSystem,
        MountPoint = mountPoint,
        Mounts = mounts.ToDictionary(mount => mount.Below, mount => mount.FileSystem),
    };
}
