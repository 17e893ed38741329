using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

[Collection(ShortWayTests.AwsEnvironment)]
public sealed class EndpointMemoryTests : IDisposable
{
    private const string ConfigVariable = "AWS_CONFIG_FILE";

    private readonly string job = $"endpoint-{Guid.NewGuid():N}";
    private readonly TemporaryFolder folder = new();
    private int asked;

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ConfigVariable, null);
        folder.Dispose();
    }

    [Fact]
    public void The_SDK_is_not_asked_where_the_job_names_its_endpoint()
    {
        Assert.Equal("https://store.example.com", Find(new S3Destination { Bucket = "b", EndpointUrl = "https://store.example.com" }));
        Assert.Equal(0, asked);
    }

    [Fact]
    public void The_SDK_is_asked_once_while_everything_is_the_same()
    {
        Assert.Equal("answer 1", Find(Destination));
        Assert.Equal("answer 1", Find(Destination));
    }

    [Fact]
    public void Another_region_bucket_or_profile_is_asked_for_again()
    {
        Assert.Equal("answer 1", Find(Destination));
        Assert.Equal("answer 2", Find(Destination with { Region = "eu-central-1" }));
        Assert.Equal("answer 3", Find(Destination with { Bucket = "other" }));
        Assert.Equal("answer 4", Find(Destination with { Profile = "other" }));
        Assert.Equal("answer 5", Find(Destination with { ForcePathStyle = true }));
        Assert.Equal("answer 6", Find(Destination with { UseDualStack = true }));
        Assert.Equal("answer 7", Find(Destination with { UseFips = true }));
        Assert.Equal("answer 8", Find(Destination with { UseAccelerate = true }));
    }

    [Fact]
    public void The_SDK_is_asked_again_when_its_configuration_file_changed()
    {
        Environment.SetEnvironmentVariable(ConfigVariable, folder.File("config", "[default]\n"));
        Find(Destination);
        folder.File("config", "[default]\nregion = eu-central-1\n");

        Assert.Equal("answer 2", Find(Destination));
    }

    private static S3Destination Destination { get; } = new() { Bucket = "my-backups", Region = "us-east-1" };

    private string Find(S3Destination destination) => EndpointMemory.FindAndRemember(
        new S3SyncRequest { MirrorPath = "/nowhere", Destination = destination, Options = new S3SyncOptions() }, job, () => $"answer {++asked}");
}
