using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>Listings in stretches, as they go to a server.</summary>
public sealed class CutBucketListingTests : IAsyncLifetime
{
    private const string Bucket = "tests";
    private const string Prefix = "p/";
    private const int PageSize = 100;
    private const int Objects = 900;

    private LoopbackS3Server server = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { MaxKeys = PageSize });
        server.Store.CreateBucket(Bucket);
        server.Store.SetVersioning(Bucket, "Enabled");
        server.Store.Fill(Bucket, Prefix, Objects);
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task Objects_come_as_from_front_to_end_and_each_page_is_asked_for_once()
    {
        using S3ObjectStore store = Store();

        Assert.Equal(Keys(), await KeysAsync(store.ListAsync(Range(300, 600), default)));

        // A page for each hundred; the last stretch says itself that it is the last.
        Assert.Equal(Objects / PageSize, server.Requests["ListObjectsV2"]);
    }

    [Fact]
    public async Task Versions_come_likewise()
    {
        server.Store.Fill(Bucket, Prefix, Objects);
        using S3ObjectStore store = Store();

        List<string> keys = await KeysAsync(store.ListVersionsAsync(Range(300, 600), after: null, default));

        Assert.Equal(Keys().SelectMany(key => new[] { key, key }), keys);
        // Whether more of the key at a cut come is seen on the next page.
        Assert.InRange(server.Requests["ListObjectVersions"], 2 * Objects / PageSize, (2 * Objects / PageSize) + 2);
    }

    [Fact]
    public async Task A_page_that_fails_once_loses_nothing()
    {
        server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.ServiceUnavailable, Skip = 3, Times = 1 });
        using S3ObjectStore store = Store();

        Assert.Equal(Keys(), await KeysAsync(store.ListAsync(Range(300, 600), default)));
    }

    private static KeyRange Range(params int[] cuts) => KeyRange.Everything with { Cuts = [.. cuts.Select(cut => Key(cut - 1))] };

    private static string Key(int number) => S3Store.KeyOf("", number);

    private static IEnumerable<string> Keys() => Enumerable.Range(0, Objects).Select(Key);

    private static async Task<List<string>> KeysAsync(IAsyncEnumerable<StoredObject> listing)
    {
        List<string> keys = [];
        await foreach (StoredObject item in listing)
            keys.Add(item.RelativeKey);
        return keys;
    }

    private S3ObjectStore Store() => new(
        new RsyncS3Backup.ObjectStore.S3Access
        {
            Destination = new S3Destination { Bucket = Bucket, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
            Credentials = new S3Credentials(server.AccessKey, server.SecretKey),
        },
        Prefix,
        connections: 8);
}
