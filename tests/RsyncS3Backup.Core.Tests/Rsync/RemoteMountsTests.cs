using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Which folders of another machine are file systems of their own, and what it means when they are not any more.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RemoteMountsTests
{
    [Theory]
    // The top folders, those on the source's own file system, and what the folder above shows of the source; null: no answer.
    [InlineData("nas other", "other", "src", "nas")]
    [InlineData("nas b other", "other", "src", "b nas")]
    [InlineData("other", "other nas", "src", "")]
    [InlineData("nas other", "other", "", " nas")]
    [InlineData("other", "other", "src2", " ")]
    [InlineData("nas other", "other", null, "nas")]
    [InlineData(null, "other", "src", null)]
    [InlineData("nas other", null, "src", null)]
    public async Task What_rsync_leaves_out_on_one_file_system_is_another_one(string? all, string? own, string? above, string? mounts)
    {
        List<string> asked = [];

        IReadOnlyList<string>? found = await RemoteMounts.FindAsync(RemoteSource.Of(new BackupSource { Path = "host:/mnt/src" })!, List);

        Assert.Equal(mounts is null ? null : mounts == " " ? [""] : mounts.Length == 0 ? [] : mounts.Split(' '), found);
        string[] questions = ["host:/mnt/src/ /*/ True", "host:/mnt/src/ /*/ False", "host:/mnt/ /src False"];
        Assert.Equal(questions[..(all is null ? 1 : own is null ? 2 : 3)], asked);

        Task<IReadOnlySet<string>?> List(RemoteSource folder, string shown, bool entersOthers)
        {
            asked.Add($"{folder.Argument()} {shown} {entersOthers}");
            string? names = shown != "/*/" ? above : entersOthers ? all : own;
            return Task.FromResult<IReadOnlySet<string>?>(names?.Split(' ').ToHashSet());
        }
    }

    [Fact]
    public async Task The_root_of_a_machine_is_not_asked_for_in_a_folder_above_it()
    {
        IReadOnlyList<string>? found = await RemoteMounts.FindAsync(
            RemoteSource.Of(new BackupSource { Path = "host:/" })!, (_, _, _) => Task.FromResult<IReadOnlySet<string>?>(new HashSet<string>()));

        Assert.Empty(found!);
    }

    [Theory]
    // What the listing of the top folders ends with, and that of those on one file system.
    [InlineData(0, 0, true)]
    [InlineData(24, 24, true)]
    [InlineData(23, 0, false)]
    [InlineData(0, 12, false)]
    public async Task A_listing_counts_when_it_came_to_its_end(int allCode, int ownCode, bool counts)
    {
        BackupSource source = new() { Path = "host:/" };
        RsyncLeg leg = new(source.Path, "/m", null) { Remote = RemoteSource.Of(source) };
        RecordingObserver observer = new();
        using RunContext context = RunContext.ForPlan("remote", observer);

        IReadOnlyList<string>? found = await RemoteMounts.FindAsync(leg, context, (_, shown, entersOthers, listing) =>
        {
            Assert.Equal("/*/", shown);
            foreach (string name in entersOthers ? new[] { ".", "a", "b" } : [".", "a"])
                listing.Text(Encoding.UTF8.GetBytes($"drwxr-xr-x           4096 2026/11/30 07:56:06 {name}"));
            return Task.FromResult(entersOthers ? allCode : ownCode);
        });

        Assert.Equal(counts ? ["b"] : null, found);
        Assert.Equal(counts ? 0 : 1, observer.VerboseMessages.Count);
    }

    [Fact]
    public async Task A_listing_is_what_rsync_prints()
    {
        using TemporaryFolder files = new();
        FakeRsync rsync = FakeRsync.Make(files, """
            list() { for name in "$@"; do echo "drwxr-xr-x           4096 2026/11/30 07:56:06 $name"; done; }
            case " $* " in
                *" --one-file-system "*) list . a ;;
                *) list . a b ;;
            esac
            """);
        BackupSource source = new() { Path = "host:/" };
        RsyncLeg leg = new(source.Path, "/m", null) { Remote = RemoteSource.Of(source) };
        using RunContext context = RunContext.ForPlan("remote", new RecordingObserver());
        RsyncProgram program = new(rsync.Path, new Version(3, 5, 0), "3.5.0", new HashSet<string>());

        IReadOnlyList<string>? found = await RemoteMounts.FindAsync(
            program, new RsyncOptions { LocalDestination = "/m" }, leg, context, TimeSpan.FromSeconds(9), CancellationToken.None);

        Assert.Equal(["b"], found);
    }

    [Theory]
    [InlineData("drwxr-xr-x          4,096 2026/11/30 07:56:06 nas", null)]
    [InlineData("drwxr-xr-x           4096 2026/11/30 07:56:06 nas", "nas")]
    [InlineData("drwxrwsr-t+ 12345678901234 2026/11/30 07:56:06  two  words ", " two  words ")]
    [InlineData("-rw-r--r--             60 2026/11/30 07:56:06 file", "file")]
    [InlineData("lrwxrwxrwx             60 2026/11/30 07:56:06 link -> there", "link")]
    [InlineData("drwxr-xr-x             60 2026/11/30 07:56:06 a -> b", "a -> b")]
    [InlineData("drwxr-xr-x           4096 2026/11/30 07:56:06 .", null)]
    [InlineData("drwxr-xr-x           4096 2026/11/30 07:56:06 a\\#012b", null)]
    [InlineData("drwxr-xr-x           4096 2026/11/30 07:56:06 größe", "größe")]
    [InlineData("welcome to the machine", null)]
    [InlineData("", null)]
    public void A_line_of_a_listing_has_a_name_where_rsync_writes_it_as_it_is(string line, string? name) =>
        Assert.Equal(name, RemoteMounts.NameIn(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void A_name_that_is_not_UTF_8_is_none() =>
        Assert.Null(RemoteMounts.NameIn([.. "drwxr-xr-x           4096 2026/11/30 07:56:06 a"u8, 0xFF]));

    [Theory]
    [InlineData("me@host:/mnt/usb/", "me@host:/mnt/", "usb")]
    [InlineData("host:/usb", "host:/", "usb")]
    [InlineData("host:photos", "host:./", "photos")]
    [InlineData("host:/mnt/.", null, null)]
    [InlineData("host:/a\nb", null, null)]
    [InlineData("host::module/x", "rsync://host/module/", "x")]
    [InlineData("host:a/b c", "host:a/", "b c")]
    [InlineData("host::module/a/b", "rsync://host/module/a/", "b")]
    [InlineData("host::module/a", "rsync://host/module/", "a")]
    [InlineData("rsync://host:8730/module", null, null)]
    [InlineData("host:/", null, null)]
    [InlineData("host:/a/..", null, null)]
    [InlineData(@"host:/a\b", null, null)]
    public void What_is_above_a_source_shows_it_by_its_name(string path, string? above, string? name)
    {
        (RemoteSource Above, string Name)? found = RemoteSource.Of(new BackupSource { Path = path })!.Above();

        Assert.Equal((above, name), (found?.Above.Argument(), found?.Name));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2)]
    public void Rsync_is_asked_for_one_level_and_stays_on_one_file_system_only_when_told_twice(bool entersOthers, int times)
    {
        RsyncProgram program = new("/usr/bin/rsync", new Version(3, 5, 0), "3.5.0", new HashSet<string>());
        RsyncOptions options = new() { LocalDestination = "/m", ExtraArguments = ["--timeout=60", "--fuzzy", "--contimeout=9"] };

        IReadOnlyList<string> arguments =
            RemoteMounts.Arguments(program, options, RemoteSource.Of(new BackupSource { Path = "host:/a" })!, "/*/", entersOthers);

        Assert.Equal(times, arguments.Count(argument => argument == "--one-file-system"));
        Assert.Equal(["--include=/*/", "--exclude=*"], arguments.Where(argument => argument.Contains("clude=", StringComparison.Ordinal)));
        Assert.Contains("--timeout=60", arguments);
        Assert.DoesNotContain("--fuzzy", arguments);
        Assert.Equal(["--", "host:/a/"], arguments.TakeLast(2));
    }
}

/// <summary>As above, with a real rsync daemon, a real ssh and real mounts.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class RemoteMountRunTests : RsyncStageHarness, IClassFixture<RsyncDaemon>, IClassFixture<SshServer>
{
    private readonly RsyncDaemon daemon;
    private readonly SshServer ssh;
    private readonly string folder = Guid.NewGuid().ToString("N");
    private readonly string root;

    public RemoteMountRunTests(RsyncDaemon daemon, SshServer ssh)
    {
        this.daemon = daemon;
        this.ssh = ssh;
        root = Directory.CreateDirectory(Path.Combine(daemon.Data, folder)).FullName;
        // So that it is not the limit that refuses.
        Options = Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.Unlimited };
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_top_folder_of_another_machine_that_is_not_mounted_any_more_is_refused(bool isSsh)
    {
        BackupSource source = Source(isSsh);
        File.WriteAllText(Path.Combine(root, "local"), "");
        string nas = Directory.CreateDirectory(Path.Combine(root, "nas [1]")).FullName;
        using (SmallDrive.Mount(nas, "1m"))
        {
            File.WriteAllText(Path.Combine(nas, "photo"), "");
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source))).Status);
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source))).Status);
        }

        RsyncStageResult refused = await RunAsync(From(source));

        Assert.Equal(("SourceNotMounted", source.Path + "/nas [1]", 0L), (refused.Error?.Id, refused.Error?.Target, refused.Deleted));
        Assert.DoesNotContain("()", refused.Error!.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Mirror, "nas [1]", "photo")));
        RsyncStageResult taken = await RunAsync(From(source) with { AllowNewSource = true });
        Assert.Equal((BackupStatus.Succeeded, 1L), (taken.Status, taken.Deleted));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source))).Status);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_on_another_machine_that_is_not_mounted_any_more_is_refused(bool isSsh)
    {
        BackupSource source = Source(isSsh);
        File.WriteAllText(Path.Combine(root, "README"), "The drive belongs here.");
        using (SmallDrive.Mount(root, "1m"))
        {
            File.WriteAllText(Path.Combine(root, "photo"), "");
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source))).Status);
        }

        RsyncStageResult refused = await RunAsync(From(source));

        Assert.Equal(("SourceNotMounted", source.Path), (refused.Error?.Id, refused.Error?.Target));
        Assert.True(File.Exists(Path.Combine(Mirror, "photo")));
    }

    [SkippableFact]
    public async Task Where_the_other_side_does_not_tell_what_is_known_stays_and_the_run_goes_on()
    {
        BackupSource source = Source(isSsh: false);
        string nas = Directory.CreateDirectory(Path.Combine(root, "nas")).FullName;
        File.WriteAllText(Path.Combine(root, "local"), "");
        using (SmallDrive.Mount(nas, "1m"))
        {
            File.WriteAllText(Path.Combine(nas, "photo"), "");
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source))).Status);
            string rsync = FakeRsync.Make(Files, """
                case " $* " in *" --one-file-system "*) exit 4 ;; esac
                exec rsync "$@"
                """).Path;
            Assert.Equal(BackupStatus.Succeeded, (await RunAsync(From(source) with { Options = Options with { RsyncPath = rsync } })).Status);
        }

        Assert.Equal("SourceNotMounted", (await RunAsync(From(source))).Error?.Id);
    }

    private new BackupSource Source(bool isSsh)
    {
        Skip.If(isSsh && ssh.WhyNot is not null, ssh.WhyNot);
        return isSsh ? ssh.Source(root) : daemon.Source("data/" + folder);
    }

    private RsyncStageRequest From(BackupSource source) => Request with { Sources = [source] };
}
