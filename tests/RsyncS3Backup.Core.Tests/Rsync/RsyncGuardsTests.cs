using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncGuardsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string source;
    private readonly string mirror;

    public RsyncGuardsTests()
    {
        source = folder.Folder("source");
        folder.File("source/file", "content");
        mirror = folder["mirror"];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_good_request_passes_and_one_missing_level_of_the_destination_is_fine()
    {
        RsyncLeg leg = Assert.Single(RsyncGuards.Check(Request()));
        Assert.Equal((source, mirror), (leg.Source, leg.Destination));
        Assert.False(Directory.Exists(mirror));
    }

    [Fact]
    public void A_missing_source_is_refused() => AssertRefused("SourceMissing", Request(folder["nowhere"]), folder["nowhere"]);

    [Fact]
    public void A_source_that_is_a_file_is_refused() =>
        AssertRefused("SourceNotDirectory", Request(folder["source/file"]), folder["source/file"]);

    [Fact]
    public void A_source_that_is_a_link_to_a_folder_is_fine()
    {
        File.CreateSymbolicLink(folder["link"], source);
        Assert.Single(RsyncGuards.Check(Request(folder["link"])));
    }

    [SkippableFact]
    public void A_source_that_cannot_be_listed_is_refused()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes.");
        folder.LetOthersIn();
        File.SetUnixFileMode(source, UnixFileMode.UserWrite);
        OrdinaryUser.Run(() => AssertRefused("SourceUnreadable", Request(), source));
        File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void An_empty_source_is_refused_while_the_mirror_is_not_empty_whether_or_not_the_job_deletes()
    {
        folder.File("mirror/kept");
        RsyncStageRequest request = Request(folder.Folder("empty"));
        AssertRefused("SourceEmpty", request, folder["empty"]);
        Assert.Single(RsyncGuards.Check(request with { AllowEmptySource = true }));
        AssertRefused("SourceEmpty", request with { Options = request.Options with { DeleteExtraneous = false } }, folder["empty"]);
    }

    [Fact]
    public void An_empty_source_is_fine_while_the_mirror_is_empty_too()
    {
        string empty = folder.Folder("empty");
        Assert.Single(RsyncGuards.Check(Request(empty)));
        folder.Folder("mirror");
        Assert.Single(RsyncGuards.Check(Request(empty)));
    }

    [Fact]
    public void A_source_with_only_hidden_files_is_not_empty()
    {
        folder.File("mirror/kept");
        folder.File("hidden/.dotfile");
        Assert.Single(RsyncGuards.Check(Request(folder["hidden"])));
    }

    [SkippableFact]
    public void A_source_or_a_mirror_with_files_that_may_only_be_read_is_not_empty()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes.");
        File.SetUnixFileMode(folder.File("read-only/file"), UnixFileMode.UserRead);
        File.SetUnixFileMode(folder.File("mirror/kept"), UnixFileMode.UserRead);
        Assert.Single(RsyncGuards.Check(Request(folder["read-only"])));
        AssertRefused("SourceEmpty", Request(folder.Folder("empty")), folder["empty"]);
    }

    [Theory]
    [InlineData(".rsyncs3backup.json")]
    [InlineData(".rsyncs3backup.lock")]
    [InlineData("lost+found")]
    public void What_no_run_deletes_makes_no_mirror_that_an_empty_source_would_cost_anything(string name)
    {
        folder.File("mirror/" + name);
        Assert.Single(RsyncGuards.Check(Request(folder.Folder("empty"))));
    }

    [Fact]
    public void Of_a_source_on_another_machine_only_what_is_needed_here_is_looked_at()
    {
        folder.File("mirror/kept");
        BackupSource remote = new() { Path = "host:/photos/" };
        RsyncLeg leg = Assert.Single(RsyncGuards.Check(Request() with { Sources = [remote] }));
        Assert.Equal(("host:/photos/", true), (leg.Source, leg.Remote is not null));

        BackupSource locked = remote with { Ssh = new SshOptions { IdentityFile = folder["no-key"] } };
        AssertRefused("IdentityFileUnusable", Request() with { Sources = [locked] });
    }

    [Fact]
    public void The_mirrors_root_holds_what_belongs_to_a_source_or_is_foreign()
    {
        RsyncLeg[] two = [new(source, folder["mirror/one"], "one"), new(source, folder["mirror/two"], "two")];
        Assert.Empty(RsyncGuards.Foreign(mirror, two));
        foreach (string name in new[] { "one", "two", ".rsync-partial", ".rsyncs3backup.json", ".rsyncs3backup.lock", "lost+found" })
            folder.Folder("mirror/" + name);
        Assert.Empty(RsyncGuards.Foreign(mirror, two));
        folder.File("mirror/.hidden");
        folder.Folder("mirror/before");

        Assert.Equal([".hidden", "before"], RsyncGuards.Foreign(mirror, two));
        // A single source has the root to itself.
        Assert.Empty(RsyncGuards.Foreign(mirror, [new RsyncLeg(source, mirror, null)]));
    }

    [Fact]
    public void A_destination_that_is_a_link_to_a_file_is_a_file()
    {
        File.CreateSymbolicLink(folder["to-file"], folder.File("a-file"));
        AssertRefused("DestinationNotWritable", Request(source, folder["to-file"]));
    }

    [SkippableFact]
    public void A_source_that_is_a_link_of_somebody_else_is_refused()
    {
        Skip.IfNot(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(), "Only root can give a link away.");
        File.CreateSymbolicLink(folder["theirs"], source);
        using (System.Diagnostics.Process give = System.Diagnostics.Process.Start("chown", ["-h", "65534", folder["theirs"]]))
            give.WaitForExit();
        AssertRefused("SourceIsForeignLink", Request(folder["theirs"]));
    }

    [Theory]
    [InlineData("source", "they are the same folder")]
    [InlineData("source/inside", "the destination is inside the source")]
    [InlineData("", "the source is inside the destination")]
    public void A_refusal_says_how_the_folders_overlap(string to, string how) =>
        Assert.Contains(how, Error(Request(source, folder[to])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("source", "source")]
    [InlineData("source", "source/")]
    [InlineData("source", "source/inside")]
    [InlineData("source", "source/a/../inside")]
    [InlineData("source/below", "source")]
    [InlineData("source", "link")]
    [InlineData("source", "link/inside")]
    [InlineData("link/below", "source")]
    [InlineData("source", "chain/inside")]
    public void Folders_inside_one_another_are_refused_also_through_links(string from, string to)
    {
        folder.Folder("source/below");
        folder.Folder("source/a");
        File.CreateSymbolicLink(folder["link"], "source");
        File.CreateSymbolicLink(folder["chain"], "./a-link/../link");
        File.CreateSymbolicLink(folder["a-link"], folder.Folder("other"));
        AssertRefused("PathsOverlap", Request(folder[from], folder[to]));
    }

    [Theory]
    [InlineData("source2")]
    [InlineData("sourc")]
    [InlineData("other/source")]
    public void Folders_with_similar_names_do_not_overlap(string to)
    {
        folder.Folder("other");
        Assert.Single(RsyncGuards.Check(Request(source, folder[to])));
    }

    [Fact]
    public void Links_in_circles_end_in_an_error_instead_of_a_hang()
    {
        File.CreateSymbolicLink(folder["one"], "two");
        File.CreateSymbolicLink(folder["two"], "one");
        Assert.Throws<IOException>(() => RealPath.Of(folder["one/below"]));
    }

    [Fact]
    public void A_destination_that_is_a_file_is_refused() =>
        AssertRefused("DestinationNotWritable", Request(source, folder.File("a-file")), folder["a-file"]);

    [SkippableFact]
    public void A_destination_that_cannot_be_written_is_refused()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes.");
        string readOnly = folder.Folder("read-only");
        // The modes of a folder stop every user but root, whom a read-only drive stops.
        using SmallDrive? drive = Environment.IsPrivilegedProcess ? SmallDrive.Mount(readOnly, "1m") : null;
        drive?.MakeReadOnly();
        if (drive is null)
            File.SetUnixFileMode(readOnly, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        AssertRefused("DestinationNotWritable", Request(source, readOnly));
        AssertRefused("DestinationNotWritable", Request(source, Path.Combine(readOnly, "new")));
    }

    [Fact]
    public void Two_missing_levels_of_the_destination_are_refused() =>
        AssertRefused("DestinationNotMounted", Request(source, folder["drive/mirror"]), folder["drive/mirror"]);

    [Fact]
    public void A_destination_that_is_a_link_to_nowhere_is_refused()
    {
        File.CreateSymbolicLink(folder["to-drive"], folder["unmounted/drive"]);
        AssertRefused("DestinationNotMounted", Request(source, folder["to-drive"]));
    }

    [SkippableFact]
    public void A_mount_point_is_demanded_only_on_request()
    {
        Skip.If(!IsOnRoot(folder.Path), "The temporary folder is on a drive of its own here.");
        RsyncStageRequest request = Request();
        Assert.Single(RsyncGuards.Check(request));
        AssertRefused("DestinationNotMounted", request with { Options = request.Options with { RequireMountPoint = true } });
    }

    [SkippableFact]
    public void A_mount_point_passes_where_one_is_demanded()
    {
        const string mounted = "/dev/shm";
        Skip.If(!Directory.Exists(mounted) || IsOnRoot(mounted), "There is no other file system to test with.");
        RsyncStageRequest request = Request(source, Path.Combine(mounted, "rsyncs3backup-test-" + Guid.NewGuid().ToString("N")));
        Assert.Single(RsyncGuards.Check(request with { Options = request.Options with { RequireMountPoint = true } }));
    }

    [Fact]
    public void Several_sources_go_to_folders_of_their_own()
    {
        folder.Folder("other/photos");
        IReadOnlyList<RsyncLeg> legs = RsyncGuards.Check(Request() with
        {
            Sources = [new BackupSource { Path = source + "/" }, new BackupSource { Path = folder["other/photos"], Name = "pictures" }],
        });
        Assert.Equal([folder["mirror/source"], folder["mirror/pictures"]], legs.Select(leg => leg.Destination));
        Assert.Equal([source, folder["other/photos"]], legs.Select(leg => leg.Source));
    }

    [Fact]
    public void Two_sources_with_one_name_are_a_bad_configuration()
    {
        folder.Folder("other/source");
        RsyncStageRequest request = Request() with
        {
            Sources = [new BackupSource { Path = source }, new BackupSource { Path = folder["other/source"] }],
        };
        BackupError error = Error(request);
        Assert.Equal(("SourceNameNotUnique", BackupExitCode.BadConfiguration), (error.Id, error.ExitCode));
        Assert.Equal(2, RsyncGuards.Check(request with { Sources = [request.Sources[0], request.Sources[1] with { Name = "b" }] }).Count);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData(".rsync-partial")]
    [InlineData(".rsyncs3backup.json")]
    [InlineData(".rsyncs3backup.lock")]
    public void A_name_that_is_no_folder_name_is_a_bad_configuration(string name) => Assert.Equal(
        "SourceNameInvalid",
        Error(Request() with { Sources = [new BackupSource { Path = source }, new BackupSource { Path = source, Name = name }] }).Id);

    [Fact]
    public void No_source_is_a_bad_configuration() =>
        Assert.Equal(BackupExitCode.BadConfiguration, Error(Request() with { Sources = [] }).ExitCode);

    private static bool IsOnRoot(string path) => DriveInfo.GetDrives()
        .Select(drive => drive.RootDirectory.FullName)
        .Where(root => RealPath.IsInside(RealPath.Of(path), Path.TrimEndingDirectorySeparator(root)))
        .MaxBy(root => root.Length) is null or "/";

    private RsyncStageRequest Request(string? from = null, string? to = null) => new()
    {
        Sources = [new BackupSource { Path = from ?? source }],
        Options = new RsyncOptions { LocalDestination = to ?? mirror, DeleteExtraneous = true },
    };

    private static BackupError Error(RsyncStageRequest request) => Assert.Throws<BackupException>(() => RsyncGuards.Check(request)).Error;

    private static void AssertRefused(string id, RsyncStageRequest request, string? target = null)
    {
        BackupError error = Error(request);
        Assert.Equal((id, BackupExitCode.Refused), (error.Id, error.ExitCode));
        if (target is not null)
            Assert.Equal(target, error.Target);
    }

    [Theory]
    [InlineData(@"C:\mirror", @"C:\", true)]
    [InlineData(@"c:\mirror", @"c:\", true)]
    [InlineData(@"D:\mirror", @"D:\", false)]
    // A volume that is mounted in a folder of another one.
    [InlineData(@"C:\mnt\disk\mirror", @"C:\mnt\disk\", false)]
    [InlineData(@"\\nas\backup\mirror", @"\\nas\backup\", false)]
    [InlineData(@"\\nas\backup\mirror", null, false)]
    [InlineData(@"E:\mirror", null, true)]
    public void On_Windows_a_share_and_another_volume_are_mounted(string path, string? volume, bool isOnSystem) =>
        Assert.Equal(isOnSystem, RsyncGuards.IsOnSystemVolume(path, volume, @"C:\"));
}
