using System.Security.Cryptography;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Objects with each checksum that can go with uploads, whole and in parts, and what reads them again.</summary>
public sealed class ChecksumAlgorithmTests : RestoreHarness
{
    private const int Large = (9 << 20) + 1;

    [Theory]
    [InlineData("CRC32", "FULL_OBJECT", "COMPOSITE", "FULL_OBJECT")]
    [InlineData("CRC64NVME", "FULL_OBJECT", "FULL_OBJECT", "FULL_OBJECT")]
    [InlineData("SHA256", "FULL_OBJECT", "COMPOSITE", "COMPOSITE")]
    public async Task Each_is_sent_kept_and_read_again(string algorithm, string small, string large, string copied)
    {
        Options = Options with { ChecksumAlgorithm = algorithm };
        await SendAsync();
        Assert.Equal([(algorithm, small), (algorithm, large)], Checksums());
        await AssertSoundAsync();

        // With the catalog gone and other times, the content tells that it is there; what is too large for one copy is copied in parts.
        File.Delete(CatalogPath);
        foreach (string file in Directory.EnumerateFiles(Source))
            File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        await MirrorAsync();
        S3SyncStageResult again = await SyncAsync(Request with { LargestCopy = 8 << 20, CopyPartSize = 5 << 20 });

        Assert.True(again.Error is null, $"{again.Error} {string.Join(' ', again.FailedItems)}");
        Assert.Equal((2L, 0L), (again.MetadataChanged, again.TransferredBytes));
        Assert.Equal([(algorithm, small), (algorithm, copied)], Checksums());
        await AssertSoundAsync();
        await RestoreWellAsync(Restore());
        AssertSameTree("restored", ReadTree(Source), ReadTree(Target));
    }

    [Fact]
    public async Task What_is_there_keeps_the_checksum_that_it_has()
    {
        await SendAsync();
        Options = Options with { ChecksumAlgorithm = "SHA256", SyncMode = S3SyncMode.Reconcile };
        File.WriteAllText(Path.Combine(Source, "small"), "changed");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((1L, 1L), (result.Updated, result.Unchanged));
        Assert.Equal([("SHA256", "FULL_OBJECT"), ("CRC32", "COMPOSITE")], Checksums());
        await AssertSoundAsync();
    }

    [Theory]
    [InlineData("CRC64NVME")]
    [InlineData("SHA256")]
    public async Task The_AWS_SDK_sends_it_too(string algorithm)
    {
        Options = Options with { ChecksumAlgorithm = algorithm };
        // What the short way is refused, the SDK tries.
        Server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "small", Kind = FaultKind.Refuse, Status = 400, ErrorCode = "InvalidArgument" });
        Server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.Refuse, Status = 400, ErrorCode = "InvalidArgument" });

        await SendAsync();

        Assert.Equal([algorithm, algorithm], Checksums().Select(item => item.Algorithm));
        await AssertSoundAsync();
    }

    private async Task SendAsync()
    {
        Write("small", "alpha");
        byte[] content = new byte[Large];
        RandomNumberGenerator.Fill(content);
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), content);
        S3SyncStageResult result = await RunAsync();
        Assert.True(result.Error is null, $"{result.Error} {string.Join(' ', result.FailedItems)}");
        Assert.Empty(result.StoreLacks);
    }

    private (string? Algorithm, string? Type)[] Checksums() =>
        [.. new[] { "small", "large.bin" }.Select(key => Server.Store.Find(BucketName, Prefix + key)!).Select(stored => (stored.ChecksumAlgorithm, stored.ChecksumType))];

    private async Task AssertSoundAsync()
    {
        List<string> differences = [];
        BackupTestResult result = await BackupTest.RunAsync(
            new BackupTestRequest { Configuration = Job, S3 = Request, Level = BackupTestLevel.Full }, Observer, difference => differences.Add(difference.ToString()),
            CancellationToken.None);
        Assert.True(result is { Status: BackupStatus.Succeeded, Failed: 0 }, $"{result.Error} {string.Join(' ', differences)}");
    }
}
