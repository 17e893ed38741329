using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Rights;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>
/// Policies against a server that denies what they do not allow: with the whole of one, all that it is for goes well, and each
/// right that is taken away breaks what docs/security.md says, and nothing else.
/// </summary>
public sealed partial class PolicyTests : RestoreHarness
{
    [SkippableTheory]
    [InlineData(Prefix, false)]
    [InlineData("deep/er/{host}/p/", true)]
    [InlineData("", false)]
    [InlineData("100%$*? ü/", true)]
    public async Task A_backup_goes_well_with_its_policy(string prefix, bool hasTags)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Options = Options with { S3Prefix = prefix, Tags = hasTags ? new Dictionary<string, string> { ["team"] = "a" } : Options.Tags };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup);

        foreach (S3SyncStageResult run in await BackupsAsync())
            AssertWell(run);

        Assert.DoesNotContain(Server.Store.Policy.Denied.Keys, action => action != "s3:ListBucket");
    }

    [SkippableTheory]
    [InlineData(null, BackupStatus.Succeeded)]
    [InlineData("s3:PutObjectRetention", BackupStatus.Failed)]
    [InlineData("s3:GetObjectRetention", BackupStatus.Succeeded)]
    [InlineData("s3:GetBucketObjectLockConfiguration", BackupStatus.Failed)]
    public async Task A_backup_that_locks_needs_exactly_what_its_policy_allows(string? without, BackupStatus status)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Server.Store.SetObjectLock(BucketName);
        ObjectLockOptions wanted = new() { Mode = ObjectLockMode.Compliance, Days = 2 };
        Options = Options with { Protection = new ProtectionOptions { ObjectLock = wanted } };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup, without: without);

        foreach (S3SyncStageResult run in await BackupsAsync())
            Assert.Equal(status, run.Status);
        // All that is there is renewed.
        Options = Options with { Protection = new ProtectionOptions { ObjectLock = wanted with { Days = 5 } } };
        S3SyncStageResult renewal = await RunAsync();

        Assert.Equal(status, renewal.Status);
        Assert.Equal(status == BackupStatus.Succeeded, renewal.Renewed > 0);
        Assert.DoesNotContain(Server.Store.Policy.Denied.Keys, denied => denied != without && denied != "s3:ListBucket");
    }

    [Theory]
    [InlineData(null, BackupStatus.Succeeded)]
    [InlineData("s3:GetBucketVersioning", BackupStatus.Failed)]
    public async Task A_backup_that_demands_versions_needs_exactly_what_its_policy_allows(string? without, BackupStatus status)
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Options = Options with { Protection = new ProtectionOptions { RequireVersioning = true } };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup, without: without);
        Write("a", "a");

        Assert.Equal(status, (await RunAsync()).Status);
        Assert.DoesNotContain(Server.Store.Policy.Denied.Keys, denied => denied != without && denied != "s3:ListBucket");
    }

    [SkippableFact]
    public async Task A_backup_with_a_KMS_key_goes_well_with_its_policy()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Destination = Destination with
        {
            Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "arn:aws:kms:us-east-1:123456789012:key/1" },
        };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup);

        foreach (S3SyncStageResult run in await BackupsAsync())
            AssertWell(run);
    }

    [SkippableFact]
    public async Task Dated_snapshots_are_made_copied_found_and_pruned_with_the_policy_of_a_backup()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Options = Options with { S3Prefix = "rsync/x-{yyyy-MM-dd}/", KeepLast = 2, DeleteFromS3 = false };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup);
        Write("a.txt", "alpha");
        await MirrorAsync();
        for (int day = 1; day <= 4; day++)
        {
            S3SyncStageResult run = await SyncAsync(Request with { StartTime = new DateTimeOffset(2026, 1, day, 12, 0, 0, TimeSpan.Zero) });
            AssertWell(run);
            Assert.Equal(day > 2 ? 1 : 0, run.PrunedSnapshots);
            Assert.Equal(day > 1 ? 1 : 0, run.Copied);
        }
    }

    [Fact]
    public async Task A_run_that_may_not_delete_says_of_pruning_that_it_did_not()
    {
        Options = Options with { S3Prefix = "rsync/{yyyy-MM-dd}/", KeepLast = 1, DeleteFromS3 = false };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup, noDeletion: true);
        Write("a.txt", "alpha");
        await MirrorAsync();
        await SyncAsync(Request with { StartTime = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero) });

        S3SyncStageResult run = await SyncAsync(Request with { StartTime = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero) });

        Assert.Equal(BackupStatus.SucceededWithWarnings, run.Status);
        Assert.Contains(run.Warnings, warning => warning.Contains("could not be pruned wholly", StringComparison.Ordinal));
        Assert.Equal(["s3:DeleteObject"], Server.Store.Policy.Denied.Keys.Where(action => action != "s3:ListBucket"));
    }

    // The status of a run that does everything, and the rights that its server denied: as docs/security.md has it.
    [SkippableTheory]
    [Trait("Category", "Slow")]
    [InlineData("s3:ListBucket", BackupStatus.Failed)]
    [InlineData("s3:PutObject", BackupStatus.Failed)]
    [InlineData("s3:GetObject", BackupStatus.Succeeded)]
    [InlineData("s3:DeleteObject", BackupStatus.Failed)]
    [InlineData("s3:PutObjectTagging", BackupStatus.Failed)]
    [InlineData("kms:GenerateDataKey", BackupStatus.Failed)]
    [InlineData("kms:Decrypt", BackupStatus.Failed)]
    [InlineData("s3:ListBucketMultipartUploads", BackupStatus.Succeeded)]
    [InlineData("s3:AbortMultipartUpload", BackupStatus.Succeeded)]
    [InlineData("s3:ListMultipartUploadParts", BackupStatus.Succeeded)]
    public async Task Without_one_right_a_backup_ends_as_documented(string action, BackupStatus worst)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no chmod");
        Options = Options with { Tags = new Dictionary<string, string> { ["team"] = "a" } };
        Destination = Destination with
        {
            Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "arn:aws:kms:us-east-1:123456789012:key/1" },
        };
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup, without: action);

        S3SyncStageResult[] runs = await BackupsAsync();

        Assert.Equal(worst, runs.Max(run => run.Status == BackupStatus.Failed ? BackupStatus.Failed : BackupStatus.Succeeded));
        Assert.DoesNotContain(Server.Store.Policy.Denied.Keys, denied => denied != action && denied != "s3:ListBucket");
        if (worst == BackupStatus.Failed)
        {
            Assert.Contains(action, Server.Store.Policy.Denied.Keys);
            Assert.Contains(
                runs.SelectMany(run => run.FailedItems.Append(run.Error)),
                error => error?.Id is ErrorIds.S3AccessDenied or ErrorIds.S3DeleteFailed);
        }
    }

    [Theory]
    [InlineData("s3:ListBucket")]
    [InlineData("s3:GetObject")]
    [InlineData(null)]
    public async Task A_restore_and_a_test_need_exactly_what_their_policies_allow(string? without)
    {
        Write("a.txt", "alpha");
        Write("large.bin", new string('x', 9 << 20));
        await RunAsync();
        Server.Store.Policy = Policy(BackupPolicyPurpose.Restore, without: without);
        RestoreResult restored = await RestoreAsync(Restore());
        Server.Store.Policy = Policy(BackupPolicyPurpose.Test, without: without);
        BackupTestResult test = await BackupTest.RunAsync(
            BackupTestRequest.For(Job) with { S3 = Request, Level = BackupTestLevel.Full },
            new RecordingObserver(), _ => { }, CancellationToken.None);

        Assert.Equal(without is null ? BackupStatus.Succeeded : BackupStatus.Failed, restored.Status);
        Assert.Equal(without is null ? BackupStatus.Succeeded : BackupStatus.Failed, test.Status);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("s3:ListBucketVersions", false)]
    [InlineData("s3:GetObjectVersion", false)]
    [InlineData("s3:GetBucketVersioning", true)]
    public async Task A_restore_of_the_past_needs_the_rights_of_versions(string? without, bool goesWell)
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Write("a.txt", "alpha");
        await RunAsync();
        Server.Store.Policy = Policy(BackupPolicyPurpose.Restore, without: without, versions: true);

        RestoreResult restored = await RestoreAsync(Restore() with { AsOf = DateTimeOffset.Now.AddSeconds(5) });

        Assert.Equal(goesWell, restored.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("s3:RestoreObject")]
    public async Task Bringing_back_from_an_archive_needs_its_right(string? without)
    {
        Options = Options with { StorageClass = "GLACIER" };
        Write("a.txt", "alpha");
        await RunAsync();
        Server.Store.Policy = Policy(BackupPolicyPurpose.Restore, without: without);

        RestoreResult restored = await RestoreAsync(Restore() with { Retrieval = new RestoreRetrieval(RetrievalTier.Standard, 1) });

        Assert.Equal(without is null ? 1 : 0, restored.RetrievalRequested);
        Assert.Equal(without is not null, Server.Store.Policy.Denied.ContainsKey("s3:RestoreObject"));
    }

    [Theory]
    [InlineData("other/a.txt")]
    [InlineData("p2/a.txt")]
    [InlineData("p")]
    public async Task A_policy_opens_nothing_beside_the_prefix(string key)
    {
        Server.Store.Put(BucketName, key, "secret"u8);
        Server.Store.Policy = Policy(BackupPolicyPurpose.Backup);
        using S3ObjectStore store = new(Request, "", 1);

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(() => store.ReadAsync(key, 100, default));
        await Assert.ThrowsAsync<BackupException>(async () => await store.ListAsync(new KeyRange(key, IsOneKey: false), default).ToListAsync());
        await Assert.ThrowsAsync<BackupException>(async () => await store.ListAsync(KeyRange.Everything, default).ToListAsync());
    }

    [Fact]
    public void The_policy_of_a_job_is_limited_to_its_bucket_prefix_and_key()
    {
        BackupConfiguration job = Job with
        {
            Destination = new S3Destination
            {
                Bucket = "my-backups",
                Region = "eu-central-1",
                ExpectedBucketOwner = "123456789012",
                Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "alias/backup" },
            },
            Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options with { S3Prefix = "rsync/{yyyy}/{MMM-dd}/", KeepLast = 1 } } },
        };

        JsonNode policy = JsonNode.Parse(PolicyDocument.Make(new PolicyRequest { Configuration = job, Purpose = BackupPolicyPurpose.Prune }))!;

        Assert.Equal(
            """{"Sid":"ListPrefix","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::my-backups","Condition":{"StringLike":{"s3:prefix":"rsync/*"}}}""",
            policy["Statement"]![0]!.ToJsonString());
        Assert.Equal("arn:aws:s3:::my-backups/rsync/????/*/*", (string)policy["Statement"]![2]!["Resource"]!);
        JsonNode key = policy["Statement"]!.AsArray().Last()!;
        Assert.Equal("arn:aws:kms:eu-central-1:123456789012:key/*", (string)key["Resource"]!);
        Assert.Equal("alias/backup", (string)key["Condition"]!["ForAnyValue:StringEquals"]!["kms:ResourceAliases"]!);
    }

    [Fact]
    public void The_policy_of_a_job_with_an_access_point_is_limited_to_that()
    {
        const string arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/backup";
        BackupConfiguration job = Job with { Destination = new S3Destination { Bucket = arn } };

        PolicyRequest request = new() { Configuration = job, Purpose = BackupPolicyPurpose.Restore };

        JsonNode policy = JsonNode.Parse(PolicyDocument.Make(request))!;

        Assert.Equal(
            [arn, $"{arn}/object/{Prefix}*"], policy["Statement"]!.AsArray().Select(statement => (string)statement!["Resource"]!));
    }

    [Fact]
    public void No_policy_can_name_the_alias_of_an_access_point() =>
        Assert.Equal(ErrorIds.PolicyNeedsArn, Assert.Throws<BackupException>(() => PolicyDocument.Make(new PolicyRequest
        {
            Configuration = Job with { Destination = new S3Destination { Bucket = "backup-hrzrlukc5m36ft7-s3alias" } },
            Purpose = BackupPolicyPurpose.Restore,
        })).Error.Id);

    [Fact]
    public void A_local_job_needs_no_rights() =>
        Assert.Equal(ErrorIds.NoS3Copy, Assert.Throws<BackupException>(() => PolicyDocument.Make(new PolicyRequest
        {
            Configuration = Job with { Destination = null },
            Purpose = BackupPolicyPurpose.Backup,
        })).Error.Id);

    [Fact]
    public void The_page_on_security_lists_exactly_these_rights()
    {
        string page = File.ReadAllText(Repository.Path("docs", "security.md"));

        Assert.Equal(
            BackupRights.All.Select(right => $"| `{right.Action}` | {right.For} |"),
            RightLine().Matches(page).Select(match => match.Value));
    }

    [Fact]
    public void Every_right_that_is_named_anywhere_is_one_of_these()
    {
        string[] folders = [Repository.Path("docs"), Repository.Path("src", "RsyncS3Backup.Core"), Repository.Path("src", "RsyncS3Backup")];
        IEnumerable<string> texts = folders
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".md" or ".cs" && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(File.ReadAllText);
        string[] named = [.. texts.SelectMany(text => Right().Matches(text).Select(match => match.Value)).Distinct()];

        Assert.Contains("s3:ListBucket", named);
        // What a policy should leave out, and what conditions are on.
        string[] others =
        [
            "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:CreateBucket", "s3:PutBucketVersioning", "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration", "kms:ViaService", "kms:ResourceAliases",
        ];
        Assert.All(named, name => Assert.Contains(name, BackupRights.All.Select(right => right.Action).Concat(others)));
    }

    /// <summary>
    /// Runs that do all that a backup does: upload, in parts too, copy, delete, go on by journal, catalog and reconcile.
    /// </summary>
    private async Task<S3SyncStageResult[]> BackupsAsync()
    {
        string mode = Write("a.txt", "alpha");
        string gone = Write("b.txt", "beta");
        Write("sub/large.bin", new string('x', 9 << 20));
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "a.txt");
        S3SyncStageResult first = await RunAsync();
        File.SetUnixFileMode(mode, UnixFileMode.UserRead);
        File.Delete(gone);
        Write("sub/c.txt", "gamma");
        S3SyncStageResult second = await RunAsync();
        Options = Options with { SyncMode = S3SyncMode.Reconcile };
        return [first, second, await RunAsync()];
    }

    private AccessPolicy Policy(BackupPolicyPurpose purpose, string? without = null, bool noDeletion = false, bool versions = false)
    {
        JsonNode policy = JsonNode.Parse(PolicyDocument.Make(new PolicyRequest
        {
            Configuration = Job,
            Purpose = purpose,
            NoDeletion = noDeletion,
            Versions = versions,
        }))!;
        bool isFound = without is null;
        foreach (JsonNode? statement in policy["Statement"]!.AsArray())
        {
            string[] actions = statement!["Action"] is JsonArray several ? [.. several.Select(action => (string)action!)] : [(string)statement["Action"]!];
            isFound |= actions.Contains(without);
            statement["Action"] = new JsonArray([.. actions.Where(action => action != without).Select(action => JsonValue.Create(action))]);
        }

        Assert.True(isFound, $"The policy has no {without}.");
        return AccessPolicy.Parse(policy.ToJsonString(new JsonSerializerOptions()));
    }

    private static void AssertWell(S3SyncStageResult run) => Assert.True(
        run is { Status: BackupStatus.Succeeded, Warnings.Count: 0 },
        string.Join(' ', run.FailedItems.Select(item => item.ToString()).Concat(run.Warnings).Prepend(run.Error?.ToString())));

    [GeneratedRegex(@"^\| `(?:s3|kms):[A-Za-z]+` \| .* \|$", RegexOptions.Multiline)]
    private static partial Regex RightLine();

    [GeneratedRegex(@"\b(?:s3|kms):(?:[A-Z][a-z]+){2,}\b")]
    private static partial Regex Right();
}
