using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Protection;

/// <summary>Jobs that demand versions, or lock what they write, against a server that has both.</summary>
public sealed class ProtectionTests : SyncHarness
{
    private const int Days = 30;

    private readonly ManualClock clock = new();

    public ProtectionTests() => clock.Advance(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()) - clock.GetUtcNow());

    [Fact]
    public async Task Each_object_is_locked_by_the_request_that_makes_it()
    {
        Lock();
        Write("small", "small");
        Write("large", new string('x', 9 << 20));
        Write("changes", "before");
        Directory.CreateDirectory(Path.Combine(Source, "empty"));
        if (!OperatingSystem.IsWindows())
            File.CreateSymbolicLink(Path.Combine(Source, "link"), "small");

        S3SyncStageResult first = await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(1));
        File.SetLastWriteTimeUtc(Path.Combine(Source, "small"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Write("changes", "afterwards");
        S3SyncStageResult second = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, BackupStatus.Succeeded), (first.Status, second.Status));
        Assert.Equal((1L, 1L, 0L), (second.MetadataChanged, second.Updated, second.Renewed));
        Assert.All(Server.Store.Objects(BucketName), stored => Assert.Equal(
            new ObjectLock("COMPLIANCE", Until(stored.Key is Prefix + "small" or Prefix + "changes" ? 0 : -1)), stored.Lock));
        Assert.Contains(Server.Store.Objects(BucketName), stored => stored.Key == Prefix + MirrorMarker.FileName);
        Assert.Equal(0, Server.Requests["PutObjectRetention"]);
        // Each question once a run.
        Assert.Equal(2, Server.Requests["GetObjectLockConfiguration"]);
        AssertCatalog("afterwards");
        AssertLocksAreKnown();
    }

    [Theory]
    [InlineData("PutObject", "small")]
    [InlineData("CopyObject", "copied")]
    [InlineData("CreateMultipartUpload", "large")]
    public async Task Where_the_store_takes_no_notice_of_a_lock_each_object_gets_it_by_a_request_of_its_own(string operation, string path)
    {
        Lock();
        Server.Faults.Add(new FaultRule { Operation = operation, Kind = FaultKind.LockIgnored, Times = int.MaxValue });
        Write("small", "small");
        string changes = Write("copied", "copied");
        Write("large", new string('x', 9 << 20));
        await RunOnAsync();
        File.SetLastWriteTimeUtc(changes, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        S3SyncStageResult second = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (second.Status, second.MetadataChanged));
        Assert.All(Server.Store.Objects(BucketName), stored => Assert.Equal(new ObjectLock("COMPLIANCE", Until()), stored.Lock));
        Assert.Equal(new ObjectLock("COMPLIANCE", Until()), Locked(path));
        Assert.Equal(operation == "PutObject" ? 3 : 1, Server.Requests["PutObjectRetention"]);
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task What_never_changes_is_renewed_when_less_than_half_of_its_days_is_left(S3SyncMode mode)
    {
        Lock(mode);
        Write("a", "a");
        Write("b/c", "c");
        await RunOnAsync();

        clock.Advance(TimeSpan.FromDays(14));
        S3SyncStageResult early = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, mode, 0L), (early.Status, early.SyncMode, early.Renewed));
        if (mode != S3SyncMode.Reconcile)
            Assert.Equal(0, early.Requests.Total);

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult due = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, mode, 2L, 2L), (due.Status, due.SyncMode, due.Renewed, due.Unchanged));
        Assert.Equal(2, Server.Requests["PutObjectRetention"]);
        Assert.Equal(Until(), Locked("a").Until);
        Assert.Equal(Until(), Locked("b/c").Until);
        AssertLocksAreKnown();

        clock.Advance(TimeSpan.FromDays(14));
        Assert.Equal(0, (await RunOnAsync()).Renewed);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(2, (await RunOnAsync()).Renewed);
    }

    [Fact]
    public async Task Each_object_is_renewed_in_its_own_time()
    {
        Lock(S3SyncMode.Auto);
        Write("first", "first");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(10));
        Write("second", "second");
        await RunOnAsync();

        clock.Advance(TimeSpan.FromDays(5));
        Assert.Equal(1, (await RunOnAsync()).Renewed);
        Assert.Equal(Until(), Locked("first").Until);
        clock.Advance(TimeSpan.FromDays(9));
        Assert.Equal((0L, 0L), await RunOnAsync() is { } early ? (early.Renewed, early.Requests.Total) : default);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, (await RunOnAsync()).Renewed);
        Assert.Equal(Until(), Locked("second").Until);
    }

    [Fact]
    public async Task Locks_are_renewed_although_the_run_is_refused()
    {
        Lock();
        for (int i = 0; i < 20; i++)
            Write($"file{i}", "content");
        await RunOnAsync();
        foreach (string path in Directory.GetFiles(Source))
            File.Delete(path);
        Write("ransom.txt", "pay");
        clock.Advance(TimeSpan.FromDays(20));
        await MirrorAsync();

        S3SyncStageResult refused = await SyncAsync(Request with { Clock = clock, MaxDelete = Limit("5") });

        Assert.Equal((ErrorIds.DeleteLimitExceeded, 20L), (refused.Error?.Id, refused.Renewed));
        Assert.Equal(Until(), Locked("file7").Until);
    }

    [Fact]
    public async Task Locks_are_renewed_although_stage_1_failed()
    {
        Lock();
        Write("a", "a");
        Assert.Equal(BackupStatus.Succeeded, (await RunJobAsync()).Status);
        // So that it is due now: both stages of a job have the machine's clock.
        Options = Options with { Protection = Protect(ObjectLockMode.Compliance, 100) };
        Directory.Move(Source, Files["away"]);

        BackupResult failed = await RunJobAsync();
        Assert.Equal(
            (BackupStatus.Failed, BackupStatus.Failed, BackupStatus.Skipped, 1L),
            (failed.Status, failed.Stage1.Status, failed.Stage2.Status, failed.Stage2.Renewed));
        Assert.Equal(
            "Stage 1 failed; nothing was sent to the bucket or deleted there, and one lock was renewed.", failed.Stage2.SkippedReason);
        Assert.InRange(Locked("a").Until, DateTimeOffset.UtcNow.AddDays(99), DateTimeOffset.UtcNow.AddDays(100));
        Assert.Equal(0, (await RunJobAsync()).Stage2.Renewed);

        // What was known is known still.
        Directory.Move(Files["away"], Source);
        BackupResult next = await RunJobAsync();
        Assert.Equal((BackupStatus.Succeeded, S3SyncMode.Journal, 0L), (next.Status, next.Stage2.SyncMode, next.Stage2.Requests.Total));
    }

    [Fact]
    public async Task When_they_cannot_be_renewed_after_a_stage_1_that_failed_a_warning_says_so()
    {
        Lock();
        Write("a", "a");
        await RunJobAsync();
        Options = Options with { Protection = Protect(ObjectLockMode.Compliance, 100) };
        Directory.Move(Source, Files["away"]);
        Server.Faults.Add(new FaultRule { Operation = "PutObjectRetention", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        BackupResult failed = await RunJobAsync();

        Assert.Equal((BackupStatus.Skipped, 0L), (failed.Stage2.Status, failed.Stage2.Renewed));
        Assert.Contains("One lock of objects in bucket", Assert.Single(failed.Stage2.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_deleted_is_marked_so_and_its_version_stays_locked()
    {
        Lock();
        Write("gone", "gone");
        Write("stays", "stays");
        await RunOnAsync();
        File.Delete(Path.Combine(Source, "gone"));

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Deleted));
        StoredObjectInfo[] versions = [.. Server.Store.Versions(BucketName, Prefix + "gone")];
        Assert.Equal([true, false], versions.Select(version => version.IsDeleteMarker));
        Assert.Equal("COMPLIANCE", versions[1].Lock?.Mode);
    }

    [Fact]
    public async Task What_was_there_before_the_lock_was_demanded_gets_it_once()
    {
        Server.Store.SetObjectLock(BucketName);
        Write("a", "a");
        Write("b", "b");
        await RunOnAsync();
        Assert.All(ReadCatalog(), row => Assert.Null(row.Retention));

        Lock();
        Assert.Equal((BackupStatus.Succeeded, 2L), await RunOnAsync() is { } on ? (on.Status, on.Renewed) : default);
        Assert.Equal((0L, 0L), await RunOnAsync() is { } again ? (again.Renewed, again.Requests.Total) : default);
        Assert.Equal(Until(), Locked("a").Until);

        // What a run without it wrote is locked by the next run with it.
        Options = Options with { Protection = null };
        Write("c", "c");
        await RunOnAsync();
        Lock();
        Assert.Equal(1, (await RunOnAsync()).Renewed);
        AssertLocksAreKnown();
    }

    [Fact]
    public async Task A_lost_catalog_is_made_again_with_the_locks()
    {
        Lock();
        Write("a", "a");
        Write("b", "b");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(20));
        Directory.Delete(StateFolder.ForJob(JobName).Path, recursive: true);

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 0L, 2L), (result.Status, result.TransferredBytes, result.Renewed));
        Assert.Equal(Until(), Locked("a").Until);
        AssertLocksAreKnown();
    }

    [Fact]
    public async Task A_longer_time_holds_for_what_is_there_too()
    {
        Lock();
        Write("a", "a");
        await RunOnAsync();

        Options = Options with { Protection = Protect(ObjectLockMode.Compliance, 100) };
        Assert.Equal(1, (await RunOnAsync()).Renewed);
        Assert.Equal(clock.GetUtcNow().AddDays(100), Locked("a").Until);

        // A shorter one makes no lock shorter.
        Options = Options with { Protection = Protect(ObjectLockMode.Compliance, 10) };
        Assert.Equal(0, (await RunOnAsync()).Renewed);
        Assert.Equal(clock.GetUtcNow().AddDays(100), Locked("a").Until);
    }

    [Theory]
    [InlineData(S3SyncMode.Journal)]
    [InlineData(S3SyncMode.Catalog)]
    public async Task What_is_written_after_the_time_was_made_shorter_is_renewed_before_what_is_locked_for_longer(S3SyncMode mode)
    {
        Lock(mode);
        Write("long", "long");
        await RunOnAsync();
        Options = Options with { Protection = Protect(ObjectLockMode.Compliance, 10) };
        Write("short", "short");
        Assert.Equal((BackupStatus.Succeeded, 1L), await RunOnAsync() is { } run ? (run.Status, run.Created) : default);

        clock.Advance(TimeSpan.FromDays(6));
        Assert.Equal((mode, 1L), await RunOnAsync() is { } due ? (due.SyncMode, due.Renewed) : default);
        Assert.Equal(clock.GetUtcNow().AddDays(10), Locked("short").Until);
    }

    [Fact]
    public async Task What_is_written_where_nothing_was_is_renewed_in_its_time()
    {
        Lock(S3SyncMode.Catalog);
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(40));
        Assert.Equal(S3SyncMode.Catalog, (await RunOnAsync()).SyncMode);
        Write("new", "new");
        await RunOnAsync();

        clock.Advance(TimeSpan.FromDays(16));
        Assert.Equal((S3SyncMode.Catalog, 1L), await RunOnAsync() is { } due ? (due.SyncMode, due.Renewed) : default);
    }

    [Fact]
    public async Task What_was_stored_and_could_not_be_locked_is_not_taken_for_what_was_there_before()
    {
        Lock(S3SyncMode.Catalog);
        DateTime before = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(Write("a", "before"), before);
        await RunOnAsync();
        Server.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.LockIgnored, Times = int.MaxValue });
        Server.Faults.Add(new FaultRule { Operation = "PutObjectRetention", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        Write("a", "afterwards");
        S3SyncStageResult unlocked = await RunOnAsync();
        Assert.Equal((BackupStatus.Failed, ErrorIds.LocksNotRenewed), (unlocked.Status, Assert.Single(unlocked.FailedItems).Id));

        Server.Faults.Clear();
        File.SetLastWriteTimeUtc(Write("a", "before"), before);
        Assert.Equal(BackupStatus.Succeeded, (await RunOnAsync()).Status);
        AssertMirrored("afterwards");
        AssertLocksAreKnown();
    }

    [Fact]
    public async Task Wrong_keys_are_not_taken_for_a_bucket_that_does_not_say()
    {
        Lock();
        Write("a", "a");
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Request with { Clock = clock, Credentials = new S3Credentials(Server.AccessKey, "another") });

        Assert.Equal(ErrorIds.S3SignatureMismatch, result.Error?.Id);
    }

    [Fact]
    public async Task Locks_of_another_mode_are_renewed_in_theirs()
    {
        Server.Store.SetObjectLock(BucketName);
        Options = Options with { Protection = Protect(ObjectLockMode.Governance, Days) };
        Write("a", "a");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(20));

        Lock();
        Write("b", "b");
        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Renewed));
        Assert.Equal(new ObjectLock("GOVERNANCE", Until()), Locked("a"));
        Assert.Equal(new ObjectLock("COMPLIANCE", Until()), Locked("b"));
    }

    [Fact]
    public async Task Without_renew_nothing_is_renewed()
    {
        Server.Store.SetObjectLock(BucketName);
        ProtectionOptions once = Protect(ObjectLockMode.Governance, Days);
        Options = Options with
        {
            ReconcileEvery = TimeSpan.FromDays(1000),
            Protection = once with { ObjectLock = once.ObjectLock! with { Renew = false } },
        };
        Write("a", "a");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(29));

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 0L, 0L), (result.Status, result.Renewed, result.Requests.Total));
    }

    [Fact]
    public async Task When_locks_cannot_be_renewed_all_else_is_done_and_the_run_fails()
    {
        Lock();
        Write("a", "a");
        Write("b", "b");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(20));
        Write("new", "new");
        Server.Faults.Add(new FaultRule { Operation = "PutObjectRetention", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        S3SyncStageResult denied = await RunOnAsync();
        Assert.Equal(
            (BackupStatus.Failed, ErrorIds.LocksNotRenewed, 1L, 0L), (denied.Status, denied.Error?.Id, denied.Created, denied.Renewed));
        Assert.Contains("2 locks of objects in bucket", denied.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("s3:PutObjectRetention", denied.Error.RecommendedAction, StringComparison.Ordinal);

        Server.Faults.Clear();
        S3SyncStageResult mended = await RunOnAsync();
        Assert.Equal((BackupStatus.Succeeded, 2L), (mended.Status, mended.Renewed));
    }

    [Fact]
    public async Task An_object_that_is_not_there_to_be_renewed_is_sent_again()
    {
        Lock(S3SyncMode.Auto);
        Write("a", "a");
        Write("b", "b");
        await RunOnAsync();
        Server.Store.SetLock(BucketName, Prefix + "a", null);
        Server.Store.Delete(BucketName, Prefix + "a", Server.Store.Find(BucketName, Prefix + "a")!.VersionId);
        clock.Advance(TimeSpan.FromDays(20));

        S3SyncStageResult found = await RunOnAsync();
        S3SyncStageResult healed = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (found.Status, found.Renewed));
        Assert.Equal((S3SyncMode.Reconcile, 1L), (healed.SyncMode, healed.Created));
        AssertMirrored("afterwards");
        AssertLocksAreKnown();
    }

    [Fact]
    public async Task What_others_put_there_is_not_locked()
    {
        Server.Store.SetObjectLock(BucketName);
        Server.Store.Put(BucketName, Prefix + "foreign", "foreign"u8);
        Lock();
        Write("own", "own");

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal((1L, 0L), (result.Foreign, result.Renewed));
        Assert.Null(Server.Store.Find(BucketName, Prefix + "foreign")!.Lock);
    }

    [Fact]
    public async Task A_plan_counts_what_would_be_renewed_and_changes_nothing()
    {
        Lock();
        Write("a", "a");
        await RunOnAsync();
        ObjectLock before = Locked("a");
        clock.Advance(TimeSpan.FromDays(20));
        await MirrorAsync();

        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        S3SyncStageResult plan = await S3SyncStage.PlanAsync(Request with { Clock = clock }, context, new PlannedSync(null), CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, 1L, 1L), (plan.Status, plan.Renewed, plan.Requests.Put));
        Assert.Equal(before, Locked("a"));
        Assert.Equal(1, (await RunOnAsync()).Renewed);
    }

    [Fact]
    public async Task A_plan_counts_a_copy_as_one_request()
    {
        Lock();
        string path = Write("a", "a");
        await RunOnAsync();
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await MirrorAsync();

        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        S3SyncStageResult plan = await S3SyncStage.PlanAsync(Request with { Clock = clock }, context, new PlannedSync(null), CancellationToken.None);

        Assert.Equal((1L, 1L, 0L, 0L), (plan.MetadataChanged, plan.Requests.Copy, plan.Requests.Put, plan.Requests.Head));
    }

    [Fact]
    public async Task A_mirror_that_is_not_there_is_said_once_and_not_of_the_locks_too()
    {
        Lock();
        Write("a", "a");
        await RunJobAsync();
        Directory.Move(Source, Files["away"]);
        Directory.Move(Mirror, Files["mirror away"]);

        BackupResult failed = await RunJobAsync();

        Assert.Equal((BackupStatus.Failed, BackupStatus.Skipped), (failed.Stage1.Status, failed.Stage2.Status));
        Assert.Empty(failed.Stage2.Warnings);
    }

    [Theory]
    [InlineData(false, false, "has no Object Lock")]
    [InlineData(true, false, "keeps none")]
    [InlineData(false, true, "does not say whether it has Object Lock")]
    [InlineData(true, true, "does not say whether it keeps them")]
    public async Task A_bucket_that_cannot_do_it_is_refused_before_anything_is_sent(bool onlyVersions, bool isSilent, string why)
    {
        Options = Options with
        {
            Protection = onlyVersions ? new ProtectionOptions { RequireVersioning = true } : Protect(ObjectLockMode.Compliance, Days),
        };
        if (isSilent)
        {
            Server.Faults.Add(new FaultRule { Operation = "GetObjectLockConfiguration", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
            Server.Faults.Add(new FaultRule { Operation = "GetBucketVersioning", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        }

        Write("a", "a");

        S3SyncStageResult result = await RunOnAsync();

        Assert.Equal(
            (BackupStatus.Failed, ErrorIds.ProtectionMissing, BackupExitCode.Refused), (result.Status, result.Error?.Id, result.Error?.ExitCode));
        Assert.Contains(why, result.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(Server.Store.Objects(BucketName));
    }

    [Fact]
    public async Task Versioning_that_was_suspended_keeps_a_run_from_deleting()
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        Options = Options with { Protection = new ProtectionOptions { RequireVersioning = true } };
        string path = Write("a", "a");
        Write("b", "b");
        Assert.Equal(BackupStatus.Succeeded, (await RunOnAsync()).Status);
        Server.Store.SetVersioning(BucketName, "Suspended");
        File.Delete(path);

        Assert.Equal(ErrorIds.ProtectionMissing, (await RunOnAsync()).Error?.Id);
        Assert.NotNull(Server.Store.Find(BucketName, Prefix + "a"));
    }

    [Fact]
    public async Task Dated_snapshots_are_locked_with_their_manifests_and_pruned_to_markers()
    {
        Lock();
        Options = Options with { S3Prefix = "s/{yyyy-MM-dd}/", KeepLast = 1, DeleteFromS3 = false };
        Write("a", "a");
        await RunOnAsync();
        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult second = await RunOnAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L, 1L), (second.Status, second.Copied, second.PrunedSnapshots));
        StoredObjectInfo[] versions = [.. Server.Store.Versions(BucketName, "s/")];
        Assert.Contains(versions, version => version.IsDeleteMarker);
        Assert.All(versions.Where(version => !version.IsDeleteMarker), version => Assert.NotNull(version.Lock));
    }

    private void Lock(S3SyncMode mode = S3SyncMode.Auto)
    {
        Server.Store.SetObjectLock(BucketName);
        Options = Options with
        {
            SyncMode = mode,
            ReconcileEvery = TimeSpan.FromDays(1000),
            Protection = Protect(ObjectLockMode.Compliance, Days),
        };
    }

    private static ProtectionOptions Protect(ObjectLockMode mode, int days) =>
        new() { ObjectLock = new ObjectLockOptions { Mode = mode, Days = days } };

    private DateTimeOffset Until(int shift = 0) => clock.GetUtcNow().AddDays(Days + shift);

    private ObjectLock Locked(string path) => Server.Store.Find(BucketName, Prefix + path)!.Lock!;

    private async Task<S3SyncStageResult> RunOnAsync()
    {
        await MirrorAsync();
        return await SyncAsync(Request with { Clock = clock });
    }

    private Task<BackupResult> RunJobAsync()
    {
        BackupConfiguration job = new()
        {
            Name = JobName,
            Sources = [new BackupSource { Path = Source }],
            Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
            Destination = Destination,
        };
        BackupRunOptions options = new() { Credentials = Request.Credentials };
        return BackupRunner.RunAsync(job, options, new RecordingObserver(), CancellationToken.None);
    }

    // The catalog knows of each object until when it is locked.
    private void AssertLocksAreKnown() => Assert.All(ReadCatalog(), row => Assert.Equal(
        Locked(row.RelativeKey), new ObjectLock(row.Retention!.Value.Mode.ToString().ToUpperInvariant(), row.Retention.Value.Until)));

    private static DeleteLimit Limit(string text) => DeleteLimit.TryParse(text, out DeleteLimit limit) ? limit : throw new ArgumentException(text);
}
