using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>
/// An S3 server for a test class: the loopback one, or the one that the <c>RSYNCS3_TEST_S3_*</c> variables name, so that the same tests run
/// against servers that are not ours.
/// </summary>
public sealed class S3Fixture : IAsyncLifetime
{
    private const string Variables = "RSYNCS3_TEST_S3_";

    private LoopbackS3Server? loopback;

    public string Endpoint { get; private set; } = "";

    public string Region { get; private set; } = "";

    public string BucketName { get; private set; } = "";

    public S3ChecksumMode ChecksumMode { get; private set; }

    /// <summary>How long a day is by which the server's lifecycle rules count; null where it is a real one.</summary>
    public int? SecondsOfDay { get; } = Setting("DAY") is { } seconds ? int.Parse(seconds, CultureInfo.InvariantCulture) : null;

    internal S3Credentials Credentials { get; private set; } = new("", "");

    /// <summary>What programs of others need.</summary>
    internal S3Access Access => new(Endpoint, Region, Credentials.AccessKey, Credentials.SecretKey);

    /// <summary>A plain client of the SDK, to look at the bucket without our own code.</summary>
    public AmazonS3Client Client { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string? secret;
        if (Setting("ENDPOINT") is { } endpoint)
        {
            Endpoint = endpoint;
            Region = Setting("REGION") ?? "us-east-1";
            BucketName = Setting("BUCKET") ?? "rsyncs3backup-tests";
            ChecksumMode = Enum.Parse<S3ChecksumMode>(Setting("CHECKSUM_MODE") ?? nameof(S3ChecksumMode.WhenSupported), ignoreCase: true);
            secret = Setting("SECRET_KEY");
            Credentials = new S3Credentials(Setting("ACCESS_KEY") ?? "", secret ?? "");
        }
        else
        {
            loopback = await LoopbackS3Server.StartAsync();
            Endpoint = loopback.Endpoint.ToString().TrimEnd('/');
            Region = loopback.Region;
            BucketName = "tests";
            secret = loopback.SecretKey;
            Credentials = new S3Credentials(loopback.AccessKey, loopback.SecretKey);
        }

        Client = new AmazonS3Client(
            new BasicAWSCredentials(Credentials.AccessKey, secret),
            new AmazonS3Config
            {
                ServiceURL = Endpoint,
                AuthenticationRegion = Region,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        ListBucketsResponse buckets = await Client.ListBucketsAsync();
        if (buckets.Buckets?.Any(bucket => bucket.BucketName == BucketName) != true)
            await Client.PutBucketAsync(BucketName);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        if (loopback is not null)
            await loopback.DisposeAsync();
    }

    public S3Destination Destination => new()
    {
        Bucket = BucketName,
        Region = Region,
        EndpointUrl = Endpoint,
        ChecksumMode = ChecksumMode,
    };

    private static string? Setting(string name) =>
        Environment.GetEnvironmentVariable(Variables + name) is { Length: > 0 } value ? value : null;
}
