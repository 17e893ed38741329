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
    /// <exception cref="BackupException">The history is damaged or cannot be read.</exception>
    public IReadOnlyList<BackupRun> Read(DateTimeOffset? since, int? last, BackupRunKind? kind = BackupRunKind.Backup) =>
        Use(database => HistoryRows.Read(database, since, last, kind), HistoryErrors.Unreadable);

    /// <summary>The newest backups and the newest tests, newest first.</summary>
    /// <param name="backups">How many backups at most.</param>
    /// <param name="tests">How many tests at most.</param>
    /// <exception cref="BackupException">The history is damaged or cannot be read.</exception>
    public (IReadOnlyList<BackupRun> Backups, IReadOnlyList<BackupRun> Tests) ReadNewest(int backups, int tests) => Use(
        database => (HistoryRows.Read(database, since: null, backups, BackupRunKind.Backup),
            HistoryRows.Read(database, since: null, tests, BackupRunKind.Test)),
        HistoryErrors.Unreadable);

    /// <summary>Removes runs and their logs.</summary>
    /// <exception cref="BackupException">The history is damaged or cannot be written.</exception>
    public void Remove(IReadOnlyCollection<string> runIds)
    {
        Use(
            database =>
            {
                database.Transaction(isDurable: true, () => HistoryRows.Remove(database, runIds));
                return runIds.Count;
            },
            HistoryErrors.NotChanged);
        RunLogs.Remove(Path.GetDirectoryName(path)!, runIds);
    }

    private static string NameIn(string file)
    {
        string folder = Path.GetFileName(Path.GetDirectoryName(file))!;
        try
        {
            using SqliteDatabase database = HistoryFile.Open(file);
            return database.Text("SELECT name FROM run ORDER BY started DESC LIMIT 1") ?? folder;
        }
        catch (SqliteException)
        {
            return folder;
        }
    }

    private T Use<T>(Func<SqliteDatabase, T> use, Func<string, string, string, BackupError> error)
    {
        try
        {
            using SqliteDatabase database = HistoryFile.Open(path);
            return use(database);
        }
        catch (SqliteException exception)
        {
            if (exception.IsDamage)
                HistoryFile.MarkDamaged(path);
            throw new BackupException(error(Name, path, exception.Message), exception);
        }
    }
}
