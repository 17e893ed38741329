using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Listings of the copy in S3, of now and of the past, against whatever server the fixture has.</summary>
[Trait("Suite", "S3")]
public sealed class S3CopyTests : IClassFixture<S3Fixture>, IAsyncLifetime
{
    private const string Prefix = "p r/+%/";

    // What one of the two ways of writing a key into a listing would change, and what sorts differently in UTF-16.
    private static readonly string[] Hostile =
    [
        " ", "%", "%20", "%2F", "+", "a b", "a%b", "a+b", "a/", "a//b", "a/b", "a.txt", "é", "e\u0301", "\uFFFD", "\U0001F600", "\uE000",
        "~", "_", "..", "../x", "/abs", "a\tb", "line\nbreak", "&<>\"'", "\\", "C:\\x", "*", "[1]",
    ];

    private readonly S3Fixture fixture;
    private readonly string bucketName = $"copy-{Guid.NewGuid():N}";

    public S3CopyTests(S3Fixture fixture) => this.fixture = fixture;

    public async Task InitializeAsync() => await fixture.Client.PutBucketAsync(bucketName);

    public async Task DisposeAsync()
    {
        ListVersionsResponse page;
        do
        {
            page = await fixture.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucketName, Encoding = EncodingType.Url });
            foreach (S3ObjectVersion version in page.Versions ?? [])
                await fixture.Client.DeleteObjectAsync(bucketName, System.Net.WebUtility.UrlDecode(version.Key), version.VersionId);
        }
        while (page.IsTruncated == true);
        await fixture.Client.DeleteBucketAsync(bucketName);
    }

    [Fact]
    public async Task Every_key_is_listed_once_and_in_order_over_pages_of_any_size()
    {
        foreach (string key in Hostile)
            await Put(key, key);

        string[] expected = [.. Hostile.OrderBy(key => key, KeyOrder.Instance)];
        foreach (int pageSize in new[] { 1, 2, 3, 7, 1000 })
            Assert.Equal(expected, await KeysAsync(Copy(pageSize).ListAsync(ItemFilter.Parse([]), CancellationToken.None)));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Every_version_is_listed_once_the_latest_of_a_key_first_over_pages_of_any_size()
    {
        await KeepVersions();
        foreach (string key in Hostile)
        {
            await Put(key, "1");
            await Put(key, "22");
            await Delete(key);
        }

        string[] expected = [.. Hostile.OrderBy(key => key, KeyOrder.Instance)
            .SelectMany(key => new[] { $"{key} deleted latest", $"{key} 2", $"{key} 1" })];
        foreach (int pageSize in new[] { 1, 2, 7, 1000 })
        {
            List<StoredObject> found = await ListAsync(Copy(pageSize).ListVersionsAsync(ItemFilter.Parse([]), CancellationToken.None));
            Assert.Equal(expected, found.Select(item =>
                $"{item.RelativeKey} {(item.IsDeleteMarker ? "deleted" : item.Size)}{(item.IsLatest ? " latest" : "")}"));
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task At_each_time_each_key_has_the_version_of_then()
    {
        await KeepVersions();
        Random random = new(1);
        for (int i = 0; i < 60; i++)
        {
            string key = Hostile[random.Next(8)];
            if (random.Next(3) == 0)
                await Delete(key);
            else
                await Put(key, new string('x', i));
        }

        ListVersionsResponse all = await fixture.Client.ListVersionsAsync(
            new ListVersionsRequest { BucketName = bucketName, Encoding = EncodingType.Url });
        foreach (DateTime time in all.Versions.Select(version => version.LastModified!.Value.ToUniversalTime()).Distinct())
        {
            string[] expected = [.. all.Versions.GroupBy(version => version.Key)
                .Select(versions => versions.FirstOrDefault(version => version.LastModified!.Value.ToUniversalTime() <= time))
                .Where(version => version is { IsDeleteMarker: not true }).Select(version => version!.VersionId)];
            List<StoredObject> found = await ListAsync(Copy(3, time).ListAsync(ItemFilter.Parse([]), CancellationToken.None));
            Assert.Equal(expected, found.Select(item => item.VersionId));
        }
    }

    [Fact]
    public async Task One_level_has_its_objects_and_its_folders()
    {
        foreach (string key in new[] { "a", "a.b", "a/1", "a/b/2", "c/3", "d/", "d/4" })
            await Put(key, "x");

        Assert.Equal(["a", "a.b", "a/", "c/", "d/"], await KeysAsync(Copy(2).ListLevelAsync("", CancellationToken.None)));
        Assert.Equal(["a/1", "a/b/"], await KeysAsync(Copy(2).ListLevelAsync("a/", CancellationToken.None)));
        Assert.Equal(["d/4"], await KeysAsync(Copy(2).ListLevelAsync("d/", CancellationToken.None)));
    }

    [Fact]
    public async Task One_level_of_the_past_has_only_folders_that_held_something_then()
    {
        await KeepVersions();
        foreach (string key in new[] { "a", "gone/1", "gone/2", "kept/1", "kept/2", "\U0001F600/1", "z" })
            await Put(key, "x");
        await Delete("gone/1");
        await Delete("gone/2");
        await Delete("kept/1");
        ListVersionsResponse all = await fixture.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucketName });
        DateTime last = all.Versions.Max(version => version.LastModified!.Value.ToUniversalTime());

        Assert.Equal(["a", "kept/", "z", "\U0001F600/"], await KeysAsync(Copy(1, last).ListLevelAsync("", CancellationToken.None)));
        Assert.Equal(["kept/2"], await KeysAsync(Copy(1, last).ListLevelAsync("kept/", CancellationToken.None)));
        Assert.Empty(await KeysAsync(Copy(1, last).ListLevelAsync("gone/", CancellationToken.None)));
    }

    [Fact]
    public async Task Paths_are_listed_without_what_lies_between()
    {
        for (int i = 0; i < 30; i++)
            await Put($"a-{i:D2}", "x");
        await Put("a", "x");
        await Put("a/1", "x");
        await Put("b/1", "x");
        S3Copy copy = Copy(5);

        Assert.Equal(["a", "a/1", "b/1"], await KeysAsync(copy.ListAsync(ItemFilter.Parse(["b", "a"]), CancellationToken.None)));
        Assert.True(copy.Store.Requests.List <= 4, $"{copy.Store.Requests.List} requests");
    }

    [Fact]
    public async Task A_bucket_without_versions_does_not_know_the_past()
    {
        await Put("a", "x");

        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => Open(DateTimeOffset.UtcNow));

        Assert.Equal("BucketKeepsNoVersions", exception.Error.Id);
    }

    [Fact]
    public async Task A_bucket_with_versions_knows_the_past()
    {
        await KeepVersions();
        await Put("a", "x");

        using S3Copy copy = await Open(DateTimeOffset.UtcNow.AddDays(1));

        Assert.Equal(["a"], await KeysAsync(copy.ListAsync(ItemFilter.Parse([]), CancellationToken.None)));
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_an_error_of_ours()
    {
        S3SyncRequest request = Request with { Destination = Request.Destination with { Bucket = "there-is-no-such-bucket" } };
        using S3Copy copy = await S3Copy.OpenAsync(request, "job", null, null, null, CancellationToken.None);

        BackupException exception = await Assert.ThrowsAsync<BackupException>(
            () => ListAsync(copy.ListAsync(ItemFilter.Parse([]), CancellationToken.None)));

        Assert.Equal("S3BucketNotFound", exception.Error.Id);
    }

    private S3SyncRequest Request => new()
    {
        MirrorPath = "",
        Destination = fixture.Destination with { Bucket = bucketName },
        Options = new S3SyncOptions { S3Prefix = Prefix },
        Credentials = fixture.Credentials,
    };

    private S3Copy Copy(int pageSize, DateTimeOffset? asOf = null) => new(new S3ObjectStore(Request, Prefix, 4) { PageSize = pageSize }, asOf);

    private Task<S3Copy> Open(DateTimeOffset asOf) => S3Copy.OpenAsync(Request, "job", null, null, asOf, CancellationToken.None);

    private async Task KeepVersions() => await fixture.Client.PutBucketVersioningAsync(new PutBucketVersioningRequest
    {
        BucketName = bucketName,
        VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
    });

    private Task Put(string key, string content) => new BucketView(fixture.Client, bucketName, Prefix).PutAsync(key, content);

    private async Task Delete(string key) => await fixture.Client.DeleteObjectAsync(bucketName, Prefix + key);

    private static async Task<List<StoredObject>> ListAsync(IAsyncEnumerable<StoredObject> items)
    {
        List<StoredObject> list = [];
        await foreach (StoredObject item in items)
            list.Add(item);
        return list;
    }

    private static async Task<List<string>> KeysAsync(IAsyncEnumerable<StoredObject> items) =>
        [.. (await ListAsync(items)).Select(item => item.RelativeKey)];
}
