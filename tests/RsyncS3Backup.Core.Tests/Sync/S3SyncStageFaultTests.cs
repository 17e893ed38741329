using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What stage 2 does when S3 or the network misbehaves; only the loopback server can be told to.</summary>
public sealed class S3SyncStageFaultTests : IAsyncLifetime
{
    private const string BucketName = "faults";
    private const int LargeFile = (24 * 1024 * 1024) + 1;

    private readonly TemporaryFolder mirror = new();
    private readonly RecordingObserver observer = new();
    private LoopbackS3Server server = null!;

    // Of its own, because the job's catalog remembers what the last run found.
    private readonly string jobName = $"s3-faults-{Guid.NewGuid():N}";

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { MaxKeys = 2 });
        server.Store.CreateBucket(BucketName);
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        mirror.Dispose();
    }

    [Theory]
    [InlineData(FaultKind.ServiceUnavailable)]
    [InlineData(FaultKind.InternalError)]
    [InlineData(FaultKind.ConnectionReset)]
    public async Task A_passing_fault_of_an_upload_is_retried(FaultKind kind)
    {
        mirror.File("a.txt", "alpha");
        FaultRule fault = server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "a.txt", Kind = kind, Times = 2 });

        S3SyncStageResult result = await Sync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Equal(2, fault.Fired);
        Assert.Equal(3 + 1, result.Requests.Put);
        Assert.Equal("alpha"u8.ToArray(), server.Store.GetBytes(BucketName, "p/a.txt"));
    }

    [Fact]
    public async Task One_file_that_keeps_failing_fails_alone_and_stops_deletions()
    {
        mirror.File("old", "x");
        await Sync();
        File.Delete(mirror["old"]);
        mirror.File("bad.txt", "b");
        mirror.File("good.txt", "g");
        server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "bad", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Failed, "S3PartialTransfer", 1L), (result.Status, result.Error?.Id, result.Failed));
        BackupError item = Assert.Single(result.FailedItems);
        Assert.Equal(("S3AccessDenied", "AccessDenied"), (item.Id, item.S3ErrorCode));
        Assert.EndsWith("bad.txt", item.Target, StringComparison.Ordinal);
        Assert.NotNull(item.RequestId);
        Assert.Equal(["p/good.txt", "p/old"], Keys());
        Assert.Contains(result.Warnings, warning => warning.Contains("stay in S3", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(FaultKind.TruncatedList, "S3ListingIncomplete")]
    [InlineData(FaultKind.ConnectionDroppedMidBody, "S3ListingIncomplete")]
    [InlineData(FaultKind.AccessDenied, "S3AccessDenied")]
    public async Task A_listing_that_fails_on_its_second_page_deletes_nothing(FaultKind kind, string expectedId)
    {
        string[] keys = ["p/1", "p/2", "p/3", "p/4", "p/5"];
        foreach (string key in keys)
            server.Store.Put(BucketName, key, "x"u8.ToArray());
        mirror.File("5", "x");
        server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = kind, Skip = 1, Times = int.MaxValue });

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Failed, expectedId), (result.Status, result.Error?.Id));
        Assert.Equal(0, server.Requests["DeleteObjects"] + server.Requests["DeleteObject"]);
        Assert.Equal(keys, Keys());
    }

    [Fact]
    public async Task A_page_that_breaks_off_once_is_read_again()
    {
        string[] keys = ["p/1", "p/2", "p/3", "p/4", "p/5"];
        foreach (string key in keys)
        {
            server.Store.Put(BucketName, key, "x"u8.ToArray());
            mirror.File(key[2..], "x");
        }

        server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Skip = 1 });

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Succeeded, 5L, 0L), (result.Status, result.MetadataChanged, result.Created + result.Updated));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_completion_that_answers_200_with_an_error_is_no_success()
    {
        LargeRandomFile("large.bin");
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = "CompleteMultipartUpload",
            Kind = FaultKind.OkWithErrorBody,
            Times = int.MaxValue,
        });

        S3SyncStageResult result = await Sync();

        Assert.True(fault.Fired > 0);
        Assert.Equal((BackupStatus.Failed, 1L), (result.Status, result.Failed));
        Assert.Empty(Keys());
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_completion_that_answers_200_with_an_error_once_is_tried_again()
    {
        byte[] content = LargeRandomFile("large.bin");
        server.Faults.Add(new FaultRule { Operation = "CompleteMultipartUpload", Kind = FaultKind.OkWithErrorBody });

        S3SyncStageResult result = await Sync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
    }

    [Fact]
    public async Task A_part_that_keeps_failing_leaves_no_upload_behind()
    {
        LargeRandomFile("large.bin");
        server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.AccessDenied, Skip = 1, Times = int.MaxValue });

        S3SyncStageResult result = await Sync();

        Assert.Equal((BackupStatus.Failed, "S3AccessDenied"), (result.Status, Assert.Single(result.FailedItems).Id));
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
        Assert.Equal(1, server.Requests["AbortMultipartUpload"]);
    }

    [Fact]
    public async Task Cancelling_in_the_middle_of_a_large_file_leaves_no_upload_behind()
    {
        LargeRandomFile("large.bin");
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.Hold, Times = int.MaxValue });
        using CancellationTokenSource stop = new();
        Task<S3SyncStageResult> running = Sync(cancellationToken: stop.Token);
        await hold.Arrived;

        await stop.CancelAsync();
        S3SyncStageResult result = await running;

        Assert.Equal((BackupStatus.Cancelled, "RunCancelled"), (result.Status, result.Error?.Id));
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
        Assert.Empty(Keys());
    }

    [Fact]
    public async Task Cancelling_while_the_bucket_is_listed_ends_the_stage()
    {
        mirror.File("a", "x");
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.Hold });
        using CancellationTokenSource stop = new();
        Task<S3SyncStageResult> running = Sync(cancellationToken: stop.Token);
        await hold.Arrived;

        await stop.CancelAsync();

        Assert.Equal(BackupStatus.Cancelled, (await running).Status);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_file_that_changes_while_it_is_sent_is_sent_again_whole()
    {
        byte[] content = LargeRandomFile("large.bin");
        string path = Path.Combine(mirror.Path, "large.bin");
        FaultRule hold = server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.Hold });
        Task<S3SyncStageResult> running = Sync();
        await hold.Arrived;
        content[0] ^= 0xFF;
        content[^1] ^= 0xFF;
        await File.WriteAllBytesAsync(path, content);
        hold.Release();

        S3SyncStageResult result = await running;

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.True(content.AsSpan().SequenceEqual(server.Store.GetBytes(BucketName, "p/large.bin")));
        Assert.Equal(2, server.Requests["CreateMultipartUpload"]);
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Fact]
    public async Task Keys_that_S3_refuses_to_delete_are_named()
    {
        mirror.File("gone", "x");
        mirror.File("kept", "x");
        await Sync();
        File.Delete(mirror["gone"]);
        server.Faults.Add(new FaultRule { Operation = "DeleteObjects", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Failed, "S3AccessDenied", 0L), (result.Status, result.Error?.Id, result.Deleted));
        Assert.Equal(["p/gone", "p/kept"], Keys());
    }

    [Fact]
    public async Task A_clock_that_is_an_hour_off_is_corrected()
    {
        mirror.File("a.txt", "x");
        server.Faults.Add(new FaultRule { Kind = FaultKind.ClockSkew, ClockOffset = TimeSpan.FromHours(1), Times = int.MaxValue });

        S3SyncStageResult result = await Sync();

        // The first one tells what the store's time is.
        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Created));
        Assert.InRange(result.Requests.Put, 2, 3);
    }

    [Fact]
    public async Task A_wrong_region_is_said_to_be_one()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with { Destination = request.Destination with { Region = "eu-west-3" } });

        Assert.Equal((BackupStatus.Failed, "S3WrongRegion"), (result.Status, result.Error?.Id));
        Assert.Contains("eu-west-3", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_is_named()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        string endpoint = $"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}";
        closed.Stop();
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with { Destination = request.Destination with { EndpointUrl = endpoint } });

        Assert.Equal((BackupStatus.Failed, "S3EndpointUnreachable"), (result.Status, result.Error?.Id));
        Assert.Contains(endpoint, result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(BackupExitCode.Stage2Failed, result.Error.ExitCode);
    }

    [Fact]
    public async Task An_endpoint_that_speaks_no_TLS_is_asked_once()
    {
        mirror.File("a.txt", "x");
        string endpoint = server.Endpoint.ToString().TrimEnd('/').Replace("http:", "https:", StringComparison.Ordinal);

        S3SyncStageResult result = await Sync(change: request => request with { Destination = request.Destination with { EndpointUrl = endpoint } });

        Assert.Equal((BackupStatus.Failed, "S3TlsFailed", 1L), (result.Status, result.Error?.Id, result.Requests.Total));
        Assert.Contains(endpoint, result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_HTTP_to_another_machine_is_refused_before_any_request()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with
        {
            Destination = request.Destination with { EndpointUrl = "http://s3.example.com" },
        });

        Assert.Equal((BackupStatus.Failed, "S3InsecureEndpoint"), (result.Status, result.Error?.Id));
        Assert.Equal(BackupExitCode.BadConfiguration, result.Error!.ExitCode);
        Assert.Equal(0, result.Requests.Total);
    }

    [Theory]
    [InlineData("", "InvalidParameter")]
    [InlineData("Not_A_Bucket", "InvalidParameter")]
    public async Task A_bad_bucket_name_is_refused_before_any_request(string bucket, string expectedId)
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with { Destination = request.Destination with { Bucket = bucket } });

        Assert.Equal((BackupStatus.Failed, expectedId, 0L), (result.Status, result.Error?.Id, result.Requests.Total));
    }

    [Fact]
    public async Task An_unknown_storage_class_is_refused_before_any_request()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with { Options = request.Options with { StorageClass = "GLACIER_FLEX" } });

        Assert.Equal((BackupStatus.Failed, "InvalidParameter", 0L), (result.Status, result.Error?.Id, result.Requests.Total));
        Assert.Contains("GLACIER_FLEX", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_is_not_there_is_named()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Sync(change: request => request with
        {
            Destination = request.Destination with { Profile = "there-is-no-such-profile" },
            Credentials = null,
        });

        Assert.Equal((BackupStatus.Failed, "S3ProfileNotFound"), (result.Status, result.Error?.Id));
    }

    [Fact]
    public async Task A_missing_mirror_touches_nothing()
    {
        server.Store.Put(BucketName, "p/kept", "x"u8.ToArray());

        S3SyncStageResult result = await Sync(
            deleteFromS3: true, change: request => request with { MirrorPath = Path.Combine(mirror.Path, "not-mounted") });

        Assert.Equal((BackupStatus.Failed, "MirrorMissing", BackupExitCode.Refused), (result.Status, result.Error?.Id, result.Error!.ExitCode));
        Assert.Equal(0, result.Requests.Total);
        Assert.Equal(["p/kept"], Keys());
    }

    [Theory]
    [InlineData(1, "the only entry that there was to send (AccessDenied)")]
    [InlineData(3, "all 3 entries that there were to send (AccessDenied)")]
    public async Task A_stage_that_sent_nothing_does_not_say_again_what_each_entry_says(int files, string expected)
    {
        for (int i = 0; i < files; i++)
            mirror.File($"file{i}", "x");
        server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "file", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync();

        Assert.Equal((files, files), (result.FailedItems.Count, observer.FailedItems.Count));
        AssertSaysNothingAgain(result);
        Assert.Contains(expected, result.Error!.Message, StringComparison.Ordinal);
    }

    private static void AssertSaysNothingAgain(S3SyncStageResult result)
    {
        string reason = $"Access to bucket '{BucketName}' is denied";
        Assert.All(result.FailedItems, item => Assert.Contains(reason, item.Message, StringComparison.Ordinal));
        Assert.DoesNotContain(reason, result.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Error.RecommendedAction, result.FailedItems.Select(item => item.RecommendedAction));
    }

    [Fact]
    public async Task Many_failures_with_no_success_end_the_stage_early()
    {
        for (int i = 0; i < 400; i++)
            mirror.File($"file{i}", "x");
        server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "file", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync();

        Assert.Equal((BackupStatus.Failed, "S3AccessDenied"), (result.Status, result.Error?.Id));
        AssertSaysNothingAgain(result);
        Assert.True(result.Requests.Put < 400, $"{result.Requests.Put} requests");
        Assert.Equal(BackupLimits.ReportedItems >= result.Failed ? result.Failed : BackupLimits.ReportedItems, result.FailedItems.Count);
    }

    [Fact]
    public async Task Objects_whose_entity_tag_is_no_MD5_are_compared_by_their_checksum()
    {
        await using LoopbackS3Server withoutMd5 = await LoopbackS3Server.StartAsync(new S3ServerOptions { Md5ETags = false });
        withoutMd5.Store.CreateBucket(BucketName);
        string file = mirror.File("a.txt", "first");
        Task<S3SyncStageResult> Run() => Sync(change: request => request with
        {
            Destination = request.Destination with { EndpointUrl = withoutMd5.Endpoint.ToString() },
        });
        await Run();

        File.SetLastWriteTimeUtc(file, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        S3SyncStageResult touched = await Run();
        Assert.Null(touched.Error);
        Assert.Equal((1L, 0L, 1L), (touched.MetadataChanged, touched.Requests.Put, touched.Requests.Copy));

        await File.WriteAllTextAsync(file, "other");
        S3SyncStageResult changed = await Run();
        Assert.Equal((1L, 1L), (changed.Updated, changed.Requests.Put));
    }

    [Fact]
    public async Task Progress_is_complete_at_the_end_exactly_once_whatever_happened()
    {
        mirror.File("a.txt", "x");
        await Sync();
        Assert.Equal(1, observer.ProgressReports.Count(report => report.Completed));

        server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        await Sync();
        Assert.Equal(2, observer.ProgressReports.Count(report => report.Completed));
    }

    [Fact]
    public async Task The_secret_key_is_in_no_log_and_no_result()
    {
        mirror.File("a.txt", "x");
        server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "a.txt", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult result = await Sync();

        string log = await File.ReadAllTextAsync(result.LogPath!);
        Assert.Contains("S3AccessDenied", log, StringComparison.Ordinal);
        Assert.DoesNotContain(server.SecretKey, log, StringComparison.Ordinal);
        Assert.DoesNotContain(server.SecretKey, System.Text.Json.JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    // But for the marker that says whose the prefix is.
    private IReadOnlyList<string> Keys() => [.. server.Store.Keys(BucketName).Where(key => key != "p/" + MirrorMarker.FileName)];

    private byte[] LargeRandomFile(string name)
    {
        byte[] content = RandomNumberGenerator.GetBytes(LargeFile);
        File.WriteAllBytes(Path.Combine(mirror.Path, name), content);
        return content;
    }

    private async Task<S3SyncStageResult> Sync(
        bool deleteFromS3 = false, Func<S3SyncRequest, S3SyncRequest>? change = null, CancellationToken cancellationToken = default)
    {
        S3SyncRequest request = new()
        {
            MirrorPath = mirror.Path,
            Destination = new S3Destination { Bucket = BucketName, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
            Options = new S3SyncOptions { S3Prefix = "p/", DeleteFromS3 = deleteFromS3 },
            Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
        };
        using RunContext context = RunContext.Start(jobName, observer);
        return await S3SyncStage.RunAsync(change is null ? request : change(request), context, cancellationToken);
    }
}
