using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Runs;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>One run at a time on a mirror, whatever state folder the other one has.</summary>
[Collection(FakeRsync.Collection)]
public sealed class MirrorLockTests : LocalJob
{
    private string LockPath => Path.Combine(Files["mirror"], MirrorExclusions.LockFile);

    [Fact]
    public async Task A_run_on_a_mirror_that_another_run_works_on_changes_nothing()
    {
        Assert.Equal(BackupExitCode.Succeeded, (await RunAsync()).ExitCode);
        Files.File("source/b");
        using (await TakeAsync())
        {
            BackupResult refused = await RunAsync();
            RestoreResult restore = await RestoreAsync();

            Assert.Equal(("MirrorInUse", BackupExitCode.AlreadyRunning), (refused.Error?.Id, refused.ExitCode));
            Assert.Equal("MirrorInUse", restore.Error?.Id);
            Assert.False(File.Exists(Path.Combine(Files["mirror"], "b")));
            Assert.Equal("MirrorInUse", (await Assert.ThrowsAsync<BackupException>(TakeAsync)).Error.Id);
        }

        Assert.Equal(BackupExitCode.Succeeded, (await RunAsync()).ExitCode);
        Assert.True(File.Exists(Path.Combine(Files["mirror"], "b")));
        Assert.False(File.Exists(LockPath));
    }

    [Fact]
    public async Task A_run_waits_as_long_as_it_is_told()
    {
        await RunAsync();
        MirrorLock held = (await TakeAsync())!;
        Task<BackupResult> waiting = RunAsync(new BackupRunOptions { WaitForLock = TimeSpan.FromMinutes(5) });
        while (!Observer.VerboseMessages.Any(line => line.Contains("Waiting for another run on the mirror", StringComparison.Ordinal)))
            await Task.Delay(10);
        held.Dispose();

        Assert.Equal(BackupExitCode.Succeeded, (await waiting).ExitCode);
    }

    [Fact]
    public async Task The_lock_leaves_no_trace_and_what_a_killed_run_left_is_taken_over()
    {
        await RunAsync();
        long before = FileAttributesReader.Read(Files["mirror"]).ModifiedNanoseconds;

        (await TakeAsync())!.Dispose();
        long after = FileAttributesReader.Read(Files["mirror"]).ModifiedNanoseconds;
        await File.WriteAllTextAsync(LockPath, "left behind");
        (await TakeAsync())!.Dispose();

        Assert.Equal(before, after);
        Assert.False(File.Exists(LockPath));
    }

    [SkippableFact]
    public async Task A_link_of_that_name_is_not_followed_and_stops_no_run()
    {
        Skip.If(OperatingSystem.IsWindows(), "makes links");
        await RunAsync();
        string elsewhere = Files.File("elsewhere", "precious");
        File.CreateSymbolicLink(LockPath, elsewhere);

        Assert.Null(await TakeAsync());

        Assert.Equal(BackupExitCode.Succeeded, (await RunAsync()).ExitCode);
        Assert.Equal("precious", await File.ReadAllTextAsync(elsewhere));
    }

    [Fact]
    public async Task A_folder_without_a_marker_gets_no_file()
    {
        Files.Folder("mirror");

        Assert.Null(await TakeAsync());

        Assert.Empty(Directory.EnumerateFileSystemEntries(Files["mirror"]));
    }

    [Fact]
    public async Task The_file_is_no_part_of_a_mirror_but_deeper_down_it_is()
    {
        Files.File("source/" + MirrorExclusions.LockFile);
        Files.File("source/sub/" + MirrorExclusions.LockFile);
        await RunAsync();
        await File.WriteAllTextAsync(LockPath, "held");

        Assert.True(File.Exists(Path.Combine(Files["mirror"], "sub", MirrorExclusions.LockFile)));
        Assert.Equal(
            ["a", "sub/" + MirrorExclusions.LockFile],
            new MirrorWalker(Files["mirror"], new StageReport(context: null)).Walk(CancellationToken.None).Select(entry => entry.RelativeKey));
    }

    [Fact]
    public async Task Of_many_at_once_one_has_it_at_any_time()
    {
        await RunAsync();
        int inside = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 25; i++)
            {
                using MirrorLock? held = await MirrorLock.TakeAsync(Files["mirror"], TimeSpan.FromMinutes(5), () => { }, CancellationToken.None);
                Assert.NotNull(held);
                most = Math.Max(most, Interlocked.Increment(ref inside));
                await Task.Yield();
                Interlocked.Decrement(ref inside);
            }
        })));

        Assert.Equal(1, most);
    }

    private Task<MirrorLock?> TakeAsync() => MirrorLock.TakeAsync(Files["mirror"], wait: null, () => { }, CancellationToken.None);

    private Task<RestoreResult> RestoreAsync() => BackupRestore.RunAsync(
        RestoreRequest.For(Configuration) with { From = BackupCopy.Local, InPlace = true }, Observer, CancellationToken.None);
}
