using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>A drive that is really full.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class DestinationFullTests : RsyncStageHarness
{
    [SkippableFact]
    public async Task A_full_drive_is_named_with_what_is_free_and_needed_and_a_rerun_with_more_room_finishes()
    {
        using SmallDrive drive = SmallDrive.Mount(Files.Folder("mirror"), "2m");
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/a", "small");
        File.WriteAllBytes(Files["source/big"], new byte[6 << 20]);

        RsyncStageResult full = await RunAsync();

        Assert.Equal(("DestinationFull", BackupExitCode.Stage1Failed), (full.Error?.Id, full.Error?.ExitCode));
        Assert.Contains("are free now", full.Error!.Message);
        Assert.Contains("6 MiB in all are still to be copied", full.Error.Message.Replace("6.0", "6", StringComparison.Ordinal));
        Assert.False(File.Exists(Files["mirror/big"]));

        drive.Resize("32m");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    [SkippableFact]
    public async Task A_file_that_no_longer_fits_stays_as_it_was_and_nothing_is_deleted_to_make_room()
    {
        using SmallDrive drive = SmallDrive.Mount(Files.Folder("mirror"), "2m");
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/grows", "as it was");
        Files.File("source/gone", "still there");
        await RunAsync();
        File.WriteAllBytes(Files["source/grows"], new byte[6 << 20]);
        File.Delete(Files["source/gone"]);

        Assert.Equal("DestinationFull", (await RunAsync()).Error?.Id);

        Assert.Equal(
            ("as it was", "still there"), (File.ReadAllText(Files["mirror/grows"]), File.ReadAllText(Files["mirror/gone"])));
        drive.Resize("32m");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }
}
