using System.Text;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What we write, read by a tool that is not ours.</summary>
[Trait("Category", "Slow")]
public sealed class OtherReadersTests : SyncHarness
{
    [SkippableFact]
    public async Task After_a_run_aws_s3_sync_finds_nothing_to_do_and_reads_the_attributes()
    {
        S3Tool.Aws.Require();
        Write("a b+c%2F/é 😀 \uFF5E", "1");
        Write(".hidden", "");
        Write("-dash & <angle>", "3");
        Write("large", new string('x', 9 * 1024 * 1024));
        Directory.CreateDirectory(Files["source/empty"]);
        string file = Write("folder/file", "4");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddTicks(1595002920_1234567));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);

        string toDo = await AwsAsync(
            "s3", "sync", Mirror, $"s3://{BucketName}/{Prefix}", "--dryrun", "--no-follow-symlinks", "--exclude", MirrorMarker.FileName);
        string head = await AwsAsync("s3api", "head-object", "--bucket", BucketName, "--key", Prefix + "folder/file");

        Assert.Equal("", toDo);
        JsonElement metadata = JsonDocument.Parse(head).RootElement.GetProperty("Metadata");
        Assert.Equal("0100440", metadata.GetProperty("file-permissions").GetString());
        Assert.Equal("1595002920123456700ns", metadata.GetProperty("file-mtime").GetString());
        Assert.Equal("1595002920.123456700", metadata.GetProperty("mtime").GetString());

        // It would find something, were there something.
        await File.WriteAllTextAsync(Files["mirror/folder/file"], "longer");
        Assert.Contains("folder/file", await AwsAsync("s3", "sync", Mirror, $"s3://{BucketName}/{Prefix}", "--dryrun"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_links_target_that_is_not_UTF8_arrives_byte_for_byte_and_only_once()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux allows such targets");
        Write("file", "x");
        RawFileSystem.MakeLink(MirrorTrees.Latin1(Files["source/link"]), "to \xFF and \xC3");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Options = Options with { SyncMode = S3SyncMode.Reconcile };

        S3SyncStageResult again = await RunAsync();

        Assert.Equal("to \xFF and \xC3", Encoding.Latin1.GetString(Server.Store.GetBytes(BucketName, Prefix + "link")));
        Assert.Equal((2L, 0L), (again.Unchanged, again.Requests.Put));
        AssertCatalog("with a link");
    }

    private Task<string> AwsAsync(params string[] arguments) => S3Tool.Aws.RunAsync(S3Access.To(Server), arguments);
}
