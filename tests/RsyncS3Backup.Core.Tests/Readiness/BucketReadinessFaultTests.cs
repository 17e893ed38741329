using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Rights;
using RsyncS3Backup.Readiness;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Readiness;

/// <summary>Each thing that can be wrong with credentials, rights, settings and clocks, one at a time.</summary>
public sealed class BucketReadinessFaultTests : IAsyncLifetime, IDisposable
{
    private const string Bucket = "ready";

    private readonly TemporaryFolder files = new();
    private LoopbackS3Server server = null!;
    private S3SyncOptions options = new()
    {
        S3Prefix = "p/",
        DeleteFromS3 = true,
        Tags = new Dictionary<string, string> { ["team"] = "a" },
    };

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync();
        server.Store.CreateBucket(Bucket);
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task With_the_policy_of_the_job_every_right_passes()
    {
        server.Store.Policy = Policy();

        Assert.All(
            await CheckAsync(BackupReadinessCheck.Bucket, BackupReadinessCheck.Prefix, BackupReadinessCheck.Right),
            check => Assert.True(check.Status == BackupReadinessStatus.Passed, check.ToString()));
    }

    [Theory]
    [InlineData("s3:ListBucket", BackupReadinessStatus.Failed)]
    [InlineData("s3:PutObject", BackupReadinessStatus.Failed)]
    [InlineData("s3:PutObjectTagging", BackupReadinessStatus.Failed)]
    [InlineData("s3:DeleteObject", BackupReadinessStatus.Failed)]
    [InlineData("s3:ListBucketMultipartUploads", BackupReadinessStatus.Warning)]
    [InlineData("s3:ListMultipartUploadParts", BackupReadinessStatus.Warning)]
    [InlineData("s3:AbortMultipartUpload", BackupReadinessStatus.Warning)]
    [InlineData("s3:GetObject", BackupReadinessStatus.Warning)]
    public async Task A_right_that_is_missing_is_named_with_what_it_is_for(string without, BackupReadinessStatus status)
    {
        server.Store.Policy = Policy(without);

        IReadOnlyList<BackupReadiness> rights = await CheckAsync(BackupReadinessCheck.Right);

        BackupReadiness missing = rights.First(check => check.Target == without);
        Assert.Equal(status, missing.Status);
        Assert.StartsWith($"{without} is not allowed. The job needs it for: ", missing.Detail, StringComparison.Ordinal);
        Assert.Contains("New-BackupPolicy", missing.Recommendation, StringComparison.Ordinal);
        string[] others = [.. rights.Where(check => check.Status != BackupReadinessStatus.Passed).Select(check => check.Target).Except([without])];
        // Of what cannot be written nothing else can be tried; and who may not list is not told that there is no marker.
        Assert.All(others, other => Assert.Contains(without, new[] { "s3:PutObject", "s3:ListBucket", "s3:AbortMultipartUpload" }));
    }

    [Theory]
    [InlineData("UploadPart")]
    [InlineData("ListMultipartUploads")]
    [InlineData("ListParts")]
    public async Task A_check_that_is_stopped_leaves_no_upload(string under)
    {
        using CancellationTokenSource stop = new();
        server.Faults.Add(new FaultRule
        {
            Operation = under,
            Kind = FaultKind.Hold,
            When = _ =>
            {
                stop.Cancel();
                return true;
            },
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => CheckAsync(null, new S3Credentials(server.AccessKey, server.SecretKey), [BackupReadinessCheck.Right], stop.Token));

        Assert.Empty(server.Store.UnfinishedUploads(Bucket));
    }

    [Theory]
    [InlineData("s3:PutObjectRetention")]
    [InlineData("s3:GetBucketObjectLockConfiguration")]
    public async Task A_job_that_locks_is_told_the_rights_of_locks_and_leaves_nothing_locked(string without)
    {
        server.Store.SetObjectLock(Bucket);
        options = options with
        {
            DeleteFromS3 = false,
            Protection = new ProtectionOptions { ObjectLock = new ObjectLockOptions { Mode = ObjectLockMode.Compliance, Days = 2 } },
        };
        server.Store.Policy = Policy();
        Assert.All(await CheckAsync(BackupReadinessCheck.Right), check => Assert.Equal(BackupReadinessStatus.Passed, check.Status));

        server.Store.Policy = Policy(without);
        BackupReadiness missing = (await CheckAsync(BackupReadinessCheck.Right)).Single(check => check.Status != BackupReadinessStatus.Passed);

        Assert.Equal((without, BackupReadinessStatus.Failed), (missing.Target, missing.Status));
        Assert.Equal(0, server.Requests["PutObject"]);
    }

    [Fact]
    public async Task A_job_that_demands_versions_is_told_when_it_may_not_ask()
    {
        server.Store.SetVersioning(Bucket, "Enabled");
        options = options with { Protection = new ProtectionOptions { RequireVersioning = true } };
        server.Store.Policy = Policy("s3:GetBucketVersioning");

        BackupReadiness right = (await CheckAsync(BackupReadinessCheck.Right)).Single(check => check.Status != BackupReadinessStatus.Passed);

        Assert.Equal(("s3:GetBucketVersioning", BackupReadinessStatus.Failed), (right.Target, right.Status));
    }

    [Theory]
    [InlineData(400, "ExpiredToken", ErrorIds.S3CredentialsExpired)]
    [InlineData(403, "InvalidAccessKeyId", ErrorIds.S3InvalidAccessKey)]
    [InlineData(403, "SignatureDoesNotMatch", ErrorIds.S3SignatureMismatch)]
    public async Task Keys_that_the_store_does_not_take_are_told_once(int status, string code, string id)
    {
        server.Faults.Add(FaultRule.Refusal(null, status, code));

        BackupReadiness failed = Assert.Single(await CheckAsync(), check => check.Status == BackupReadinessStatus.Failed);

        Assert.Equal((BackupReadinessCheck.Bucket, id), (failed.Check, failed.ErrorId));
    }

    [Fact]
    public async Task A_profile_that_is_not_there_is_told_and_nobody_is_asked()
    {
        BackupReadiness failed = Assert.Single(await CheckAsync(destination: item => item with { Profile = "no-such-profile" }, keys: null));

        Assert.Equal((BackupReadinessCheck.Credentials, ErrorIds.S3ProfileNotFound), (failed.Check, failed.ErrorId));
        Assert.Equal(BackupExitCode.BadConfiguration, failed.ExitCode);
    }

    [Fact]
    public async Task An_endpoint_where_nobody_answers_is_told()
    {
        BackupReadiness failed = (await CheckAsync(destination: item => item with { EndpointUrl = "http://127.0.0.1:1" }))[^1];

        Assert.Equal((BackupReadinessCheck.Bucket, ErrorIds.S3EndpointUnreachable), (failed.Check, failed.ErrorId));
    }

    [Theory]
    [InlineData(-7200)]
    [InlineData(300)]
    public async Task A_clock_that_is_wrong_is_a_warning(int seconds)
    {
        server.Faults.Add(new FaultRule { Kind = FaultKind.ClockSkew, ClockOffset = TimeSpan.FromSeconds(seconds), Times = int.MaxValue });

        BackupReadiness clock = (await CheckAsync(BackupReadinessCheck.Clock))[^1];

        Assert.Equal((BackupReadinessCheck.Clock, BackupReadinessStatus.Warning), (clock.Check, clock.Status));
        Assert.Contains(seconds < 0 ? "ahead of" : "behind", clock.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_not_be_asked_is_one_warning()
    {
        server.Store.Policy = Policy();

        BackupReadiness unknown = Assert.Single(
            await CheckAsync(BackupReadinessCheck.BucketSetting, BackupReadinessCheck.Lifecycle), check => check.Status == BackupReadinessStatus.Warning);

        Assert.Contains("Not known: Versioning, ObjectLock, PublicAccess, Encryption, UnfinishedUploads, lifecycle rules", unknown.Detail, StringComparison.Ordinal);
    }

    private AccessPolicy Policy(string? without = null)
    {
        string policy = PolicyDocument.Make(new PolicyRequest { Configuration = Job(), Purpose = BackupPolicyPurpose.Backup });
        return AccessPolicy.Parse(without is null ? policy : policy.Replace($"\"{without}\"", "\"s3:None\"", StringComparison.Ordinal));
    }

    private BackupConfiguration Job(Func<S3Destination, S3Destination>? destination = null)
    {
        S3Destination usual = new() { Bucket = Bucket, Region = server.Region, EndpointUrl = server.Endpoint.ToString() };
        return new BackupConfiguration
        {
            Name = "ready",
            Sources = [new BackupSource { Path = files.Folder("source") }],
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = files["mirror"], SyncToS3 = options } },
            Destination = destination is null ? usual : destination(usual),
        };
    }

    private Task<IReadOnlyList<BackupReadiness>> CheckAsync(params BackupReadinessCheck[] checks) =>
        CheckAsync(null, new S3Credentials(server.AccessKey, server.SecretKey), checks);

    private Task<IReadOnlyList<BackupReadiness>> CheckAsync(Func<S3Destination, S3Destination> destination) =>
        CheckAsync(destination, new S3Credentials(server.AccessKey, server.SecretKey));

    private Task<IReadOnlyList<BackupReadiness>> CheckAsync(
        Func<S3Destination, S3Destination>? destination, S3Credentials? keys, params BackupReadinessCheck[] checks) =>
        CheckAsync(destination, keys, checks, CancellationToken.None);

    private async Task<IReadOnlyList<BackupReadiness>> CheckAsync(
        Func<S3Destination, S3Destination>? destination, S3Credentials? keys, BackupReadinessCheck[] checks, CancellationToken cancellationToken)
    {
        List<BackupReadiness> found = [];
        ReadinessRequest request = ReadinessRequest.For(Job(destination));
        request = request with { Checks = checks, S3 = request.S3! with { Credentials = keys } };
        await foreach (BackupReadiness check in BucketReadiness.RunAsync(request, cancellationToken))
            found.Add(check);
        return found;
    }
}
