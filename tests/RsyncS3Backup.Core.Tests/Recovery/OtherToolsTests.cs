using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Backups that other tools restore, and buckets that other tools filled; runs against independent servers too.</summary>
[Trait("Suite", "S3")]
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class OtherToolsTests(S3Fixture server) : IClassFixture<S3Fixture>, IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.GroupRead;

    // Not at the start of a second, because not every tool keeps more than that.
    private static readonly DateTime Modified = DateTime.UnixEpoch.AddTicks(1595002920_1234567);

    private readonly TemporaryFolder files = new();
    private readonly string name = $"tools-{Guid.NewGuid():N}";

    public static TheoryData<string> Readers => ["aws", "rclone", "s3cmd"];

    public static TheoryData<string> Writers => ["aws", "rclone", "rclone --metadata", "s3cmd"];

    private string Source => files["source"];

    private string Target => files["restored"];

    private string Prefix => name + "/p q+/";

    public void Dispose() => files.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Readers))]
    public async Task Another_tool_gets_every_file_back_byte_for_byte(string tool)
    {
        Tool(tool).Require();
        WriteFiles();
        await RunAsync();

        await Tool(tool).DownloadAsync(server.Access, server.BucketName, Prefix, Target);

        Assert.Equal(Contents(Source), Contents(Target));
    }

    [SkippableTheory]
    [MemberData(nameof(Writers))]
    public async Task What_another_tool_wrote_is_restored_with_the_attributes_that_it_wrote(string tool)
    {
        Tool(tool).Require();
        WriteFiles();
        await Tool(tool).UploadAsync(server.Access, Source, server.BucketName, Prefix);
        DateTime stored = (await new BucketView(server.Client, server.BucketName, Prefix).HeadAsync("folder/file")).LastModified!.Value.ToUniversalTime();

        RestoreResult result = await BackupRestore.RunAsync(
            new RestoreRequest { Name = name, S3 = Request, Destination = Target }, SilentObserver.Instance, CancellationToken.None);

        Assert.True(result.Status == BackupStatus.Succeeded, result.Error?.Message);
        Assert.Equal(Contents(Source), Contents(Target));
        string restored = Path.Combine(Target, "folder/file");
        DateTime whole = DateTime.UnixEpoch.AddSeconds((long)(Modified - DateTime.UnixEpoch).TotalSeconds);
        Assert.Equal(tool switch { "aws" => stored, "s3cmd" => whole, _ => Modified }, File.GetLastWriteTimeUtc(restored));
        Assert.Equal(tool is "s3cmd" or "rclone --metadata", File.GetUnixFileMode(restored) == Mode);
    }

    [SkippableTheory]
    [MemberData(nameof(Writers))]
    public async Task What_another_tool_wrote_is_adopted_without_an_upload_and_has_all_attributes_then(string tool)
    {
        Tool(tool).Require();
        WriteFiles();
        await Tool(tool).UploadAsync(server.Access, Source, server.BucketName, Prefix);

        S3SyncStageResult adopted = await RunAsync();
        S3SyncStageResult again = await RunAsync();

        Assert.Equal((0L, 0L, 0L), (adopted.Created, adopted.Updated, adopted.TransferredBytes));
        Assert.Equal((Contents(Source).Count, 0L), (again.Unchanged, again.Requests.Put));
        RestoreResult restored = await BackupRestore.RunAsync(
            new RestoreRequest { Name = name, S3 = Request, Destination = Target }, SilentObserver.Instance, CancellationToken.None);
        Assert.Equal(BackupStatus.Succeeded, restored.Status);
        RestoreHarness.AssertSameTree(tool, Files(Source), Files(Target));
    }

    private static S3Tool Tool(string name) =>
        new[] { S3Tool.Aws, S3Tool.Rclone, S3Tool.RcloneMetadata, S3Tool.S3cmd }.Single(tool => tool.ToString() == name);

    private static Dictionary<string, string> Contents(string folder) => Directory
        .EnumerateFiles(folder, "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true })
        .Where(path => Path.GetFileName(path) != MirrorMarker.FileName)
        .ToDictionary(path => Path.GetRelativePath(folder, path), path => Convert.ToHexString(File.ReadAllBytes(path)));

    private static Dictionary<string, RawEntry> Files(string folder) =>
        RestoreHarness.ReadTree(folder).Where(item => item.Value.IsFile).ToDictionary();

    private S3SyncRequest Request => new()
    {
        MirrorPath = files["mirror"],
        Destination = server.Destination,
        Options = new S3SyncOptions { S3Prefix = Prefix, SyncMode = S3SyncMode.Reconcile },
        Credentials = server.Credentials,
        FollowsStage1 = true,
    };

    /// <summary>Both stages, which must succeed.</summary>
    private async Task<S3SyncStageResult> RunAsync()
    {
        using RunContext context = RunContext.Start(name, SilentObserver.Instance);
        RsyncStageResult mirrored = await RsyncStage.RunAsync(
            new RsyncStageRequest
            {
                Sources = [new BackupSource { Path = Source }],
                Options = new RsyncOptions { LocalDestination = files["mirror"] },
            },
            context, CancellationToken.None);
        Assert.True(mirrored.Status == BackupStatus.Succeeded, mirrored.Error?.Message);
        S3SyncStageResult result = await S3SyncStage.RunAsync(Request, context, CancellationToken.None);
        Assert.True(result.Status == BackupStatus.Succeeded, result.Error?.Message);
        return result;
    }

    private void WriteFiles()
    {
        // What keys, addresses, listings, signatures and shells treat in their own ways. s3cmd writes control characters in another way.
        string[] names =
        [
            "a b+c%2F/\u00E9 \U0001F600 \uFF5E", "e\u0301", ".hidden", "-dash & <angle>", "100%", "it's", "\"quoted\"", "semi;colon", "#", "?", "star*",
            "[1]", "{2}", "back\\slash", "~", "comma,", "a=b@c:d$e!", " blank ", "dot.", "folder/file",
        ];
        foreach (string path in names)
            files.File("source/" + path, "content of " + path);
        files.File("source/empty");
        byte[] large = new byte[(11 << 20) + 1];
        new Random(1).NextBytes(large);
        File.WriteAllBytes(files["source/large"], large);
        File.SetUnixFileMode(files["source/folder/file"], Mode);
        File.SetLastWriteTimeUtc(files["source/folder/file"], Modified);
    }
}
