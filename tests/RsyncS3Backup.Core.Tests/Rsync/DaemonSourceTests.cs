using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Stage 1 from a real rsync daemon.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class DaemonSourceTests : RsyncStageHarness, IClassFixture<RsyncDaemon>
{
    private readonly RsyncDaemon daemon;
    private readonly string folder;
    private readonly string root;

    public DaemonSourceTests(RsyncDaemon daemon)
    {
        this.daemon = daemon;
        folder = Guid.NewGuid().ToString("N");
        root = Directory.CreateDirectory(Path.Combine(daemon.Data, folder)).FullName;
        Options = Options with { DeleteExtraneous = true };
    }

    [Fact]
    public async Task Hostile_trees_are_mirrored_with_their_deletions()
    {
        HostileTree tree = new(new Random(4));
        for (int run = 0; run < TestEffort.Times(4); run++)
        {
            tree.Change(root);
            RsyncStageResult result = await RunAsync(From(daemon.Source("data/" + folder)) with
            {
                Options = Options with { MaxDelete = DeleteLimit.Unlimited },
            });

            Assert.Equal(BackupStatus.Succeeded, result.Status);
            Assert.Equal(Snapshot(root), Snapshot(Mirror));
        }
    }

    [SkippableFact]
    public async Task The_journal_is_the_difference_of_random_trees_by_any_name()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "makes sockets with mknod, as root on Linux");
        RawTree tree = new(new Random(8), MirrorTrees.Latin1(root));
        RsyncStageRequest request = From(daemon.Source("data/" + folder)) with
        {
            Options = Options with { HardLinks = true, MaxDelete = DeleteLimit.Unlimited },
            AllowEmptySource = true,
        };
        for (int run = 0; run < TestEffort.Times(6); run++)
        {
            tree.Change();
            Dictionary<string, RawEntry> before = MirrorTrees.Read(Mirror, 1);
            // Another machine makes nobody's programs run as somebody else here.
            Dictionary<string, RawEntry> source = MirrorTrees.WithoutSetId(MirrorTrees.Read(root, 1));

            RsyncStageResult result = await RunAsync(request);

            Assert.True(result.Status == BackupStatus.Succeeded, $"run {run}: {result.Error} {string.Join(" / ", result.FailedItems)} {string.Join(" / ", result.Warnings)}");
            MirrorTrees.AssertSame($"run {run}", source, MirrorTrees.Read(Mirror, 1));
            Assert.Empty(ExpectedChanges.Problems(before, source, [.. result.GetChanges()]));
        }
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("a [bc]*?\\d")]
    [InlineData("a data/b")]
    [InlineData("100% $(x)")]
    public async Task A_folder_by_any_name_is_found_and_no_other(string name)
    {
        Directory.CreateDirectory(Path.Combine(root, name));
        File.WriteAllText(Path.Combine(root, name, "file"), "");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(root, "a bxy\\d")).FullName, "other"), "");

        RsyncStageResult result = await RunAsync(From(daemon.Source($"data/{folder}/{name}")));

        Assert.Null(result.Error);
        Assert.Equal(["file"], Directory.GetFiles(Mirror).Select(Path.GetFileName).Where(file => file != MirrorMarker.FileName));
    }

    [Theory]
    [InlineData("gone", "", "SourceMissing")]
    [InlineData("data/gone", "", "SourceMissing")]
    [InlineData("data/{0}/file", "", "SourceNotDirectory")]
    [InlineData("nothing", "", "RemoteModuleUnknown")]
    [InlineData("shut", "", "RemoteRefused")]
    [InlineData("secret", "", "RemoteAuthenticationFailed")]
    [InlineData("secret", "stranger@", "RemoteAuthenticationFailed")]
    public async Task A_refusal_says_why(string module, string user, string id)
    {
        File.WriteAllText(Path.Combine(root, "file"), "");
        BackupSource source = daemon.Source(module.Replace("{0}", folder, StringComparison.Ordinal), user);

        RsyncStageResult result = await RunAsync(From(source));

        Assert.Equal(id, result.Error?.Id);
        Assert.Contains(source.Path, result.Error!.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Mirror));
    }

    [Fact]
    public async Task A_password_comes_from_its_file()
    {
        File.WriteAllText(Path.Combine(root, "file"), "");
        BackupSource source = daemon.Source("secret/" + folder, RsyncDaemon.User + "@");

        RsyncStageResult wrong = await RunAsync(From(source with { PasswordFile = daemon.WrongPasswordFile }));
        RsyncStageResult right = await RunAsync(From(source with { PasswordFile = daemon.PasswordFile }));

        Assert.Equal("RemoteAuthenticationFailed", wrong.Error?.Id);
        Assert.Null(right.Error);
        Assert.True(File.Exists(Path.Combine(Mirror, "file")));
        Assert.DoesNotContain("sesame", File.ReadAllText(right.LogPath!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_password_file_that_rsync_would_not_take_is_refused_before(bool exists)
    {
        string file = Files["open"];
        if (exists)
        {
            File.WriteAllText(file, "x\n");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        }

        RsyncStageResult result = await RunAsync(From(daemon.Source("secret", RsyncDaemon.User + "@") with { PasswordFile = file }));

        Assert.Equal(("PasswordFileUnusable", file), (result.Error?.Id, result.Error?.Target));
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_told()
    {
        int port = ServerProcess.FreePort();
        RsyncStageResult result = await RunAsync(From(new BackupSource { Path = $"rsync://127.0.0.1:{port}/data" }));
        Assert.Equal("RemoteUnreachable", result.Error?.Id);
    }

    [Fact]
    public async Task An_empty_module_deletes_nothing()
    {
        File.WriteAllText(Path.Combine(root, "file"), "");
        await RunAsync(From(daemon.Source("data/" + folder)));
        File.Delete(Path.Combine(root, "file"));

        RsyncStageResult result = await RunAsync(From(daemon.Source("data/" + folder)));

        Assert.Equal("SourceEmpty", result.Error?.Id);
        Assert.True(File.Exists(Path.Combine(Mirror, "file")));
    }

    [Fact]
    public async Task A_daemon_that_takes_one_connection_is_enough()
    {
        File.WriteAllText(Path.Combine(root, "keep"), "");
        File.WriteAllText(Path.Combine(root, "gone"), "");
        await RunAsync(From(daemon.Source("single/" + folder)));
        File.Delete(Path.Combine(root, "gone"));

        // Three connections: the look at the root, the pass that copies, the pass that deletes.
        RsyncStageResult result = await RunAsync(From(daemon.Source("single/" + folder)));

        Assert.Null(result.Error);
        AssertCounts(result, deleted: 1, unchanged: 2);
    }

    [Fact]
    public async Task A_run_that_is_stopped_leaves_nothing_running_on_either_side()
    {
        File.WriteAllBytes(Path.Combine(root, "large"), new byte[64 * 1024 * 1024]);
        Options = Options with { BandwidthLimit = 256 * 1024 };
        using CancellationTokenSource stop = new();
        Observer = new RecordingObserver
        {
            OnProgress = progress =>
            {
                if (progress.Bytes > 0)
                    stop.Cancel();
            },
        };

        RsyncStageResult result = await RunAsync(From(daemon.Source("data/" + folder)), cancellationToken: stop.Token);

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.True(daemon.Process.WaitUntilIdle());
        Assert.False(File.Exists(Files["mirror/large"]));
    }

    private RsyncStageRequest From(BackupSource source) => Request with { Sources = [source] };
}
