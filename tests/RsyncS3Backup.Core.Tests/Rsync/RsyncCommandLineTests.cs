using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncCommandLineTests
{
    private static readonly RsyncOptions Options = new() { LocalDestination = "/mirror" };

    [Fact]
    public void A_plain_mirror_has_these_arguments() => Assert.Equal(
        [
            "--archive", "--modify-window=-1", "--partial-dir=.rsync-partial", "--fsync", "--exclude=/.rsyncs3backup.json", "--exclude=/.rsyncs3backup.lock",
            "--8-bit-output", "--no-human-readable", "--stats", "--info=progress2", "--out-format=FORMAT", "--", "/source/", "/mirror/",
        ],
        Build(Options, RsyncPass.CopyOnly));

    [Fact]
    public void Every_option_has_its_argument() => Assert.Equal(
        [
            "--archive", "--hard-links", "--no-inc-recursive", "--modify-window=-1", "--partial-dir=.rsync-partial", "--fsync", "--delete-delay", "--max-delete=0",
            "--exclude=/.rsyncs3backup.json", "--exclude=/.rsyncs3backup.lock", "--filter=protect /lost+found", "--filter=protect /.Trashes",
            "--filter=protect /.Spotlight-V100", "--filter=protect /.fseventsd", "--filter=protect /System Volume Information",
            "--filter=protect /$RECYCLE.BIN", "--exclude=.DS_Store", "--exclude=--delete", "--exclude=- two words*", "--8-bit-output", "--no-human-readable", "--stats",
            "--info=progress2", "--out-format=FORMAT", "--", "/source/", "/mirror/",
        ],
        Build(Options with { HardLinks = true, ExcludePatterns = [".DS_Store", "--delete", "- two words*"] }, RsyncPass.WithholdDeletions));

    [Fact]
    public void Options_that_few_jobs_set_have_their_arguments_too()
    {
        RsyncOptions options = Options with
        {
            Acls = true,
            ExtendedAttributes = true,
            NumericIds = true,
            Sparse = true,
            Checksum = true,
            Inplace = true,
            BandwidthLimit = 1025,
            IncludePatterns = ["*.jpg"],
            ExcludePatterns = ["*"],
            PatternFiles = ["/a b"],
            ExtraArguments = ["--timeout=9"],
        };
        Assert.Equal(
            [
                "--archive", "--acls", "--xattrs", "--numeric-ids", "--sparse", "--checksum", "--modify-window=-1", "--inplace", "--fsync",
                "--bwlimit=2", "--exclude=/.rsyncs3backup.json", "--exclude=/.rsyncs3backup.lock", "--include=*.jpg", "--exclude=*", "--exclude-from=/a b",
                "--exclude=/.rsyncs3backup.json", "--exclude=/.rsyncs3backup.lock", "--timeout=9",
            ],
            Build(options, RsyncPass.CopyOnly).TakeWhile(argument => argument != "--8-bit-output"));
        Assert.Contains("--checksum", Build(options, RsyncPass.WithholdDeletions));
        Assert.DoesNotContain("--checksum", Build(options, RsyncPass.Delete(5)));
    }

    [Theory]
    [InlineData("ACLs", true)]
    [InlineData("xattrs", false)]
    public void What_this_rsync_was_not_built_with_is_refused_with_its_name(string capability, bool isEnough)
    {
        RsyncProgram program = Program("3.5.0") with { Capabilities = new HashSet<string> { capability } };
        Exception? thrown = Record.Exception(() => RsyncCapabilities.Demand(program, Options with { Acls = true }));
        Assert.Equal(isEnough ? null : "RsyncNotCapable", (thrown as BackupException)?.Error.Id);
    }

    [Fact]
    public void Owners_are_written_down_on_the_side_of_the_mirror_only()
    {
        RsyncOptions options = Options with { Ownership = MirrorOwnership.FakeSuper };
        RemoteSource remote = RemoteSource.Of(new BackupSource { Path = "host:/data" })!;
        IReadOnlyList<string> fromRemote =
            RsyncCommandLine.Build(Program("3.5.0"), options, "host:/data", "/mirror", true, RsyncPass.CopyOnly, "FORMAT", remote);

        Assert.Contains("--remote-option=--fake-super", Build(options, RsyncPass.CopyOnly));
        Assert.Contains("--fake-super", fromRemote);
        // What another machine says must not become a program's owner in a restore.
        Assert.Contains("--chmod=u-s,g-s", fromRemote);
        Assert.Contains("--no-devices", fromRemote);
    }

    [Fact]
    public void A_pass_that_deletes_has_its_limit() =>
        Assert.Equal(["--delete-delay", "--max-delete=12"], Build(Options, RsyncPass.Delete(12)).Where(IsAboutDeleting));

    [Fact]
    public void A_limit_above_what_rsync_can_count_is_cut_to_it() =>
        Assert.Contains("--max-delete=2147483647", Build(Options, RsyncPass.Delete(long.MaxValue)));

    [Fact]
    public void A_pass_that_copies_only_cannot_delete() => Assert.DoesNotContain(Build(Options, RsyncPass.CopyOnly), IsAboutDeleting);

    [Fact]
    public void A_pass_that_lists_deletions_changes_nothing()
    {
        IReadOnlyList<string> arguments = Build(Options, RsyncPass.ListDeletions);
        Assert.Contains("--dry-run", arguments);
        Assert.Equal(["--delete-delay"], arguments.Where(IsAboutDeleting));
    }

    [Theory]
    [InlineData("3.2.3", false)]
    [InlineData("3.2.4", true)]
    [InlineData("3.5.0", true)]
    public void Fsync_is_asked_for_only_where_rsync_knows_it(string version, bool expected) =>
        Assert.Equal(expected, Build(Options, RsyncPass.CopyOnly, version).Contains("--fsync"));

    [Theory]
    [InlineData("/-rf", "/-rf/")]
    [InlineData("/host:folder", "/host:folder/")]
    [InlineData("/", "/")]
    [InlineData("/with slash/", "/with slash/")]
    public void Folders_come_last_absolute_and_with_one_trailing_slash(string source, string argument)
    {
        IReadOnlyList<string> arguments = RsyncCommandLine.Build(Program("3.5.0"), Options, source, "/mirror", true, RsyncPass.CopyOnly, "FORMAT");
        Assert.Equal(["--", argument, "/mirror/"], arguments.TakeLast(3));
    }

    [Fact]
    public void In_a_folder_of_its_own_a_source_may_have_a_file_named_as_the_marker() => Assert.DoesNotContain(
        RsyncCommandLine.Build(Program("3.5.0"), Options, "/source", "/mirror/source", false, RsyncPass.Delete(1), "FORMAT"),
        argument => argument.Contains("rsyncs3backup", StringComparison.Ordinal) || argument.StartsWith("--filter", StringComparison.Ordinal));

    [Fact]
    public void A_relative_folder_is_a_mistake_of_the_caller() => Assert.Throws<ArgumentException>(
        () => RsyncCommandLine.Build(Program("3.5.0"), Options, "-e", "/mirror", true, RsyncPass.CopyOnly, "FORMAT"));

    private static bool IsAboutDeleting(string argument) => argument.Contains("delete", StringComparison.Ordinal);

    private static IReadOnlyList<string> Build(RsyncOptions options, RsyncPass pass, string version = "3.5.0") =>
        RsyncCommandLine.Build(Program(version), options, "/source", "/mirror", true, pass, "FORMAT");

    private static RsyncProgram Program(string version) => new("/usr/bin/rsync", Version.Parse(version), version, new HashSet<string>());
}
