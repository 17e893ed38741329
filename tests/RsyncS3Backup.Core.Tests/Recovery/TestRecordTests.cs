using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Tests of a job's copies in the job's history.</summary>
public sealed class TestRecordTests : SyncHarness
{
    // What a module without tests of copies wrote: its schema, and one run.
    private const string EarlierHistory = """
        CREATE TABLE run(run_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, status TEXT, is_interrupted INTEGER NOT NULL, exit_code INTEGER, stage INTEGER NOT NULL, process_id INTEGER NOT NULL, host TEXT NOT NULL, began INTEGER NOT NULL, module_version TEXT, powershell_version TEXT, configuration_path TEXT, configuration_hash TEXT, log_path TEXT) WITHOUT ROWID;
        CREATE INDEX run_started ON run(started);
        CREATE TABLE stage(run_id TEXT NOT NULL, stage INTEGER NOT NULL, status TEXT NOT NULL, numbers TEXT NOT NULL, skipped_reason TEXT, mirror TEXT NOT NULL, problems TEXT, sources TEXT, rsync_version TEXT, rsync_exit_code INTEGER, bucket TEXT, key_prefix TEXT, storage_class TEXT, sync_mode TEXT, sync_mode_reason TEXT, PRIMARY KEY(run_id, stage)) WITHOUT ROWID;
        PRAGMA user_version=1;
        INSERT INTO run VALUES('20260101T000000Z-000000', 'earlier', 639028224000000000, 639028224100000000, 'Succeeded', 0, 0, 1, 1, 'nas', 639028224000000000, '0.1.0', '7.4.0', NULL, NULL, NULL);
        INSERT INTO stage(run_id, stage, status, numbers, mirror) VALUES('20260101T000000Z-000000', 1, 'Succeeded', '[639028224000000000,10000000,1,2,3,4,5,6,7,8,9]', '/mirror');
        """;

    private static readonly BackupTestLevel[] Levels = Enum.GetValues<BackupTestLevel>();
    private readonly RecordingObserver observer = new();

    private string HistoryPath => Path.Combine(StateFolder.ForJob(JobName).Path, HistoryFile.Name);

    private BackupConfiguration Job => new()
    {
        Name = JobName,
        Path = "/etc/job.json",
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Destination,
    };

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_test_is_on_record_as_its_result_was()
    {
        await BackUpAsync();
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        Write("b.txt", "beta, newer");
        await MirrorAsync();
        foreach (BackupTestLevel level in Levels)
        {
            BackupTestResult result = await TestAsync(request => request with
            {
                Level = level,
                SamplePercent = 50.5,
                Seed = -1,
                Paths = ["*.txt"],
                PowerShellVersion = "7.4.0",
            });

            BackupRun run = Tests()[0];

            Assert.Equal((1L, 1L), (result.DifferenceCounts.MissingInS3, result.DifferenceCounts.NotYetSent));
            Assert.Equal(
                (BackupRunKind.Test, result.RunId, BackupStatus.Failed, BackupExitCode.DifferencesFound, false, null, null),
                (run.Kind, run.RunId, run.Status, run.ExitCode, run.IsInterrupted, run.Stage1, run.Stage2));
            Assert.Equal(("/etc/job.json", "7.4.0", result.LogPath), (run.ConfigurationPath, run.PowerShellVersion, run.LogPath));
            Assert.True(run.Duration > TimeSpan.Zero);
            Assert.Equal(result.Error, run.Error);
            // Lists are equal by what is in them only when they are looked at.
            Assert.Equal(result.Paths, run.Test!.Paths);
            Assert.Equal(result with { Paths = [], FailedItems = [], Warnings = [] }, run.Test with { Paths = [], FailedItems = [], Warnings = [] });
        }
    }

    [Fact]
    public async Task What_a_test_could_not_look_at_and_its_warnings_are_on_record()
    {
        await BackUpAsync();
        BackupTestResult result = await TestAsync();
        BackupError item = new()
        {
            Id = "FileUnreadable",
            Category = BackupErrorCategory.ReadError,
            Message = "é 🙂",
            RecommendedAction = "look",
            Target = "a",
            ExitCode = BackupExitCode.DifferencesFound,
        };
        using (SqliteDatabase database = SqliteDatabase.Open(HistoryPath))
        {
            BackupTestResult changed = result with { Failed = 30, FailedItems = [.. Enumerable.Repeat(item, 30)], Warnings = ["one", "two"] };
            HistoryRows.Store(database, changed);
        }

        BackupTestResult read = Tests()[0].Test!;

        Assert.Equal((30, 10), (read.Failed, read.FailedItems.Count));
        Assert.All(read.FailedItems, found => Assert.Equal(item, found));
        Assert.Equal(["one", "two"], read.Warnings);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_test_is_no_run_of_the_job_unless_it_is_asked_for()
    {
        await BackUpAsync();
        await TestAsync();

        Assert.Empty(History(BackupRunKind.Backup));
        Assert.Single(History(null));
        Assert.Empty(JobHistory.Find(JobName)!.Read(since: null, last: null));
    }

    [Fact]
    public async Task A_test_that_is_stopped_is_on_record_as_cancelled()
    {
        await BackUpAsync();
        using CancellationTokenSource stop = new();
        BackupTestResult result = await BackupTest.RunAsync(
            Request() with { Level = BackupTestLevel.Full }, new RecordingObserver { OnVerbose = _ => stop.Cancel() }, _ => { }, stop.Token);

        BackupRun run = Assert.Single(Tests());

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.Equal((BackupStatus.Cancelled, false, "TestCancelled"), (run.Status, run.IsInterrupted, run.Error?.Id));
    }

    [Fact]
    public async Task A_test_whose_process_died_is_cancelled_and_interrupted_at_once_and_written_down_so_by_the_next()
    {
        await BackUpAsync();
        await TestAsync();
        ForgetEnd();

        AssertInterrupted(Assert.Single(Tests()));
        await TestAsync();
        AssertInterrupted(Tests()[1]);
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        Assert.Equal("0", database.Text("SELECT count(*) FROM run WHERE status IS NULL"));

        static void AssertInterrupted(BackupRun run) => Assert.Equal(
            (BackupStatus.Cancelled, true, BackupExitCode.DifferencesFound), (run.Status, run.IsInterrupted, run.ExitCode));
    }

    [Fact]
    public async Task A_test_that_is_on_is_on_record_without_an_end()
    {
        await BackUpAsync();
        List<BackupRun> seen = [];
        RecordingObserver looking = new()
        {
            OnVerbose = message =>
            {
                if (message.StartsWith("Testing", StringComparison.Ordinal))
                    seen.AddRange(Tests());
            },
        };

        await BackupTest.RunAsync(Request(), looking, _ => { }, CancellationToken.None);

        Assert.Equal((null, null, BackupRunKind.Test), Assert.Single(seen) is var run ? (run.Status, run.Test, run.Kind) : default);
    }

    [Fact]
    public async Task What_died_says_so_and_how_thorough_it_was_to_be()
    {
        await BackUpAsync();
        using (RunContext context = RunContext.Start(JobName, observer))
        {
            BackupTestRequest request = Request() with { Level = BackupTestLevel.Checksums, Paths = ["a*"] };
            TestRecord.Begin(Job, request, context, DateTimeOffset.Now, ownsJob: true).Dispose();
        }

        ForgetEnd();

        BackupRun run = Assert.Single(Tests());
        Assert.Equal(("RunInterrupted", BackupTestLevel.Checksums), (run.Error?.Id, run.Test!.Level));
        Assert.Equal(["a*"], run.Test.Paths);
    }

    [Fact]
    public async Task A_test_that_the_lock_refused_is_on_record_beside_the_run_that_holds_it()
    {
        await BackUpAsync();
        using (JobLock.TryTake(JobName, "another", DateTimeOffset.Now))
            Assert.Equal("JobAlreadyRunning", (await TestAsync()).Error?.Id);

        Assert.Equal((BackupStatus.Failed, BackupExitCode.AlreadyRunning), Assert.Single(Tests()) is var run ? (run.Status, run.ExitCode) : default);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_bucket_alone_leaves_no_record()
    {
        await BackUpAsync();

        await BackupTest.RunAsync(new BackupTestRequest { S3 = base.Request with { MirrorPath = "" } }, observer, _ => { }, CancellationToken.None);

        Assert.Null(JobHistory.Find(JobName));
        Assert.Null(JobHistory.Find(BucketName));
    }

    [Fact]
    public async Task A_test_forgets_what_is_older_than_the_job_keeps()
    {
        await BackUpAsync();
        await TestAsync();
        using (SqliteDatabase database = SqliteDatabase.Open(HistoryPath))
            database.Execute("UPDATE run SET started = started - 864000000000 * 5");

        await TestAsync();
        Assert.Equal(2, Tests().Count);
        await BackupTest.RunAsync(
            Request() with { Configuration = Job with { HistoryRetention = TimeSpan.FromDays(3) } }, observer, _ => { }, CancellationToken.None);

        Assert.Equal(2, Tests().Count);
        Assert.All(Tests(), run => Assert.True(run.StartTime > DateTimeOffset.Now.AddDays(-1)));
    }

    [SkippableFact]
    public async Task A_history_that_cannot_be_written_is_a_warning_and_no_failure_of_the_test()
    {
        await BackUpAsync();
        await TestAsync();
        using SmallDrive drive = SmallDrive.Mount(StateFolder.ForJob(JobName).Path, "1m");
        drive.MakeReadOnly();

        BackupTestResult result = await TestAsync();

        Assert.Null(result.Error);
        Assert.Contains(observer.Warnings, warning => warning.StartsWith("The history of the job cannot be written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_history_of_before_there_were_tests_is_read_and_goes_on()
    {
        await BackUpAsync();
        File.Create(HistoryPath).Dispose();
        using (SqliteDatabase database = SqliteDatabase.Open(HistoryPath))
        {
            foreach (string statement in EarlierHistory.Split('\n'))
                database.Execute(statement);
        }

        BackupRun earlier = Assert.Single(History(BackupRunKind.Backup));
        Assert.Equal((BackupRunKind.Backup, BackupStatus.Succeeded, 9L), (earlier.Kind, earlier.Status, earlier.Stage1?.TransferredBytes));
        Assert.Empty(Tests());
        await TestAsync();

        Assert.Equal([BackupRunKind.Test, BackupRunKind.Backup], History(null).Select(run => run.Kind));
        Assert.Empty(observer.Warnings);
    }

    [Fact]
    public async Task A_repair_is_on_record_with_what_it_repaired()
    {
        await BackUpAsync();
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        RepairWish[] wishes = [new("a.txt", BackupCopy.Local), new("b.txt", BackupCopy.Local)];

        await BackupRepairs.RunAsync(Request() with { PowerShellVersion = "7.6.0" }, wishes, observer, _ => { }, CancellationToken.None);

        BackupRun run = Assert.Single(History(BackupRunKind.Repair));
        BackupRepairResult repair = run.Repair!;
        Assert.Equal((BackupStatus.Succeeded, BackupExitCode.Succeeded, "7.6.0", "/etc/job.json"),
            (run.Status, run.ExitCode, run.PowerShellVersion, run.ConfigurationPath));
        Assert.Equal((BackupStatus.Succeeded, 2L, 0L, 1L, 1L, 0L), (repair.Status, repair.Total, repair.RepairedInMirror, repair.RepairedInS3, repair.Skipped, repair.Failed));
        Assert.Equal(("alpha".Length, Mirror, BucketName, BackupTestLevel.Quick), (repair.RepairedBytes, repair.Path, repair.BucketName, repair.Level));
        Assert.Empty(Tests());
    }

    [Fact]
    public async Task A_repair_that_cannot_go_on_is_on_record_as_failed()
    {
        await BackUpAsync();
        BackupTestRequest lost = Request();
        lost = lost with { S3 = lost.S3! with { Destination = Destination with { Bucket = "nosuch" } } };

        await Assert.ThrowsAsync<BackupException>(
            () => BackupRepairs.RunAsync(lost, [new RepairWish("a.txt", BackupCopy.Local)], observer, _ => { }, CancellationToken.None));

        BackupRun run = Assert.Single(History(BackupRunKind.Repair));
        Assert.Equal((BackupStatus.Failed, BackupExitCode.DifferencesFound, "S3BucketNotFound"), (run.Status, run.ExitCode, run.Error?.Id));
    }

    private IReadOnlyList<BackupRun> Tests() => History(BackupRunKind.Test);

    private IReadOnlyList<BackupRun> History(BackupRunKind? kind) => JobHistory.Find(JobName)!.Read(since: null, last: null, kind);

    // As if the process had been killed: no process has such a number.
    private void ForgetEnd()
    {
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        database.Execute($"UPDATE run SET ended = NULL, status = NULL, exit_code = NULL, process_id = {int.MaxValue}");
    }

    private new BackupTestRequest Request() => new() { Configuration = Job, S3 = base.Request, Level = BackupTestLevel.Quick };

    private Task<BackupTestResult> TestAsync(Func<BackupTestRequest, BackupTestRequest>? change = null) =>
        BackupTest.RunAsync(change?.Invoke(Request()) ?? Request(), observer, _ => { }, CancellationToken.None);

    private async Task BackUpAsync()
    {
        Write("a.txt", "alpha");
        Write("b.txt", "beta");
        S3SyncStageResult result = await RunAsync();
        Assert.Equal(BackupStatus.Succeeded, result.Status);
    }
}
