using System.Diagnostics;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;
using Xunit;
using Xunit.Abstractions;

namespace RsyncS3Backup.Core.Tests.Runs;

[Collection(FakeRsync.Collection)]
public sealed class HistoryTests(ITestOutputHelper output) : LocalJob
{
    private static readonly BackupError SomeError = new()
    {
        Id = "S3AccessDenied",
        Category = BackupErrorCategory.PermissionDenied,
        Message = "denied: é 🙂",
        RecommendedAction = "allow it",
        Target = "key",
        ExitCode = BackupExitCode.Stage2Failed,
        S3ErrorCode = "AccessDenied",
        RequestId = "1",
        RsyncExitCode = 23,
    };

    private RsyncStageResult Stage1 => new()
    {
        Name = Name,
        RunId = "run",
        Status = BackupStatus.SucceededWithWarnings,
        Source = ["/a", "rsync://host/b"],
        Destination = "/mirror",
        Created = 1,
        Updated = 2,
        MetadataChanged = 3,
        Deleted = 4,
        Unchanged = 5,
        Failed = 6,
        Total = 7,
        TotalBytes = 1L << 40,
        TransferredBytes = 9,
        StartTime = Now,
        Duration = TimeSpan.FromSeconds(10),
        RsyncVersion = "3.4.1",
        RsyncExitCode = 24,
        Warnings = ["one", "two"],
        FailedItems = [SomeError],
        LogPath = "/log",
    };

    private S3SyncStageResult Stage2 => new()
    {
        Name = Name,
        RunId = "run",
        Status = BackupStatus.Failed,
        Path = "/mirror",
        BucketName = "bucket",
        KeyPrefix = "rsync/a/",
        StorageClass = "GLACIER_IR",
        SyncMode = S3SyncMode.Catalog,
        SyncModeReason = "why",
        Created = 1,
        Updated = 2,
        MetadataChanged = 3,
        Copied = 4,
        Deleted = 5,
        Unchanged = 6,
        Failed = 7,
        Total = 8,
        TotalBytes = 9,
        TransferredBytes = 10,
        DeletedBytes = 11,
        Requests = new S3RequestCounts { Put = 1, Copy = 2, List = 3, Get = 4, Head = 5, Delete = 6 },
        EstimatedRequestCost = 0.0001m,
        EstimatedListingCost = 1.5m,
        StartTime = Now,
        Duration = TimeSpan.FromTicks(1),
        Error = SomeError,
        LogPath = "/log",
    };

    private static DateTimeOffset Now => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).ToLocalTime();

    [Fact]
    public async Task A_run_knows_the_success_before_it_also_when_that_is_not_read()
    {
        await RunAsync();
        string source = Files["source"];
        Directory.Move(source, source + "-gone");
        await RunAsync();
        Directory.Move(source + "-gone", source);
        await RunAsync();
        await RunAsync();

        IReadOnlyList<BackupRun> runs = History();
        Assert.Equal(
            [runs[1].StartTime, runs[3].StartTime, runs[3].StartTime, null], runs.Select(run => run.LastSuccess));
        Assert.Equal(runs[1].StartTime - runs[3].StartTime, runs[1].Age);
        Assert.Equal(runs[1].LastSuccess, JobHistory.Find(Name)!.Read(since: null, last: 2)[1].LastSuccess);
    }

    [Fact]
    public async Task A_success_that_a_clock_has_put_into_the_future_is_none_yet()
    {
        await RunAsync();
        DateTimeOffset success = History()[0].StartTime;
        JobHistory history = JobHistory.Find(Name)!;

        Assert.Equal(success, history.ReadSuccess(success.AddSeconds(1)).LastSuccess);
        Assert.Null(history.ReadSuccess(success.AddDays(-1)).LastSuccess);
    }

    [Fact]
    public async Task A_run_is_on_record_with_what_it_ran_with()
    {
        BackupResult result = await RunAsync(new BackupRunOptions { PowerShellVersion = "7.4.0" });

        BackupRun run = Assert.Single(History());
        Assert.Equal(
            (Name, result.RunId, BackupStatus.Succeeded, BackupExitCode.Succeeded, false),
            (run.Name, run.RunId, run.Status, run.ExitCode, run.IsInterrupted));
        Assert.Equal(
            (Environment.MachineName, Environment.ProcessId, "7.4.0", result.Stage1.RsyncVersion, result.LogPath),
            (run.HostName, run.ProcessId, run.PowerShellVersion, run.RsyncVersion, run.LogPath));
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+$", run.ModuleVersion);
        Assert.Equal((2L, BackupStatus.Skipped), (run.Stage1?.Created, run.Stage2?.Status));
        Assert.True(run.Duration > TimeSpan.Zero);
    }

    [Fact]
    public async Task Equal_settings_have_equal_hashes()
    {
        await RunAsync();
        await RunAsync();
        Configuration = Configuration with { HistoryRetention = TimeSpan.FromDays(3) };
        await RunAsync();

        IReadOnlyList<BackupRun> runs = History();
        Assert.Equal(runs[1].ConfigurationHash, runs[2].ConfigurationHash);
        Assert.NotEqual(runs[0].ConfigurationHash, runs[1].ConfigurationHash);
        Assert.Equal(64, runs[0].ConfigurationHash!.Length);
    }

    [Fact]
    public async Task What_a_parameter_overrides_for_one_run_changes_no_hash()
    {
        await RunAsync();
        BackupConfiguration configured = Configuration;
        Configuration = Configuration with
        {
            Options = new BackupOptions
            {
                Rsync = Configuration.Options.Rsync with { SyncToS3 = Configuration.Options.Rsync.SyncToS3 with { ThrottleLimit = 3 } },
            },
        };
        await RunAsync(new BackupRunOptions { Configured = configured });

        Assert.Single(History().Select(run => run.ConfigurationHash).Distinct());
    }

    [Fact]
    public void What_both_stages_did_is_read_as_it_was_written()
    {
        Write(Stage1, Stage2);

        BackupRun run = Assert.Single(History());

        Assert.Equal(JsonSerializer.Serialize(Stage1), JsonSerializer.Serialize(run.Stage1));
        Assert.Equal(JsonSerializer.Serialize(Stage2), JsonSerializer.Serialize(run.Stage2));
    }

    [Fact]
    public async Task Both_stages_that_run_one_after_the_other_are_one_run()
    {
        RsyncStageResult stage1 = await BackupRunner.RunStage1Async(
            RsyncStageRequest.From(Configuration), Name, new BackupRunOptions(), Observer, CancellationToken.None);
        Assert.Equal((BackupStatus.Succeeded, null), (History()[0].Status, History()[0].Stage2));

        await BackupRunner.RunStage2Async(Configuration, stage1, new BackupRunOptions(), Observer, CancellationToken.None);

        BackupRun run = Assert.Single(History());
        Assert.Equal((2L, BackupStatus.Skipped, BackupStatus.Succeeded), (run.Stage1?.Created, run.Stage2?.Status, run.Status));
    }

    [Fact]
    public async Task A_run_that_was_refused_is_on_record_and_leaves_the_one_that_is_on_alone()
    {
        RecordingObserver observer = new() { OnVerbose = RunASecondOne };

        await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        Assert.Equal([BackupStatus.Skipped, BackupStatus.Succeeded], History().Select(run => run.Status).Order().Reverse().Cast<BackupStatus>());
        Assert.Equal("JobAlreadyRunning", Assert.Single(History(), run => run.Error is not null).Error!.Id);

        void RunASecondOne(string message)
        {
            if (!message.Contains("mirrors", StringComparison.Ordinal))
                return;
            Assert.Null(Assert.Single(History()).Status);
            RunAsync().GetAwaiter().GetResult();
            Assert.Single(History(), run => run.Status is null);
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_run_that_died_is_failed_and_interrupted_at_once_and_written_down_so_by_the_next()
    {
        using (StageProcess died = StageProcess.Start(Write(FakeRsync.Make(Files, "echo ready; exec sleep 600").Path), "both"))
        {
            await died.WaitForAsync("ready");
            Assert.Null(Assert.Single(History()).Status);
            died.Kill();
            await died.WaitAsync();
        }

        AssertInterrupted(Assert.Single(History()));
        await RunAsync();
        AssertInterrupted(History()[1]);
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        Assert.Equal("0", database.Text("SELECT count(*) FROM run WHERE status IS NULL"));

        static void AssertInterrupted(BackupRun run)
        {
            Assert.Equal((BackupStatus.Failed, true, BackupExitCode.Stage1Failed), (run.Status, run.IsInterrupted, run.ExitCode));
            Assert.Equal(("RunInterrupted", null), (run.Error?.Id, run.Duration));
            Assert.Equal(BackupStatus.Failed, run.Stage1?.Status);
        }
    }

    [Fact]
    public async Task Each_run_forgets_what_is_older_than_the_job_keeps()
    {
        Write(Stage1, Stage2);
        await RunAsync();
        Assert.Equal(2, History().Count);
        Configuration = Configuration with { HistoryRetention = TimeSpan.FromTicks(1) };

        BackupResult last = await RunAsync();

        Assert.Equal(last.RunId, Assert.Single(History()).RunId);
    }

    [Fact]
    public void Runs_are_read_newest_first_and_no_more_than_asked_for()
    {
        WriteMany(20);
        JobHistory history = JobHistory.Find(Name)!;

        Assert.Equal(["19", "18", "17"], history.Read(null, 3).Select(run => run.RunId));
        Assert.Equal(5, history.Read(Now.AddMinutes(15), null).Count);
    }

    [Fact]
    public async Task Histories_of_all_jobs_have_their_jobs_names()
    {
        Configuration = Configuration with { Name = "Ferien / 2026 " + Name };
        await RunAsync();

        Assert.Single(JobHistory.All(), history => history.Name == Name);
        Assert.Null(JobHistory.Find("nosuch"));
    }

    [Fact]
    public void Removed_runs_are_gone_and_the_others_are_not()
    {
        WriteMany(5);

        JobHistory.Find(Name)!.Remove(["1", "3", "nosuch"]);

        Assert.Equal(["4", "2", "0"], History().Select(run => run.RunId));
    }

    [Theory]
    [InlineData("no database at all, but longer than a page of one ")]
    [InlineData("SQLite format 3\0")]
    public async Task A_damaged_history_is_set_aside_and_a_new_one_begins(string start)
    {
        await RunAsync();
        File.WriteAllText(HistoryPath, string.Concat(Enumerable.Repeat(start, 500)));

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Contains(Observer.Warnings, warning => warning.Contains("set aside", StringComparison.Ordinal));
        Assert.Equal(result.RunId, Assert.Single(History()).RunId);
        Assert.Single(Directory.GetFiles(StatePath, HistoryFile.Name + ".damaged-*"));
    }

    [Fact]
    public async Task Damage_that_only_a_reader_meets_is_set_aside_by_the_next_run()
    {
        WriteMany(200);
        using (FileStream file = new(HistoryPath, FileMode.Open))
        {
            // All but the first pages, which hold the schema and what a run looks up.
            byte[] noise = new byte[file.Length];
            new Random(1).NextBytes(noise);
            file.Position = file.Length / 2;
            file.Write(noise, 0, (int)(file.Length - file.Position));
        }

        JobHistory history = JobHistory.Find(Name)!;
        Assert.Equal("HistoryUnreadable", Assert.Throws<BackupException>(() => history.Read(null, null)).Error.Id);

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Equal(result.RunId, Assert.Single(History()).RunId);
    }

    [Fact]
    public async Task Damage_in_the_middle_of_a_run_loses_nothing_of_that_run()
    {
        RecordingObserver observer = new() { OnVerbose = Damage };

        BackupResult result = await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        BackupRun run = Assert.Single(History());
        Assert.Equal((result.RunId, BackupStatus.Succeeded, 2L), (run.RunId, run.Status, run.Stage1?.Created));

        void Damage(string message)
        {
            if (!message.Contains("mirrors", StringComparison.Ordinal))
                return;
            using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
            database.Execute("DROP TABLE run");
        }
    }

    [Fact]
    public async Task Without_a_state_folder_a_run_does_its_work_and_warns()
    {
        Directory.CreateDirectory(StateFolder.Root());
        File.WriteAllText(StatePath, "in the way");

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        Assert.True(File.Exists(MirroredFile));
        Assert.Contains(Observer.Warnings, warning => warning.StartsWith("No lock can be taken", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task With_a_read_only_state_folder_a_run_does_its_work_and_warns()
    {
        using SmallDrive drive = SmallDrive.Mount(StateFolder.ForJob(Name).Path, "1m");
        drive.MakeReadOnly();

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        Assert.True(File.Exists(MirroredFile));
        Assert.Contains(Observer.Warnings, warning => warning.StartsWith("The history of the job cannot be written", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task On_a_full_state_drive_it_is_the_journal_that_stage_1_misses_and_the_history_only_warns()
    {
        using SmallDrive drive = SmallDrive.Mount(StateFolder.ForJob(Name).Path, "1m");
        Fill();

        BackupResult result = await RunAsync();

        Assert.Equal("JournalNotWritten", result.Error?.Id);
        Assert.Single(Observer.Warnings, warning => warning.StartsWith("The history of the job cannot be written", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_state_drive_that_fills_up_during_a_run_stops_no_run()
    {
        using SmallDrive drive = SmallDrive.Mount(StateFolder.ForJob(Name).Path, "1m");
        RecordingObserver observer = new() { OnVerbose = message => FillAt(message) };

        BackupResult result = await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        Assert.NotEqual(BackupStatus.Failed, result.Status);
        Assert.True(File.Exists(MirroredFile));
        Assert.Single(observer.Warnings, warning => warning.StartsWith("The history of the job cannot be written", StringComparison.Ordinal));

        void FillAt(string message)
        {
            if (message.Contains("mirrors", StringComparison.Ordinal))
                Fill();
        }
    }

    [Fact]
    public async Task The_history_is_readable_by_its_user_only()
    {
        await RunAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(HistoryPath));
    }

    /// <summary>Prints; the numbers are for people.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_lock_and_history_cost_is_printed()
    {
        WriteMany(1_000);
        JobHistory.Find(Name)!.Read(null, 1);
        long started = Stopwatch.GetTimestamp();
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        IReadOnlyList<BackupRun> runs = JobHistory.Find(Name)!.Read(null, null);
        output.WriteLine($"{runs.Count} runs read in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F1} ms, "
            + $"{(Environment.CpuUsage.TotalTime - processor).TotalMilliseconds:F1} ms of processor time");
        Assert.Equal(1_000, runs.Count);

        using RunContext context = RunContext.Start(Name, SilentObserver.Instance);
        started = Stopwatch.GetTimestamp();
        processor = Environment.CpuUsage.TotalTime;
        using (JobRun job = await JobRun.StartAsync(context, new RunRequest(1, Configuration, new BackupRunOptions()), CancellationToken.None))
        {
            job.Ended(Stage1 with { RunId = context.RunId });
            job.Stage2Starts();
            job.Ended(Stage2 with { RunId = context.RunId });
        }

        output.WriteLine($"lock and history of one run: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F1} ms, "
            + $"{(Environment.CpuUsage.TotalTime - processor).TotalMilliseconds:F1} ms of processor time");
        JobHistory.Find(Name)!.Remove([context.RunId]);
    }

    private void Fill()
    {
        try
        {
            using FileStream file = new(Path.Combine(StatePath, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            byte[] block = new byte[4096];
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private void Write(RsyncStageResult stage1, S3SyncStageResult stage2)
    {
        RunHeader header = new() { Name = Name, RunId = stage1.RunId, Started = stage1.StartTime, Stage = 1, LogPath = "/log" };
        using HistoryWriter writer = HistoryWriter.Begin(header, ownsJob: false, message => Assert.Fail(message));
        writer.Ended(stage1);
        writer.Ended(stage2);
        writer.End(stage1.RunId, BackupStatus.Failed, BackupExitCode.Stage2Failed, DateTimeOffset.MinValue);
    }

    /// <summary>Runs 0 to <paramref name="count"/> - 1, a minute apart, as if each had run.</summary>
    private void WriteMany(int count)
    {
        RunHeader header = new() { Name = Name, RunId = "first", Started = Now, Stage = 1 };
        using (HistoryWriter writer = HistoryWriter.Begin(header, ownsJob: false, message => Assert.Fail(message)))
            writer.End("first", BackupStatus.Succeeded, BackupExitCode.Succeeded, DateTimeOffset.MinValue);
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        database.Transaction(isDurable: false, () =>
        {
            using SqliteStatement insert = database.Prepare(
                "INSERT INTO run(run_id, name, started, ended, status, is_interrupted, exit_code, stage, process_id, host, began, module_version, "
                + "powershell_version, configuration_path, configuration_hash, log_path) SELECT ?1, name, started + ?2, started + ?2 + 600000000, status, 0, 0, 1, process_id, host, began, "
                + "module_version, powershell_version, '/etc/backup/photos.json', hex(zeroblob(32)), log_path FROM run WHERE run_id='first'");
            for (int number = 0; number < count; number++)
            {
                string runId = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
                insert.Bind(1, runId).Bind(2, number * TimeSpan.TicksPerMinute).Run();
                HistoryRows.Store(database, Stage1 with { RunId = runId, Warnings = [], FailedItems = [] });
                HistoryRows.Store(database, Stage2 with { RunId = runId, Error = number % 10 == 0 ? SomeError : null });
            }

            HistoryRows.Remove(database, ["first"]);
        });
    }
}
