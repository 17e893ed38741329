using System.Diagnostics;
using System.Globalization;
using RsyncS3Backup;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;

namespace Benchmarks;

/// <summary>What the history costs: to read many runs, beside a plain read of the same file, and what lock and history add to a run.</summary>
internal static class HistoryBenchmark
{
    private const int Rounds = 5;
    private const string Job = "history";

    public static void Run(Workplace workplace, int runs)
    {
        string state = Path.Combine(workplace.Root, "history-state");
        Environment.SetEnvironmentVariable(StateFolder.EnvironmentVariable, state);
        Write(runs);
        Console.WriteLine(Line($"{Environment.NewLine}History of {runs:N0} runs"));
        double plain = Best(() => Plain());
        double core = Best(() => JobHistory.Find(Job)!.Read(null, null));
        Console.WriteLine(Line($"    plain read of the file     {plain,8:0.0} ms"));
        Console.WriteLine(Line($"    as objects                 {core,8:0.0} ms   {core / plain,6:0.0} × the plain read"));
        string script = $$"""
            Import-Module '{{Engine.Manifest}}'
            foreach ($round in 1..{{Rounds}}) {
                $watch = [Diagnostics.Stopwatch]::StartNew()
                $runs = Get-BackupHistory {{Job}}
                $all = $watch.Elapsed.TotalMilliseconds
                $watch.Restart()
                $last = Get-BackupHistory {{Job}} -Last 10
                [string]::Format([cultureinfo]::InvariantCulture, '{0:0.0} {1:0.0}', $all, $watch.Elapsed.TotalMilliseconds)
            }
            """;
        string[] lines = Engine.RunInNewProcess(script, new Dictionary<string, string> { [StateFolder.EnvironmentVariable] = state });
        double[][] times = [.. lines.Select(line => line.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray())];
        Show("Get-BackupHistory", times[0][0], times.Skip(1).Min(pair => pair[0]), limit: runs <= 10_000 ? 200 : null);
        Show("Get-BackupHistory -Last 10", times[0][1], times.Skip(1).Min(pair => pair[1]), limit: null);
        double[] around = [.. Enumerable.Range(0, Rounds).Select(_ => Time(AroundARun))];
        Show("lock and history of a run", around[0], around.Skip(1).Min(), limit: 50);
    }

    private static void Write(int runs)
    {
        for (int number = 0; number < runs; number += 1000)
        {
            RunHeader header = new() { Name = Job, RunId = "first", Started = DateTimeOffset.UnixEpoch, Stage = 1 };
            using (HistoryWriter writer = HistoryWriter.Begin(header, ownsJob: false, Console.WriteLine))
                writer.End("first", BackupStatus.Succeeded, BackupExitCode.Succeeded, DateTimeOffset.MinValue);
            using SqliteDatabase database = SqliteDatabase.Open(Path.Combine(StateFolder.ForJob(Job).Path, HistoryFile.Name));
            int from = number;
            database.Transaction(isDurable: false, () =>
            {
                using SqliteStatement insert = database.Prepare(
                    "INSERT INTO run(run_id, name, started, ended, status, is_interrupted, exit_code, stage, process_id, host, began, module_version, "
                + "powershell_version, configuration_path, configuration_hash, log_path) SELECT ?1, name, started + ?2, started + ?2 + 600000000, status, 0, 0, 1, process_id, host, began, "
                    + "module_version, powershell_version, '/etc/backup/photos.json', hex(zeroblob(32)), log_path FROM run WHERE run_id='first'");
                for (int run = from; run < Math.Min(runs, from + 1000); run++)
                {
                    string runId = run.ToString("D9", CultureInfo.InvariantCulture);
                    insert.Bind(1, runId).Bind(2, run * TimeSpan.TicksPerMinute).Run();
                    HistoryRows.Store(database, Stage1(runId));
                    HistoryRows.Store(database, Stage2(runId));
                }

                HistoryRows.Remove(database, ["first"]);
            });
        }
    }

    /// <summary>Every cell.</summary>
    private static long Plain()
    {
        using SqliteDatabase database = SqliteDatabase.Open(Path.Combine(StateFolder.ForJob(Job).Path, HistoryFile.Name));
        long characters = 0;
        foreach ((string table, int columns) in ((string, int)[])[("run", 23)])
        {
            using SqliteStatement statement = database.Prepare($"SELECT * FROM {table}");
            while (statement.Step())
            {
                for (int column = 0; column < columns; column++)
                    characters += statement.TextOrNull(column)?.Length ?? 0;
            }
        }

        return characters;
    }

    private static void AroundARun()
    {
        using RunContext context = RunContext.Start(Job, SilentObserver.Instance);
        using JobRun job = JobRun.StartAsync(context, new RunRequest(1, null, new BackupRunOptions { }), CancellationToken.None).GetAwaiter().GetResult();
        job.Ended(Stage1(context.RunId));
        job.Stage2Starts();
        job.Ended(Stage2(context.RunId));
    }

    private static RsyncStageResult Stage1(string runId) => new()
    {
        Name = Job,
        RunId = runId,
        Status = BackupStatus.Succeeded,
        Source = ["/data/photos"],
        Destination = "/mnt/backup/photos",
        Created = 12,
        Total = 123_456,
        TotalBytes = 1L << 40,
        RsyncVersion = "3.4.1",
        RsyncExitCode = 0,
        StartTime = DateTimeOffset.UnixEpoch,
    };

    private static S3SyncStageResult Stage2(string runId) => new()
    {
        Name = Job,
        RunId = runId,
        Status = BackupStatus.Succeeded,
        Path = "/mnt/backup/photos",
        BucketName = "my-backups",
        KeyPrefix = "rsync/photos/",
        SyncMode = S3SyncMode.Journal,
        SyncModeReason = "Stage 1 of the job ran right before.",
        Created = 12,
        Total = 123_456,
        Requests = new S3RequestCounts { Put = 12 },
        EstimatedRequestCost = 0.00006m,
        StartTime = DateTimeOffset.UnixEpoch,
        Attempts = 1,
    };

    private static double Best<T>(Func<T> work) => Enumerable.Range(0, Rounds).Min(_ => Time(() => work()));

    private static double Time(Action work)
    {
        long started = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static void Show(string name, double fresh, double warm, double? limit) => Console.WriteLine(Line(
        $"    {name,-26} {warm,8:0.0} ms   fresh {fresh,8:0.0} ms{(limit is { } most && warm > most ? $"   over {most} ms" : "")}"));

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
