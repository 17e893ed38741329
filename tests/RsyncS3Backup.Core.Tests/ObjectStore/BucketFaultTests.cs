using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>What the requests on one object do when S3 refuses; only the loopback server can be told to.</summary>
public sealed class BucketFaultTests : IAsyncLifetime
{
    private const string BucketName = "faults";
    private const int MiB = 1024 * 1024;

    private LoopbackS3Server server = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { KeepRequestLog = true });
        server.Store.CreateBucket(BucketName);
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("CopyObject", 5)]
    [InlineData("UploadPartCopy", 11 * MiB)]
    [InlineData("CompleteMultipartUpload", 11 * MiB)]
    public async Task An_error_in_an_answer_of_200_is_an_error_and_leaves_nothing_behind(string operation, int size)
    {
        using S3ObjectStore bucket = Open();
        StoredObject source = await bucket.PutAsync(new ObjectContent("a", new byte[size], size), Headers, CancellationToken.None);
        FaultRule fault = server.Faults.Add(new FaultRule
        {
            Operation = operation,
            Kind = FaultKind.OkWithErrorBody,
            ErrorCode = "AccessDenied",
            Times = int.MaxValue,
        });

        await Assert.ThrowsAsync<AmazonS3Exception>(
            () => bucket.CopyAsync("p/a", source.ETag, size, "b", Headers, CancellationToken.None));

        Assert.InRange(fault.Fired, 1, int.MaxValue);
        Assert.Equal(["p/a"], server.Store.Keys(BucketName));
        Assert.Empty(server.Store.UnfinishedUploads(BucketName));
    }

    [Theory]
    [InlineData("GLACIER")]
    [InlineData("DEEP_ARCHIVE")]
    public async Task A_source_in_an_archive_is_said_to_be(string storageClass)
    {
        using S3ObjectStore bucket = Open();
        StoredObject source = await bucket.PutAsync(
            new ObjectContent("a", [1], 1), Headers with { StorageClass = storageClass }, CancellationToken.None);

        CopySourceException failed = await Assert.ThrowsAsync<CopySourceException>(
            () => bucket.CopyAsync("p/a", source.ETag, 1, "b", Headers, CancellationToken.None));

        Assert.Equal(CopySourceProblem.Archived, failed.Problem);
    }

    [Fact]
    public async Task The_short_way_and_the_SDK_write_the_same_object()
    {
        using S3ObjectStore bucket = Open();
        ObjectHeaders headers = Headers with
        {
            StorageClass = "GLACIER_IR",
            Tags = [new("team & co", "a+b=c/d")],
            Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "alias/a", BucketKey = true },
        };
        await bucket.PutAsync(new ObjectContent("a", [1], 1), headers, CancellationToken.None);
        server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.ServiceUnavailable });

        await bucket.PutAsync(new ObjectContent("b", [1], 1), headers, CancellationToken.None);

        Assert.Equal(3, server.Requests["PutObject"]);
        StoredObjectInfo direct = server.Store.Find(BucketName, "p/a")!;
        StoredObjectInfo throughSdk = server.Store.Find(BucketName, "p/b")!;
        Assert.Equal(direct.Metadata, throughSdk.Metadata);
        Assert.Equal(direct.Headers, throughSdk.Headers);
        Assert.Equal(direct.Tags, throughSdk.Tags);
        Assert.Equal(
            ("GLACIER_IR", "aws:kms", "alias/a", true, direct.Checksum),
            (throughSdk.StorageClass, throughSdk.Encryption, throughSdk.EncryptionKey, throughSdk.BucketKey, throughSdk.Checksum));
        Assert.Equal(("GLACIER_IR", "aws:kms", "alias/a", true), (direct.StorageClass, direct.Encryption, direct.EncryptionKey, direct.BucketKey));
    }

    [Fact]
    public async Task A_copy_under_KMS_may_have_another_entity_tag_than_its_source()
    {
        using S3ObjectStore bucket = Open();
        ObjectHeaders headers = Headers with { Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms } };
        StoredObject source = await bucket.PutAsync(new ObjectContent("a", [1], 1), headers, CancellationToken.None);

        StoredObject copied = await bucket.CopyAsync("p/a", source.ETag, 1, "b", headers, CancellationToken.None);

        Assert.NotEqual(source.ETag, copied.ETag);
        Assert.Equal(copied.ETag, server.Store.Find(BucketName, "p/b")!.ETag);
    }

    [Fact]
    public async Task A_large_copy_has_one_checksum_of_its_whole_content()
    {
        using S3ObjectStore bucket = Open();
        ObjectContent content = new("a", new byte[11 * MiB], 11 * MiB);
        StoredObject source = await bucket.PutAsync(content, Headers, CancellationToken.None);

        await bucket.CopyAsync("p/a", source.ETag, content.Length, "b", Headers, CancellationToken.None);

        Assert.Equal(content.Crc32, (await bucket.HeadAsync(new ObjectQuery(bucket.Key("b")), CancellationToken.None))!.ChecksumBy("crc32"));
    }

    [Fact]
    public async Task Versions_are_handed_out_where_the_bucket_keeps_them()
    {
        using (AmazonS3Client client = new(
            server.AccessKey, server.SecretKey,
            new AmazonS3Config { ServiceURL = server.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = server.Region }))
        {
            await client.PutBucketVersioningAsync(new Amazon.S3.Model.PutBucketVersioningRequest
            {
                BucketName = BucketName,
                VersioningConfig = new() { Status = VersionStatus.Enabled },
            });
        }

        using S3ObjectStore bucket = Open();
        StoredObject put = await bucket.PutAsync(new ObjectContent("a", [1], 1), Headers, CancellationToken.None);
        Assert.Equal(server.Store.Find(BucketName, "p/a")!.VersionId, put.VersionId);

        StoredObject copied = await bucket.CopyAsync("p/a", put.ETag, 1, "a", Headers, CancellationToken.None);
        Assert.Equal(server.Store.Find(BucketName, "p/a")!.VersionId, copied.VersionId);
        Assert.NotEqual(put.VersionId, copied.VersionId);
        Assert.Equal(copied.VersionId, (await bucket.HeadAsync(new ObjectQuery(bucket.Key("a")), CancellationToken.None))!.VersionId);
    }

    [Fact]
    public async Task A_bucket_of_another_account_is_not_written_to()
    {
        using S3ObjectStore bucket = Open(expectedOwner: "999999999999");

        AmazonS3Exception refused = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => bucket.PutAsync(new ObjectContent("a", [1], 1), Headers, CancellationToken.None));

        Assert.Equal("AccessDenied", refused.ErrorCode);
        Assert.Empty(server.Store.Keys(BucketName));
    }

    private static ObjectHeaders Headers { get; } = new()
    {
        ContentType = "text/x-test",
        StorageClass = "STANDARD",
        Metadata = [new("file-mtime", "1ns")],
    };

    private S3ObjectStore Open(string? expectedOwner = null)
    {
        S3SyncRequest request = new()
        {
            MirrorPath = "/nowhere",
            Destination = new S3Destination
            {
                Bucket = BucketName,
                Region = server.Region,
                EndpointUrl = server.Endpoint.GetLeftPart(UriPartial.Authority),
                ExpectedBucketOwner = expectedOwner,
            },
            Options = new S3SyncOptions(),
            Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
            LargestCopy = 10 * MiB,
            CopyPartSize = 5 * MiB,
        };
        return new S3ObjectStore(request, "p/", connections: 8);
    }
}
