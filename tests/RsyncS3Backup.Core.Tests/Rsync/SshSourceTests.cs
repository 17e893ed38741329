using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Stage 1 from another machine, which is a real sshd on this one.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class SshSourceTests : RsyncStageHarness, IClassFixture<SshServer>
{
    private readonly SshServer server;

    public SshSourceTests(SshServer server)
    {
        this.server = server;
        Options = Options with { DeleteExtraneous = true };
    }

    [SkippableFact]
    public async Task Hostile_trees_are_mirrored_with_their_deletions()
    {
        NeedServer();
        HostileTree tree = new(new Random(3));
        for (int run = 0; run < TestEffort.Times(3); run++)
        {
            tree.Change(Source);
            RsyncStageResult result = await RunAsync(From(server.Source(Source)) with
            {
                Options = Options with { MaxDelete = DeleteLimit.Unlimited },
            });

            Assert.Equal(BackupStatus.Succeeded, result.Status);
            Assert.Equal(Snapshot(Source), Snapshot(Mirror));
        }
    }

    [SkippableFact]
    public async Task The_journal_is_the_difference_of_random_trees_by_any_name()
    {
        NeedServer();
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "makes sockets with mknod, as root on Linux");
        string latin1 = MirrorTrees.Latin1(Source);
        RawTree tree = new(new Random(7), latin1);
        RsyncStageRequest request = From(server.Source(Source)) with
        {
            Options = Options with { HardLinks = true, MaxDelete = DeleteLimit.Unlimited },
            AllowEmptySource = true,
        };
        for (int run = 0; run < TestEffort.Times(4); run++)
        {
            tree.Change();
            Dictionary<string, RawEntry> before = MirrorTrees.Read(Mirror, 1);
            // Another machine makes nobody's programs run as somebody else here.
            Dictionary<string, RawEntry> source = MirrorTrees.WithoutSetId(MirrorTrees.Read(Source, 1));

            RsyncStageResult result = await RunAsync(request);

            Assert.True(result.Status == BackupStatus.Succeeded, $"run {run}: {result.Error} {string.Join(" / ", result.FailedItems)} {string.Join(" / ", result.Warnings)}");
            MirrorTrees.AssertSame($"run {run}", source, MirrorTrees.Read(Mirror, 1));
            Assert.Empty(ExpectedChanges.Problems(before, source, [.. result.GetChanges()]));
        }
    }

    [SkippableTheory]
    [InlineData("two words")]
    [InlineData("a [bc]*?\\d")]
    [InlineData("$(touch x);`id`&|<>")]
    [InlineData("'single' \"double\"")]
    [InlineData("new\nline")]
    [InlineData("-rf")]
    [InlineData("名😀")]
    public async Task A_folder_by_any_name_is_found_and_no_other(string name)
    {
        NeedServer();
        Files.File($"source/{name}/file");
        // What the name would match if it were a pattern.
        Files.File("source/a bxy\\d/other");
        Files.File("source/a bxyd/other");

        RsyncStageResult result = await RunAsync(From(server.Source($"{Source}/{name}")));

        Assert.Null(result.Error);
        Assert.Equal(["file"], Directory.GetFiles(Mirror).Select(Path.GetFileName).Where(file => file != MirrorMarker.FileName));
    }

    [SkippableFact]
    public async Task Sources_here_and_there_go_to_folders_of_their_names()
    {
        NeedServer();
        Files.File("source/one/a");
        Files.File("source/two words/b");
        Files.File("source/two words/skip.tmp");
        Files.File("source/three/c");
        RsyncStageRequest request = Request with
        {
            Sources =
            [
                new BackupSource { Path = Path.Combine(Source, "one") },
                server.Source(Source + "/two words/") with { ExcludePatterns = ["*.tmp"] },
                server.Source(Source + "/three") with { Name = "third" },
            ],
        };

        RsyncStageResult result = await RunAsync(request);

        Assert.Null(result.Error);
        Assert.Equal(["one/a", "third/c", "two words/b"], MirroredFiles());
        Assert.Equal(request.Sources.Select(source => source.Path), result.Source);
        Assert.Contains(result.GetChanges(), change => change is { Kind: BackupChangeKind.Created, Path: "two words/b" });
    }

    [SkippableFact]
    public async Task An_empty_source_is_refused_before_anything_is_deleted()
    {
        NeedServer();
        Files.File("source/a");
        await RunAsync(From(server.Source(Source)));
        File.Delete(Files["source/a"]);

        RsyncStageResult refused = await RunAsync(From(server.Source(Source)));
        Assert.Equal("SourceEmpty", refused.Error?.Id);
        Assert.Equal(["a"], MirroredFiles());

        RsyncStageResult allowed = await RunAsync(From(server.Source(Source)) with { AllowEmptySource = true });
        Assert.Null(allowed.Error);
        Assert.Empty(MirroredFiles());
    }

    [SkippableTheory]
    [InlineData("gone", "SourceMissing")]
    [InlineData("gone/deeper", "SourceMissing")]
    [InlineData("file", "SourceNotDirectory")]
    public async Task What_is_no_folder_is_refused_before_the_other_sources_are_read(string name, string id)
    {
        NeedServer();
        Files.File("source/file");
        Files.File("other/a");
        RsyncStageRequest request = Request with
        {
            Sources = [new BackupSource { Path = Files["other"] }, server.Source($"{Source}/{name}") with { Name = "remote" }],
        };

        RsyncStageResult result = await RunAsync(request);

        Assert.Equal(id, result.Error?.Id);
        Assert.Equal(BackupExitCode.Refused, result.Error!.ExitCode);
        Assert.Contains($"127.0.0.1:{Source}/{name}", result.Error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Mirror));
    }

    [SkippableFact]
    public async Task A_folder_that_may_not_be_listed_is_refused()
    {
        NeedServer();
        Skip.IfNot(OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess, "becomes an ordinary user with Linux's setpriv");
        Files.LetOthersIn();
        File.SetUnixFileMode(Source, UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        SshOptions options = server.Options with { IdentityFile = server.OrdinaryIdentity };
        RsyncStageResult result = await RunAsync(From(server.Source(Source) with { Ssh = options }));
        File.SetUnixFileMode(Source, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal("SourceUnreadable", result.Error?.Id);
    }

    [SkippableTheory]
    [InlineData("key", "RemoteAuthenticationFailed", BackupErrorCategory.AuthenticationError)]
    [InlineData("unknown host", "RemoteHostKeyNotTrusted", BackupErrorCategory.AuthenticationError)]
    [InlineData("other host", "RemoteHostKeyNotTrusted", BackupErrorCategory.AuthenticationError)]
    [InlineData("port", "RemoteUnreachable", BackupErrorCategory.ConnectionError)]
    [InlineData("no key", "IdentityFileUnusable", BackupErrorCategory.ObjectNotFound)]
    [InlineData("no known hosts", "KnownHostsFileUnusable", BackupErrorCategory.ObjectNotFound)]
    public async Task A_connection_that_does_not_come_about_says_why(string what, string id, BackupErrorCategory category)
    {
        NeedServer();
        SshOptions options = server.Options;
        options = what switch
        {
            "key" => options with { IdentityFile = server.Stranger },
            "unknown host" => options with { KnownHostsFile = server.NoKnownHosts },
            "other host" => options with { KnownHostsFile = server.OtherKnownHosts },
            "port" => options with { Port = ServerProcess.FreePort() },
            "no key" => options with { IdentityFile = Files["none"] },
            _ => options with { KnownHostsFile = Files["none"] },
        };
        Files.File("mirror/kept");

        RsyncStageResult result = await RunAsync(From(server.Source(Source) with { Ssh = options }));

        Assert.Equal((id, category), (result.Error!.Id, result.Error.Category));
        Assert.Equal(["kept"], MirroredFiles());
    }

    [SkippableFact]
    public async Task A_host_without_rsync_is_told_apart()
    {
        NeedServer();
        // What a shell says of a program that it does not find.
        string fake = FakeRsync.Make(Files, """
            echo 'bash: line 1: rsync: command not found' >&2
            echo 'rsync error: error in rsync protocol data stream (code 12) at io.c(285) [Receiver=3.4.1]' >&2
            exit 12
            """).Path;
        Options = Options with { RsyncPath = fake };

        RsyncStageResult result = await RunAsync(From(server.Source(Source)));

        Assert.Equal("RemoteRsyncMissing", result.Error?.Id);
    }

    [SkippableFact]
    public async Task The_deletion_limit_holds()
    {
        NeedServer();
        for (int number = 0; number < 5; number++)
            Files.File($"source/{number}");
        await RunAsync(From(server.Source(Source)));
        for (int number = 1; number < 5; number++)
            File.Delete(Files[$"source/{number}"]);
        Options = Options with { MaxDelete = DeleteLimit.OfCount(3) };

        RsyncStageResult refused = await RunAsync(From(server.Source(Source)));
        Assert.Equal("DeleteLimitExceeded", refused.Error?.Id);
        Assert.Contains("4 of 6 entries", refused.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(5, MirroredFiles().Count);

        Options = Options with { MaxDelete = DeleteLimit.OfCount(4) };
        RsyncStageResult allowed = await RunAsync(From(server.Source(Source)));
        AssertCounts(allowed, deleted: 4, unchanged: 2);
    }

    [SkippableFact]
    public async Task A_run_that_is_stopped_leaves_nothing_running_on_either_side()
    {
        NeedServer();
        // Slow, so that it is at work when it is stopped.
        File.WriteAllBytes(Files["source/large"], new byte[64 * 1024 * 1024]);
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

        RsyncStageResult result = await RunAsync(From(server.Source(Source)), cancellationToken: stop.Token);

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.True(server.Process.WaitUntilIdle());
        Assert.Empty(server.Process.Descendants());
        Assert.False(File.Exists(Files["mirror/large"]));
    }

    [SkippableFact]
    public async Task A_connection_that_breaks_deletes_nothing()
    {
        NeedServer();
        File.WriteAllBytes(Files["source/large"], new byte[64 * 1024 * 1024]);
        Files.File("mirror/old");
        Options = Options with { BandwidthLimit = 256 * 1024 };
        bool isCut = false;
        Observer = new RecordingObserver
        {
            OnProgress = progress =>
            {
                if (isCut || progress.Bytes == 0)
                    return;
                isCut = true;
                foreach (System.Diagnostics.Process process in server.Process.Descendants())
                    process.Kill();
            },
        };

        RsyncStageResult result = await RunAsync(From(server.Source(Source)));

        Assert.Equal("RemoteConnectionLost", result.Error?.Id);
        Assert.True(File.Exists(Files["mirror/old"]));
    }

    private RsyncStageRequest From(BackupSource source) => Request with { Sources = [source] };

    private IReadOnlyList<string> MirroredFiles() =>
        [.. Directory.EnumerateFiles(Mirror, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Mirror, path))
            .Where(name => name != MirrorMarker.FileName)
            .Order(StringComparer.Ordinal)];

    private void NeedServer() => Skip.If(server.WhyNot is not null, server.WhyNot);
}
