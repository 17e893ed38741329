using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Entries that a program which opens or reads them never gets to the end of.</summary>
public sealed class PipesAndDevicesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder files = new();

    public void Dispose()
    {
        // Deeper than .NET can delete.
        Shell("rm -rf \"$1\"/*");
        files.Dispose();
    }

    [SkippableFact]
    public async Task A_pipe_in_the_markers_place_is_no_marker_and_holds_nobody_up()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such pipes");
        Swap.Pipe(files[MirrorMarker.FileName]);

        await Assert.ThrowsAsync<InvalidDataException>(() => Task.Run(() => MirrorMarker.Read(files.Path)).WaitAsync(Patience));
    }

    [SkippableFact]
    public async Task A_device_in_the_markers_place_is_not_read()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such devices");
        File.CreateSymbolicLink(files[MirrorMarker.FileName], "/dev/zero");

        await Assert.ThrowsAsync<InvalidDataException>(() => Task.Run(() => MirrorMarker.Read(files.Path)).WaitAsync(Patience));
    }

    [SkippableFact]
    public async Task A_pipe_in_the_job_folder_holds_nobody_up()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such pipes");
        string pipe = Swap.Pipe(files["job.json"]);

        JobFile job = await Task.Run(() => JobFile.Read(pipe, new JobFolder(files.Path, BackupJobScope.User), null)).WaitAsync(Patience);

        Assert.Equal(ErrorIds.JobFileUnsafe, job.Error?.Id);
    }

    [SkippableFact]
    public void A_tree_deeper_than_the_system_takes_costs_its_own_entries_only()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "makes a tree by a shell of Linux");
        files.File("a.txt", "a");
        Shell("cd \"$1\" && i=0 && while [ $i -lt 60 ]; do n=$(printf 'd%099d' 0); mkdir $n && cd -P ./$n && i=$((i+1)); done; echo x > z");
        files.File("z.txt", "z");
        StageReport report = new(context: null);

        string[] keys = [.. new MirrorWalker(files.Path, report).Walk(CancellationToken.None)
            .Where(entry => entry.Kind == MirrorEntryKind.File).Select(entry => entry.RelativeKey)];

        Assert.Equal(["a.txt", "z.txt"], keys);
        Assert.Equal(ErrorIds.FolderUnreadable, Assert.Single(report.FailedItems()).Id);
    }

    private void Shell(string script)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", script, "sh", files.Path]);
        shell.WaitForExit();
    }
}
