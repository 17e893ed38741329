using RsyncS3Backup.Core.Tests.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Further names of files that S3 has under one name.</summary>
[Trait("Category", "Slow")]
public sealed class HardLinkTests : SyncHarness
{
    [SkippableFact]
    public async Task New_names_are_copied_inside_S3_whichever_comes_first_in_the_order_of_names()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "makes hard links with Linux's system calls");
        for (int i = 0; i < 100; i++)
            Write($"m{i:D2}", $"content {i}");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        for (int i = 0; i < 100; i++)
        {
            RawFileSystem.MakeHardLink(Path.Combine(Source, $"a{i:D2}"), Path.Combine(Source, $"m{i:D2}"));
            RawFileSystem.MakeHardLink(Path.Combine(Source, $"z{i:D2}"), Path.Combine(Source, $"m{i:D2}"));
        }

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Journal), (result.Status, result.SyncMode));
        Assert.Equal((200, 0, 0), (result.Copied, result.TransferredBytes, result.Requests.Put));
        AssertMirrored("after the links");
    }
}
