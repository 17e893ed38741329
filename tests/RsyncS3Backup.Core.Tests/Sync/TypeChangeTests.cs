using Microsoft.AspNetCore.Http;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Entries that become something else: a change of the entry, whether the job deletes from S3 or not.</summary>
public sealed class TypeChangeTests : SyncHarness
{
    public static TheoryData<S3SyncMode, bool> Ways
    {
        get
        {
            TheoryData<S3SyncMode, bool> ways = [];
            foreach (S3SyncMode mode in (S3SyncMode[])[S3SyncMode.Journal, S3SyncMode.Catalog, S3SyncMode.Reconcile])
            {
                ways.Add(mode, true);
                ways.Add(mode, false);
            }

            return ways;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task The_old_key_or_the_keys_beneath_it_go_first_also_where_a_store_keeps_no_key_beneath_another(S3SyncMode mode, bool deletes)
    {
        Skip.If(OperatingSystem.IsWindows(), "makes links");
        Options = Options with { DeleteFromS3 = deletes };
        Write("becomes-folder", "file");
        Write("becomes-file/one", "1");
        Write("becomes-file/deep/two", "2");
        Write("becomes-file.txt", "between");
        Write("becomes-link/three", "3");
        Write("stays", "stays");
        KeepNoKeyBeneathAnother();
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);

        File.Delete(Path.Combine(Source, "becomes-folder"));
        Write("becomes-folder/inner/file", "new");
        Directory.Delete(Path.Combine(Source, "becomes-file"), recursive: true);
        Write("becomes-file", "new");
        Directory.Delete(Path.Combine(Source, "becomes-link"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(Source, "becomes-link"), "stays");
        Options = Options with { SyncMode = mode };
        S3SyncStageResult result = await RunAsync();

        Assert.True(result.Status == BackupStatus.Succeeded, string.Join(' ', result.FailedItems.Select(item => item.Message)));
        Assert.Equal((mode, 4L), (result.SyncMode, result.Deleted));
        AssertMirrored("after the change");
        AssertCatalog("after the change");
    }

    [SkippableFact]
    public async Task What_a_lost_catalog_does_not_know_goes_first_too()
    {
        Skip.If(OperatingSystem.IsWindows(), "makes links");
        Options = Options with { DeleteFromS3 = false };
        Write("a/one", "1");
        Write("a.txt", "between");
        KeepNoKeyBeneathAnother();
        await RunAsync();
        File.Delete(CatalogPath);
        Directory.Delete(Path.Combine(Source, "a"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(Source, "a"), "a.txt");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Reconcile), (result.Status, result.SyncMode));
        AssertMirrored("after the change");
    }

    [Fact]
    public async Task What_was_only_deleted_stays_when_the_job_does_not_delete()
    {
        Options = Options with { DeleteFromS3 = false };
        Write("a", "file");
        Write("b/c", "inner");
        await RunAsync();
        File.Delete(Path.Combine(Source, "a"));
        Directory.Delete(Path.Combine(Source, "b"), recursive: true);
        Write("new", "new");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal(0, result.Deleted);
        Assert.Equal(["a", "b/c", "new"], ReadBucket().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_somebody_else_put_beneath_a_file_stays()
    {
        Write("other", "other");
        await RunAsync();
        Server.Store.Put(BucketName, Prefix + "a/of-others", "x"u8.ToArray());
        Write("a", "file");
        Options = Options with { SyncMode = S3SyncMode.Reconcile };

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((0L, 1L), (result.Deleted, result.Foreign));
        Assert.Equal(["a", "a/of-others", "other"], ReadBucket().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task More_than_may_be_deleted_is_refused_before_the_first()
    {
        Options = Options with { DeleteFromS3 = false };
        for (int i = 0; i < 5; i++)
            Write($"a/{i}", "x");
        Write("stays", "x");
        await RunAsync();
        Directory.Delete(Path.Combine(Source, "a"), recursive: true);
        Write("a", "file");
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Request with { MaxDelete = DeleteLimit.OfCount(4) });

        Assert.Equal(("DeleteLimitExceeded", 0L), (result.Error?.Id, result.Deleted));
        Assert.Equal(6, ReadBucket().Count);
        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
        AssertMirrored("with the limit raised");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Credentials_that_may_not_delete_get_a_warning_where_the_job_does_not_delete(bool isOfRequest)
    {
        Options = Options with { DeleteFromS3 = false };
        Write("a", "file");
        await RunAsync();
        Server.Faults.Add(isOfRequest
            ? new FaultRule { Operation = "DeleteObjects", Kind = FaultKind.AccessDenied, Times = int.MaxValue }
            : new FaultRule { Operation = "DeleteObjects/Key", KeyContains = "p/a", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        File.Delete(Path.Combine(Source, "a"));
        Write("a/b", "inner");

        S3SyncStageResult result = await RunAsync();

        Assert.True(result.Status == BackupStatus.SucceededWithWarnings, result.Error?.Message);
        Assert.Contains("'p/a'", Assert.Single(result.Warnings));
        Assert.Equal(["a", "a/b"], ReadBucket().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_bucket_that_holds_both_already_is_put_right()
    {
        Options = Options with { DeleteFromS3 = false };
        Write("a", "file");
        await RunAsync();
        // As an earlier version left it.
        Dictionary<string, string> metadata = new() { ["file-mtime"] = "1000000000ns", ["mtime"] = "1.000000000" };
        Server.Store.Put(BucketName, Prefix + "a/stale", "x"u8.ToArray(), metadata);
        Server.Store.Put(BucketName, Prefix + "a/theirs", "x"u8.ToArray());
        File.Delete(CatalogPath);

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((null, 1L, 1L), (result.Error, result.Deleted, result.Foreign));
        Assert.Equal(["a", "a/theirs"], ReadBucket().Keys.Order(StringComparer.Ordinal));
    }

    // The rule of MinIO's older versions: a key is a file or a folder.
    private void KeepNoKeyBeneathAnother() => Server.Faults.Add(new FaultRule
    {
        Operation = "PutObject",
        Times = int.MaxValue,
        Kind = FaultKind.Custom,
        Handler = async http =>
        {
            string key = Uri.UnescapeDataString(http.Request.Path.Value!)[(BucketName.Length + 2)..];
            bool isRefused = Server.Store.Objects(BucketName, "").Any(item =>
                item.Key.StartsWith(key + "/", StringComparison.Ordinal) || key.StartsWith(item.Key + "/", StringComparison.Ordinal));
            if (!isRefused)
                return false;
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            await http.Response.WriteAsync("<Error><Code>XMinioParentIsObject</Code><Message>Object-prefix is already an object.</Message></Error>");
            return true;
        },
    });
}
