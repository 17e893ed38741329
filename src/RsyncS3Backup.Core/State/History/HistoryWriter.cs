using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Writes one run to its job's history while it goes on. Nothing that can go wrong here stops a run: there is one warning, and the run
/// goes on without.</summary>
/// <remarks>
/// Nothing waits for the disk here. What the system has taken outlives our process, and a power failure costs the last lines of a history and
/// no more.
/// </remarks>
internal sealed class HistoryWriter : IDisposable
{
    private readonly string name;
    private readonly string path;
    private readonly bool ownsJob;
    private readonly Action<string> warn;
    private readonly List<Action<SqliteDatabase>> written = [];
    private SqliteDatabase? database;
    private bool hasFailed;

    private HistoryWriter(string name, string path, bool ownsJob, Action<string> warn)
    {
        this.name = name;
        this.path = path;
        this.ownsJob = ownsJob;
        this.warn = warn;
    }

    /// <summary>A run begins, or goes on with its stage 2 after its stage 1 ran alone.</summary>
    /// <param name="header">The run.</param>
    /// <param name="ownsJob">True when the caller holds the job's lock, so that every other run that has not ended is dead.</param>
    /// <param name="warn">Called once when the history cannot be written, or was damaged.</param>
    public static HistoryWriter Begin(RunHeader header, bool ownsJob, Action<string> warn)
    {
        string path = "";
        bool exists = true;
        try
        {
            path = Path.Combine(StateFolder.ForJob(header.Name).Path, HistoryFile.Name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Said already, by the run's log.
            exists = false;
        }

        HistoryWriter writer = new(header.Name, path, ownsJob, warn) { hasFailed = !exists };
        if (ownsJob)
        {
            writer.Write(opened =>
            {
                Check(opened, header.RunId);
                CloseInterrupted(opened, header.RunId);
            });
        }

        writer.Write(opened => Insert(opened, header));
        return writer;
    }

    /// <summary>A stage begins.</summary>
    public void StageStarts(int stage, string runId) => Write(opened =>
    {
        using SqliteStatement statement = opened.Prepare("UPDATE run SET stage=?1 WHERE run_id=?2");
        statement.Bind(1, stage).Bind(2, runId).Run();
    });

    /// <summary>Stage 1 ended.</summary>
    public void Ended(RsyncStageResult stage) => Write(opened => HistoryRows.Store(opened, stage));

    /// <summary>Stage 2 ended.</summary>
    public void Ended(S3SyncStageResult stage) => Write(opened => HistoryRows.Store(opened, stage));

    /// <summary>A test ended, or began: then this is what is on record of it should its process die.</summary>
    public void Ended(BackupTestResult test) => Write(opened => HistoryRows.Store(opened, test));

    /// <summary>A repair ended, or began, likewise.</summary>
    public void Ended(BackupRepairResult repair) => Write(opened => HistoryRows.Store(opened, repair));

    /// <summary>What was around the stages has ended, as far as it goes.</summary>
    public void Ended(BackupResult result) => Write(opened => HistoryRows.Store(opened, result));

    /// <summary>The run ends.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="status">How.</param>
    /// <param name="exitCode">What a scheduler is told.</param>
    /// <param name="keepsSince">Runs that started before are forgotten, and their logs go with them.</param>
    public void End(string runId, BackupStatus status, BackupExitCode exitCode, DateTimeOffset keepsSince)
    {
        IReadOnlyList<string> forgotten = [];
        HashSet<string>? known = null;
        Write(opened =>
        {
            using SqliteStatement statement = opened.Prepare("UPDATE run SET ended=?1, status=?2, exit_code=?3 WHERE run_id=?4");
            statement.Bind(1, DateTime.UtcNow.Ticks).Bind(2, status.ToString()).Bind(3, (int)exitCode).Bind(4, runId).Run();
            if (!ownsJob)
                return;
            forgotten = HistoryRows.Remove(opened, keepsSince, except: runId);
            // To look through all logs at every run would take longer than the rest of the history.
            if (HistoryRows.IsFirstOfDay(opened, runId, DateTime.UtcNow.Date))
                known = HistoryRows.RunIds(opened);
        });
        if (hasFailed)
            return;
        string folder = Path.GetDirectoryName(path)!;
        RunLogs.Remove(folder, forgotten);
        if (known is not null)
            RunLogs.RemoveOrphans(folder, known, keepsSince);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => database?.Dispose();

    // Whoever only adds to the file may never meet damage in what is older. Once a day is enough: to look at all of it takes
    // longer than the rest of the history.
    private static void Check(SqliteDatabase database, string runId)
    {
        if (HistoryRows.IsFirstOfDay(database, runId, DateTime.UtcNow.Date)
            && database.Text("PRAGMA quick_check(1)") is { } found and not "ok")
            throw SqliteException.Damaged(found);
    }

    private static void CloseInterrupted(SqliteDatabase database, string runId)
    {
        using SqliteStatement statement = database.Prepare(
            $"UPDATE run SET status=CASE kind WHEN '{nameof(BackupRunKind.Backup)}' THEN ?1 ELSE ?5 END, is_interrupted=1, "
            + $"exit_code=CASE WHEN kind<>'{nameof(BackupRunKind.Backup)}' THEN ?6 WHEN stage=1 THEN ?2 ELSE ?3 END WHERE status IS NULL AND run_id<>?4");
        statement.Bind(1, nameof(BackupStatus.Failed)).Bind(2, (int)BackupExitCode.Stage1Failed).Bind(3, (int)BackupExitCode.Stage2Failed)
            .Bind(4, runId).Bind(5, nameof(BackupStatus.Cancelled)).Bind(6, (int)BackupExitCode.DifferencesFound).Run();
    }

    private static void Insert(SqliteDatabase database, RunHeader header)
    {
        using SqliteStatement statement = database.Prepare(
            "INSERT INTO run(run_id, name, started, is_interrupted, stage, process_id, host, began, module_version, powershell_version, "
            + "configuration_path, configuration_hash, log_path, kind) VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?12, ?7, ?8, ?9, ?10, ?11, ?13) ON CONFLICT(run_id) "
            + "DO UPDATE SET ended=NULL, status=NULL, exit_code=NULL, is_interrupted=0, stage=?4, process_id=?5, host=?6, began=?12");
        statement.Bind(1, header.RunId).Bind(2, header.Name).Bind(3, header.Started.UtcTicks).Bind(4, header.Stage)
            .Bind(5, Environment.ProcessId).Bind(6, Environment.MachineName).BindOrNull(7, HistoryFile.ModuleVersion).BindOrNull(8, header.PowerShellVersion)
            .BindOrNull(9, header.ConfigurationPath).BindOrNull(10, header.ConfigurationHash).BindOrNull(11, header.LogPath)
            .Bind(12, DateTime.UtcNow.Ticks).Bind(13, header.Kind.ToString()).Run();
    }

    private void Write(Action<SqliteDatabase> work)
    {
        if (hasFailed)
            return;
        try
        {
            try
            {
                Do(work);
            }
            catch (SqliteException exception) when (exception.IsDamage && ownsJob)
            {
                // Only under the job's lock: nobody else writes the file then, and whoever reads it reads on in the file set aside.
                Close();
                // What looks like damage, such as a column that is gone, may be what a newer version has made of it meanwhile.
                HistoryFile.RefuseNewer(path);
                string aside = SqliteFile.SetAside(path);
                warn($"The history of the job was damaged and is set aside as '{aside}'; a new one begins: {exception.Message}");
                written.ForEach(Do);
                Do(work);
            }

            written.Add(work);
        }
        catch (NewerFormatException exception)
        {
            hasFailed = true;
            Close();
            BackupError error = HistoryErrors.Newer(name, path, exception.Writer);
            warn($"{error.Message} This run is not in it. {error.RecommendedAction}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            hasFailed = true;
            Close();
            warn($"The history of the job cannot be written, so this run is not in it as it was: {exception.Message}");
        }
    }

    private void Do(Action<SqliteDatabase> work)
    {
        database ??= HistoryFile.OpenToWrite(path, mayMigrate: ownsJob);
        database.Transaction(isDurable: false, () => work(database));
    }

    private void Close()
    {
        database?.Dispose();
        database = null;
    }

    /// <summary>From when on a job's history is kept.</summary>
    public static DateTimeOffset KeepsSince(BackupConfiguration? configuration)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        TimeSpan kept = configuration?.HistoryRetention ?? BackupConfiguration.DefaultHistoryRetention;
        return kept < now - DateTimeOffset.MinValue ? now - kept : DateTimeOffset.MinValue;
    }
}
