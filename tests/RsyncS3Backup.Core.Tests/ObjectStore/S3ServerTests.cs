using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>The loopback server against the real SDK and against raw HTTP: what other tests rely on.</summary>
public sealed class S3ServerTests : IAsyncLifetime
{
    private const string Bucket = "test-bucket";
    private LoopbackS3Server server = null!;
    private AmazonS3Client client = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { MinimumPartSize = 64 * 1024 });
        server.Store.CreateBucket(Bucket);
        client = Client(server.AccessKey, server.SecretKey);
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("a plain name.txt")]
    [InlineData("Ünïcode/😀 100%+1 'q' \"d\" (x)!*&=~.txt")]
    [InlineData("dir//double/")]
    public async Task What_the_SDK_puts_comes_back_whole(string key)
    {
        var content = RandomNumberGenerator.GetBytes(100_000);
        var put = await client.PutObjectAsync(Put(key, content));
        using var got = await client.GetObjectAsync(Bucket, key);
        using var copy = new MemoryStream();
        await got.ResponseStream.CopyToAsync(copy);
        Assert.Equal(content, copy.ToArray());
        Assert.Equal($"\"{Convert.ToHexStringLower(MD5.HashData(content))}\"", put.ETag);
        Assert.Equal([key], server.Store.Keys(Bucket));
    }

    [Theory]
    [InlineData("CRC32")]
    [InlineData("SHA1")]
    [InlineData("SHA256")]
    public async Task A_checksum_from_the_SDK_is_stored_and_returned(string algorithm)
    {
        var request = Put("summed", new byte[70_000]);
        request.ChecksumAlgorithm = Amazon.S3.ChecksumAlgorithm.FindValue(algorithm);
        await client.PutObjectAsync(request);
        Assert.Equal(algorithm, server.Store.Find(Bucket, "summed")?.ChecksumAlgorithm);
        var head = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest
        {
            BucketName = Bucket,
            Key = "summed",
            ChecksumMode = ChecksumMode.ENABLED,
        });
        Assert.Equal(server.Store.Find(Bucket, "summed")!.Checksum,
            head.ChecksumCRC32 ?? head.ChecksumCRC32C ?? head.ChecksumCRC64NVME ?? head.ChecksumSHA1 ?? head.ChecksumSHA256);
    }

    [Theory]
    [InlineData("x-amz-checksum-crc32", "y/Q5Jg==")]
    [InlineData("x-amz-checksum-crc32c", "4waSgw==")]
    [InlineData("x-amz-checksum-crc64nvme", "rosUhgp5mIg=")]
    [InlineData("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=")]
    [InlineData("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=")]
    public async Task Published_check_values_are_accepted_and_others_refused(string header, string ofDigits)
    {
        await using var open = await OpenServerAsync();
        Assert.Equal(HttpStatusCode.OK, (await PutRawAsync(open, "123456789", (header, ofDigits))).Status);
        var (status, body) = await PutRawAsync(open, "123456780", (header, ofDigits));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("<Code>BadDigest</Code>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_or_unreadable_Content_MD5_is_refused()
    {
        await using var open = await OpenServerAsync();
        var wrong = await PutRawAsync(open, "text", ("Content-MD5", Convert.ToBase64String(MD5.HashData("other"u8))));
        Assert.Contains("<Code>BadDigest</Code>", wrong.Body, StringComparison.Ordinal);
        var unreadable = await PutRawAsync(open, "text", ("Content-MD5", "AAAA"));
        Assert.Contains("<Code>InvalidDigest</Code>", unreadable.Body, StringComparison.Ordinal);
        Assert.Empty(open.Store.Keys(Bucket));
    }

    [Fact]
    public async Task Wrong_key_wrong_secret_wrong_region_and_no_signature_are_told_apart()
    {
        async Task<string> CodeAsync(AmazonS3Client wrong)
        {
            using (wrong)
                return (await Assert.ThrowsAsync<AmazonS3Exception>(() => wrong.PutObjectAsync(Put("k", [1, 2])))).ErrorCode;
        }

        Assert.Equal("InvalidAccessKeyId", await CodeAsync(Client("SOMEBODYELSE", server.SecretKey)));
        Assert.Equal("SignatureDoesNotMatch", await CodeAsync(Client(server.AccessKey, "not the secret")));
        Assert.Equal("AuthorizationHeaderMalformed", await CodeAsync(Client(server.AccessKey, server.SecretKey, "eu-west-1")));
        using var http = new HttpClient();
        using var anonymous = await http.GetAsync(new Uri(server.Endpoint, $"{Bucket}?list-type=2"));
        Assert.Equal(HttpStatusCode.Forbidden, anonymous.StatusCode);
        Assert.Contains("<Code>AccessDenied</Code>", await anonymous.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(server.Store.Keys(Bucket));
    }

    [Fact]
    public async Task A_body_changed_under_way_breaks_the_chunk_signature()
    {
        using var changing = new HttpClient(new ChangingHandler());
        using var tampered = Client(server.AccessKey, server.SecretKey, handler: changing);
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(() => tampered.PutObjectAsync(Put("k", new byte[20_000])));
        Assert.Equal("SignatureDoesNotMatch", error.ErrorCode);
        Assert.Null(server.Store.Find(Bucket, "k"));
    }

    [Fact]
    public async Task A_presigned_address_works_and_its_signature_is_checked()
    {
        server.Store.Put(Bucket, "shared file", "hello"u8);
        var url = await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = Bucket,
            Key = "shared file",
            Expires = DateTime.UtcNow.AddMinutes(5),
            Protocol = Protocol.HTTP,
        });
        using var http = new HttpClient();
        Assert.Equal("hello", await http.GetStringAsync(new Uri(url)));
        using var changed = await http.GetAsync(new Uri(url.Replace("shared%20file", "other", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Forbidden, changed.StatusCode);
    }

    [Fact]
    public async Task A_clock_that_is_off_is_refused()
    {
        server.Faults.Add(new FaultRule { Kind = FaultKind.ClockSkew, ClockOffset = TimeSpan.FromHours(2), Times = int.MaxValue });
        // The SDK reads the Date header of the refusal, corrects its clock, and succeeds with the second request.
        await client.PutObjectAsync(Put("k", [1]));
        Assert.Equal(2, server.Requests["PutObject"]);
    }

    [Fact]
    public async Task Keys_are_listed_in_the_order_of_their_UTF8_bytes_page_by_page()
    {
        string[] ordered = ["a.txt", "a/b", "a/c", "a~", "\uFF5E", "😀"];
        foreach (var key in ordered.Reverse())
            server.Store.Put(Bucket, key, "x"u8);
        var listed = new List<string>();
        var request = new ListObjectsV2Request { BucketName = Bucket, MaxKeys = 2 };
        ListObjectsV2Response page;
        do
        {
            page = await client.ListObjectsV2Async(request);
            listed.AddRange(page.S3Objects.Select(item => item.Key));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
        Assert.Equal(ordered, listed);
        Assert.Equal(3, server.Requests["ListObjectsV2"]);
    }

    [Fact]
    public async Task A_delimiter_rolls_keys_up_and_paging_does_not_repeat_them()
    {
        foreach (var key in new[] { "a/1", "a/2", "a/3", "b", "c/1", "d" })
            server.Store.Put(Bucket, key, "x"u8);
        var request = new ListObjectsV2Request { BucketName = Bucket, MaxKeys = 1, Delimiter = "/" };
        var found = new List<string>();
        ListObjectsV2Response page;
        do
        {
            page = await client.ListObjectsV2Async(request);
            found.AddRange(page.CommonPrefixes ?? []);
            found.AddRange((page.S3Objects ?? []).Select(item => item.Key));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
        Assert.Equal(["a/", "b", "c/", "d"], found);
    }

    [Theory]
    [InlineData("CRC32", "COMPOSITE")]
    [InlineData("CRC32", "FULL_OBJECT")]
    [InlineData("SHA256", "COMPOSITE")]
    public async Task A_multipart_upload_has_S3s_ETag_and_checksum(string algorithm, string type)
    {
        byte[][] parts = [RandomNumberGenerator.GetBytes(64 * 1024), RandomNumberGenerator.GetBytes(64 * 1024 + 1), [7, 8]];
        var etag = await UploadAsync(parts, algorithm, type);
        Assert.Equal($"\"{Convert.ToHexStringLower(MD5.HashData(parts.SelectMany(MD5.HashData).ToArray()))}-3\"", etag);
        Assert.Equal(parts.SelectMany(part => part), server.Store.GetBytes(Bucket, "big"));
        var stored = server.Store.Find(Bucket, "big")!;
        Assert.Equal(type, stored.ChecksumType);
        if (type == "FULL_OBJECT")
        {
            var whole = Put("whole", parts.SelectMany(part => part).ToArray());
            whole.ChecksumAlgorithm = Amazon.S3.ChecksumAlgorithm.FindValue(algorithm);
            await client.PutObjectAsync(whole);
            Assert.Equal(server.Store.Find(Bucket, "whole")!.Checksum, stored.Checksum);
        }
        Assert.Empty(server.Store.UnfinishedUploads(Bucket));
    }

    [Fact]
    public async Task Without_a_checksum_from_the_client_an_upload_gets_the_CRC64NVME_of_the_whole()
    {
        byte[][] parts = [RandomNumberGenerator.GetBytes(64 * 1024 + 3), RandomNumberGenerator.GetBytes(100_001)];
        client.Dispose();
        client = Client(server.AccessKey, server.SecretKey, checksums: RequestChecksumCalculation.WHEN_REQUIRED);
        await UploadAsync(parts, null, null);
        var whole = server.Store.Put(Bucket, "whole", parts.SelectMany(part => part).ToArray());
        Assert.Equal(whole.Checksum, server.Store.Find(Bucket, "big")!.Checksum);
    }

    [Fact]
    public async Task A_part_that_is_too_small_is_refused_and_the_upload_stays()
    {
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(() => UploadAsync([[1], [2]], "CRC32", "COMPOSITE"));
        Assert.Equal("EntityTooSmall", error.ErrorCode);
        Assert.Equal(2, Assert.Single(server.Store.UnfinishedUploads(Bucket)).PartCount);
    }

    [Fact]
    public async Task A_copy_onto_itself_changes_metadata_or_is_refused()
    {
        server.Store.Put(Bucket, "k ü", "content"u8, new Dictionary<string, string> { ["mtime"] = "1" });
        var copy = new CopyObjectRequest { SourceBucket = Bucket, SourceKey = "k ü", DestinationBucket = Bucket, DestinationKey = "k ü" };
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(() => client.CopyObjectAsync(copy));
        Assert.Equal("InvalidRequest", error.ErrorCode);
        copy.MetadataDirective = S3MetadataDirective.REPLACE;
        copy.Metadata["mtime"] = "2";
        await client.CopyObjectAsync(copy);
        Assert.Equal("2", server.Store.Find(Bucket, "k ü")!.Metadata["mtime"]);
        Assert.Equal("content"u8, server.Store.GetBytes(Bucket, "k ü"));
    }

    [Fact]
    public async Task Conditional_writes_and_versions_work_as_in_S3()
    {
        server.Store.SetVersioning(Bucket, "Enabled");
        await client.PutObjectAsync(Put("k", [1]));
        var again = Put("k", [2]);
        again.IfNoneMatch = "*";
        Assert.Equal("PreconditionFailed", (await Assert.ThrowsAsync<AmazonS3Exception>(() => client.PutObjectAsync(again))).ErrorCode);
        await client.DeleteObjectAsync(Bucket, "k");
        Assert.Empty(server.Store.Keys(Bucket));
        var versions = await client.ListVersionsAsync(Bucket);
        Assert.Equal([true, false], versions.Versions.Select(version => version.IsDeleteMarker == true));
    }

    [Fact]
    public async Task Faults_fire_as_often_as_asked_and_then_stop()
    {
        var slow = server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.ServiceUnavailable, Skip = 1, Times = 1 });
        var reset = server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.ConnectionReset, KeyContains = "third" });
        foreach (var key in new[] { "first", "second", "third" })
            await client.PutObjectAsync(Put(key, new byte[10]));
        Assert.Equal((1, 1), (slow.Fired, reset.Fired));
        Assert.Equal(5, server.Requests["PutObject"]);
        Assert.Equal(3, server.Store.Count(Bucket));
    }

    [Theory]
    [InlineData(FaultKind.TruncatedList)]
    [InlineData(FaultKind.ConnectionDroppedMidBody)]
    public async Task A_listing_that_ends_early_is_an_error_of_its_client(FaultKind kind)
    {
        for (var index = 0; index < 50; index++)
            server.Store.Put(Bucket, $"key-{index}", "x"u8);
        using var once = Client(server.AccessKey, server.SecretKey, retries: 0);
        var rule = server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = kind, Times = int.MaxValue });
        await Assert.ThrowsAnyAsync<Exception>(() => once.ListObjectsV2Async(new() { BucketName = Bucket }));
        Assert.True(rule.Fired > 0);
        server.Faults.Remove(rule);
        Assert.Equal(50, (await once.ListObjectsV2Async(new() { BucketName = Bucket })).S3Objects.Count);
    }

    [Fact]
    public async Task A_held_request_waits_for_the_test()
    {
        var hold = server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.Hold });
        var put = client.PutObjectAsync(Put("k", [1]));
        await hold.Arrived;
        Assert.Null(server.Store.Find(Bucket, "k"));
        hold.Release();
        await put;
        Assert.NotNull(server.Store.Find(Bucket, "k"));
    }

    [Fact]
    public async Task A_folder_holds_contents_as_long_as_objects_live()
    {
        var folder = Directory.CreateTempSubdirectory("s3server-");
        try
        {
            await using var onDisk = await LoopbackS3Server.StartAsync(new S3ServerOptions { Folder = folder.FullName, RequireSignature = false });
            onDisk.Store.CreateBucket(Bucket);
            await PutRawAsync(onDisk, "first");
            await PutRawAsync(onDisk, "second");
            Assert.Equal("second", Encoding.UTF8.GetString(onDisk.Store.GetBytes(Bucket, "raw")));
            Assert.Single(folder.GetFiles());
            onDisk.Store.Delete(Bucket, "raw");
            Assert.Empty(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("content", false)]
    public async Task A_connection_ends_after_an_answer_that_a_client_waited_for_without_100_Continue(string content, bool isClosed)
    {
        await using var open = await OpenServerAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(open.Endpoint, $"{Bucket}/raw"))
        {
            Content = new StringContent(content),
        };
        request.Headers.ExpectContinue = true;

        using var answer = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(isClosed, answer.Headers.ConnectionClose == true);
    }

    private static async Task<LoopbackS3Server> OpenServerAsync()
    {
        var open = await LoopbackS3Server.StartAsync(new S3ServerOptions { RequireSignature = false });
        open.Store.CreateBucket(Bucket);
        return open;
    }

    private static async Task<(HttpStatusCode Status, string Body)> PutRawAsync(
        LoopbackS3Server target, string text, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(target.Endpoint, $"{Bucket}/raw"))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text)),
        };
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static PutObjectRequest Put(string key, byte[] content) => new()
    {
        BucketName = Bucket,
        Key = key,
        InputStream = new MemoryStream(content),
    };

    private AmazonS3Client Client(
        string accessKey, string secretKey, string region = "us-east-1", int retries = 3, HttpClient? handler = null,
        RequestChecksumCalculation checksums = RequestChecksumCalculation.WHEN_SUPPORTED) =>
        new(new BasicAWSCredentials(accessKey, secretKey), new AmazonS3Config
        {
            ServiceURL = server.Endpoint.ToString(),
            AuthenticationRegion = region,
            ForcePathStyle = true,
            MaxErrorRetry = retries,
            RequestChecksumCalculation = checksums,
            HttpClientFactory = handler is null ? null : new FixedClientFactory(handler),
        });

    private async Task<string> UploadAsync(byte[][] parts, string? algorithm, string? type)
    {
        var upload = await client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest
        {
            BucketName = Bucket,
            Key = "big",
            ChecksumAlgorithm = algorithm is null ? null : Amazon.S3.ChecksumAlgorithm.FindValue(algorithm),
            ChecksumType = type is null ? null : ChecksumType.FindValue(type),
        });
        var complete = new CompleteMultipartUploadRequest { BucketName = Bucket, Key = "big", UploadId = upload.UploadId, PartETags = [] };
        for (var number = 1; number <= parts.Length; number++)
        {
            complete.AddPartETags(await client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = Bucket,
                Key = "big",
                UploadId = upload.UploadId,
                PartNumber = number,
                InputStream = new MemoryStream(parts[number - 1]),
                ChecksumAlgorithm = algorithm is null ? null : Amazon.S3.ChecksumAlgorithm.FindValue(algorithm),
            }));
        }
        return (await client.CompleteMultipartUploadAsync(complete)).ETag;
    }

    private sealed class FixedClientFactory(HttpClient http) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;
    }

    /// <summary>Flips one bit of the body behind the SDK's back.</summary>
    private sealed class ChangingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is { } original)
            {
                var bytes = await original.ReadAsByteArrayAsync(cancellationToken);
                bytes[bytes.Length / 2] ^= 1;
                request.Content = new ByteArrayContent(bytes);
                foreach (var header in original.Headers)
                    request.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
