using System.Text;
using Microsoft.AspNetCore.Http;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.History;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>Stage 2 after a fault that may pass, and after one that may not.</summary>
public sealed class RetryTests : SyncHarness
{
    private readonly InstantClock clock = new();

    private bool passes = true;

    private FaultRule? lasting;

    private Action<StageProgress>? onProgress;

    private CancellationTokenSource? stopAtStage2;

    private RecordingObserver Observer => observer ??= new RecordingObserver { OnVerbose = Hear, OnProgress = progress => onProgress?.Invoke(progress) };

    private RecordingObserver? observer;

    private BackupConfiguration Configuration => new()
    {
        Name = JobName,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Destination,
    };

    private BackupRunOptions RunOptions => new() { Credentials = Request.Credentials, AllowEmptySource = true, Clock = clock };

    [Fact]
    public async Task A_fault_of_the_whole_stage_that_passes_costs_one_more_attempt()
    {
        Write("a", "content");
        Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Times = int.MaxValue });

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, BackupExitCode.Succeeded, 2), (result.Status, result.ExitCode, result.Stage2.Attempts));
        TimeSpan wait = Assert.Single(clock.Waits);
        Assert.InRange(wait, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(11));
        Assert.Equal(Server.Requests.Total, result.Stage2.Requests.Total);
        string begins = $"attempt 2 of 3 begins in {HumanText.Duration(wait)}.";
        Assert.Contains(Observer.VerboseMessages, message => message.EndsWith(begins, StringComparison.Ordinal));
        AssertMirrored("after the second attempt");
        S3SyncStageResult recorded = Assert.Single(JobHistory.Find(JobName)!.Read(null, null)).Stage2!;
        Assert.Equal((2, result.Stage2.Requests), (recorded.Attempts, recorded.Requests));
    }

    [Fact]
    public async Task A_file_that_arrives_at_the_second_attempt_is_no_error_to_the_caller_and_all_counts_add_up()
    {
        Write("bad", "12345");
        Write("good", "123");
        FailUploads("bad");

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, 2, 0L), (result.Status, result.Stage2.Attempts, result.Stage2.Failed));
        Assert.Empty(Observer.FailedItems);
        Assert.Contains("BadDigest", File.ReadAllText(result.LogPath!), StringComparison.Ordinal);
        Assert.Equal(
            (2L, 0L, 0L, 2L, 8L), (result.Stage2.Created, result.Stage2.Updated, result.Stage2.Unchanged, result.Stage2.Total, result.Stage2.TransferredBytes));
        Assert.Equal(Server.Requests.Total, result.Stage2.Requests.Total);
    }

    [Fact]
    public async Task A_pause_does_not_hide_what_failed()
    {
        Options = Options with { MaxUpload = 1024 * 1024, ThrottleLimit = 1 };
        Write("a", new string('a', 600 * 1024));
        // More than are in hand at a time: some have failed before the last one meets the limit.
        for (int number = 0; number < 80; number++)
            Write($"bad{number:00}", "12345");
        Write("c", new string('c', 600 * 1024));
        FailUploads("bad");

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Failed, 1), (result.Status, result.Stage2.Attempts));
        Assert.True(result.Stage2.RemainingItems >= 1, "The limit was not met.");
        Assert.NotEmpty(Observer.FailedItems);
        Assert.All(Observer.FailedItems, error => Assert.Equal("S3RequestFailed", error.Id));
    }

    [Fact]
    public async Task A_fault_that_does_not_pass_ends_after_the_last_attempt_and_each_file_is_one_error()
    {
        Write("bad", "12345");
        FailUploads("bad", passes: false);

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Failed, BackupExitCode.Stage2Failed, 3), (result.Status, result.ExitCode, result.Stage2.Attempts));
        Assert.Equal("S3RequestFailed", Assert.Single(Observer.FailedItems).Id);
        Assert.Collection(
            clock.Waits,
            first => Assert.InRange(first, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(11)),
            second => Assert.InRange(second, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(22)));
    }

    [Fact]
    public async Task A_file_that_is_refused_for_good_is_told_once_and_does_not_keep_another_from_being_tried_again()
    {
        Write("denied", "1");
        Write("bad", "2");
        lasting = Server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "denied", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        FailUploads("bad");

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal(("S3AccessDenied", 2), (Assert.Single(Observer.FailedItems).Id, result.Stage2.Attempts));
        Assert.Equal(["bad"], ReadBucket().Keys);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("S3AccessDenied")]
    [InlineData("S3BucketNotFound")]
    [InlineData("MirrorEmpty")]
    [InlineData("RunCancelled")]
    public async Task What_another_attempt_would_meet_again_is_not_tried_again(string id)
    {
        Write("a", "content");
        await MirrorAsync();
        using CancellationTokenSource stop = new();
        passes = false;
        S3SyncRequest request = Request with { AllowEmptyMirror = false, FollowsStage1 = false };
        switch (id)
        {
            case "S3AccessDenied":
                Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Times = int.MaxValue });
                break;
            case "S3BucketNotFound":
                request = request with { Destination = Destination with { Bucket = "no-such-bucket" } };
                break;
            case "MirrorEmpty":
                await SyncAsync();
                File.Delete(Path.Combine(Mirror, "a"));
                break;
            default:
                stopAtStage2 = stop;
                break;
        }

        S3SyncStageResult result = await BackupRunner.RunStage2Async(request, JobName, null, RunOptions, Observer, stop.Token);

        Assert.Equal((id, 1), (result.Error?.Id, result.Attempts));
        Assert.Empty(clock.Waits);
    }

    [Fact]
    public async Task A_wait_ends_at_once_when_the_run_is_cancelled()
    {
        Write("a", "content");
        Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Times = int.MaxValue });
        using CancellationTokenSource stop = new();
        onProgress = StopWhenItWaits;

        // By a clock that stands still: only the cancellation ends the wait.
        BackupResult result = await BackupRunner.RunAsync(
            Configuration, RunOptions with { Clock = new ManualClock() }, Observer, stop.Token);

        Assert.Equal((BackupStatus.Cancelled, "RunCancelled", 1), (result.Status, result.Error?.Id, result.Stage2.Attempts));
        Assert.True(result.Stage2.Requests.List > 0);

        void StopWhenItWaits(StageProgress progress)
        {
            if (progress.Activity.StartsWith("Waiting until", StringComparison.Ordinal))
                stop.Cancel();
        }
    }

    [Fact]
    public async Task The_lock_is_held_while_a_run_waits_and_its_progress_ends_once()
    {
        Write("a", "content");
        Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Times = int.MaxValue });
        List<bool> wasFree = [];
        onProgress = Look;

        await BackupRunner.RunAsync(Configuration, RunOptions, Observer, CancellationToken.None);

        Assert.Equal([false], wasFree);
        Assert.Single(Observer.ProgressReports, progress => progress is { Stage: 2, Completed: true });
        Assert.True(Observer.ProgressReports[^1].Completed);
        Assert.Contains(
            Observer.ProgressReports, progress => progress.Activity == "Waiting until 00:00:05 for attempt 2 of 3 (S3ListingIncomplete)"
                || progress.Activity == "Waiting until 00:00:06 for attempt 2 of 3 (S3ListingIncomplete)");

        void Look(StageProgress progress)
        {
            if (!progress.Activity.StartsWith("Waiting until", StringComparison.Ordinal))
                return;
            using JobLock? taken = JobLock.TryTake(JobName, "run", DateTimeOffset.Now);
            wasFree.Add(taken is not null);
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(1, false, 1)]
    [InlineData(4, false, 4)]
    [InlineData(null, false, 3)]
    // Somebody sits there: a first try that got nothing done is not repeated, unless the job says so.
    [InlineData(null, true, 1)]
    [InlineData(2, true, 2)]
    public async Task The_job_says_how_often(int? attempts, bool isAttended, int expected)
    {
        Server.Store.Put(BucketName, Prefix + "old", "x"u8.ToArray());
        Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Times = int.MaxValue });
        passes = false;
        BackupConfiguration job = Configuration with { Retry = attempts is { } count ? new RetryOptions { Attempts = count } : null };

        BackupResult result = await BackupRunner.RunAsync(job, RunOptions with { IsAttended = isAttended }, Observer, CancellationToken.None);

        Assert.Equal(("S3ListingIncomplete", expected, expected - 1), (result.Error?.Id, result.Stage2.Attempts, clock.Waits.Count));
    }

    [Fact]
    public async Task At_a_console_an_attempt_that_got_somewhere_is_repeated()
    {
        Write("bad", "12345");
        Write("good", "123");
        FailUploads("bad");

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions with { IsAttended = true }, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, 2), (result.Status, result.Stage2.Attempts));
    }

    [Fact]
    public async Task All_attempts_write_the_dated_snapshot_of_the_first()
    {
        Write("a", "content");
        await MirrorAsync();
        Options = Options with { S3Prefix = Prefix + "{yyyy-MM-dd}/", DeleteFromS3 = false };
        FailUploads("2026-01-01/a");

        S3SyncStageResult result = await BackupRunner.RunStage2Async(
            Request with { Clock = clock, Timezone = "UTC" }, JobName, null, RunOptions, Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, 2, Prefix + "2026-01-01/", true), (result.Status, result.Attempts, result.KeyPrefix, result.IsSnapshotComplete));
        Assert.Equal(2, clock.GetUtcNow().Day);
        Assert.DoesNotContain(Server.Store.Keys(BucketName), key => key.Contains("2026-01-02", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_error_of_stage_2_is_either_worth_another_try_or_not()
    {
        string page = File.ReadAllText(Repository.Path("docs/errors.md"));
        string[] ids = [.. page.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[1].Trim()).Where(id => id.Length > 0 && char.IsAsciiLetterUpper(id[0]))];
        Assert.Contains("S3AccessDenied", ids);

        Assert.Equal(
            ["S3AnswerInvalid", "S3EndpointUnreachable", "S3ListingIncomplete", "S3ProxyUnreachable", "S3Stalled", "S3Unavailable"],
            ids.Where(id => Error(id).IsTransient).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("S3RequestFailed", "BadDigest", true)]
    [InlineData("S3RequestFailed", "InvalidRequest", false)]
    [InlineData("S3DeleteFailed", "SlowDown", true)]
    [InlineData("S3DeleteFailed", "AccessDenied", false)]
    public void What_S3_says_of_one_request_decides_about_it(string id, string code, bool expected) =>
        Assert.Equal(expected, (Error(id) with { S3ErrorCode = code }).IsTransient);

    [Theory]
    [InlineData(1, 0, 10)]
    [InlineData(2, 0, 20)]
    [InlineData(2, 1, 22)]
    [InlineData(5, 0.5, 168)]
    [InlineData(50, 0, 3600)]
    public void Each_wait_is_twice_as_long_up_to_an_hour(int attempt, double random, int seconds) =>
        Assert.Equal(seconds, RetryPolicy.Wait(new RetryOptions(), attempt, random).TotalSeconds, 3);

    [Fact]
    public void A_wait_longer_than_an_hour_stays_what_the_job_says_and_any_wait_is_one_that_a_timer_takes()
    {
        Assert.Equal(TimeSpan.FromHours(3), RetryPolicy.Wait(new RetryOptions { Delay = TimeSpan.FromHours(3) }, 3, 0));
        Assert.InRange(RetryPolicy.Wait(new RetryOptions { Delay = TimeSpan.MaxValue }, 100, 1).TotalDays, 49, 50);
    }

    [Fact]
    public void Several_attempts_are_one_result_that_says_what_all_of_them_did()
    {
        S3SyncStageResult first = new()
        {
            Name = "n",
            RunId = "r",
            Path = "/m",
            Status = BackupStatus.Failed,
            Attempts = 1,
            Created = 5,
            Updated = 1,
            Failed = 4,
            Total = 100,
            Unchanged = 90,
            TotalBytes = 1000,
            TransferredBytes = 60,
            SyncMode = S3SyncMode.Reconcile,
            EstimatedRequestCost = 0.5m,
            Requests = new S3RequestCounts { Put = 10, List = 1 },
            StartTime = DateTimeOffset.UnixEpoch,
        };
        S3SyncStageResult second = first with
        {
            Status = BackupStatus.Succeeded,
            Created = 3,
            Updated = 1,
            Failed = 0,
            Unchanged = 96,
            TransferredBytes = 40,
            Deleted = 2,
            SyncMode = S3SyncMode.Catalog,
            Requests = new S3RequestCounts { Put = 4, Delete = 1 },
            StartTime = DateTimeOffset.UnixEpoch.AddHours(1),
        };

        S3SyncStageResult both = Stage2Attempts.Together([first, second]);

        Assert.Equal((BackupStatus.Succeeded, 2, 8L, 2L, 2L, 90L, 0L), (both.Status, both.Attempts, both.Created, both.Updated, both.Deleted, both.Unchanged, both.Failed));
        Assert.Equal((100L, 100L, 1m, DateTimeOffset.UnixEpoch), (both.TransferredBytes, both.Total, both.EstimatedRequestCost, both.StartTime));
        Assert.Equal("14 PUT, 1 LIST, 1 DELETE", both.Requests.ToString());
    }

    [Fact]
    public void An_attempt_that_saw_nothing_of_the_mirror_does_not_hide_what_an_earlier_one_saw()
    {
        S3SyncStageResult first = new()
        {
            Name = "n",
            RunId = "r",
            Path = "/m",
            Status = BackupStatus.Failed,
            Attempts = 1,
            Created = 5,
            Total = 100,
            Unchanged = 90,
            SyncMode = S3SyncMode.Reconcile,
        };
        S3SyncStageResult second = new() { Name = "n", RunId = "r", Path = "/m", Status = BackupStatus.Failed, Attempts = 1 };

        S3SyncStageResult both = Stage2Attempts.Together([first, second]);

        Assert.Equal((100L, 90L, 5L, S3SyncMode.Reconcile), (both.Total, both.Unchanged, both.Created, both.SyncMode));
    }

    /// <summary>The store finds that the bytes of an upload changed on their way; no request is repeated for that.</summary>
    private void FailUploads(string key, bool passes = true)
    {
        this.passes = passes;
        Server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            KeyContains = key,
            Kind = FaultKind.Custom,
            Times = int.MaxValue,
            Handler = async context =>
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                context.Response.ContentType = "application/xml";
                byte[] answer = Encoding.UTF8.GetBytes("<Error><Code>BadDigest</Code><Message>no match</Message><RequestId>1</RequestId></Error>");
                context.Response.ContentLength = answer.Length;
                await context.Response.Body.WriteAsync(answer);
                return true;
            },
        });
    }

    /// <summary>The fault is over when the run begins to wait.</summary>
    private void Hear(string message)
    {
        if (passes && message.Contains(" begins in ", StringComparison.Ordinal))
        {
            Server.Faults.Clear();
            if (lasting is not null)
                Server.Faults.Add(lasting);
        }

        if (message.StartsWith("Stage 2:", StringComparison.Ordinal))
            stopAtStage2?.Cancel();
    }


    private static BackupError Error(string id) => new()
    {
        Id = id,
        Category = BackupErrorCategory.NotSpecified,
        Message = "m",
        RecommendedAction = "a",
        ExitCode = BackupExitCode.Stage2Failed,
    };
}
