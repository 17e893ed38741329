using System.Runtime.InteropServices;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Secrets where somebody wrote them without a thought, and ways on which they could leave.</summary>
public sealed partial class SecretTests : SyncHarness
{
    [Theory]
    [InlineData("https://user:hunter2@s3.example.com")]
    [InlineData("user:hunter2@host:/x")]
    [InlineData("user:hunt@er2@mail.example.com")]
    [InlineData("rsync://user:hunter2@host/module")]
    public void No_quote_repeats_a_password(string address)
    {
        string quote = ConfigurationText.Quote(address);

        Assert.DoesNotContain("hunt", quote, StringComparison.Ordinal);
        Assert.DoesNotContain("er2", quote, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsync://user@host/module")]
    [InlineData("user@host:/x")]
    [InlineData(@"C:\data\me@home")]
    [InlineData("/data/a:b@c")]
    public void What_is_no_password_is_quoted_as_it_is(string address) => Assert.Equal($"'{address}'", ConfigurationText.Quote(address));

    [Fact]
    public void No_error_repeats_the_password_of_an_address()
    {
        BackupError error = BackupError.Make(
            "Id", BackupErrorCategory.ConnectionError, "'https://me:hunter2@s3.example.com/b' does not answer.", "Look.", null, BackupExitCode.Stage2Failed);

        Assert.Equal("'https://***@s3.example.com/b' does not answer.", error.Message);
    }

    [Fact]
    public void No_rule_repeats_the_password_in_a_mail_servers_name() =>
        Assert.DoesNotContain("hunter2", NotificationAddresses.Host("me:hunter2@mail.example.com"), StringComparison.Ordinal);

    [Fact]
    public void Rsync_and_what_it_starts_get_no_keys_of_the_bucket()
    {
        IReadOnlyDictionary<string, string?> changes = RsyncEnvironment.Changes("/usr/bin/rsync");

        Assert.All(
            new[] { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN" },
            name => Assert.True(changes.TryGetValue(name, out string? value) && value is null, name));
    }

    [Fact]
    public void An_answer_that_is_cut_shows_no_beginning_of_a_secret()
    {
        KnownSecrets secrets = new();
        secrets.Add("abcdefghijklmnop");

        Assert.Equal("no such hook: ***", secrets.HideCut("no such hook: abcdefgh"));
        Assert.Equal("no such hook: *** x", secrets.HideCut("no such hook: abcdefghijklmnop x"));
        Assert.Equal("no such hook", secrets.HideCut("no such hook"));
    }

    [SkippableFact]
    public void A_log_follows_no_link_of_another_user()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give links away");
        string precious = Files.File("passwd", "root:x:0:0");
        string link = Files["log.jsonl"];
        File.CreateSymbolicLink(link, precious);
        Assert.Equal(0, ChangeOwner(link, 12345, 12345));

        BackupException exception = Assert.Throws<BackupException>(() => LogCopy.Require(link));
        Assert.Equal(ErrorIds.LogNotWritable, exception.Error.Id);
        Assert.ThrowsAny<IOException>(() => LogCopy.Open(link, "job", "run"));
        Assert.Equal("root:x:0:0", File.ReadAllText(precious));
    }

    [SkippableFact]
    public void A_log_follows_a_link_of_ones_own()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights on Windows");
        string log = Files.File("real.jsonl", "");
        File.CreateSymbolicLink(Files["log.jsonl"], log);

        using (LogCopy copy = LogCopy.Open(Files["log.jsonl"], "job", "run"))
            copy.Write("{}\n"u8.ToArray());

        Assert.Equal("{}\n", File.ReadAllText(log));
    }

    [SkippableTheory]
    [InlineData("http_proxy")]
    [InlineData("all_proxy")]
    public async Task Requests_to_this_machine_go_through_no_other(string variable)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "starts a process as on Linux");
        Write("a.txt", "alpha");
        await MirrorAsync();
        string configuration = Files.File("job.json", $$"""
            {
              "backupType": "rsync-to-s3", "name": "{{JobName}}", "sources": [{ "path": "{{Source}}" }],
              "options": { "rsync": { "localDestination": "{{Mirror}}", "syncToS3": { "enabled": true, "s3Prefix": "{{Prefix}}" } } },
              "destination": { "bucket": "{{BucketName}}", "region": "{{Server.Region}}", "endpointUrl": "{{Server.Endpoint}}" }
            }
            """);

        // Nobody listens there.
        using StageProcess process = StageProcess.Start(
            configuration, "2", new S3Credentials(Server.AccessKey, Server.SecretKey),
            through: ["/usr/bin/env", "-u", "no_proxy", "-u", "NO_PROXY", $"{variable}=http://127.0.0.1:1"]);
        await process.WaitForLinesAsync(int.MaxValue);

        Assert.StartsWith("Succeeded", process.Output.Split('\n')[^1], StringComparison.Ordinal);
    }

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [Theory]
    [InlineData(@"C:\Windows\System32\OpenSSH;C:\x", @"C:\cwrsync\bin\rsync.exe", @"C:\cwrsync\bin;C:\Windows\System32\OpenSSH;C:\x")]
    [InlineData(@"/usr/bin:/bin", null, "/usr/bin:/bin")]
    public void On_Windows_rsync_finds_the_ssh_beside_it_first(string safe, string? program, string path) =>
        Assert.Equal(path, RsyncEnvironment.SearchPath(safe, program));
}
