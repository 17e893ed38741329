using System.Text.Json;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Runs as rows of a history: found, removed, and read with their stages.</summary>
internal static class HistoryRows
{
    private const string RunColumns = "run_id, name, started, ended, status, is_interrupted, exit_code, "
        + "stage, process_id, host, began, module_version, powershell_version, configuration_path, configuration_hash, "
        + "log_path";

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
        foreach (string sql in (string[])[$"DELETE FROM stage WHERE run_id IN (SELECT run_id FROM run WHERE {which})", $"DELETE FROM run WHERE {which}"])
        {
            using SqliteStatement statement = database.Prepare(sql);
            statement.Bind(1, before.UtcTicks).Bind(2, except).Run();
        }

        return removed;
    }

    /// <summary>Removes some runs.</summary>
    public static void Remove(SqliteDatabase database, IEnumerable<string> runIds)
    {
        using SqliteStatement stages = database.Prepare("DELETE FROM stage WHERE run_id=?1");
        using SqliteStatement run = database.Prepare("DELETE FROM run WHERE run_id=?1");
        foreach (string runId in runIds)
        {
            stages.Bind(1, runId).Run();
            run.Bind(1, runId).Run();
        }
    }

    /// <summary>Runs, newest first.</summary>
    /// <param name="database">The history.</param>
    /// <param name="since">Leaves out what started before; null: nothing.</param>
    /// <param name="last">How many at most; null: all.</param>
    /// <param name="kind">Only those; null: all.</param>
    public static List<BackupRun> Read(SqliteDatabase database, DateTimeOffset? since, int? last, BackupRunKind? kind)
    {
        // One look-up a run, and not a join: SQLite would sort the wide rows of all stages by the start of their runs.
        string ofKind = kind switch
        {
            null => "",
            BackupRunKind.Test => $"AND stage = {StageRows.TestStage} ",
            _ => $"AND stage <> {StageRows.TestStage} ",
        };
        using SqliteStatement statement = database.Prepare(
            $"SELECT {RunColumns} FROM run WHERE started >= ?1 {ofKind}ORDER BY started DESC, run_id DESC LIMIT ?2");
        using SqliteStatement stages = database.Prepare($"SELECT stage, {StageRows.Columns} FROM stage WHERE run_id=?1 ORDER BY stage");
        statement.Bind(1, since?.UtcTicks ?? 0).Bind(2, last ?? -1);
        List<BackupRun> runs = [];
        try
        {
            while (statement.Step())
            {
                BackupRun run = ReadRun(statement, out int stage, out DateTimeOffset began);
                stages.Bind(1, run.RunId);
                while (stages.Step())
                    run = StageRows.Read(run, stages);
                stages.Reset();
                runs.Add(UnfinishedRun.Settle(run, stage, began));
            }
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException or JsonException
            or InvalidOperationException or KeyNotFoundException)
        {
            throw SqliteException.Damaged("A run in the history makes no sense: " + exception.Message);
        }

        return runs;
    }

    /// <summary>A time as this machine tells it.</summary>
    public static DateTimeOffset Time(long ticks) => new DateTimeOffset(ticks, TimeSpan.Zero).ToLocalTime();

    private static BackupRun ReadRun(SqliteStatement statement, out int stage, out DateTimeOffset began)
    {
        RowReader row = new(statement);
        string runId = row.Text()!;
        string name = row.Text()!;
        long started = row.Number();
        long? ended = row.NumberOrNull();
        BackupStatus? status = CellText.Word<BackupStatus>(row.Text());
        bool isInterrupted = row.Number() != 0;
        long? exitCode = row.NumberOrNull();
        stage = (int)row.Number();
        long processId = row.Number();
        string host = row.Text()!;
        began = Time(row.Number());
        return new BackupRun
        {
            RunId = runId,
            Name = name,
            Kind = stage == StageRows.TestStage ? BackupRunKind.Test : BackupRunKind.Backup,
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
    }
}
