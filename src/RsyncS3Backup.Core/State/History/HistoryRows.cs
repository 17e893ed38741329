using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Runs as rows of a history: found, removed, written and read with what they did.</summary>
internal static class HistoryRows
{
    /// <summary>What is read of a run, in this order.</summary>
    public const string Columns = "run_id, name, kind, started, ended, status, is_interrupted, exit_code, "
        + "stage, process_id, host, began, module_version, powershell_version, configuration_path, configuration_hash, "
        + "log_path, stage1, stage2, hooks, notifications, test, repair";

    // Of failed items the first few, so that a history of years stays small; the run's log has all.
    private const int FailedItems = 10;

    /// <summary>Stores what stage 1 did.</summary>
    public static void Store(SqliteDatabase database, RsyncStageResult stage) =>
        Store(database, stage.RunId, "stage1", HistoryJson.Write(stage with { FailedItems = First(stage.FailedItems) }));

    /// <summary>Stores what stage 2 did.</summary>
    public static void Store(SqliteDatabase database, S3SyncStageResult stage)
    {
        // The stage may run again in the same run.
        HistoryTotals.Keep(database, [stage.RunId]);
        Store(database, stage.RunId, "stage2", HistoryJson.Write(stage with { FailedItems = First(stage.FailedItems) }));
    }

    /// <summary>Stores what a test found.</summary>
    public static void Store(SqliteDatabase database, BackupTestResult test) =>
        Store(database, test.RunId, "test", HistoryJson.Write(test with { FailedItems = First(test.FailedItems) }));

    /// <summary>Stores what a repair did.</summary>
    public static void Store(SqliteDatabase database, BackupRepairResult repair) =>
        Store(database, repair.RunId, "repair", HistoryJson.Write(repair with { FailedItems = First(repair.FailedItems) }));

    /// <summary>Stores what was around the stages of a run.</summary>
    public static void Store(SqliteDatabase database, BackupResult result)
    {
        if (result.Hooks.Count > 0)
            Store(database, result.RunId, "hooks", HistoryJson.Write(result.Hooks));
        if (result.Notifications.Count > 0)
            Store(database, result.RunId, "notifications", HistoryJson.Write(result.Notifications));
    }

    /// <summary>When the oldest backup started; null when there was none.</summary>
    public static DateTimeOffset? FirstStart(SqliteDatabase database)
    {
        using SqliteStatement statement = database.Prepare(
            $"SELECT started FROM run WHERE kind='{nameof(BackupRunKind.Backup)}' ORDER BY started LIMIT 1");
        return statement.Step() ? Time(statement.Int64(0)) : null;
    }

    /// <summary>All runs.</summary>
    public static HashSet<string> RunIds(SqliteDatabase database)
    {
        using SqliteStatement statement = database.Prepare("SELECT run_id FROM run");
        HashSet<string> found = new(StringComparer.Ordinal);
        while (statement.Step())
            found.Add(statement.Text(0));
        return found;
    }

    /// <summary>True when no other run began on that day (UTC) or after it.</summary>
    public static bool IsFirstOfDay(SqliteDatabase database, string runId, DateTime day)
    {
        using SqliteStatement statement = database.Prepare("SELECT 1 FROM run WHERE started >= ?1 AND run_id <> ?2 LIMIT 1");
        statement.Bind(1, day.Ticks).Bind(2, runId);
        return !statement.Step();
    }

    /// <summary>Removes runs that started before a time, all but one.</summary>
    /// <returns>Those that were removed.</returns>
    public static IReadOnlyList<string> Remove(SqliteDatabase database, DateTimeOffset before, string except)
    {
        const string which = "started < ?1 AND run_id <> ?2";
        List<string> removed = [];
        using (SqliteStatement select = database.Prepare($"SELECT run_id FROM run WHERE {which}"))
        {
            select.Bind(1, before.UtcTicks).Bind(2, except);
            while (select.Step())
                removed.Add(select.Text(0));
        }

        if (removed.Count == 0)
            return removed;
        HistoryTotals.Keep(database, removed);
        using SqliteStatement statement = database.Prepare($"DELETE FROM run WHERE {which}");
        statement.Bind(1, before.UtcTicks).Bind(2, except).Run();
        return removed;
    }

    /// <summary>Removes some runs.</summary>
    public static void Remove(SqliteDatabase database, IReadOnlyCollection<string> runIds)
    {
        HistoryTotals.Keep(database, runIds);
        using SqliteStatement run = database.Prepare("DELETE FROM run WHERE run_id=?1");
        foreach (string runId in runIds)
            run.Bind(1, runId).Run();
    }

    private static readonly string Began =
        $"AND NOT (COALESCE(status, '') = '{nameof(BackupStatus.Skipped)}' AND COALESCE(exit_code, 0) = {(int)BackupExitCode.AlreadyRunning}) ";

    /// <summary>Runs, newest first.</summary>
    /// <param name="database">The history.</param>
    /// <param name="since">Leaves out what started before; null: nothing.</param>
    /// <param name="last">How many at most; null: all.</param>
    /// <param name="kinds">Only those; none: all.</param>
    /// <exception cref="SqliteException">A run makes no sense, or cannot be read.</exception>
    public static List<BackupRun> Read(
        SqliteDatabase database, DateTimeOffset? since, int? last, params IReadOnlyCollection<BackupRunKind> kinds) =>
        Read(database, since, last, withRefused: true, kinds);

    /// <summary>Likewise, without those that never began because another run of the job was on.</summary>
    public static List<BackupRun> Read(
        SqliteDatabase database, DateTimeOffset? since, int? last, bool withRefused, params IReadOnlyCollection<BackupRunKind> kinds)
    {
        List<BackupRun> runs = ReadWhere(database, OfKinds(kinds) + (withRefused ? "" : Began), since, last);
        AddLastSuccess(database, runs);
        return runs;
    }

    /// <summary>The run of that id; null when there is none.</summary>
    /// <exception cref="SqliteException">The run makes no sense, or cannot be read.</exception>
    public static BackupRun? Find(SqliteDatabase database, string runId) =>
        ReadWhere(database, "AND run_id=?3 ", since: null, last: 1, runId) is [{ } run] ? run : null;

    /// <summary>The newest test that restored something and found everything well; null when there was none.</summary>
    public static BackupTestResult? LastRestoreTest(SqliteDatabase database) => ReadWhere(
        database,
        OfKinds([BackupRunKind.Test]) + $"AND status IN ('{nameof(BackupStatus.Succeeded)}', '{nameof(BackupStatus.SucceededWithWarnings)}') "
            + $"AND test->>'$.level'='{nameof(BackupTestLevel.Restore)}' AND coalesce(test->>'$.restored', 0) > 0 ",
        since: null, last: 1) is [{ Test: { } test }] ? test : null;

    /// <summary>The newest tests of a level, newest first.</summary>
    public static IReadOnlyList<BackupTestResult> Tests(SqliteDatabase database, BackupTestLevel level, int last) =>
    [
        .. ReadWhere(database, OfKinds([BackupRunKind.Test]) + $"AND test->>'$.level'='{level}' ", since: null, last)
            .Select(run => run.Test).OfType<BackupTestResult>(),
    ];

    // Words of ours, so nothing needs to be escaped.
    private static string OfKinds(IReadOnlyCollection<BackupRunKind> kinds) =>
        kinds.Count == 0 ? "" : $"AND kind IN ('{string.Join("', '", kinds)}') ";

    private static List<BackupRun> ReadWhere(SqliteDatabase database, string which, DateTimeOffset? since, int? last, string? runId = null)
    {
        using SqliteStatement statement = database.Prepare(
            $"SELECT {Columns} FROM run WHERE started >= ?1 {which}ORDER BY started DESC, run_id DESC LIMIT ?2");
        statement.Bind(1, since?.UtcTicks ?? 0).Bind(2, last ?? -1);
        if (runId is not null)
            statement.Bind(3, runId);
        List<BackupRun> runs = [];
        try
        {
            while (statement.Step())
            {
                BackupRun run = ReadRun(statement, out int stage, out DateTimeOffset began);
                runs.Add(UnfinishedRun.Settle(run, stage, began));
            }
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            throw SqliteException.Damaged("A run in the history makes no sense: " + exception.Message);
        }

        return runs;
    }

    private static void AddLastSuccess(SqliteDatabase database, List<BackupRun> newestFirst)
    {
        int oldest = newestFirst.FindLastIndex(run => run.Kind == BackupRunKind.Backup);
        if (oldest < 0)
            return;
        DateTimeOffset? last = HistoryFigures.SuccessBefore(database, newestFirst[oldest].StartTime);
        for (int index = oldest; index >= 0; index--)
        {
            BackupRun run = newestFirst[index];
            if (run.Kind != BackupRunKind.Backup)
                continue;
            newestFirst[index] = run with { LastSuccess = last };
            if (HistoryFigures.DidAllOfJob(run))
                last = run.StartTime;
        }
    }

    /// <summary>A time as this machine tells it.</summary>
    public static DateTimeOffset Time(long ticks) => new DateTimeOffset(ticks, TimeSpan.Zero).ToLocalTime();

    private static IReadOnlyList<BackupError> First(IReadOnlyList<BackupError> items) =>
        items.Count <= FailedItems ? items : [.. items.Take(FailedItems)];

    private static void Store(SqliteDatabase database, string runId, string column, string json)
    {
        using SqliteStatement statement = database.Prepare($"UPDATE run SET {column}=?2 WHERE run_id=?1");
        statement.Bind(1, runId).Bind(2, json).Run();
    }

    private static BackupRun ReadRun(SqliteStatement statement, out int stage, out DateTimeOffset began)
    {
        RowReader row = new(statement);
        string runId = row.Text()!;
        string name = row.Text()!;
        BackupRunKind kind = Enum.Parse<BackupRunKind>(row.Text()!);
        long started = row.Number();
        long? ended = row.NumberOrNull();
        BackupStatus? status = row.Text() is { } word ? Enum.Parse<BackupStatus>(word) : null;
        bool isInterrupted = row.Number() != 0;
        long? exitCode = row.NumberOrNull();
        stage = (int)row.Number();
        long processId = row.Number();
        string host = row.Text()!;
        began = Time(row.Number());
        BackupRun run = new()
        {
            RunId = runId,
            Name = name,
            Kind = kind,
            StartTime = Time(started),
            Duration = ended is { } end ? TimeSpan.FromTicks(Math.Max(0, end - started)) : null,
            Status = status,
            IsInterrupted = isInterrupted,
            ExitCode = (BackupExitCode?)exitCode,
            ProcessId = processId,
            HostName = host,
            ModuleVersion = row.Text(),
            PowerShellVersion = row.Text(),
            ConfigurationPath = row.Text(),
            ConfigurationHash = row.Text(),
            LogPath = row.Text(),
        };
        return run with
        {
            Stage1 = Of(run, HistoryJson.Read<RsyncStageResult>(row.Bytes())),
            Stage2 = Of(run, HistoryJson.Read<S3SyncStageResult>(row.Bytes())),
            Hooks = HistoryJson.Read<IReadOnlyList<BackupHookResult>>(row.Bytes()) ?? [],
            Notifications = Of(run, HistoryJson.Read<IReadOnlyList<NotificationResult>>(row.Bytes()) ?? []),
            Test = Of(run, HistoryJson.Read<BackupTestResult>(row.Bytes())),
            Repair = Of(run, HistoryJson.Read<BackupRepairResult>(row.Bytes())),
        };
    }

    // With what its run says, and without a list that is null: where JSON has no list, none is set, whatever the class begins
    // with.
    private static RsyncStageResult? Of(BackupRun run, RsyncStageResult? stage) => stage is null ? null : stage with
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        LogPath = run.LogPath,
        Source = stage.Source ?? [],
        FailedItems = stage.FailedItems ?? [],
        Warnings = stage.Warnings ?? [],
    };

    private static S3SyncStageResult? Of(BackupRun run, S3SyncStageResult? stage) => stage is null ? null : stage with
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        LogPath = run.LogPath,
        KeyPrefix = stage.KeyPrefix ?? "",
        StorageClass = stage.StorageClass ?? "",
        Requests = stage.Requests ?? new S3RequestCounts(),
        PrunedPrefixes = stage.PrunedPrefixes ?? [],
        StoreLacks = stage.StoreLacks ?? [],
        FailedItems = stage.FailedItems ?? [],
        Warnings = stage.Warnings ?? [],
    };

    private static BackupTestResult? Of(BackupRun run, BackupTestResult? test) => test is null ? null : test with
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        LogPath = run.LogPath,
        Paths = test.Paths ?? [],
        DifferenceCounts = test.DifferenceCounts ?? new BackupDifferenceCounts(),
        Requests = test.Requests ?? new S3RequestCounts(),
        FailedItems = test.FailedItems ?? [],
        Warnings = test.Warnings ?? [],
    };

    private static BackupRepairResult? Of(BackupRun run, BackupRepairResult? repair) => repair is null ? null : repair with
    {
        Name = run.Name,
        RunId = run.RunId,
        HostName = run.HostName,
        LogPath = run.LogPath,
        FailedItems = repair.FailedItems ?? [],
        Warnings = repair.Warnings ?? [],
    };

    private static NotificationResult[] Of(BackupRun run, IReadOnlyList<NotificationResult> told) =>
        [.. told.Select(notification => notification with { Name = run.Name, RunId = run.RunId })];
}
