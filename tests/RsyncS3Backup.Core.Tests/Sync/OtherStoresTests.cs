using Microsoft.AspNetCore.Http;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Stores that speak S3's language and do not do all that S3 does: the server answers as they do.</summary>
public sealed class OtherStoresTests : SyncHarness
{
    private string MemoryPath => Path.Combine(StateFolder.ForJob(JobName).Path, StoreMemory.FileName);

    [SkippableTheory]
    [InlineData(501, "NotImplemented", false)]
    [InlineData(405, "MethodNotAllowed", false)]
    [InlineData(501, "NotImplemented", true)]
    [InlineData(400, "InvalidRequest", true)]
    public async Task Where_the_store_does_not_copy_a_chmod_is_an_upload(int status, string code, bool isCondition)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string changed = Put("a.txt", "alpha");
        string gone = Put("b.txt", "beta");
        await SyncAsync();
        Refuse("CopyObject", status, code, isCondition ? HasCondition : null);
        Chmod(changed, UnixFileMode.UserRead);
        File.Delete(gone);
        Put("c.txt", "gamma");

        S3SyncStageResult result = await SyncAsync();

        Assert.True(result.Failed == 0, result.Error?.Message);
        Assert.Equal((1L, 1L, 0L, 1L), (result.Created, result.Updated, result.MetadataChanged, result.Deleted));
        AssertMirrored("after the chmod");
        AssertCatalog("after the chmod");
        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
    }

    [SkippableFact]
    public async Task That_it_does_not_copy_is_said_once_and_remembered()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string[] files = [Put("a.txt", "alpha"), Put("b.txt", "beta")];
        await SyncAsync();
        FaultRule refusal = Refuse("CopyObject", 501, "NotImplemented");
        Chmod(files[0], UnixFileMode.UserRead);
        S3SyncStageResult found = await SyncAsync();
        Chmod(files[1], UnixFileMode.UserRead);
        S3SyncStageResult known = await SyncAsync();

        Assert.Contains("does not copy objects (501 NotImplemented)", Assert.Single(found.Warnings), StringComparison.Ordinal);
        Assert.Equal((BackupStatus.Succeeded, 1L, 1), (known.Status, known.Updated, refusal.Fired));
        Assert.Equal(["CopyObject"], known.StoreLacks);
        Assert.Equal(known.StoreLacksSince, found.StoreLacksSince);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(MemoryPath));
    }

    [SkippableFact]
    public async Task A_store_that_may_mean_the_one_object_is_believed_the_third_time()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string[] files = [.. Enumerable.Range(0, 5).Select(index => Put($"{index}.txt", $"content {index}"))];
        await SyncAsync();
        Refuse("CopyObject", 400, "InvalidRequest");
        Chmod(files[0], UnixFileMode.UserRead);
        Assert.Empty((await SyncAsync()).StoreLacks);
        foreach (string file in files[1..])
            Chmod(file, UnixFileMode.UserRead);

        S3SyncStageResult result = await SyncAsync();

        Assert.Equal((4L, 0L, "CopyObject"), (result.Updated, result.Failed, Assert.Single(result.StoreLacks)));
    }

    [SkippableFact]
    public async Task A_large_object_that_the_store_does_not_copy_in_parts_is_uploaded_and_small_ones_are_copied()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string[] files = [Put("a.txt", "alpha"), Put("large.bin", new string('x', 11 << 20))];
        await SyncAsync();
        Refuse("CreateMultipartUpload", 501, "NotImplemented", request => request.Headers["x-amz-checksum-type"] == "FULL_OBJECT");
        Array.ForEach(files, file => Chmod(file, UnixFileMode.UserRead));

        S3SyncStageResult result = await SyncAsync(Request with { LargestCopy = 10 << 20, CopyPartSize = 6 << 20 });

        Assert.Equal((BackupStatus.Succeeded, 1L, 1L), (result.Status, result.MetadataChanged, result.Updated));
        Assert.Empty(result.StoreLacks);
        AssertMirrored("after the chmod");
    }

    [SkippableFact]
    public async Task What_a_header_spoils_is_not_taken_for_a_store_that_does_not_copy()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string file = Put("a.txt", "alpha");
        await SyncAsync();
        Options = Options with { Tags = new Dictionary<string, string> { ["team"] = "a" } };
        FaultRule refusal = Refuse(null, 501, "NotImplemented", request => request.Headers.ContainsKey("x-amz-tagging"));
        Chmod(file, UnixFileMode.UserRead);

        S3SyncStageResult refused = await SyncAsync();
        Server.Faults.Remove(refusal);
        S3SyncStageResult result = await SyncAsync();

        Assert.Equal((BackupStatus.Failed, 0), (refused.Status, refused.StoreLacks.Count));
        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.MetadataChanged));
    }

    [SkippableFact]
    public async Task Names_of_one_file_and_dated_snapshots_are_uploaded_where_nothing_is_copied()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "makes hard links with Linux's system calls");
        Refuse("CopyObject", 501, "NotImplemented");
        Options = Options with { S3Prefix = "p/{yyyy-MM-dd}/", DeleteFromS3 = false, KeepLast = 1 };
        Refuse("DeleteObjects", 501, "NotImplemented");
        RawFileSystem.MakeHardLink(Files["mirror/b.txt"], Put("a.txt", "alpha"));

        S3SyncStageResult first = await SyncAsync(DayRequest(1));
        S3SyncStageResult second = await SyncAsync(DayRequest(2));

        Assert.Equal((2L, 0L), (first.Created, first.Copied));
        Assert.Equal((2L, 0L, true), (second.Created, second.Copied, second.IsSnapshotComplete));
        Assert.Equal(["p/2026-01-01/"], second.PrunedPrefixes);
        Assert.Empty(Server.Store.Objects(BucketName, "p/2026-01-01/"));
    }

    [SkippableFact]
    public async Task Without_the_right_to_read_a_chmod_and_a_lost_catalog_cost_uploads_and_fail_nothing()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string[] files = [.. Enumerable.Range(0, 9).Select(index => Put($"{index}.txt", $"content {index}"))];
        await SyncAsync();
        foreach (string operation in new[] { "CopyObject", "HeadObject", "GetObject" })
            Refuse(operation, 403, "AccessDenied");
        Chmod(files[0], UnixFileMode.UserRead);

        S3SyncStageResult chmod = await SyncAsync();
        File.Delete(CatalogPath);
        S3SyncStageResult lost = await SyncAsync();

        Assert.Equal((BackupStatus.SucceededWithWarnings, 1L), (chmod.Status, chmod.Updated));
        Assert.Contains("s3:GetObject", Assert.Single(chmod.Warnings), StringComparison.Ordinal);
        Assert.Equal((BackupStatus.SucceededWithWarnings, 9L), (lost.Status, lost.Updated));
        Assert.Single(lost.Warnings);
        Assert.Empty(lost.StoreLacks);
        AssertMirrored("after the lost catalog");
    }

    [Theory]
    [InlineData(501, "NotImplemented")]
    [InlineData(405, "MethodNotAllowed")]
    [InlineData(400, "NotImplemented")]
    [InlineData(400, "InvalidArgument")]
    public async Task Where_the_store_has_no_DeleteObjects_each_object_is_deleted_singly(int status, string code)
    {
        string[] gone = [.. Enumerable.Range(0, 20).Select(index => Put($"{index} ü&<.txt", "x"))];
        string later = Put("later.txt", "y");
        Put("stays.txt", "z");
        await SyncAsync();
        FaultRule refusal = Refuse("DeleteObjects", status, code);
        foreach (string path in gone)
            File.Delete(path);

        S3SyncStageResult found = await SyncAsync();
        int asked = refusal.Fired;
        File.Delete(later);
        S3SyncStageResult known = await SyncAsync();

        Assert.Equal((20L, 0L), (found.Deleted, found.Failed));
        Assert.Contains("does not delete several objects", Assert.Single(found.Warnings), StringComparison.Ordinal);
        Assert.Equal((BackupStatus.Succeeded, 1L, asked), (known.Status, known.Deleted, refusal.Fired));
        AssertMirrored("after the deletions");
        AssertCatalog("after the deletions");
    }

    [Fact]
    public async Task One_that_may_not_be_deleted_singly_fails_alone()
    {
        string[] gone = [Put("a.txt", "x"), Put("b.txt", "y")];
        await SyncAsync();
        Refuse("DeleteObjects", 501, "NotImplemented");
        Server.Faults.Add(
            new FaultRule { Operation = "DeleteObject", KeyContains = "a.txt", Kind = FaultKind.AccessDenied, Times = 99 });
        Array.ForEach(gone, File.Delete);

        S3SyncStageResult result = await SyncAsync();

        Assert.Equal((1L, 1L), (result.Deleted, result.Failed));
        BackupError item = Assert.Single(result.FailedItems);
        Assert.Equal(("S3DeleteFailed", "AccessDenied", "p/a.txt"), (item.Id, item.S3ErrorCode, item.Target));
        AssertCatalog("after the denial");
    }

    [Fact]
    public async Task Keys_that_went_singly_before_it_broke_off_are_not_taken_for_present_when_they_come_back()
    {
        string[] gone = [.. Enumerable.Range(0, 40).Select(index => Put($"{index:00}.txt", $"content {index}"))];
        await SyncAsync();
        Refuse("DeleteObjects", 501, "NotImplemented");
        FaultRule expired = Server.Faults.Add(new FaultRule
        {
            Operation = "DeleteObject",
            KeyContains = "39.txt",
            Kind = FaultKind.Refuse,
            Status = 400,
            ErrorCode = "ExpiredToken",
            Times = 99,
        });
        byte[][] contents = [.. gone.Select(File.ReadAllBytes)];
        Array.ForEach(gone, File.Delete);

        Assert.Equal("S3CredentialsExpired", (await SyncAsync()).Error?.Id);
        Server.Faults.Remove(expired);
        for (int index = 0; index < gone.Length; index++)
            File.WriteAllBytes(gone[index], contents[index]);
        await SyncAsync();

        AssertMirrored("after they came back");
    }

    [Theory]
    [InlineData(501, "NotImplemented")]
    [InlineData(400, "InvalidArgument")]
    public async Task Where_the_store_refuses_checksum_headers_Content_MD5_goes_instead(int status, string code)
    {
        FaultRule refusal = Refuse(null, status, code, HasChecksum);
        string gone = Put("a.txt", "alpha");
        Put("large.bin", new string('x', 9 << 20));

        S3SyncStageResult found = await SyncAsync();
        int asked = refusal.Fired;
        File.Delete(gone);
        Put("b.txt", "beta");
        S3SyncStageResult known = await SyncAsync();

        Assert.True(found.Error is null, $"{found.Error} {string.Join(' ', found.FailedItems)}");
        Assert.Contains("destination.checksumMode", Assert.Single(found.Warnings), StringComparison.Ordinal);
        Assert.Equal(["Checksums"], found.StoreLacks);
        Assert.Equal((BackupStatus.Succeeded, 1L, 1L, asked), (known.Status, known.Created, known.Deleted, refusal.Fired));
        AssertMirrored("after both");
    }

    [Fact]
    public async Task A_store_that_wants_checksums_again_gets_them()
    {
        FaultRule refusal = Refuse(null, 501, "NotImplemented", HasChecksum);
        Put("a.txt", "alpha");
        await SyncAsync();
        Server.Faults.Remove(refusal);
        Refuse("PutObject", 400, "InvalidRequest", request => !HasChecksum(request));
        Put("b.txt", "beta");

        S3SyncStageResult result = await SyncAsync();

        Assert.True(result.Failed == 0, result.Error?.Message);
        Assert.Empty(result.StoreLacks);
    }

    [Fact]
    public async Task Where_DeleteObjects_wants_Content_MD5_it_gets_it()
    {
        string[] gone = [Put("a&<b>\u007f ü.txt", "x"), Put("later.txt", "y")];
        Put("stays.txt", "z");
        await SyncAsync();
        FaultRule refusal = Refuse(
            "DeleteObjects", 400, "InvalidRequest", request => !request.Headers.ContainsKey("Content-MD5"));
        File.Delete(gone[0]);
        S3SyncStageResult found = await SyncAsync();
        File.Delete(gone[1]);
        S3SyncStageResult known = await SyncAsync();

        Assert.Equal((1L, 1L, 1), (found.Deleted, known.Deleted, refusal.Fired));
        Assert.Equal(["DeleteChecksums"], known.StoreLacks);
        Assert.Equal(0, Server.Requests["DeleteObject"]);
        AssertMirrored("after both");
    }

    [Fact]
    public async Task With_checksumMode_whenRequired_no_checksum_but_Content_MD5_goes_with_any_request()
    {
        Destination = Destination with { ChecksumMode = S3ChecksumMode.WhenRequired };
        FaultRule refusal = Refuse(null, 501, "NotImplemented", HasChecksum);
        string gone = Put("a.txt", "alpha");
        Put("large.bin", new string('x', 9 << 20));
        await SyncAsync();
        File.Delete(gone);

        S3SyncStageResult result = await SyncAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L, 0), (result.Status, result.Deleted, refusal.Fired));
        Assert.Equal(0, Server.Requests["DeleteObject"]);
    }

    [SkippableFact]
    public async Task What_is_remembered_is_about_one_bucket_and_is_looked_at_again_after_a_month()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string file = Put("a.txt", "alpha");
        await SyncAsync();
        FaultRule refusal = Refuse("CopyObject", 501, "NotImplemented");
        Chmod(file, UnixFileMode.UserRead);
        await SyncAsync();
        Server.Faults.Remove(refusal);
        Assert.Equal(["CopyObject"], Recalled(BucketName, DateTimeOffset.UtcNow.AddDays(29)));
        Assert.Empty(Recalled(BucketName, DateTimeOffset.UtcNow.AddDays(31)));
        Assert.Empty(Recalled(BucketName, DateTimeOffset.UtcNow.AddDays(-1)));
        Assert.Empty(Recalled("other", DateTimeOffset.UtcNow.AddMinutes(1)));
        Assert.Equal(1, (await ChmodAndSyncAsync(UnixFileMode.UserRead | UnixFileMode.UserExecute)).Updated);

        string text = await File.ReadAllTextAsync(MemoryPath);
        string year = DateTimeOffset.UtcNow.ToString("yyyy", System.Globalization.CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(MemoryPath, text.Replace($"\"{year}-", "\"2020-", StringComparison.Ordinal));
        Assert.Equal(1, (await ChmodAndSyncAsync(UnixFileMode.UserRead)).MetadataChanged);

        async Task<S3SyncStageResult> ChmodAndSyncAsync(UnixFileMode mode)
        {
            Chmod(file, mode);
            return await SyncAsync();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"endpoint\":1}")]
    [InlineData("not JSON")]
    public async Task A_memory_that_makes_no_sense_says_nothing(string content)
    {
        await File.WriteAllTextAsync(MemoryPath, content);

        Assert.Empty(Recalled(BucketName, DateTimeOffset.UtcNow));
    }

    [SkippableFact]
    public async Task A_plan_counts_what_the_store_would_be_asked_for()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        string file = Put("a.txt", "alpha");
        string[] gone = [Put("b.txt", "x"), Put("c.txt", "y"), Put("d.txt", "z"), Put("e.txt", "z")];
        await SyncAsync();
        Refuse("CopyObject", 501, "NotImplemented");
        Refuse("DeleteObjects", 501, "NotImplemented");
        Chmod(file, UnixFileMode.UserRead);
        File.Delete(gone[0]);
        await SyncAsync();
        Chmod(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Array.ForEach(gone, File.Delete);

        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        S3SyncStageResult plan = await S3SyncStage.PlanAsync(Request, context, new PlannedSync(null), CancellationToken.None);
        S3SyncStageResult run = await SyncAsync();

        Assert.Equal((1L, 0L, 3L), (plan.Updated, plan.MetadataChanged, plan.Deleted));
        Assert.Equal(
            (run.Requests.Put, run.Requests.Copy, run.Requests.Delete),
            (plan.Requests.Put, plan.Requests.Copy, plan.Requests.Delete));
    }

    [SkippableFact]
    public async Task An_access_point_takes_all_that_a_bucket_does()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        const string accessPoint = "backup-123456789012";
        Server.Store.CreateBucket(accessPoint);
        Destination = Destination with
        {
            Bucket = "arn:aws:s3:us-east-1:123456789012:accesspoint/backup",
            EndpointUrl = $"http://localhost:{Server.Endpoint.Port}",
        };
        string changed = Put("a ü.txt", "alpha");
        string gone = Put("b.txt", "beta");
        Put("large.bin", new string('x', 9 << 20));
        S3SyncRequest request = Request with { AllowInsecureEndpoint = true };
        S3SyncStageResult first = await SyncAsync(request);
        Chmod(changed, UnixFileMode.UserRead);
        File.Delete(gone);

        S3SyncStageResult second = await SyncAsync(request);

        Assert.Equal((BackupStatus.Succeeded, 3L), (first.Status, first.Created));
        Assert.Equal((BackupStatus.Succeeded, 1L, 1L), (second.Status, second.MetadataChanged, second.Deleted));
        Assert.Equal(
            ["p/.rsyncs3backup.json", "p/a ü.txt", "p/large.bin"],
            Server.Store.Objects(accessPoint, Prefix).Select(item => item.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("x-amz-tagging", "options.rsync.syncToS3.tags", 501, "NotImplemented")]
    [InlineData("x-amz-server-side-encryption", "destination.encryption", 400, "InvalidArgument")]
    [InlineData("x-amz-storage-class", "options.rsync.syncToS3.storageClass", 400, "InvalidRequest")]
    public async Task A_header_that_the_store_refuses_is_named_with_its_key(string header, string key, int status, string code)
    {
        Options = Options with { Tags = new Dictionary<string, string> { ["a"] = "b" }, StorageClass = "STANDARD_IA" };
        Destination = Destination with { Encryption = new S3Encryption { Mode = S3EncryptionMode.SseS3 } };
        FaultRule refusal = Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Refuse,
            Status = status,
            ErrorCode = code,
            Message = $"Unsupported header '{header}' received for this API call.",
            When = request => request.Headers.ContainsKey(header),
            Times = int.MaxValue,
        });
        Put("a.txt", "alpha");
        Put("large.bin", new string('x', 9 << 20));

        S3SyncStageResult result = await SyncAsync();

        // The first object, which says whose the prefix is, has the storage class that needs no header.
        BackupError[] errors = header == "x-amz-storage-class" ? [.. result.FailedItems] : [result.Error!];
        Assert.Equal((header == "x-amz-storage-class" ? 2 : 1, true), (errors.Length, refusal.Fired > 0));
        Assert.All(errors, error => Assert.Equal("S3HeaderRefused", error.Id));
        Assert.All(errors, error => Assert.Contains($"{header}, which the key {key} asks for", error.Message, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.Contains($"Leave {key} out", error.RecommendedAction, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_store_does_not_say_which_header_all_keys_are_named_that_ask_for_one()
    {
        Options = Options with { Tags = new Dictionary<string, string> { ["a"] = "b" } };
        Destination = Destination with { Encryption = new S3Encryption { Mode = S3EncryptionMode.SseS3 } };
        Refuse("PutObject", 501, "NotImplemented");
        Put("a.txt", "alpha");

        BackupError error = (await SyncAsync()).Error!;

        Assert.Contains("options.rsync.syncToS3.tags (x-amz-tagging), destination.encryption", error.Message, StringComparison.Ordinal);
        Assert.Contains("destination.checksumMode was tried both ways", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_header_goes_with_the_default_storage_class()
    {
        FaultRule refusal = Refuse(null, 501, "NotImplemented", request => request.Headers.ContainsKey("x-amz-storage-class"));
        Put("a.txt", "alpha");
        Put("large.bin", new string('x', 9 << 20));

        Assert.Equal((BackupStatus.Succeeded, 0), ((await SyncAsync()).Status, refusal.Fired));
        Assert.All(ReadCatalog(), row => Assert.Equal("STANDARD", row.StorageClass));
    }

    [Theory]
    [InlineData(403, "QuotaExceeded")]
    [InlineData(400, "XMinioAdminBucketQuotaExceeded")]
    public async Task A_quota_that_is_used_up_is_no_missing_right(int status, string code)
    {
        Refuse("PutObject", status, code);
        Put("a.txt", "alpha");

        BackupError? error = (await SyncAsync()).Error;

        Assert.Equal(("S3QuotaExceeded", code), (error?.Id, error?.S3ErrorCode));
    }

    [Fact]
    public void How_many_requests_do_best_is_remembered_for_the_store_and_for_a_month()
    {
        StoreAbilities abilities = new(TimeProvider.System);
        abilities.NoteBestRequests(64);
        // About as many are no news.
        abilities.NoteBestRequests(70);
        StoreMemory.Keep(abilities, JobName, "https://s3.example.com", "bucket");

        Assert.Equal(64, Best("bucket", DateTimeOffset.Now.AddDays(29)));
        Assert.Null(Best("bucket", DateTimeOffset.Now.AddDays(31)));
        Assert.Null(Best("other", DateTimeOffset.Now));
        File.WriteAllText(MemoryPath, File.ReadAllText(MemoryPath).Replace("64", "64000", StringComparison.Ordinal));
        Assert.Null(Best("bucket", DateTimeOffset.Now));

        int? Best(string bucket, DateTimeOffset now)
        {
            StoreAbilities recalled = new(TimeProvider.System);
            StoreMemory.Recall(recalled, JobName, "https://s3.example.com", bucket, now);
            return recalled.BestRequests?.Count;
        }
    }

    private static bool HasCondition(HttpRequest request) => request.Headers.ContainsKey("x-amz-copy-source-if-match");

    private static bool HasChecksum(HttpRequest request) => request.Headers.Keys.Any(name =>
        name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("x-amz-sdk-checksum", StringComparison.OrdinalIgnoreCase));

    private IEnumerable<string> Recalled(string bucket, DateTimeOffset now)
    {
        StoreAbilities abilities = new(TimeProvider.System);
        StoreMemory.Recall(abilities, JobName, Server.Endpoint.ToString(), bucket, now);
        return abilities.Lacks.Select(lack => lack.Feature.ToString());
    }

    private S3SyncRequest DayRequest(int day) =>
        Request with { StartTime = new DateTimeOffset(2026, 1, day, 12, 0, 0, TimeSpan.Zero) };

    private FaultRule Refuse(string? operation, int status, string code, Func<HttpRequest, bool>? when = null) =>
        Server.Faults.Add(FaultRule.Refusal(operation, status, code, when));

    private string Put(string path, string content) => Files.File(Path.Combine("mirror", path), content);

    private static void Chmod(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
