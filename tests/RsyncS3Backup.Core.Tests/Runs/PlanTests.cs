using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A plan says what the run then does, and leaves everything as it was.</summary>
[Collection(FakeRsync.Collection)]
public sealed class PlanTests : SyncHarness
{
    private static readonly int Rounds = TestEffort.Times(3);

    private BackupConfiguration Job => new()
    {
        Name = JobName,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options with { Enabled = true } } },
        Destination = Destination,
    };

    private BackupRunOptions RunOptions { get; set; } = new() { AllowEmptySource = true, MaxDelete = DeleteLimit.Unlimited };

    [SkippableTheory]
    [Trait("Category", "Slow")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task The_run_does_what_its_plan_says_whatever_changed_and_however_differences_are_found(int seed)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Random random = new(seed);
        // What becomes of the names of one file, a dry run of rsync does not know exactly.
        Rsync = Rsync with { HardLinks = seed > 6 };
        ModelTree source = new(random, Source);
        for (int round = 0; round < Rounds; round++)
        {
            source.Change();
            Options = Options with
            {
                SyncMode = (S3SyncMode)random.Next(4),
                DeleteFromS3 = random.Next(4) > 0,
                DirectoryMarkers = random.Next(6) == 0 ? (S3DirectoryMarkers)random.Next(3) : Options.DirectoryMarkers,
                ExcludePatterns = random.Next(5) == 0 ? (Options.ExcludePatterns.Count == 0 ? ["*.tmp"] : []) : Options.ExcludePatterns,
            };
            if (random.Next(6) == 0)
                File.Delete(CatalogPath);
            string where = $"seed {seed}, round {round}, {Options.SyncMode}";

            BackupPlan plan = await PlanUntouchedAsync(where);
            BackupResult done = await RunJobAsync();

            Assert.True(done.Status == BackupStatus.Succeeded, $"{where}: {done.Error?.Message}");
            if (!Rsync.HardLinks)
                AssertSame(where, plan, done);
            Assert.Equal(
                (where, done.Stage1.Total, done.Stage1.Deleted, done.Stage2.SyncMode, done.Stage2.Total, done.Stage2.TotalBytes, done.Stage2.Deleted),
                (where, plan.Stage1.Total, plan.Stage1.Deleted, plan.Stage2.SyncMode, plan.Stage2.Total, plan.Stage2.TotalBytes, plan.Stage2.Deleted));
        }
    }

    [SkippableFact]
    public async Task A_plan_says_each_time_how_much_is_excluded_and_still_in_the_mirror()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("a.txt", "alpha");
        Write("old.tmp", "old");
        Write("gone.txt", "gone");
        Assert.Equal(BackupStatus.Succeeded, (await RunJobAsync()).Status);
        File.Delete(Path.Combine(Source, "gone.txt"));
        Rsync = Rsync with { ExcludePatterns = ["*.tmp"] };

        for (int round = 0; round < 2; round++)
        {
            BackupPlan plan = await PlanUntouchedAsync("excluded later");
            Assert.Contains("still holds 1 entry that the patterns exclude now, for example 'old.tmp'", Assert.Single(plan.Stage1.Warnings), StringComparison.Ordinal);
            Assert.Equal(1, plan.Stage1.Deleted);
        }

        Assert.Equal(BackupStatus.SucceededWithWarnings, (await RunJobAsync()).Status);
    }

    [SkippableFact]
    public async Task Renames_are_planned_as_the_copies_that_they_become()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        for (int i = 0; i < 5; i++)
            Write($"old/{i}", new string((char)('a' + i), 20_000 + i));
        Write("kept", "content");
        await RunJobAsync();
        Directory.Move(Files["source/old"], Files["source/new"]);

        BackupPlan plan = await PlanUntouchedAsync("rename");

        Assert.Equal((5, 100_010, 5, 0),
            (plan.Stage2.Copied, plan.Stage2.CopiedBytes, plan.Stage2.Deleted, plan.Stage2.TransferredBytes));
        AssertSame("rename", plan, await RunJobAsync());
    }

    [SkippableFact]
    public async Task A_large_file_that_changed_or_was_renamed_is_planned_with_what_S3_has_of_it()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        const int part = 8 * 1024 * 1024;
        byte[] content = new byte[(2 * part) + 5];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(Files["source/large"], content);
        await RunJobAsync();
        content[part] ^= 1;
        File.WriteAllBytes(Files["source/large"], content);

        BackupPlan changed = await PlanUntouchedAsync("changed");

        Assert.Equal((1, part, part + 5), (changed.Stage2.Updated, changed.Stage2.TransferredBytes, changed.Stage2.CopiedBytes));
        // Is the object still the one that is known; begun, one part, and made whole.
        Assert.Equal((1, 3, 2), (changed.Stage2.Requests.Head, changed.Stage2.Requests.Put, changed.Stage2.Requests.Copy));
        AssertSame("changed", changed, await RunJobAsync());

        File.Move(Files["source/large"], Files["source/other"]);
        BackupPlan renamed = await PlanUntouchedAsync("renamed");

        Assert.Equal((1, 0, content.Length), (renamed.Stage2.Copied, renamed.Stage2.TransferredBytes, renamed.Stage2.CopiedBytes));
        AssertSame("renamed", renamed, await RunJobAsync());
    }

    [SkippableFact]
    public async Task Nothing_is_made_for_a_job_that_never_ran()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("a/b", "content");
        string folder = StateFolder.PathFor(JobName);
        Assert.False(Directory.Exists(folder));

        BackupPlan plan = await PlanUntouchedAsync("first");

        // A file, and the marker that says whose the prefix is.
        Assert.Equal((BackupStatus.Succeeded, 1, 2, S3SyncMode.Reconcile), (plan.Status, plan.Stage2.Created, plan.Stage2.Requests.Put, plan.Stage2.SyncMode!.Value));
        Assert.False(Directory.Exists(folder));
        Assert.False(Directory.Exists(Mirror));
        AssertSame("first", plan, await RunJobAsync());
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_deletion_above_the_limit_is_foreseen_in_stage_1_and_stage_2_would_not_run()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        for (int i = 0; i < 30; i++)
            Write($"file{i:D2}", "content");
        await RunJobAsync();
        for (int i = 0; i < 20; i++)
            File.Delete(Files[$"source/file{i:D2}"]);
        RunOptions = RunOptions with { MaxDelete = DeleteLimit.TryParse("5", out DeleteLimit five) ? five : default };

        BackupPlan plan = await PlanUntouchedAsync("limit");
        BackupResult done = await RunJobAsync();

        Assert.Equal((done.Status, done.ExitCode, done.Error!.Id, done.Error.Message), (plan.Status, plan.ExitCode, plan.Error!.Id, plan.Error.Message));
        Assert.Equal(("DeleteLimitExceeded", 20, BackupStatus.Skipped), (plan.Error.Id, plan.Stage1.Deleted, plan.Stage2.Status));
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_deletion_above_the_limit_is_foreseen_in_stage_2_too()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("kept", "content");
        for (int i = 0; i < 20; i++)
            Write($"left{i:D2}", "content");
        Options = Options with { DeleteFromS3 = false };
        await RunJobAsync();
        for (int i = 0; i < 20; i++)
            File.Delete(Files[$"source/left{i:D2}"]);
        await RunJobAsync();
        Options = Options with { DeleteFromS3 = true };
        RunOptions = RunOptions with { MaxDelete = DeleteLimit.TryParse("5", out DeleteLimit five) ? five : default };

        BackupPlan plan = await PlanUntouchedAsync("limit");
        BackupResult done = await RunJobAsync();

        Assert.Equal((done.Status, done.ExitCode, done.Error!.Id, done.Error.Message), (plan.Status, plan.ExitCode, plan.Error!.Id, plan.Error.Message));
        Assert.Equal(("DeleteLimitExceeded", BackupStatus.Succeeded), (plan.Stage2.Error!.Id, plan.Stage1.Status));
    }

    [SkippableFact]
    public async Task Stage_2_alone_is_planned_on_the_mirror_as_it_is()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("a", "content");
        await MirrorAsync();
        Write("b", "not mirrored yet");
        RunOptions = RunOptions with { SkipStage1 = true };

        BackupPlan plan = await PlanUntouchedAsync("alone");

        Assert.Equal((BackupStatus.Skipped, 1), (plan.Stage1.Status, plan.Stage2.Created));
        AssertSame("alone", plan, await RunJobAsync());
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_dated_snapshot_is_planned_with_its_copies_and_what_would_be_pruned()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Options = Options with { S3Prefix = "p/{yyyy-MM-dd}/", KeepLast = 2 };
        Write("b", "other");
        for (int day = 1; day <= 3; day++)
        {
            Write("a", $"content {day}");
            await MirrorAsync();
            S3SyncRequest request = Request with { StartTime = new DateTimeOffset(2026, 3, day, 12, 0, 0, TimeSpan.Zero) };
            string[] before = Everything();
            using RunContext context = RunContext.ForPlan(JobName, new RecordingObserver());
            S3SyncStageResult plan = await S3SyncStage.PlanAsync(request, context, new PlannedSync(null), CancellationToken.None);
            Assert.Equal(before, Everything());

            S3SyncStageResult done = await SyncAsync(request);

            Assert.Equal((2, day == 1 ? 0 : 1, day == 3 ? 1 : 0), (done.Created, done.Copied, done.PrunedSnapshots));
            Assert.Equal(
                (done.KeyPrefix, done.Created, done.Copied, done.PrunedSnapshots, done.TransferredBytes),
                (plan.KeyPrefix, plan.Created, plan.Copied, plan.PrunedSnapshots, plan.TransferredBytes));
            Assert.Equal(
                (done.Requests.Put, done.Requests.Copy, done.Requests.Delete, done.Requests.List),
                (plan.Requests.Put, plan.Requests.Copy, plan.Requests.Delete, plan.Requests.List));
        }
    }

    [SkippableFact]
    public async Task A_job_that_runs_is_not_planned()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("a", "content");
        using JobLock? held = JobLock.TryTake(JobName, "other", DateTimeOffset.Now);

        BackupPlan plan = await PlanUntouchedAsync("locked");

        Assert.Equal(("JobAlreadyRunning", BackupExitCode.AlreadyRunning), (plan.Error!.Id, plan.ExitCode));
    }

    [SkippableFact]
    public async Task A_plan_goes_by_what_the_lock_s_holder_wrote_and_never_opens_the_lock()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Write("a", "content");
        using JobLock? held = JobLock.TryTake(JobName, "other", DateTimeOffset.Now);
        // Whoever looked for the lock itself would find none.
        File.Delete(Path.Combine(StateFolder.PathFor(JobName), "run.lock"));

        BackupPlan plan = await PlanUntouchedAsync("without a lock");

        Assert.Equal("JobAlreadyRunning", plan.Error?.Id);
    }

    private static void AssertSame(string where, BackupPlan plan, BackupResult done)
    {
        Assert.Equal(
            (where, done.Status, done.ExitCode, done.Stage1.Created, done.Stage1.Updated, done.Stage1.Deleted, done.Stage1.Total, done.Stage1.TransferredBytes),
            (where, plan.Status, plan.ExitCode, plan.Stage1.Created, plan.Stage1.Updated, plan.Stage1.Deleted, plan.Stage1.Total, plan.Stage1.TransferredBytes));
        where += $" by {done.Stage2.SyncMode}: {done.Stage2.SyncModeReason}";
        S3SyncStagePlan stage2 = plan.Stage2;
        string planned = $"{stage2.SyncMode}: {stage2.Created} created, {stage2.Updated} updated, {stage2.MetadataChanged} metadata, {stage2.Copied} copied ({stage2.CopiedBytes}), "
            + $"{stage2.Deleted} deleted ({stage2.DeletedBytes}), {stage2.Unchanged} unchanged, {stage2.Total} in all ({stage2.TotalBytes}), {stage2.TransferredBytes} bytes, {stage2.Requests}, {stage2.EstimatedRequestCost}, "
            + $"{stage2.EstimatedStorageChange:0.######} {stage2.EstimatedRetrievalCost:0.######} {stage2.Currency} {stage2.PriceSource}";
        S3SyncStageResult run = done.Stage2;
        string ran = $"{run.SyncMode}: {run.Created} created, {run.Updated} updated, {run.MetadataChanged} metadata, {run.Copied} copied ({run.CopiedBytes}), "
            + $"{run.Deleted} deleted ({run.DeletedBytes}), {run.Unchanged} unchanged, {run.Total} in all ({run.TotalBytes}), {run.TransferredBytes} bytes, {run.Requests}, {run.EstimatedRequestCost}, "
            + $"{run.EstimatedStorageChange:0.######} {run.EstimatedRetrievalCost:0.######} {run.Currency} {run.PriceSource}";
        Assert.Equal($"{where}: {ran}", $"{where}: {planned}");
        Assert.Equal(run.SyncModeReason, stage2.SyncModeReason);
    }

    private async Task<BackupResult> RunJobAsync() => await BackupRunner.RunAsync(
        Job, RunOptions with { Credentials = new S3Credentials(Server.AccessKey, Server.SecretKey) }, new RecordingObserver(), CancellationToken.None);

    /// <summary>The plan; and not a byte, not an attribute changed in the state folder, the source, the mirror or the bucket.</summary>
    private async Task<BackupPlan> PlanUntouchedAsync(string where)
    {
        string[] before = Everything();
        long writes = Writes();

        BackupPlan plan = await BackupPlanner.PlanAsync(
            Job, RunOptions with { Credentials = new S3Credentials(Server.AccessKey, Server.SecretKey) }, new RecordingObserver(), CancellationToken.None);

        string[] after = Everything();
        Assert.True(before.SequenceEqual(after), $"{where}: {string.Join(Environment.NewLine, after.Except(before).Concat(before.Except(after)))}");
        Assert.Equal(writes, Writes());
        return plan;
    }

    private string[] Everything() =>
    [
        .. Tree(StateFolder.PathFor(JobName)), .. Tree(Files.Path),
        .. Server.Store.Objects(BucketName).Select(item => $"{item.Key} {item.ETag} {item.Size} {ExpectedBucket.Text(item.Metadata)}"),
    ];

    private long Writes() => Server.Requests.Total - Server.Requests.ByOperation
        .Where(operation => operation.Key.StartsWith("List", StringComparison.Ordinal) || operation.Key is "GetObject" or "HeadObject")
        .Sum(operation => operation.Value);

    private static IEnumerable<string> Tree(string root)
    {
        if (!Directory.Exists(root))
            return [];
        EnumerationOptions all = new() { AttributesToSkip = 0, RecurseSubdirectories = true, IgnoreInaccessible = false };
        return Directory.EnumerateFileSystemEntries(root, "*", all).Where(path => !path.Contains('\uFFFD', StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(path => $"{path} {FileAttributesReader.Read(path)}");
    }
}
