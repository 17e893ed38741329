using System.Text;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Jobs.Lifecycle;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;
using LifecycleRule = Amazon.S3.Model.LifecycleRule;
using LifecycleTransition = RsyncS3Backup.LifecycleTransition;

namespace RsyncS3Backup.Core.Tests.Jobs;

/// <summary>A job's lifecycle rules in a bucket that has rules of others, against whatever server the fixture has.</summary>
[Trait("Suite", "S3")]
public sealed class BackupLifecyclesTests(S3Fixture fixture) : IClassFixture<S3Fixture>
{
    [Fact]
    public async Task Rules_are_written_changed_and_removed_and_those_of_others_stay()
    {
        string bucket = await NewBucketAsync();
        await PutByHandAsync(bucket);
        LifecycleRequest request = Request(bucket, new LifecycleOptions { SmallestSize = 0, Transitions = [Step(90, "GLACIER")] });

        Assert.Equal("Missing Missing", await StatusesAsync(request));
        await SetAsync(request);
        Assert.Equal("InPlace InPlace", await StatusesAsync(request));
        await AssertOthersAsync(bucket, own: 2);

        LifecycleRequest changed = Request(bucket, new LifecycleOptions { AbortUnfinishedUploadsAfterDays = 3 });
        Assert.Equal("Different NotConfigured", await StatusesAsync(changed));
        await SetAsync(changed);
        Assert.Equal("InPlace", await StatusesAsync(changed));
        await AssertOthersAsync(bucket, own: 1);

        await RemoveAsync(changed);
        Assert.Equal("Missing", await StatusesAsync(changed));
        await AssertOthersAsync(bucket, own: 0);
    }

    [Fact]
    public async Task A_bucket_without_rules_gets_them_and_has_none_again_afterwards()
    {
        string bucket = await NewBucketAsync();
        LifecycleRequest request = Request(bucket, new LifecycleOptions
        {
            SmallestSize = 0,
            Transitions = [Step(30, "STANDARD_IA"), Step(60, "GLACIER")],
            NoncurrentVersions = new NoncurrentVersionOptions { ExpireAfterDays = 90, Transitions = [Step(30, "GLACIER")] },
        });

        await SetAsync(request);
        Assert.Equal("InPlace InPlace", await StatusesAsync(request));
        await RemoveAsync(request);

        Assert.Empty((await fixture.Client.GetLifecycleConfigurationAsync(bucket)).Configuration?.Rules ?? []);
        Assert.Empty((await BackupLifecycles.PlanAsync(request, isRemoval: true, CancellationToken.None)).Difference);
    }

    [Fact]
    public async Task What_is_there_already_is_no_change()
    {
        LifecycleRequest request = Request(await NewBucketAsync(), new LifecycleOptions());
        await SetAsync(request);

        Assert.Empty((await BackupLifecycles.PlanAsync(request, isRemoval: false, CancellationToken.None)).Difference);
    }

    [Fact]
    public async Task A_store_keeps_the_smallest_size_or_gets_back_what_it_had()
    {
        string bucket = await NewBucketAsync();
        LifecycleRequest request = Request(bucket, new LifecycleOptions { Transitions = [Step(90, "GLACIER")] });
        BackupException? problem = await Record.ExceptionAsync(() => SetAsync(request)) as BackupException;

        string statuses = await StatusesAsync(request);

        // Ceph 16 takes the condition and forgets it.
        if (problem is null)
            Assert.Equal("InPlace InPlace", statuses);
        else
            Assert.Equal(("LifecycleNotVerified", "Missing Missing"), (problem.Error.Id, statuses));
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    [Trait("Server", "Ceph")]
    public async Task The_store_acts_by_the_rules()
    {
        Skip.If(fixture.SecondsOfDay is null, "the days of this server are not short");
        string bucket = await NewBucketAsync();
        await fixture.Client.PutBucketVersioningAsync(new PutBucketVersioningRequest
        {
            BucketName = bucket,
            VersioningConfig = new S3BucketVersioningConfig { Status = "Enabled" },
        });
        foreach (string key in (string[])["moved", "replaced", "replaced", "deleted"])
            await fixture.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "rsync/photos/" + key, ContentBody = "x", UseChunkEncoding = false });
        await fixture.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "rsync/music", ContentBody = "x", UseChunkEncoding = false });
        await fixture.Client.DeleteObjectAsync(bucket, "rsync/photos/deleted");
        await fixture.Client.InitiateMultipartUploadAsync(bucket, "rsync/photos/unfinished");

        await SetAsync(Request(bucket, new LifecycleOptions
        {
            SmallestSize = 0,
            Transitions = [Step(1, "GLACIER")],
            NoncurrentVersions = new NoncurrentVersionOptions { ExpireAfterDays = 2 },
            AbortUnfinishedUploadsAfterDays = 1,
        }));

        const string expected = "rsync/music STANDARD, rsync/photos/moved GLACIER, rsync/photos/replaced GLACIER, 0 uploads";
        string found = "";
        for (DateTime end = DateTime.UtcNow.AddSeconds(40 * fixture.SecondsOfDay.Value); found != expected && DateTime.UtcNow < end;)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            ListVersionsResponse versions = await fixture.Client.ListVersionsAsync(bucket);
            ListMultipartUploadsResponse uploads = await fixture.Client.ListMultipartUploadsAsync(bucket);
            found = string.Join(", ", (versions.Versions ?? []).Select(version => $"{version.Key} {version.StorageClass ?? "marker"}"))
                + $", {uploads.MultipartUploads?.Count ?? 0} uploads";
        }

        Assert.Equal(expected, found);
    }

    private async Task<string> NewBucketAsync()
    {
        string bucket = $"lifecycle-{Guid.NewGuid():N}"[..30];
        await fixture.Client.PutBucketAsync(bucket);
        return bucket;
    }

    private async Task PutByHandAsync(string bucket) => await fixture.Client.PutLifecycleConfigurationAsync(new PutLifecycleConfigurationRequest
    {
        BucketName = bucket,
        Configuration = new LifecycleConfiguration
        {
            Rules =
            [
                new LifecycleRule
                {
                    Id = "logs",
                    Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = "logs/" } },
                    Status = "Enabled",
                    Expiration = new LifecycleRuleExpiration { Days = 30 },
                },
                new LifecycleRule
                {
                    Id = "tagged",
                    Filter = new LifecycleFilter
                    {
                        LifecycleFilterPredicate = new LifecycleTagPredicate { Tag = new Tag { Key = "k", Value = "v" } },
                    },
                    Status = "Disabled",
                    NoncurrentVersionExpiration = new LifecycleRuleNoncurrentVersionExpiration { NoncurrentDays = 7 },
                },
            ],
        },
    });

    private async Task AssertOthersAsync(string bucket, int own)
    {
        List<LifecycleRule> rules = (await fixture.Client.GetLifecycleConfigurationAsync(bucket)).Configuration.Rules;
        Assert.Equal(2 + own, rules.Count);
        LifecycleRule logs = rules.Single(rule => rule.Id == "logs");
        Assert.Equal(("Enabled", 30), (logs.Status.Value, logs.Expiration.Days));
        LifecycleRule tagged = rules.Single(rule => rule.Id == "tagged");
        Assert.Equal(("Disabled", 7), (tagged.Status.Value, tagged.NoncurrentVersionExpiration.NoncurrentDays));
    }

    private LifecycleRequest Request(string bucket, LifecycleOptions? options) =>
        Lifecycles.Request(fixture.Destination with { Bucket = bucket }, fixture.Credentials, options);

    private static async Task<string> StatusesAsync(LifecycleRequest request) => await Lifecycles.StatusesAsync(request);

    private static Task SetAsync(LifecycleRequest request) => Lifecycles.ChangeAsync(request, isRemoval: false);

    private static Task RemoveAsync(LifecycleRequest request) => Lifecycles.ChangeAsync(request, isRemoval: true);

    private static LifecycleTransition Step(int days, string storageClass) => new() { AfterDays = days, StorageClass = storageClass };
}

/// <summary>What can go wrong when rules are read and written, which only a server of ours does on demand.</summary>
public sealed class BackupLifecyclesFaultTests : IAsyncLifetime
{
    private const string Bucket = "tests";
    private const string PutOperation = "PutBucketLifecycleConfiguration";
    private const string Foreign = """
        <LifecycleConfiguration><Rule><ID>theirs</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>30</Days></Expiration><Future a="b">1</Future></Rule></LifecycleConfiguration>
        """;

    private LoopbackS3Server server = null!;

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync();
        server.Store.CreateBucket(Bucket);
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task Rules_of_others_stay_to_the_letter_and_so_does_the_word_on_small_objects()
    {
        server.Store.SetLifecycle(Bucket, Foreign, "varies_by_storage_class");

        await Lifecycles.ChangeAsync(Request(), isRemoval: false);

        (string rules, string smallObjects) = server.Store.FindLifecycle(Bucket)!.Value;
        Assert.Contains(Foreign.Replace("<LifecycleConfiguration>", "", StringComparison.Ordinal).Replace("</LifecycleConfiguration>", "", StringComparison.Ordinal).Trim(), rules, StringComparison.Ordinal);
        Assert.Equal("varies_by_storage_class", smallObjects);
        await Lifecycles.ChangeAsync(Request(), isRemoval: true);
        Assert.Equal(Foreign.Trim(), server.Store.FindLifecycle(Bucket)!.Value.Rules.Split("?>")[1].Trim());
    }

    [Fact]
    public async Task The_most_that_a_job_can_ask_for_is_what_S3_takes()
    {
        LifecycleRequest request = Request(new LifecycleOptions
        {
            Transitions = [Step(30, "STANDARD_IA"), Step(60, "GLACIER_IR"), Step(150, "GLACIER"), Step(240, "DEEP_ARCHIVE")],
            NoncurrentVersions = new NoncurrentVersionOptions { ExpireAfterDays = 100, KeepNewest = 100, Transitions = [Step(30, "ONEZONE_IA")] },
        });

        await Lifecycles.ChangeAsync(request, isRemoval: false);

        Assert.Equal("InPlace InPlace", await Lifecycles.StatusesAsync(request));
    }

    [Fact]
    public async Task It_takes_one_request_to_look_and_four_to_change()
    {
        await Lifecycles.StatusesAsync(Request());
        Assert.Equal(1, server.Requests.Total);
        server.Requests.Reset();

        await Lifecycles.ChangeAsync(Request(), isRemoval: false);

        Assert.Equal((3, 1, 4), (server.Requests["GetBucketLifecycleConfiguration"], server.Requests[PutOperation], server.Requests.Total));
    }

    [Fact]
    public async Task What_somebody_changed_before_it_was_written_is_an_error_that_names_the_rule()
    {
        LifecycleRequest request = Request();
        LifecycleChange change = await BackupLifecycles.PlanAsync(request, isRemoval: false, CancellationToken.None);
        server.Store.SetLifecycle(Bucket, Foreign);

        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => BackupLifecycles.ApplyAsync(request, change, CancellationToken.None));

        Assert.Equal("LifecycleChanged", exception.Error.Id);
        Assert.Contains("'theirs'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", exception.Message, StringComparison.Ordinal);
        Assert.Equal(Foreign, server.Store.FindLifecycle(Bucket)!.Value.Rules);
    }

    [Fact]
    public async Task What_somebody_changes_right_after_it_was_written_is_an_error_too()
    {
        server.Store.SetLifecycle(Bucket, Foreign);
        AfterPut(rules => rules.Replace("<Days>30</Days>", "<Days>31</Days>", StringComparison.Ordinal));

        BackupError error = await FailAsync();

        Assert.Equal("LifecycleChanged", error.Id);
        Assert.Contains("'theirs'", error.Message, StringComparison.Ordinal);
        Assert.Contains("<Days>31</Days>", server.Store.FindLifecycle(Bucket)!.Value.Rules, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_store_keeps_otherwise_is_taken_back()
    {
        server.Store.SetLifecycle(Bucket, Foreign);
        AfterPut(rules => rules.Replace("<ObjectSizeGreaterThan>131071</ObjectSizeGreaterThan>", "", StringComparison.Ordinal));

        BackupError error = await FailAsync(Request(new LifecycleOptions { Transitions = [Step(9, "GLACIER")] }));

        Assert.Equal("LifecycleNotVerified", error.Id);
        Assert.Contains("more than 131071 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("were put back", error.Message, StringComparison.Ordinal);
        Assert.Equal(Foreign.Trim(), server.Store.FindLifecycle(Bucket)!.Value.Rules.Split("?>")[1].Trim());
    }

    [Fact]
    public async Task Rules_that_show_late_are_waited_for()
    {
        FaultRule late = HideAnswers(times: 3);

        await Lifecycles.ChangeAsync(Request(), isRemoval: false);

        Assert.Equal(3, late.Fired);
    }

    [Fact]
    public async Task Rules_that_do_not_show_are_an_error_and_not_taken_back()
    {
        HideAnswers(times: int.MaxValue);

        BackupError error = await FailAsync();

        Assert.Equal("LifecycleNotVerified", error.Id);
        Assert.Contains("still shows those from before", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.Requests[PutOperation]);
    }

    [Theory]
    [InlineData("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration")]
    [InlineData(PutOperation, "s3:PutLifecycleConfiguration")]
    public async Task A_right_that_is_missing_is_named(string operation, string right)
    {
        server.Faults.Add(new FaultRule { Operation = operation, Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        BackupError error = await FailAsync();

        Assert.Equal("S3AccessDenied", error.Id);
        Assert.Contains(right, error.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.ServiceUnavailable, null)]
    [InlineData(FaultKind.ConnectionReset, null)]
    [InlineData(FaultKind.InternalError, null)]
    public async Task A_fault_that_passes_is_not_seen(FaultKind kind, string? operation)
    {
        server.Faults.Add(new FaultRule { Operation = operation, Kind = kind, Times = 2 });

        await Lifecycles.ChangeAsync(Request(), isRemoval: false);

        Assert.Equal("InPlace", await Lifecycles.StatusesAsync(Request()));
    }

    [Theory]
    [InlineData(FaultKind.OkWithPage)]
    [InlineData(FaultKind.OkEmpty)]
    [InlineData(FaultKind.OkWithOtherDocument)]
    public async Task An_answer_that_is_none_of_S3s_is_no_bucket_without_rules(FaultKind kind)
    {
        server.Store.SetLifecycle(Bucket, Foreign);
        server.Faults.Add(new FaultRule { Operation = "GetBucketLifecycleConfiguration", Kind = kind, Times = int.MaxValue });

        Assert.Equal("S3AnswerInvalid", (await FailAsync()).Id);
        Assert.Equal(0, server.Requests[PutOperation]);
    }

    [Fact]
    public async Task What_the_store_refuses_is_told_in_its_words()
    {
        // S3 has a thousand rules at most.
        string rules = string.Concat(Enumerable.Range(0, 1000).Select(
            i => $"<Rule><ID>{i}</ID><Prefix>{i}/</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"));
        server.Store.SetLifecycle(Bucket, $"<LifecycleConfiguration>{rules}</LifecycleConfiguration>");

        BackupError error = await FailAsync();

        Assert.Equal(("LifecycleRefused", "MalformedXML"), (error.Id, error.S3ErrorCode));
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_an_error()
    {
        LifecycleRequest request = Lifecycles.Request(Destination with { Bucket = "nothing" }, Credentials, new LifecycleOptions());

        Assert.Equal("S3BucketNotFound", (await FailAsync(request)).Id);
    }

    [Fact]
    public async Task Without_lifecycle_in_the_job_there_is_nothing_to_write_and_nobody_is_asked()
    {
        Assert.Equal("LifecycleNotConfigured", (await FailAsync(Lifecycles.Request(Destination, Credentials, null))).Id);
        Assert.Equal(0, server.Requests.Total);
    }

    [Fact]
    public async Task Rules_that_meet_another_job_are_refused_before_anything_is_written()
    {
        LifecycleRequest request = Request() with
        {
            Others = [new JobLifecycle("raw", "rsync/photos/raw/", new Dictionary<string, string>(), null)],
        };
        BackupError known = await FailAsync(request);
        await Lifecycles.ChangeAsync(Lifecycles.Request(Destination, Credentials, new LifecycleOptions(), "all", ""), isRemoval: false);
        BackupError found = await FailAsync();

        Assert.Equal(("LifecycleOverlap", "LifecycleOverlap"), (known.Id, found.Id));
        Assert.Contains("'raw'", known.Message, StringComparison.Ordinal);
        Assert.Contains("rsyncs3backup-all-", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_from_an_older_name_are_removed_by_their_ids_and_rules_of_others_are_not()
    {
        server.Store.SetLifecycle(Bucket, Foreign);
        await Lifecycles.ChangeAsync(Lifecycles.Request(Destination, Credentials, new LifecycleOptions(), "older"), isRemoval: false);
        BackupLifecycleRule older = Assert.Single(await BackupLifecycles.GetAsync(Request(), CancellationToken.None), rule => rule.RuleId.Contains("older", StringComparison.Ordinal));
        BackupError refused = await FailAsync();
        await Lifecycles.ChangeAsync(Request() with { RuleIds = [older.RuleId] }, isRemoval: true);

        Assert.Contains("-RuleId", refused.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(Foreign.Trim(), server.Store.FindLifecycle(Bucket)!.Value.Rules.Split("?>")[1].Trim());
        foreach ((string id, string expected) in (IEnumerable<(string, string)>)[("theirs", "InvalidParameter"), (older.RuleId, "ItemNotFound")])
        {
            BackupException exception = await Assert.ThrowsAsync<BackupException>(
                () => BackupLifecycles.PlanAsync(Request() with { RuleIds = [id] }, isRemoval: true, CancellationToken.None));
            Assert.Equal(expected, exception.Error.Id);
        }
    }

    [Fact]
    public async Task A_rule_of_somebody_else_that_deletes_objects_of_the_job_is_told_before_writing()
    {
        server.Store.SetLifecycle(Bucket, Foreign.Replace("logs/", "rsync/", StringComparison.Ordinal));

        LifecycleChange change = await BackupLifecycles.PlanAsync(Request(), isRemoval: false, CancellationToken.None);

        Assert.StartsWith("The rule 'theirs' of the bucket meets the job's objects. It deletes objects", Assert.Single(change.Warnings), StringComparison.Ordinal);
        Assert.Equal("Missing Foreign", await Lifecycles.StatusesAsync(Request()));
    }

    private S3Destination Destination => new()
    {
        Bucket = Bucket,
        Region = server.Region,
        EndpointUrl = server.Endpoint.ToString().TrimEnd('/'),
    };

    private S3Credentials Credentials => new(server.AccessKey, server.SecretKey);

    private LifecycleRequest Request(LifecycleOptions? options = null) => Lifecycles.Request(Destination, Credentials, options ?? new LifecycleOptions());

    private async Task<BackupError> FailAsync(LifecycleRequest? request = null) =>
        (await Assert.ThrowsAsync<BackupException>(() => Lifecycles.ChangeAsync(request ?? Request(), isRemoval: false))).Error;

    // Another client of the bucket, or a store that keeps what it likes.
    private void AfterPut(Func<string, string> change) => server.Faults.Add(new FaultRule
    {
        Operation = "GetBucketLifecycleConfiguration",
        Skip = 2,
        Kind = FaultKind.Custom,
        Handler = _ =>
        {
            (string rules, string smallObjects) = server.Store.FindLifecycle(Bucket)!.Value;
            server.Store.SetLifecycle(Bucket, change(rules), smallObjects);
            return Task.FromResult(false);
        },
    });

    // S3 shows the rules from before, of which this bucket has none.
    private FaultRule HideAnswers(int times)
    {
        FaultRule late = new()
        {
            Operation = "GetBucketLifecycleConfiguration",
            Skip = 2,
            Times = times,
            Kind = FaultKind.Custom,
            Handler = async http =>
            {
                http.Response.StatusCode = 404;
                await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"));
                return true;
            },
        };
        server.Faults.Add(late);
        return late;
    }

    private static LifecycleTransition Step(int days, string storageClass) => new() { AfterDays = days, StorageClass = storageClass };
}

/// <summary>What a user does with the rules of a job.</summary>
internal static class Lifecycles
{
    public static LifecycleRequest Request(
        S3Destination destination, S3Credentials credentials, LifecycleOptions? options, string name = "photos", string s3Prefix = "rsync/photos/")
    {
        BackupConfiguration job = new()
        {
            Name = name,
            Sources = [new BackupSource { Path = "/data" }],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions
                {
                    LocalDestination = "/mirror",
                    SyncToS3 = new S3SyncOptions { S3Prefix = s3Prefix, Lifecycle = options },
                },
            },
            Destination = destination,
        };
        return new LifecycleRequest
        {
            Job = job,
            S3 = S3CopyRequest.Of(job)! with { Credentials = credentials },
            Waits = [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero],
        };
    }

    public static async Task ChangeAsync(LifecycleRequest request, bool isRemoval)
    {
        LifecycleChange change = await BackupLifecycles.PlanAsync(request, isRemoval, CancellationToken.None);
        Assert.NotEmpty(change.Difference);
        await BackupLifecycles.ApplyAsync(request, change, CancellationToken.None);
    }

    public static async Task<string> StatusesAsync(LifecycleRequest request) =>
        string.Join(' ', (await BackupLifecycles.GetAsync(request, CancellationToken.None)).Select(rule => rule.Status));
}
