using System.Text;
using Amazon.Runtime;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

[Collection(AwsEnvironment)]
public sealed class ShortWayTests
{
    /// <summary>Tests that read or change what the SDK reads from the environment do not run side by side.</summary>
    internal const string AwsEnvironment = "AWS environment";

    // The example "PUT Object" of "Signature Calculations for the Authorization Header" in the Amazon S3 API reference.
    [Fact]
    public void The_signature_is_that_of_the_example_in_the_API_reference()
    {
        ImmutableCredentials credentials = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null);
        string hash = SignatureV4.HexHash(Encoding.UTF8.GetBytes("Welcome to Amazon S3."));
        KeyValuePair<string, string>[] headers =
        [
            new("date", "Fri, 24 May 2013 00:00:00 GMT"),
            new("host", "examplebucket.s3.amazonaws.com"),
            new("x-amz-content-sha256", hash),
            new("x-amz-date", "20130524T000000Z"),
            new("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];

        string authorization = new SignatureV4("us-east-1").Authorization(
            "PUT",
            "/" + ShortWay.EncodePath("test$file.text"), "", headers, hash, "20130524T000000Z", credentials);

        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            + "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
            + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            authorization);
    }

    [Theory]
    [InlineData("us-east-1", "my-backups", null, null, "https://my-backups.s3.us-east-1.amazonaws.com/")]
    [InlineData("eu-central-1", "my-backups", null, null, "https://my-backups.s3.eu-central-1.amazonaws.com/")]
    [InlineData("eu-central-1", "my.backups", null, null, "https://s3.eu-central-1.amazonaws.com/my.backups")]
    [InlineData("cn-north-1", "my-backups", null, null, "https://my-backups.s3.cn-north-1.amazonaws.com.cn/")]
    [InlineData("eu-central-1", "my-backups", null, true, "https://s3.eu-central-1.amazonaws.com/my-backups")]
    [InlineData("us-east-1", "ap-hrzrlukc5m36ft7-s3alias", null, null, "https://ap-hrzrlukc5m36ft7-s3alias.s3.us-east-1.amazonaws.com/")]
    [InlineData(
        "us-east-1", "arn:aws:s3:us-east-1:123456789012:accesspoint/backup", null, null,
        "https://backup-123456789012.s3-accesspoint.us-east-1.amazonaws.com/")]
    [InlineData("default", "my-backups", "https://store.example.com:9000", null, "https://store.example.com:9000/my-backups")]
    [InlineData("default", "my-backups", "https://store.example.com", false, "https://my-backups.store.example.com/")]
    public async Task A_request_goes_where_the_SDK_would_send_it(
        string region, string bucket, string? endpoint, bool? forcePathStyle, string expected)
    {
        S3SyncRequest request = Request(region, bucket, endpoint, forcePathStyle);
        using S3Connection connection = S3ClientFactory.Create(request, connections: 1);
        using ShortWay direct = new(connection);
        byte[] body = [1, 2, 3];

        using HttpRequestMessage put = await direct.SignAsync(HttpMethod.Put, "a b/ü+%.txt", "", new ObjectContent("a", body, body.Length), []);

        Assert.Equal(expected.TrimEnd('/') + "/a%20b/%C3%BC%2B%25.txt", put.RequestUri!.OriginalString);
        Assert.Contains($"/{region}/s3/aws4_request", put.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
        Assert.Equal("UNSIGNED-PAYLOAD", put.Headers.GetValues("x-amz-content-sha256").Single());
    }

    [Theory]
    [InlineData(true, null, false, "https://my-backups.s3.dualstack.us-east-1.amazonaws.com/")]
    [InlineData(null, true, false, "https://my-backups.s3-fips.us-east-1.amazonaws.com/")]
    [InlineData(true, true, false, "https://my-backups.s3-fips.dualstack.us-east-1.amazonaws.com/")]
    [InlineData(null, null, true, "https://my-backups.s3-accelerate.amazonaws.com/")]
    [InlineData(true, false, true, "https://my-backups.s3-accelerate.dualstack.amazonaws.com/")]
    public async Task It_goes_to_the_endpoint_of_AWS_that_is_asked_for(bool? dualStack, bool? fips, bool accelerate, string expected)
    {
        S3SyncRequest request = Request("us-east-1", "my-backups", null, null);
        request = request with
        {
            Destination = request.Destination with { UseDualStack = dualStack, UseFips = fips, UseAccelerate = accelerate },
        };
        using S3Connection connection = S3ClientFactory.Create(request, connections: 1);
        using ShortWay direct = new(connection);

        using HttpRequestMessage put = await direct.SignAsync(HttpMethod.Put, "a", "", new ObjectContent("a", [], 0), []);

        Assert.Equal(expected + "a", put.RequestUri!.OriginalString);
        Assert.Contains("/us-east-1/s3/aws4_request", put.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_access_point_says_its_region()
    {
        S3SyncRequest request = Request("us-east-1", "arn:aws:s3:us-east-1:123456789012:accesspoint/backup", null, null);
        using S3Connection connection = S3ClientFactory.Create(
            request with { Destination = request.Destination with { Region = null } }, connections: 1);

        Assert.Equal("us-east-1", connection.Target.Region);
        BackupException refused = Assert.Throws<BackupException>(
            () => S3ClientFactory.Create(
                request with { Destination = request.Destination with { Region = "eu-west-1" } }, connections: 1));
        Assert.Equal(("S3WrongRegion", BackupExitCode.BadConfiguration), (refused.Error.Id, refused.Error.ExitCode));
    }

    [Fact]
    public async Task A_session_token_is_sent_and_signed()
    {
        S3SyncRequest request = Request("us-east-1", "my-backups", null, null) with { Credentials = new S3Credentials("key", "secret", "session") };
        using S3Connection connection = S3ClientFactory.Create(request, connections: 1);
        using ShortWay direct = new(connection);

        using HttpRequestMessage put = await direct.SignAsync(HttpMethod.Put, "a", "", new ObjectContent("a", [], 0), []);

        Assert.Equal("session", put.Headers.GetValues("x-amz-security-token").Single());
        Assert.Contains("x-amz-security-token", put.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_HTTP_is_refused_also_when_the_environment_names_the_endpoint()
    {
        const string variable = "AWS_ENDPOINT_URL_S3";
        Environment.SetEnvironmentVariable(variable, "http://store.example.com");
        try
        {
            S3SyncRequest request = Request("us-east-1", "my-backups", null, null);
            BackupException refused = Assert.Throws<BackupException>(() => S3ClientFactory.Create(request, connections: 1));
            Assert.Equal("S3InsecureEndpoint", refused.Error.Id);

            using S3Connection allowed = S3ClientFactory.Create(request with { AllowInsecureEndpoint = true }, connections: 1);
            Assert.Equal("my-backups.store.example.com", allowed.BucketAddress.Host);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    private static S3SyncRequest Request(string region, string bucket, string? endpoint, bool? forcePathStyle) => new()
    {
        MirrorPath = "/nowhere",
        Destination = new S3Destination { Bucket = bucket, Region = region, EndpointUrl = endpoint, ForcePathStyle = forcePathStyle },
        Options = new S3SyncOptions(),
        Credentials = new S3Credentials("key", "secret"),
    };
}
