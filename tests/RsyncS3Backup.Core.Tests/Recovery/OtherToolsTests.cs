using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Rsync.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Backups that other tools restore, and buckets that other tools filled.</summary>
[Collection(FakeRsync.Collection)]
public sealed class OtherToolsTests : RestoreHarness
{
    [SkippableFact]
    public async Task Aws_s3_cp_gets_every_file_back_byte_for_byte()
    {
        Skip.If(AwsProgram.IsMissing, AwsProgram.MissingReason);
        WriteFiles();
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);

        await AwsProgram.RunAsync(Server, "s3", "cp", "--recursive", "--only-show-errors", $"s3://{BucketName}/{Prefix}", Target);

        Assert.Equal(Contents(Source), Contents(Target));
    }

    [SkippableFact]
    public async Task What_aws_s3_sync_wrote_is_restored_with_the_times_of_the_objects_and_adopted_without_an_upload()
    {
        Skip.If(AwsProgram.IsMissing, AwsProgram.MissingReason);
        WriteFiles();
        await AwsProgram.RunAsync(Server, "s3", "sync", "--only-show-errors", Source, $"s3://{BucketName}/{Prefix}");

        // The reconcile gives the objects the attributes of the files, by copies, which are later.
        DateTimeOffset stored = Server.Store.Objects(BucketName, Prefix + "folder/file").Single().LastModified;

        RestoreResult restored = await RestoreWellAsync(Restore());
        S3SyncStageResult backup = await RunAsync();

        Assert.Equal(Contents(Source), Contents(Target));
        Assert.Equal(Contents(Source).Count, restored.Restored);
        Assert.Equal(stored.ToUnixTimeSeconds(), new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(Target, "folder/file"))).ToUnixTimeSeconds());
        Assert.Equal((BackupStatus.Succeeded, 0L, 0L), (backup.Status, backup.Created, backup.TransferredBytes));
    }

    private void WriteFiles()
    {
        Write("a b+c%2F/\u00E9 \U0001F600 \uFF5E", "1");
        Write(".hidden", "");
        Write("-dash & <angle>", "3");
        Write("folder/file", "4");
        Write("large", new string('x', 9 * 1024 * 1024));
    }

    private static Dictionary<string, string> Contents(string folder) => Directory
        .EnumerateFiles(folder, "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true })
        .Where(path => Path.GetFileName(path) != MirrorMarker.FileName)
        .ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllText);
}
