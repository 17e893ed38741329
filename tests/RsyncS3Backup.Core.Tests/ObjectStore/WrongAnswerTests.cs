using System.Net;
using System.Text;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>Answers of success that are not S3's: whatever is called done is so when the store itself is asked.</summary>
public sealed class WrongAnswerTests : IAsyncLifetime
{
    private const string BucketName = "answers";
    private const int MiB = 1024 * 1024;
    private const int LargeSize = 11 * MiB;

    private readonly List<S3ObjectStore> buckets = [];
    private LoopbackS3Server server = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { KeepRequestLog = true });
        server.Store.CreateBucket(BucketName);
    }

    public async Task DisposeAsync()
    {
        buckets.ForEach(bucket => bucket.Dispose());
        await server.DisposeAsync();
    }

    public static TheoryData<string, FaultKind> Answers
    {
        get
        {
            TheoryData<string, FaultKind> answers = [];
            foreach (string operation in Requests.Keys)
            {
                foreach (FaultKind kind in (FaultKind[])[FaultKind.OkWithPage, FaultKind.OkEmpty, FaultKind.OkWithOtherDocument])
                    answers.Add(operation, kind);
            }

            return answers;
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Answers))]
    public async Task Nothing_is_taken_for_done_that_S3_did_not_answer(string operation, FaultKind kind)
    {
        await PrepareAsync();
        Dictionary<string, string> before = State();
        FaultRule fault = server.Faults.Add(new FaultRule { Operation = operation, Kind = kind, Times = int.MaxValue });

        BackupException failed = await Assert.ThrowsAsync<BackupException>(() => Requests[operation](this));

        Assert.Equal(("S3AnswerInvalid", BackupExitCode.Stage2Failed), (failed.Error.Id, failed.Error.ExitCode));
        Assert.Contains(operation, failed.Error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Endpoint.GetLeftPart(UriPartial.Authority), failed.Error.Message, StringComparison.Ordinal);
        // Parts are asked for side by side.
        Assert.InRange(fault.Fired, 3, operation == "UploadPartCopy" ? 9 : 4);
        Assert.Equal(before, State());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Answers))]
    public async Task A_wrong_answer_that_passes_does_no_harm(string operation, FaultKind kind)
    {
        await PrepareAsync();
        FaultRule fault = server.Faults.Add(new FaultRule { Operation = operation, Kind = kind });

        await Requests[operation](this);

        Assert.Equal(1, fault.Fired);
        Assert.True(Done[operation](this), operation);
    }

    [Fact]
    public async Task A_completion_whose_answer_is_replaced_is_known_by_the_tag_of_its_parts()
    {
        await PrepareAsync();
        server.Faults.Add(new FaultRule { Operation = "CompleteMultipartUpload", Kind = FaultKind.AnswerReplaced, Times = int.MaxValue });

        await Requests["CompleteMultipartUpload"](this);

        Assert.True(Done["CompleteMultipartUpload"](this));
    }

    [Fact]
    public async Task A_completion_whose_answer_is_lost_is_known_by_the_tag_of_its_parts()
    {
        await PrepareAsync();
        server.Faults.Add(new FaultRule { Operation = "CompleteMultipartUpload", Kind = FaultKind.ResponseLost });

        await Requests["CompleteMultipartUpload"](this);

        Assert.True(Done["CompleteMultipartUpload"](this));
    }

    [Fact]
    public async Task A_key_that_the_answer_does_not_name_is_not_deleted()
    {
        S3ObjectStore bucket = Open();
        server.Store.Put(BucketName, "p/one", [1]);
        server.Store.Put(BucketName, "p/two", [1]);
        server.Faults.Add(new FaultRule
        {
            Operation = "DeleteObjects",
            Kind = FaultKind.Custom,
            Handler = async http =>
            {
                http.Response.ContentType = "application/xml";
                await http.Response.Body.WriteAsync(
                    "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Deleted><Key>p/two</Key></Deleted></DeleteResult>"u8.ToArray());
                return true;
            },
        });

        List<BackupError> errors = await bucket.DeleteAsync(["one", "two"], CancellationToken.None).ToListAsync();

        Assert.Equal(("S3AnswerInvalid", "p/one"), (Assert.Single(errors).Id, errors[0].Target));
    }

    [Fact]
    public async Task A_listing_that_names_the_same_page_for_ever_is_not_followed()
    {
        const string page = """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>answers</Name><KeyCount>0</KeyCount>
            <IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>
            """;
        // It ends some time, so that the test does.
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = "ListObjectsV2",
            Kind = FaultKind.Custom,
            Times = 20,
            Handler = http => AnswerAsync(http, page),
        });
        S3ObjectStore bucket = Open();

        BackupException whole = await Assert.ThrowsAsync<BackupException>(async () => await bucket.ListAsync(KeyRange.Everything, CancellationToken.None).ToListAsync());
        BackupException folders = await Assert.ThrowsAsync<BackupException>(async () => await bucket.ListLevelAsync("", CancellationToken.None).ToListAsync());

        Assert.Equal(("S3ListingIncomplete", "S3ListingIncomplete"), (whole.Error.Id, folders.Error.Id));
        Assert.Equal(4, fault.Fired);
    }

    [Fact]
    public async Task An_empty_storage_class_is_the_standard_one_wherever_it_is_read()
    {
        const string page = """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>answers</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>
            <Contents><Key>p/a</Key><Size>1</Size><ETag>"e"</ETag><StorageClass></StorageClass></Contents></ListBucketResult>
            """;
        server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.Custom, Handler = http => AnswerAsync(http, page) });
        using HttpResponseMessage answer = new(HttpStatusCode.OK) { Content = new ByteArrayContent([1]) };
        answer.Headers.TryAddWithoutValidation("ETag", "\"e\"");
        answer.Headers.TryAddWithoutValidation("x-amz-storage-class", "");

        StoredObject listed = Assert.Single(await Open().ListAsync(KeyRange.Everything, CancellationToken.None).ToListAsync());
        StoredObject received = ObjectAnswers.Received("a", answer.Headers, answer.Content.Headers);

        Assert.Equal(("STANDARD", "STANDARD"), (listed.StorageClass, received.StorageClass));
    }

    [Fact]
    public async Task Keys_that_are_denied_do_not_close_the_short_way_for_others()
    {
        S3ObjectStore bucket = Open();
        server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "denied", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        const int denied = 5;
        for (int i = 0; i < denied; i++)
            await Assert.ThrowsAsync<AmazonS3Exception>(() => PutAsync(bucket, $"denied{i}"));

        // One by the short way and one by the SDK each.
        Assert.Equal(2 * denied, server.Requests["PutObject"]);
    }

    private static ObjectHeaders Headers { get; } = new() { ContentType = "text/x-test", StorageClass = "STANDARD" };

    private static Dictionary<string, Func<WrongAnswerTests, Task>> Requests { get; } = new()
    {
        ["PutObject"] = test => PutAsync(test.Open(), "new"),
        ["CopyObject"] = test => test.CopyAsync("small"),
        ["UploadPartCopy"] = test => test.CopyAsync("large"),
        ["CreateMultipartUpload"] = async test => test.upload = await test.StartAsync(),
        ["UploadPart"] = test => test.PutPartAsync(),
        ["CompleteMultipartUpload"] = async test => await test.Open().CompletePartsAsync(
            "existing", test.upload!, [await test.PutPartAsync()], Headers, CancellationToken.None),
        ["AbortMultipartUpload"] = test => test.Open().AbortPartsAsync("existing", test.upload!, CancellationToken.None),
        ["DeleteObjects"] = async test => await test.Open().DeleteAsync(["existing"], CancellationToken.None).ToListAsync(),
        ["DeleteObject"] = async test => await test.Open().DeleteAsync(["line\nbreak"], CancellationToken.None).ToListAsync(),
        ["HeadObject"] = test => test.Open().HeadAsync(new ObjectQuery("p/existing"), CancellationToken.None),
        ["GetObject"] = test => test.Open().ReadAsync("existing", 100, CancellationToken.None),
    };

    private static Dictionary<string, Func<WrongAnswerTests, bool>> Done { get; } = new()
    {
        ["PutObject"] = test => test.Has("p/new"),
        ["CopyObject"] = test => test.Has("p/copy"),
        ["UploadPartCopy"] = test => test.Has("p/copy"),
        ["CreateMultipartUpload"] = test => test.server.Store.UnfinishedUploads(BucketName).Count == 2,
        ["UploadPart"] = _ => true,
        ["CompleteMultipartUpload"] = test => Encoding.UTF8.GetString(test.server.Store.GetBytes(BucketName, "p/existing")) == "part",
        ["AbortMultipartUpload"] = test => test.server.Store.UnfinishedUploads(BucketName).Count == 0,
        ["DeleteObjects"] = test => !test.Has("p/existing"),
        ["DeleteObject"] = test => !test.Has("p/line\nbreak"),
        ["HeadObject"] = _ => true,
        ["GetObject"] = _ => true,
    };

    private string? upload;

    private static async Task<bool> AnswerAsync(Microsoft.AspNetCore.Http.HttpContext http, string document)
    {
        http.Response.ContentType = "application/xml";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(document));
        return true;
    }

    private static Task<StoredObject> PutAsync(S3ObjectStore bucket, string relativeKey) =>
        bucket.PutAsync(new ObjectContent(relativeKey, [1], 1), Headers, CancellationToken.None);

    private async Task PrepareAsync()
    {
        server.Store.Put(BucketName, "p/existing", [1, 2, 3]);
        server.Store.Put(BucketName, "p/line\nbreak", [1]);
        server.Store.Put(BucketName, "p/small", [1]);
        server.Store.Put(BucketName, "p/large", new byte[LargeSize]);
        upload = await StartAsync();
    }

    private Task<string> StartAsync() => Open().StartPartsAsync("existing", Headers, CancellationToken.None);

    private Task<UploadedPart> PutPartAsync() =>
        Open().PutPartAsync(upload!, 1, new ObjectContent("existing", "part"u8.ToArray(), 4), CancellationToken.None);

    private Task<StoredObject> CopyAsync(string from)
    {
        StoredObjectInfo source = server.Store.Find(BucketName, "p/" + from)!;
        return Open().CopyAsync("p/" + from, source.ETag, source.Size, "copy", Headers, CancellationToken.None);
    }

    private bool Has(string key) => server.Store.Keys(BucketName).Contains(key);

    private Dictionary<string, string> State() => server.Store.Objects(BucketName, "").ToDictionary(item => item.Key, item => item.ETag);

    private S3ObjectStore Open()
    {
        S3SyncRequest request = new()
        {
            MirrorPath = "/nowhere",
            Destination = new S3Destination
            {
                Bucket = BucketName,
                Region = server.Region,
                EndpointUrl = server.Endpoint.GetLeftPart(UriPartial.Authority),
            },
            Options = new S3SyncOptions(),
            Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
            LargestCopy = 10 * MiB,
            CopyPartSize = 5 * MiB,
        };
        S3ObjectStore bucket = new(request, "p/", connections: 8);
        buckets.Add(bucket);
        return bucket;
    }
}
