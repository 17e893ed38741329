using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

public sealed class FileSystemProbeTests : IDisposable
{
    private readonly TemporaryFolder files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(1_000_000_001_123_456_789, 1)]
    [InlineData(1_000_000_001_123_456_700, 100)]
    [InlineData(1_000_000_001_123_456_000, 1_000)]
    [InlineData(1_000_000_001_123_000_000, 1_000_000)]
    [InlineData(1_000_000_001_120_000_000, 10_000_000)]
    [InlineData(1_000_000_001_000_000_000, 1_000_000_000)]
    [InlineData(1_000_000_000_000_000_000, 2_000_000_000)]
    [InlineData(1_000_000_002_000_000_000, 2_000_000_000)]
    [InlineData(1_796_036_078_000_000_000, 0)]
    [InlineData(0, 0)]
    public void What_is_left_of_a_time_tells_its_step(long kept, long step) => Assert.Equal(step, FileSystemProbe.StepOf(kept));

    [Fact]
    public void A_drive_is_asked_once_and_again_when_it_is_another_one_and_nothing_is_left_of_it()
    {
        string mirror = files.Folder("mirror");
        DateTime before = new(2020, 1, 1, 0, 0, 1, DateTimeKind.Utc);
        // What an earlier one left behind when it was killed.
        files.File("mirror/" + MirrorDrive.ProbePrefix + "link");
        Directory.SetLastWriteTimeUtc(mirror, before);
        string job = "probe-" + Guid.NewGuid().ToString("N");

        bool[] asked = [Ask(job, mirror), Ask(job, mirror)];
        MirrorMemory memory = MirrorMemory.Load(job, mirror);
        (memory with { Drive = memory.Drive! with { Place = "another drive" } }).Save(job);
        FileSystemTraits unknown = MirrorGuard.Check(job, mirror, allowNew: false).KnownTraits();
        bool again = Ask(job, mirror);

        Assert.Equal((true, false, true), (asked[0], asked[1], again));
        Assert.Equal(new FileSystemTraits(), unknown);
        Assert.Empty(Directory.EnumerateFileSystemEntries(mirror));
        Assert.Equal(before, Directory.GetLastWriteTimeUtc(mirror));
    }

    [Fact]
    public void What_a_drive_does_is_remembered_whole()
    {
        FileSystemTraits odd = new()
        {
            TimeStep = 2,
            FoldsCase = true,
            FoldsNormalization = true,
            KeepsPermissions = false,
            KeepsOwners = false,
            HasSymbolicLinks = false,
            HasHardLinks = false,
            HasSpecialFiles = false,
            HasExtendedAttributes = false,
            RefusedCharacters = "?\"",
            LargestFile = 5,
        };
        string job = "probe-" + Guid.NewGuid().ToString("N");
        new MirrorMemory { Path = "/mirror", Drive = new MirrorDrive("ext9 x", odd) }.Save(job);
        Assert.Equal(new MirrorDrive("ext9 x", odd), MirrorMemory.Load(job, "/mirror").Drive);
    }

    private static bool Ask(string job, string mirror)
    {
        MirrorGuard.Check(job, mirror, allowNew: false).FindTraits(new StageReport(null), out bool isNew);
        return isNew;
    }
}
