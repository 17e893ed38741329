using RsyncS3Backup.Files;
using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class DriveArgumentsTests
{
    private static readonly RsyncOptions Options = new() { LocalDestination = "/mirror" };

    [SkippableTheory]
    [InlineData(1, "--modify-window=-1")]
    [InlineData(100, "--modify-window=0")]
    [InlineData(1_000, "--modify-window=0")]
    [InlineData(10_000_000, "--modify-window=0")]
    [InlineData(1_000_000_000, "--modify-window=0")]
    [InlineData(2_000_000_000, "--modify-window=1")]
    public void Times_are_compared_as_finely_as_the_drive_keeps_them(long step, string argument)
    {
        Skip.If(OperatingSystem.IsWindows(), "There every time has the step of 100 ns.");
        RsyncOptions fit = Fit(new FileSystemTraits { TimeStep = step });
        Assert.Equal([argument], fit.DriveArguments!);
        Assert.False(fit.Checksum);
    }

    [Fact]
    public void Where_no_time_stays_contents_are_compared()
    {
        RsyncOptions fit = Fit(new FileSystemTraits { TimeStep = 0 });
        Assert.True(fit.Checksum);
        Assert.Contains("--no-times", fit.DriveArguments!);
    }

    [Fact]
    public void What_a_drive_lacks_is_not_asked_for()
    {
        FileSystemTraits bare = new()
        {
            KeepsOwners = false,
            KeepsPermissions = false,
            HasSymbolicLinks = false,
            HasHardLinks = false,
            HasSpecialFiles = false,
            HasExtendedAttributes = false,
            LargestFile = 5,
        };
        RsyncOptions all = Options with { HardLinks = true, Acls = true, ExtendedAttributes = true };
        RsyncOptions fit = DriveArguments.Fit(all, bare);

        Assert.Equal(
            [
                "--modify-window=-1", "--no-perms", "--no-owner", "--no-group", "--no-links", "--no-specials", "--no-devices", "--max-size=5",
                "--info=skip1",
            ],
            fit.DriveArguments!);
        Assert.False(fit.HardLinks || fit.Acls || fit.ExtendedAttributes);
        Assert.Equal(7, DriveArguments.Losses(all, bare).Count());
        Assert.Empty(DriveArguments.Losses(all, new FileSystemTraits()));
    }

    [Theory]
    [InlineData(MirrorOwnership.Auto, true, false)]
    [InlineData(MirrorOwnership.Auto, false, true)]
    [InlineData(MirrorOwnership.Ignore, true, true)]
    [InlineData(MirrorOwnership.Keep, false, false)]
    [InlineData(MirrorOwnership.FakeSuper, false, false)]
    public void Owners_are_left_out_where_that_is_wished_or_the_drive_has_none(MirrorOwnership ownership, bool keepsOwners, bool areLeftOut) =>
        Assert.Equal(
            areLeftOut,
            DriveArguments.Fit(Options with { Ownership = ownership }, new FileSystemTraits { KeepsOwners = keepsOwners }).DriveArguments!
                .Contains("--no-owner"));

    private static RsyncOptions Fit(FileSystemTraits traits) => DriveArguments.Fit(Options, traits);
}
