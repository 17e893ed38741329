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

    private static RsyncOptions Fit(FileSystemTraits traits) => DriveArguments.Fit(Options, traits);
}
