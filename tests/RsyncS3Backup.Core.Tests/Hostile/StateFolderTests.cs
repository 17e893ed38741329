using System.Runtime.InteropServices;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>A state folder that somebody else made, or can write to.</summary>
public sealed partial class StateFolderTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const uint Somebody = 12345;

    private readonly TemporaryFolder files = new();
    public void Dispose() => files.Dispose();

    [SkippableFact]
    public async Task Every_level_is_closed_to_others_whatever_the_process_gives_by_itself()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "starts a process as on Linux");

        await RunAsync(files["new/state"], "umask 0; ");

        Assert.All(new[] { "new", "new/state", "new/state/job", "new/state/job/logs" }, level => Assert.Equal(OwnerOnly, File.GetUnixFileMode(files[level])));
    }

    [SkippableFact]
    public void One_that_everybody_may_write_to_is_closed()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no modes");
        File.SetUnixFileMode(files.Folder("state"), OwnerOnly | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);

        StateFolder.Make(files["state/job"], files["state"]);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(files["state"]));
    }

    [SkippableTheory]
    [InlineData("state")]
    [InlineData("state/job")]
    [InlineData("above")]
    public async Task One_of_somebody_else_is_refused_before_anything_runs(string foreign)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give folders away");
        files.Folder("above/state/job");
        files.Folder("state/job");
        Assert.Equal(0, ChangeOwner(files[foreign], Somebody, Somebody));
        string state = files[foreign == "above" ? "above/state" : "state"];

        Assert.Throws<StateFolderUnsafeException>(() => StateFolder.Make(Path.Combine(state, "job"), state));
        Assert.Contains("Failed StateFolderUnsafe", await RunAsync(state), StringComparison.Ordinal);
        Assert.False(Directory.Exists(files["mirror"]));
    }

    private async Task<string> RunAsync(string state, string before = "")
    {
        files.File("source/a.txt", "a");
        string configuration = files.File("job.json", $$"""
            {
              "backupType": "rsync-to-s3", "name": "job", "sources": [{ "path": "{{files["source"]}}" }],
              "options": { "rsync": { "localDestination": "{{files["mirror"]}}", "syncToS3": { "enabled": false } } }
            }
            """);
        using StageProcess process = StageProcess.Start(
            configuration, "both",
            through: ["/bin/sh", "-c", before + "RSYNCS3BACKUP_STATE=$1; export RSYNCS3BACKUP_STATE; shift; exec \"$@\"", "sh", state]);
        await process.WaitForLinesAsync(int.MaxValue);
        return process.Output;
    }

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
