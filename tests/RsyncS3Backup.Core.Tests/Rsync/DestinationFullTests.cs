using System.Diagnostics;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>A drive that is really full.</summary>
[Collection(FakeRsync.Collection)]
public sealed class DestinationFullTests : RsyncStageHarness
{
    [SkippableFact]
    public async Task A_full_drive_is_named_with_what_is_free_and_needed_and_a_rerun_with_more_room_finishes()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a small drive.");
        string drive = Files.Folder("drive");
        Skip.If(await RunToolAsync("mount", "-t", "tmpfs", "-o", "size=2m", "none", drive) != 0, "This machine forbids mounting.");
        try
        {
            Files.File("source/a", "small");
            File.WriteAllBytes(Files["source/big"], new byte[6 << 20]);
            Options = Options with { LocalDestination = drive, DeleteExtraneous = true };

            RsyncStageResult full = await RunAsync();

            Assert.Equal(("DestinationFull", BackupExitCode.Stage1Failed), (full.Error?.Id, full.Error?.ExitCode));
            Assert.Contains("are free now", full.Error!.Message);
            Assert.Contains("6 MiB in all are still to be copied", full.Error.Message.Replace("6.0", "6", StringComparison.Ordinal));
            Assert.False(File.Exists(Path.Combine(drive, "big")));

            Assert.Equal(0, await RunToolAsync("mount", "-o", "remount,size=32m", drive));
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
            Assert.Equal(Snapshot(Source), Snapshot(drive));
        }
        finally
        {
            await RunToolAsync("umount", drive);
        }
    }

    private static async Task<int> RunToolAsync(string tool, params string[] arguments)
    {
        ProcessStartInfo start = new(tool) { RedirectStandardError = true };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using Process process = Process.Start(start)!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
