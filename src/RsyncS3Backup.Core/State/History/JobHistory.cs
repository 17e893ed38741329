using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>The history of one job, for those who read it or remove from it.</summary>
internal sealed class JobHistory
{
    private readonly string path;

    private JobHistory(string path, string name)
    {
        this.path = path;
        Name = name;
    }

    /// <summary>The job's name.</summary>
    public string Name { get; }

    /// <summary>The histories in the state folder by name. Of one that cannot be read, the folder's name stands for the job's.</summary>
    public static IReadOnlyList<JobHistory> All()
    {
        try
        {
            return
            [
                .. Directory.EnumerateDirectories(StateFolder.Root())
                    .Select(folder => Path.Combine(folder, HistoryFile.Name))
                    // An empty one is just being made, or a crash left it.
                    .Where(file => new FileInfo(file) is { Exists: true, Length: > 0 })
                    .Select(file => new JobHistory(file, NameIn(file)))
                    .OrderBy(history => history.Name, StringComparer.OrdinalIgnoreCase),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The history of the job of exactly that name; null when it has none. Looks at no other job's.</summary>
    public static JobHistory? Find(string name)
    {
        string file = Path.Combine(StateFolder.Root(), StateFolder.FolderName(name), HistoryFile.Name);
        return new FileInfo(file) is { Exists: true, Length: > 0 } ? new JobHistory(file, name) : null;
    }

    /// <summary>Runs, newest first.</summary>
    /// <param name="since">Leaves out what started before; null: nothing.</param>
    /// <param name="last">How many at most; null: all.</param>
    /// <param name="kind">Only those; null: all.</param>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public IReadOnlyList<BackupRun> Read(DateTimeOffset? since, int? last, BackupRunKind? kind = BackupRunKind.Backup) =>
        Read(since, last, kind is { } one ? [one] : []);

    /// <summary>Runs of some kinds, newest first.</summary>
    /// <param name="since">Leaves out what started before; null: nothing.</param>
    /// <param name="last">How many at most; null: all.</param>
    /// <param name="kinds">Only those; none: all.</param>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public IReadOnlyList<BackupRun> Read(DateTimeOffset? since, int? last, IReadOnlyCollection<BackupRunKind> kinds) =>
        Read(database => HistoryRows.Read(database, since, last, kinds), []);

    /// <summary>The newest backups that were not refused because another one was on, and the newest tests, newest first.</summary>
    /// <param name="backups">How many backups at most.</param>
    /// <param name="tests">How many tests at most.</param>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public (IReadOnlyList<BackupRun> Backups, IReadOnlyList<BackupRun> Tests) ReadNewest(int backups, int tests) =>
        Read<(IReadOnlyList<BackupRun>, IReadOnlyList<BackupRun>)>(
            database => (HistoryRows.Read(database, since: null, backups, withRefused: false, BackupRunKind.Backup),
                HistoryRows.Read(database, since: null, tests, BackupRunKind.Test)),
            ([], []));

    /// <summary>The run of that id, of whatever kind; null when it is not on record. Without its <see cref="BackupRun.LastSuccess"/>.</summary>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public BackupRun? ReadRun(string runId) => Read(database => HistoryRows.Find(database, runId), null);

    /// <summary>What metrics tell of the job.</summary>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public HistoryFigures ReadFigures() => Read(HistoryFigures.Of, new HistoryFigures());

    /// <summary>
    /// When the newest run started that did all of the job, and when the oldest run of any kind of end; null for none. What a clock that was ahead has
    /// put into the future does not count.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public (DateTimeOffset? LastSuccess, DateTimeOffset? FirstRun) ReadSuccess(DateTimeOffset now) => Read<(DateTimeOffset?, DateTimeOffset?)>(
        database => (HistoryFigures.SuccessBefore(database, now), HistoryRows.FirstStart(database)), (null, null));

    /// <summary>The newest test that restored something and found everything well; null when there was none.</summary>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public BackupTestResult? ReadLastRestoreTest() => Read(HistoryRows.LastRestoreTest, null);

    /// <summary>The newest tests of a level, newest first.</summary>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the
    /// module.</exception>
    public IReadOnlyList<BackupTestResult> ReadTests(BackupTestLevel level, int last) =>
        Read(database => HistoryRows.Tests(database, level, last), []);

    /// <summary>Removes runs and their logs.</summary>
    /// <exception cref="BackupException">The history is damaged, cannot be written, or is of a newer version of the
    /// module.</exception>
    public void Remove(IReadOnlyCollection<string> runIds)
    {
        try
        {
            using SqliteDatabase database = HistoryFile.OpenToWrite(path, mayMigrate: true);
            database.Transaction(isDurable: true, () => HistoryRows.Remove(database, runIds));
        }
        catch (NewerFormatException exception)
        {
            throw new BackupException(HistoryErrors.Newer(Name, path, exception.Writer), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(HistoryErrors.NotChanged(Name, path, exception.Message), exception);
        }

        RunLogs.Remove(Path.GetDirectoryName(path)!, runIds);
    }

    /// <summary>Writes another name to all runs, because the job has another one from now on.</summary>
    /// <param name="newName">The name.</param>
    /// <param name="newFolder">Where the history and its logs are then.</param>
    /// <exception cref="IOException">It cannot be written, or is of a newer version of the module.</exception>
    public void Rename(string newName, string newFolder)
    {
        using SqliteDatabase database = HistoryFile.OpenToWrite(path, mayMigrate: true);
        database.Transaction(isDurable: true, () =>
        {
            using SqliteStatement statement = database.Prepare(
                "UPDATE run SET name=?1, log_path=CASE WHEN substr(log_path, 1, length(?2))=?2 "
                + "THEN ?3 || substr(log_path, length(?2) + 1) ELSE log_path END");
            string oldFolder = Path.GetDirectoryName(path)!;
            statement.Bind(1, newName).Bind(2, oldFolder + Path.DirectorySeparatorChar)
                .Bind(3, newFolder + Path.DirectorySeparatorChar).Run();
        });
    }

    private static string NameIn(string file) => HistoryFile.JobIn(file) ?? Path.GetFileName(Path.GetDirectoryName(file))!;

    private T Read<T>(Func<SqliteDatabase, T> read, T none)
    {
        for (bool isSecond = false; ; isSecond = true)
        {
            try
            {
                using SqliteDatabase? database = HistoryFile.OpenToRead(path);
                return database is null ? none : read(database);
            }
            catch (SqliteException exception) when ((exception.IsDamage || exception.IsNotOpened) && !isSecond)
            {
                // A file without a log is read without a lock: a run that ended or began right then looks like damage, once.
            }
            catch (NewerFormatException exception)
            {
                throw new BackupException(HistoryErrors.Newer(Name, path, exception.Writer), exception);
            }
            catch (SqliteException exception)
            {
                throw new BackupException(HistoryErrors.Unreadable(Name, path, exception.Message), exception);
            }
        }
    }
}
