using RsyncS3Backup.Configuration;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RemoteSourceTests
{
    private static readonly RsyncProgram Program = new("/usr/bin/rsync", new Version(3, 5, 0), "3.5.0", new HashSet<string>());

    [Theory]
    [InlineData("me@host:/a/b", "me@host:/a/b/")]
    [InlineData("host:photos/", "host:photos/")]
    [InlineData("host:/", "host:/")]
    [InlineData("me@[fd00::1]:/a", "me@[fd00::1]:/a/")]
    [InlineData("host::module", "rsync://host/module/")]
    [InlineData("me@host::module/a b", "rsync://me@host/module/a b/")]
    [InlineData("rsync://me@host:8730/module/a", "rsync://me@host:8730/module/a/")]
    [InlineData("RSYNC://[::1]/module", "rsync://[::1]/module/")]
    [InlineData("h::module", "rsync://h/module/")]
    [InlineData("me@c:/data", "me@c:/data/")]
    [InlineData(@"host:/a*/b\c/[d]\e", @"host:/a\*/b\c/\[d\]\\e/")]
    public void An_address_becomes_rsyncs_argument(string path, string argument) =>
        Assert.Equal(argument, RemoteSource.Of(new BackupSource { Path = path })!.Argument());

    [Theory]
    [InlineData("/a:b")]
    [InlineData(@"C:\photos")]
    [InlineData("C:/photos")]
    [InlineData("c:photos")]
    [InlineData(@"\\?\C:\photos")]
    [InlineData("photos")]
    public void A_path_of_this_machine_is_no_address(string path) => Assert.Null(RemoteSource.Of(new BackupSource { Path = path }));

    [Theory]
    [InlineData("-oProxyCommand=x:/a")]
    [InlineData("-lroot@host:/a")]
    [InlineData("me@-host:/a")]
    [InlineData("ho st:/a")]
    [InlineData("host:")]
    [InlineData("host::")]
    [InlineData("host::/module")]
    [InlineData("rsync://host")]
    [InlineData("rsync://host//module")]
    [InlineData("rsync://host:0/module")]
    [InlineData("host:~/a")]
    [InlineData("@host:/a")]
    [InlineData("host:/a\0b")]
    public void An_address_that_rsync_or_ssh_would_misread_is_refused(string path) =>
        Assert.Equal("SourceAddressInvalid", Refusal(path).Id);

    [Theory]
    [InlineData("rsync://me:hunter2@host/module")]
    [InlineData("me:hunter2@host:/a")]
    public void A_password_in_an_address_is_refused_and_not_repeated(string path)
    {
        BackupError error = Refusal(path);
        Assert.Contains("passwordFile", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString() + error.Target, StringComparison.Ordinal);
    }

    [Fact]
    public void Ssh_gets_its_options_and_never_asks() => Assert.Equal(
        [
            "ssh", "-oBatchMode=yes", "-oConnectTimeout=10", "-oServerAliveInterval=15", "-oServerAliveCountMax=8", "-oControlPath=none",
            "-oClearAllForwardings=yes", "-oForwardAgent=no", "-oForwardX11=no", "-oRequestTTY=no", "-oPort=2222",
            "-oIdentityFile=\"/a b/100%%\"", "-oIdentitiesOnly=yes", "-oUserKnownHostsFile=\"/known\"",
        ],
        RemoteShell.Command(
            new SshOptions { Port = 2222, IdentityFile = "/a b/100%", KnownHostsFile = "/known", ConnectTimeout = TimeSpan.FromSeconds(9.5) },
            RsyncPathStyle.Native));

    [Theory]
    [InlineData("ssh", "ssh")]
    [InlineData("", "''")]
    [InlineData("a b", "'a b'")]
    [InlineData("-oX=\"y\"", "'-oX=\"y\"'")]
    [InlineData("it's", "'it''s'")]
    public void Words_are_quoted_as_rsync_splits_them(string word, string quoted) => Assert.Equal(quoted, RemoteShell.Quote(word));

    [Fact]
    public void Only_a_source_by_ssh_gets_a_remote_shell_and_only_a_daemon_a_password_and_a_connect_timeout()
    {
        RsyncOptions options = new() { LocalDestination = "/mirror", ExtraArguments = ["--contimeout=5", "--ipv4"] };
        IReadOnlyList<string> ssh = Build(options, new BackupSource { Path = "host:/a" });
        IReadOnlyList<string> daemon = Build(options, new BackupSource { Path = "host::a", PasswordFile = "/secret" });

        Assert.Equal(["-s", "--rsh", "--ipv4"], ssh.Where(IsOfConnection).Select(argument => argument.Split('=')[0]));
        Assert.Equal(
            ["-s", "--contimeout=30", "--no-motd", "--sockopts=SO_KEEPALIVE", "--password-file=/secret", "--contimeout=5", "--ipv4"],
            daemon.Where(IsOfConnection));
        Assert.Equal(["--", "host:/a/", "/mirror/"], ssh.TakeLast(3));
    }

    private static bool IsOfConnection(string argument) =>
        argument.Split('=')[0] is "-s" or "--rsh" or "--contimeout" or "--no-motd" or "--sockopts" or "--password-file" or "--ipv4";

    private static IReadOnlyList<string> Build(RsyncOptions options, BackupSource source) =>
        RsyncCommandLine.Build(Program, options, source.Path, "/mirror", true, RsyncPass.CopyOnly, "FORMAT", RemoteSource.Of(source));

    private static BackupError Refusal(string path) =>
        Assert.Throws<BackupException>(() => RemoteSource.Of(new BackupSource { Path = path })).Error;
}
