using System.Diagnostics;
using SQLitePCL;

namespace RsyncS3Backup.State.Sqlite;

/// <summary>One connection to a SQLite file, for one thread at a time. Every failure is a <see cref="SqliteException"/>.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int BusyMilliseconds = 5000;
    private const int BusyPause = 20;

    private readonly sqlite3 handle;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 handle) => this.handle = handle;

    /// <summary>How many rows the last statement changed.</summary>
    public int Changes => raw.sqlite3_changes(handle);

    /// <summary>True when the file cannot be written.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(handle, "main") != 0;

    /// <summary>Opens a file that is there.</summary>
    public static SqliteDatabase Open(string path) => Open(path, raw.SQLITE_OPEN_READWRITE);

    /// <summary>Opens a file that is there so that not one byte of its folder changes: neither its own, nor those of its log or the log's index.</summary>
    public static SqliteDatabase OpenToRead(string path)
    {
        // Without a log nothing needs a lock. Else the log is read, and its index is not written:
        // https://sqlite.org/wal.html#readonly and https://sqlite.org/c3ref/open.html for the names of the parameters.
        string how = File.Exists(path + "-wal") && File.Exists(path + "-shm") ? "mode=ro&readonly_shm=1" : "immutable=1";
        string address = new Uri(Path.GetFullPath(path)).AbsoluteUri.Replace("?", "%3F", StringComparison.Ordinal);
        return Open($"{address}?{how}", raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);
    }

    /// <summary>A database of this connection alone, in memory as far as the page cache goes and in an unnamed temporary file beyond.</summary>
    public static SqliteDatabase OpenTemporary() => Open("", raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);

    private static SqliteDatabase Open(string path, int flags)
    {
        // One thread at a time uses a connection, so SQLite need not lock at each call.
        int code = raw.sqlite3_open_v2(path, out sqlite3 handle, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        SqliteDatabase database = new(handle);
        try
        {
            database.Check(code);
            _ = raw.sqlite3_extended_result_codes(handle, 1);
            database.Check(raw.sqlite3_busy_timeout(handle, BusyMilliseconds));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that is there so that it is not written; an index of its log may be made beside it.</summary>
    public static SqliteDatabase OpenReadOnly(string path) => Open(path, raw.SQLITE_OPEN_READONLY);

    /// <summary>Changes the journal mode to a log, so that the file can be read while it is written.</summary>
    /// <returns>False where the file system cannot do this.</returns>
    /// <exception cref="SqliteException">Another connection held the file for longer than the timeout.</exception>
    public bool UseWriteAheadLog()
    {
        // The change itself does not wait for others, whatever the timeout: https://sqlite.org/c3ref/busy_timeout.html and the
        // busy handler are for statements that would not deadlock, and this one holds a shared lock when it asks for an exclusive
        // one.
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return Text("PRAGMA journal_mode=WAL") == "wal";
            }
            catch (SqliteException exception) when (
                exception.IsBusy && Stopwatch.GetElapsedTime(started).TotalMilliseconds < BusyMilliseconds)
            {
                Thread.Sleep(BusyPause);
            }
        }
    }

    /// <summary>Copies all of it into another one, whose content goes.</summary>
    public void CopyTo(SqliteDatabase other)
    {
        using sqlite3_backup backup = raw.sqlite3_backup_init(other.handle, "main", handle, "main");
        if (backup.IsInvalid)
            other.Check(raw.sqlite3_errcode(other.handle));
        int code = raw.sqlite3_backup_step(backup, -1);
        if (code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
            throw new SqliteException("Another process held the file for too long.", code);
        Check(code);
    }

    /// <summary>Runs statements that return nothing of interest.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(handle, sql));

    /// <summary>Compiles a statement.</summary>
    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out sqlite3_stmt statement));
        return new SqliteStatement(this, statement);
    }

    /// <summary>The first column of the first row as text; null where there is none.</summary>
    public string? Text(string sql)
    {
        using SqliteStatement statement = Prepare(sql);
        return statement.Step() ? statement.Text(0) : null;
    }

    /// <summary>Does all of <paramref name="work"/> or nothing.</summary>
    /// <param name="isDurable">True to have it on disk on return; else a power failure may undo it, never in part.</param>
    /// <param name="work">What to do.</param>
    public void Transaction(bool isDurable, Action work)
    {
        Execute(isDurable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        // Immediate: one that reads first and writes then fails without waiting when another has written in between.
        Execute("BEGIN IMMEDIATE");
        try
        {
            work();
            Execute("COMMIT");
        }
        catch
        {
            // Fails where SQLite has undone it already, as on a full disk.
            _ = raw.sqlite3_exec(handle, "ROLLBACK");
            throw;
        }
    }

    /// <summary>Throws unless the code means success.</summary>
    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw new SqliteException(raw.sqlite3_errmsg(handle).utf8_to_string() ?? $"SQLite error {code}", code);
    }

    /// <summary>Closes the connection; the last one writes the file's log back into it.</summary>
    public void Dispose() => handle.Dispose();
}
