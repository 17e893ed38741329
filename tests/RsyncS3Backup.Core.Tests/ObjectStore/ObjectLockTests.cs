using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Protection;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>Locks of objects, against whatever server the fixture has.</summary>
[Trait("Suite", "S3")]
public sealed class ObjectLockTests(S3Fixture fixture) : IClassFixture<S3Fixture>, IAsyncLifetime
{
    private const int MiB = 1024 * 1024;

    private readonly string bucketName = $"lock-{Guid.NewGuid():N}";
    private S3ObjectStore store = null!;

    public async Task InitializeAsync()
    {
        await fixture.Client.PutBucketAsync(new PutBucketRequest { BucketName = bucketName, ObjectLockEnabledForBucket = true });
        store = Open(bucketName);
    }

    public async Task DisposeAsync()
    {
        store.Dispose();
        ListVersionsResponse versions = await fixture.Client.ListVersionsAsync(bucketName);
        foreach (S3ObjectVersion version in versions.Versions ?? [])
        {
            await fixture.Client.DeleteObjectAsync(new DeleteObjectRequest
            {
                BucketName = bucketName,
                Key = version.Key,
                VersionId = version.VersionId,
                BypassGovernanceRetention = true,
            });
        }

        await fixture.Client.DeleteBucketAsync(bucketName);
    }

    [Fact]
    public async Task Whether_a_bucket_has_Object_Lock_is_known()
    {
        using S3ObjectStore without = Open(fixture.BucketName);

        Assert.True(await store.HasObjectLockAsync(CancellationToken.None));
        Assert.True(await store.KeepsVersionsAsync(CancellationToken.None));
        Assert.False(await without.HasObjectLockAsync(CancellationToken.None));
        Assert.False(await without.KeepsVersionsAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Uploads_copies_and_uploads_in_parts_are_locked_also_where_the_store_takes_no_notice_of_it()
    {
        S3SyncOptions options = new() { Protection = new ProtectionOptions { ObjectLock = Wanted(days: 1) } };
        DateTimeOffset before = DateTimeOffset.UtcNow.AddSeconds(-1);
        BucketProtection protection = new(store, options.Protection, TimeProvider.System);
        await protection.RequireAsync(CancellationToken.None);
        IObjectStore locked = protection.Guard(store);
        StoredObject put = await locked.PutAsync(Content("put"), Headers, CancellationToken.None);
        await locked.CopyAsync(store.Key("put"), put.ETag, put.Size, "copy", Headers, CancellationToken.None);
        string uploadId = await locked.StartPartsAsync("parts", Headers, CancellationToken.None);
        UploadedPart part = await locked.PutPartAsync(uploadId, 1, new ObjectContent("parts", new byte[5 * MiB], 5 * MiB), CancellationToken.None);
        await locked.CompletePartsAsync("parts", uploadId, [part], Headers, CancellationToken.None);
        await store.PutAsync(Content("free"), Headers, CancellationToken.None);

        foreach (string key in (string[])["put", "copy", "parts"])
        {
            ObjectRetention held = (await HeadAsync(key)).Retention!.Value;
            Assert.Equal(ObjectLockMode.Governance, held.Mode);
            Assert.InRange(held.Until, before.AddDays(1), DateTimeOffset.UtcNow.AddDays(1));
        }

        Assert.Null((await HeadAsync("free")).Retention);
    }

    [Fact]
    public async Task A_lock_is_renewed_and_keeps_the_version_from_being_deleted()
    {
        ObjectRetention later = Until(days: 2);
        StoredObject put = await store.PutAsync(Content("a"), Headers with { Retention = Until(days: 1) }, CancellationToken.None);

        await store.RetainAsync("a", put.VersionId, later, CancellationToken.None);

        Assert.NotNull(put.VersionId);
        Assert.Equal(later, (await HeadAsync("a")).Retention);
        AmazonS3Exception refused = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => fixture.Client.DeleteObjectAsync(
            new DeleteObjectRequest { BucketName = bucketName, Key = "l/a", VersionId = put.VersionId }));
        Assert.Equal("AccessDenied", refused.ErrorCode);
        // Nor can anybody without a right of his own make it shorter.
        await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => store.RetainAsync("a", put.VersionId, Until(days: 1), CancellationToken.None));
        Assert.Equal(later, (await HeadAsync("a")).Retention);
    }

    [Fact]
    public async Task A_locked_object_is_deleted_to_a_marker()
    {
        StoredObject put = await store.PutAsync(Content("a"), Headers with { Retention = Until(days: 1) }, CancellationToken.None);

        await foreach (BackupError error in store.DeleteAsync(["a"], CancellationToken.None))
            Assert.Fail(error.Message);

        Assert.Null(await store.HeadAsync(new ObjectQuery(store.Key("a")), CancellationToken.None));
        Assert.NotNull(await store.HeadAsync(new ObjectQuery(store.Key("a")) { VersionId = put.VersionId }, CancellationToken.None));
    }

    [Fact]
    public async Task A_lock_of_nothing_is_refused_by_name()
    {
        AmazonS3Exception refused = await Assert.ThrowsAnyAsync<AmazonS3Exception>(
            () => store.RetainAsync("nothing", null, Until(days: 1), CancellationToken.None));

        Assert.Equal("NoSuchKey", refused.ErrorCode);
    }

    private async Task<StoredObject> HeadAsync(string key) =>
        (await store.HeadAsync(new ObjectQuery(store.Key(key)), CancellationToken.None))!;

    private static ObjectHeaders Headers { get; } = new() { ContentType = "text/x-test", StorageClass = "STANDARD" };

    private static ObjectRetention Until(int days) => ObjectRetention.From(Wanted(days), DateTimeOffset.UtcNow);

    private static ObjectLockOptions Wanted(int days) => new() { Mode = ObjectLockMode.Governance, Days = days };

    private static ObjectContent Content(string relativeKey) => new(relativeKey, Encoding.UTF8.GetBytes(relativeKey), relativeKey.Length);

    private S3ObjectStore Open(string bucket)
    {
        S3SyncRequest request = new()
        {
            MirrorPath = "/nowhere",
            Destination = fixture.Destination with { Bucket = bucket },
            Options = new S3SyncOptions(),
            Credentials = fixture.Credentials,
        };
        return new S3ObjectStore(request, "l/", connections: 8);
    }
}
