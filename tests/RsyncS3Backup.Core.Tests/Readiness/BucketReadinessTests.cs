using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Readiness;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Readiness;

/// <summary>What stage 2 needs of a bucket, against whatever server the fixture has.</summary>
[Trait("Suite", "S3")]
public sealed class BucketReadinessTests(S3Fixture fixture) : IClassFixture<S3Fixture>, IDisposable
{
    private readonly TemporaryFolder files = new();
    private readonly string prefix = $"ready-{Guid.NewGuid():N}/";

    private bool IsOldStore => fixture.ChecksumMode == S3ChecksumMode.WhenRequired;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_bucket_that_is_ready_passes_and_nothing_stays_in_it()
    {
        BackupConfiguration job = Job(new S3SyncOptions { DeleteFromS3 = true, Tags = new Dictionary<string, string> { ["team"] = "a" } });

        IReadOnlyList<BackupReadiness> found = await CheckAsync(
            job, BackupReadinessCheck.Credentials, BackupReadinessCheck.Bucket, BackupReadinessCheck.Prefix, BackupReadinessCheck.Right,
            BackupReadinessCheck.Clock);

        Assert.All(found, check => Assert.True(check.Status == BackupReadinessStatus.Passed, check.ToString()));
        Assert.Equal(
            [
                "s3:ListBucket", "s3:PutObject", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload",
                "s3:PutObjectTagging", "s3:GetObject", "s3:DeleteObject",
            ],
            found.Where(check => check.Check == BackupReadinessCheck.Right).Select(check => check.Target));
        Assert.Empty((await fixture.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = fixture.BucketName, Prefix = prefix })).S3Objects ?? []);
        ListMultipartUploadsResponse uploads =
            await fixture.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = fixture.BucketName, Prefix = prefix });
        Assert.Empty(uploads.MultipartUploads ?? []);
    }

    [Theory]
    [InlineData("s3:ListBucket")]
    [InlineData("s3:GetObject")]
    public async Task Whoever_looks_at_the_first_findings_only_leaves_nothing_behind(string last)
    {
        ReadinessRequest request = Request(Job(new S3SyncOptions { DeleteFromS3 = true }), BackupReadinessCheck.Right);

        await foreach (BackupReadiness check in BucketReadiness.RunAsync(request, CancellationToken.None))
        {
            if (check.Target == last)
                break;
        }

        Assert.Empty((await fixture.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = fixture.BucketName, Prefix = prefix })).S3Objects ?? []);
    }

    [Fact]
    public async Task A_job_that_never_deletes_writes_no_object()
    {
        IReadOnlyList<BackupReadiness> found = await CheckAsync(Job(new S3SyncOptions()), BackupReadinessCheck.Right);

        Assert.All(found, check => Assert.Equal(BackupReadinessStatus.Passed, check.Status));
        Assert.DoesNotContain(found, check => check.Target == "s3:DeleteObject");
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_ends_the_checks_of_it()
    {
        BackupConfiguration job = Job(new S3SyncOptions());
        job = job with { Destination = job.Destination! with { Bucket = $"none-{Guid.NewGuid():N}" } };

        BackupReadiness bucket = (await CheckAsync(job))[^1];

        Assert.Equal((BackupReadinessCheck.Bucket, ErrorIds.S3BucketNotFound), (bucket.Check, bucket.ErrorId));
    }

    [Fact]
    public async Task A_prefix_of_another_mirror_is_told_and_not_taken()
    {
        string other = files.Folder("other");
        MirrorMarker.New("another", other).Write(other);
        byte[] marker = await File.ReadAllBytesAsync(Path.Combine(other, MirrorMarker.FileName));
        await fixture.Client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = fixture.BucketName,
            Key = prefix + MirrorMarker.FileName,
            InputStream = new MemoryStream(marker),
        });

        BackupReadiness owned = Assert.Single(await CheckAsync(Job(new S3SyncOptions()), BackupReadinessCheck.Prefix));

        Assert.Equal((BackupReadinessStatus.Failed, ErrorIds.PrefixOwnedByOther, BackupExitCode.Refused), (owned.Status, owned.ErrorId, owned.ExitCode));
        using GetObjectResponse still = await fixture.Client.GetObjectAsync(fixture.BucketName, prefix + MirrorMarker.FileName);
        Assert.Equal(marker.Length, still.ContentLength);
    }

    [Fact]
    public async Task A_bucket_that_lacks_what_the_job_demands_is_told_as_the_run_would()
    {
        string bucket = $"plain-{Guid.NewGuid():N}";
        await fixture.Client.PutBucketAsync(bucket);
        BackupConfiguration job = Job(new S3SyncOptions { Protection = new ProtectionOptions { RequireVersioning = true } });
        job = job with { Destination = job.Destination! with { Bucket = bucket } };

        BackupReadiness versioning = Assert.Single(
            await CheckAsync(job, BackupReadinessCheck.BucketSetting), check => check.Target == nameof(BackupBucketAspect.Versioning));

        Assert.Equal((BackupReadinessStatus.Failed, ErrorIds.ProtectionMissing), (versioning.Status, versioning.ErrorId));
        await fixture.Client.DeleteBucketAsync(bucket);
    }

    [Fact]
    public async Task A_rule_that_deletes_objects_of_the_job_fails_and_one_that_archives_them_warns()
    {
        string bucket = $"rules-{Guid.NewGuid():N}";
        await fixture.Client.PutBucketAsync(bucket);
        LifecycleRule deletes = Rule("tidy", rule => rule.Expiration = new LifecycleRuleExpiration { Days = 30 });
        LifecycleRule archives = Rule(
            "cold", rule => rule.Transitions = [new Amazon.S3.Model.LifecycleTransition { Days = 30, StorageClass = S3StorageClass.Glacier }]);
        await fixture.Client.PutLifecycleConfigurationAsync(new PutLifecycleConfigurationRequest
        {
            BucketName = bucket,
            Configuration = new LifecycleConfiguration { Rules = IsOldStore ? [deletes] : [deletes, archives] },
        });
        BackupConfiguration job = Job(new S3SyncOptions());
        job = job with { Destination = job.Destination! with { Bucket = bucket } };

        IReadOnlyList<BackupReadiness> found = await CheckAsync(job, BackupReadinessCheck.Lifecycle);

        Assert.Equal(BackupReadinessStatus.Failed, found.Single(check => check.Target == "tidy").Status);
        if (!IsOldStore)
            Assert.Equal(BackupReadinessStatus.Warning, found.Single(check => check.Target == "cold").Status);
        await fixture.Client.DeleteBucketAsync(bucket);

        LifecycleRule Rule(string id, Action<LifecycleRule> set)
        {
            LifecycleRule rule = new()
            {
                Id = id,
                Status = LifecycleRuleStatus.Enabled,
                Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = prefix } },
            };
            set(rule);
            return rule;
        }
    }

    [Fact]
    public async Task A_rule_of_the_job_that_the_bucket_does_not_have_is_a_warning()
    {
        BackupConfiguration job = Job(new S3SyncOptions { Lifecycle = new LifecycleOptions { AbortUnfinishedUploadsAfterDays = 7 } });

        BackupReadiness missing = Assert.Single(await CheckAsync(job, BackupReadinessCheck.Lifecycle));

        Assert.Equal(BackupReadinessStatus.Warning, missing.Status);
        Assert.Contains("Set-BackupLifecycle", missing.Recommendation, StringComparison.Ordinal);
    }

    private BackupConfiguration Job(S3SyncOptions options) => new()
    {
        Name = "ready",
        Sources = [new BackupSource { Path = files.Folder("source") }],
        Options = new BackupOptions
        {
            Rsync = new RsyncOptions { LocalDestination = files["mirror"], SyncToS3 = options with { S3Prefix = prefix } },
        },
        Destination = fixture.Destination,
    };

    private async Task<IReadOnlyList<BackupReadiness>> CheckAsync(BackupConfiguration job, params BackupReadinessCheck[] checks)
    {
        List<BackupReadiness> found = [];
        await foreach (BackupReadiness check in BucketReadiness.RunAsync(Request(job, checks), CancellationToken.None))
            found.Add(check);
        return found;
    }

    private ReadinessRequest Request(BackupConfiguration job, params BackupReadinessCheck[] checks)
    {
        ReadinessRequest request = ReadinessRequest.For(job);
        return request with { Checks = checks, S3 = request.S3! with { Credentials = fixture.Credentials } };
    }
}
