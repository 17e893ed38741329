using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Stages and runs as rows of a history, and back.</summary>
internal static class HistoryRows
{
    /// <summary>
    /// The stage of a run that is a test of the copies. It needs no column of its own, so that histories of before there were tests, and versions of
    /// the module that know of none, read on.
    /// </summary>
    public const int TestStage = 4;

    // A yes or no that is neither.
    private const long Unknown = -1;

    // No stage of a run has this number.
    private const int AroundTheStages = 3;

    private const string StageColumns = "status, numbers, skipped_reason, mirror, problems, sources, rsync_version, rsync_exit_code, bucket, "
        + "key_prefix, storage_class, sync_mode, sync_mode_reason";

    private const string RunColumns = "run_id, name, started, ended, status, is_interrupted, exit_code, "
        + "stage, process_id, host, began, module_version, powershell_version, configuration_path, configuration_hash, "
        + "log_path";

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Stores what stage 1 did.</summary>
    public static void Insert(SqliteDatabase database, RsyncStageResult stage)
    {
        using SqliteStatement statement = InsertStatement(database);
        Writer row = new(statement);
        long[] numbers =
        [
            stage.StartTime.UtcTicks, stage.Duration.Ticks, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged,
            stage.Failed, stage.Total, stage.TotalBytes, stage.TransferredBytes,
        ];
        row.Add(stage.RunId).Add(1).Add(stage.Status.ToString()).Add(Numbers(numbers)).Add(stage.SkippedReason).Add(stage.Destination)
            .Add(Problems(stage.Error, stage.FailedItems, stage.Warnings)).Add(Json(json => ProblemsJson.WriteTexts(json, stage.Source)))
            .Add(stage.RsyncVersion).Add(stage.RsyncExitCode);
        statement.Run();
    }

    /// <summary>Stores what stage 2 did.</summary>
    public static void Insert(SqliteDatabase database, S3SyncStageResult stage)
    {
        using SqliteStatement statement = InsertStatement(database);
        Writer row = new(statement);
        long[] numbers =
        [
            stage.StartTime.UtcTicks, stage.Duration.Ticks, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged,
            stage.Failed, stage.Total, stage.TotalBytes, stage.TransferredBytes, stage.Copied, stage.DeletedBytes, stage.Requests.Put,
            stage.Requests.Copy, stage.Requests.List, stage.Requests.Get, stage.Requests.Head, stage.Requests.Delete,
        ];
        // Later numbers come last, so that rows without them can still be read.
        decimal[] more = [stage.EstimatedRequestCost, stage.EstimatedListingCost, stage.PrunedSnapshots, Flag(stage.IsSnapshotComplete), stage.Attempts];
        row.Add(stage.RunId).Add(2).Add(stage.Status.ToString()).Add(Numbers(numbers, more)).Add(stage.SkippedReason).Add(stage.Path)
            .Add(Problems(stage.Error, stage.FailedItems, stage.Warnings))
            .Add(stage.PrunedPrefixes.Count == 0 ? null : Json(json => ProblemsJson.WriteTexts(json, stage.PrunedPrefixes))).Skip(2)
            .Add(stage.BucketName).Add(stage.KeyPrefix).Add(stage.StorageClass).Add(stage.SyncMode?.ToString()).Add(stage.SyncModeReason);
        statement.Run();
    }

    /// <summary>Stores what was around the stages of a run, as if it were one of them.</summary>
    public static void Insert(SqliteDatabase database, BackupResult result)
    {
        if (result.Hooks.Count == 0 && result.Notifications.Count == 0)
            return;
        using SqliteStatement statement = InsertStatement(database);
        new Writer(statement).Add(result.RunId).Add(AroundTheStages).Add(result.Status.ToString()).Add(Numbers([])).Add((string?)null).Add("")
            .Add(Json(json => SurroundingsJson.Write(json, result.Hooks, result.Notifications)));
        statement.Run();
    }

    /// <summary>Stores what a test found.</summary>
    public static void Insert(SqliteDatabase database, BackupTestResult test)
    {
        using SqliteStatement statement = InsertStatement(database);
        new Writer(statement).Add(test.RunId).Add(TestStage).Add(test.Status.ToString()).Add(Numbers([])).Add((string?)null).Add("")
            .Add(Json(json => TestJson.Write(json, test)));
        statement.Run();
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
            BackupRunKind.Test => $"AND stage = {TestStage} ",
            _ => $"AND stage <> {TestStage} ",
        };
        using SqliteStatement statement = database.Prepare(
            $"SELECT {RunColumns} FROM run WHERE started >= ?1 {ofKind}ORDER BY started DESC, run_id DESC LIMIT ?2");
        using SqliteStatement stages = database.Prepare($"SELECT stage, {StageColumns} FROM stage WHERE run_id=?1 ORDER BY stage");
        statement.Bind(1, since?.UtcTicks ?? 0).Bind(2, last ?? -1);
        List<BackupRun> runs = [];
        try
        {
            while (statement.Step())
            {
                OpenRun run = ReadRun(statement);
                stages.Bind(1, run.Run.RunId);
                while (stages.Step())
                    run.Add(stages);
                stages.Reset();
                runs.Add(run.Close());
            }
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException or JsonException
            or InvalidOperationException or KeyNotFoundException)
        {
            throw SqliteException.Damaged("A run in the history makes no sense: " + exception.Message);
        }

        return runs;
    }

    private static OpenRun ReadRun(SqliteStatement statement)
    {
        Reader row = new(statement, 0);
        string runId = row.Text()!;
        string name = row.Text()!;
        long started = row.Number();
        long? ended = row.NumberOrNull();
        BackupStatus? status = Word<BackupStatus>(row.Text());
        bool isInterrupted = row.Number() != 0;
        long? exitCode = row.NumberOrNull();
        int stage = (int)row.Number();
        long processId = row.Number();
        string host = row.Text()!;
        return new OpenRun(stage, Time(row.Number()), new BackupRun
        {
            RunId = runId,
            Name = name,
            Kind = stage == TestStage ? BackupRunKind.Test : BackupRunKind.Backup,
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
        });
    }

    private static SqliteStatement InsertStatement(SqliteDatabase database) => database.Prepare(
        $"INSERT OR REPLACE INTO stage(run_id, stage, {StageColumns}) VALUES(?{string.Concat(Enumerable.Repeat(", ?", StageColumns.Split(", ").Length + 1))})");

    private static DateTimeOffset Time(long ticks) => new DateTimeOffset(ticks, TimeSpan.Zero).ToLocalTime();

    private static T? Word<T>(string? text)
        where T : struct, Enum => text is null ? null : Enum.Parse<T>(text);

    private static string? Problems(BackupError? error, IReadOnlyList<BackupError> failedItems, IReadOnlyList<string> warnings) =>
        error is null && failedItems.Count == 0 && warnings.Count == 0 ? null : Json(json =>
        {
            json.WriteStartObject();
            ProblemsJson.Write(json, error, failedItems, warnings);
            json.WriteEndObject();
        });

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, JsonOptions))
            write(json);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static decimal Flag(bool? flag) => flag switch { null => Unknown, true => 1, false => 0 };

    private static string Numbers(long[] numbers, params decimal[] costs) => Json(json =>
    {
        json.WriteStartArray();
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        foreach (decimal cost in costs)
            json.WriteNumberValue(cost);
        json.WriteEndArray();
    });

    /// <summary>A run whose stages are being read.</summary>
    private sealed class OpenRun(int stage, DateTimeOffset began, BackupRun run)
    {
        public BackupRun Run { get; private set; } = run;

        public void Add(SqliteStatement statement)
        {
            Reader row = new(statement, 0);
            switch (row.NumberOrNull())
            {
                case 1:
                    Run = Run with { Stage1 = ReadStage1(ref row) };
                    break;
                case 2:
                    Run = Run with { Stage2 = ReadStage2(ref row) };
                    break;
                case AroundTheStages:
                    row.Skip(4);
                    Run = SurroundingsJson.Read(Run, row.Text()!);
                    break;
                case TestStage:
                    row.Skip(4);
                    Run = Run with { Test = TestJson.Read(Run, row.Text()!) };
                    break;
            }
        }

        /// <summary>The run; one that has not ended and whose process is gone was interrupted, also before the next run writes that down.</summary>
        public BackupRun Close()
        {
            bool isDead = Run.IsInterrupted || (Run.Status is null && !RunningProcess.MayBe((int)Run.ProcessId, Run.HostName, began));
            if (!isDead)
                return Run is { Status: null, Kind: BackupRunKind.Test } ? Run with { Test = null } : Run;
            if (Run.Kind == BackupRunKind.Test)
                return Run with { Status = BackupStatus.Cancelled, IsInterrupted = true, ExitCode = BackupExitCode.DifferencesFound };
            BackupError error = RunErrors.Interrupted(Run.Name, stage, Run.ProcessId, Run.HostName);
            Run = Run with { Status = BackupStatus.Failed, IsInterrupted = true, ExitCode = error.ExitCode };
            if (stage == 1)
                return Run with { Stage1 = Run.Stage1 ?? DeadStage1(error) };
            return Run with { Stage2 = Run.Stage2 ?? DeadStage2(error) };
        }

        private RsyncStageResult ReadStage1(ref Reader row)
        {
            Common common = new(ref row, out _);
            string sources = row.Text() ?? "[]";
            using JsonDocument document = JsonDocument.Parse(sources);
            return new RsyncStageResult
            {
                Name = Run.Name,
                RunId = Run.RunId,
                Status = common.Status,
                Source = ProblemsJson.ReadTexts(document.RootElement),
                Destination = common.Mirror,
                StartTime = common.Started,
                Duration = common.Duration,
                Created = common.Created,
                Updated = common.Updated,
                MetadataChanged = common.MetadataChanged,
                Deleted = common.Deleted,
                Unchanged = common.Unchanged,
                Failed = common.Failed,
                Total = common.Total,
                TotalBytes = common.TotalBytes,
                TransferredBytes = common.TransferredBytes,
                SkippedReason = common.SkippedReason,
                Error = common.Error,
                FailedItems = common.FailedItems,
                Warnings = common.Warnings,
                LogPath = Run.LogPath,
                RsyncVersion = row.Text(),
                RsyncExitCode = (int?)row.NumberOrNull(),
            };
        }

        private S3SyncStageResult ReadStage2(ref Reader row)
        {
            Common common = new(ref row, out NumberReader numbers);
            // Of a stage 1 the sources are there.
            using JsonDocument pruned = JsonDocument.Parse(row.Text() ?? "[]");
            row.Skip(2);
            return new S3SyncStageResult
            {
                PrunedPrefixes = ProblemsJson.ReadTexts(pruned.RootElement),
                Name = Run.Name,
                RunId = Run.RunId,
                Status = common.Status,
                Path = common.Mirror,
                StartTime = common.Started,
                Duration = common.Duration,
                Created = common.Created,
                Updated = common.Updated,
                MetadataChanged = common.MetadataChanged,
                Deleted = common.Deleted,
                Unchanged = common.Unchanged,
                Failed = common.Failed,
                Total = common.Total,
                TotalBytes = common.TotalBytes,
                TransferredBytes = common.TransferredBytes,
                SkippedReason = common.SkippedReason,
                Error = common.Error,
                FailedItems = common.FailedItems,
                Warnings = common.Warnings,
                LogPath = Run.LogPath,
                BucketName = row.Text(),
                KeyPrefix = row.Text() ?? "",
                StorageClass = row.Text() ?? "",
                SyncMode = Word<S3SyncMode>(row.Text()),
                SyncModeReason = row.Text(),
                Copied = numbers.Next(),
                DeletedBytes = numbers.Next(),
                Requests = new S3RequestCounts
                {
                    Put = numbers.Next(),
                    Copy = numbers.Next(),
                    List = numbers.Next(),
                    Get = numbers.Next(),
                    Head = numbers.Next(),
                    Delete = numbers.Next(),
                },
                EstimatedRequestCost = numbers.NextDecimal(),
                EstimatedListingCost = numbers.NextDecimal(),
                PrunedSnapshots = numbers.NextOr(0),
                IsSnapshotComplete = numbers.NextOr(Unknown) is var flag && flag == Unknown ? null : flag != 0,
                Attempts = (int)numbers.NextOr(1),
            };
        }

        private RsyncStageResult DeadStage1(BackupError error) => new()
        {
            Name = Run.Name,
            RunId = Run.RunId,
            Status = BackupStatus.Failed,
            Source = [],
            Destination = "",
            StartTime = Run.StartTime,
            Error = error,
            LogPath = Run.LogPath,
        };

        private S3SyncStageResult DeadStage2(BackupError error) => new()
        {
            Name = Run.Name,
            RunId = Run.RunId,
            Status = BackupStatus.Failed,
            Path = "",
            StartTime = Run.StartTime,
            Error = error,
            LogPath = Run.LogPath,
        };
    }

    /// <summary>What the rows of both stages have.</summary>
    private sealed class Common
    {
        public Common(ref Reader row, out NumberReader numbers)
        {
            Status = Enum.Parse<BackupStatus>(row.Text()!);
            numbers = new NumberReader(row.Bytes());
            Started = Time(numbers.Next());
            Duration = TimeSpan.FromTicks(numbers.Next());
            Created = numbers.Next();
            Updated = numbers.Next();
            MetadataChanged = numbers.Next();
            Deleted = numbers.Next();
            Unchanged = numbers.Next();
            Failed = numbers.Next();
            Total = numbers.Next();
            TotalBytes = numbers.Next();
            TransferredBytes = numbers.Next();
            SkippedReason = row.Text();
            Mirror = row.Text()!;
            if (row.Text() is not { } problems)
                return;
            using JsonDocument document = JsonDocument.Parse(problems);
            (Error, FailedItems, Warnings) = ProblemsJson.Read(document.RootElement);
        }

        public BackupStatus Status { get; }

        public DateTimeOffset Started { get; }

        public TimeSpan Duration { get; }

        public long Created { get; }

        public long Updated { get; }

        public long MetadataChanged { get; }

        public long Deleted { get; }

        public long Unchanged { get; }

        public long Failed { get; }

        public long Total { get; }

        public long TotalBytes { get; }

        public long TransferredBytes { get; }

        public string? SkippedReason { get; }

        public string Mirror { get; }

        public BackupError? Error { get; }

        public IReadOnlyList<BackupError> FailedItems { get; } = [];

        public IReadOnlyList<string> Warnings { get; } = [];
    }

    /// <summary>Binds parameters from left to right.</summary>
    private sealed class Writer(SqliteStatement statement)
    {
        private int next = 1;

        public Writer Add(string? value)
        {
            statement.BindOrNull(next++, value);
            return this;
        }

        public Writer Add(long? value)
        {
            statement.BindOrNull(next++, value);
            return this;
        }

        /// <summary>Leaves parameters without a value.</summary>
        public Writer Skip(int count)
        {
            next += count;
            return this;
        }
    }

    /// <summary>Reads an array of numbers from left to right.</summary>
    private ref struct NumberReader
    {
        private Utf8JsonReader json;

        public NumberReader(ReadOnlySpan<byte> array)
        {
            json = new Utf8JsonReader(array);
            json.Read();
        }

        public long Next()
        {
            json.Read();
            return json.GetInt64();
        }

        /// <summary>The next one, or another where the array ends: a row of before there was this number.</summary>
        public long NextOr(long fallback)
        {
            json.Read();
            return json.TokenType == JsonTokenType.EndArray ? fallback : json.GetInt64();
        }

        public decimal NextDecimal()
        {
            json.Read();
            return json.GetDecimal();
        }
    }

    /// <summary>Reads columns from left to right.</summary>
    private struct Reader(SqliteStatement statement, int first)
    {
        private int next = first;

        public string? Text() => statement.TextOrNull(next++);

        public long Number() => statement.Int64(next++);

        /// <summary>A text's bytes, until the next row.</summary>
        public ReadOnlySpan<byte> Bytes() => statement.Blob(next++);

        public long? NumberOrNull() => statement.Int64OrNull(next++);

        public void Skip(int count) => next += count;
    }
}
