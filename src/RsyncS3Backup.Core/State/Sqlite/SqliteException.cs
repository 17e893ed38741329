using SQLitePCL;

namespace RsyncS3Backup.State.Sqlite;

/// <summary>What SQLite could not do.</summary>
internal sealed class SqliteException(string message, int code) : IOException(message)
{
    // A result code is a primary code in its low byte and, above it, which kind of it: https://sqlite.org/rescode.html
    private int PrimaryCode => code & 0xFF;

    /// <summary>True when a file could not be opened, as in the moment in which another process takes its log away.</summary>
    public bool IsNotOpened => PrimaryCode == raw.SQLITE_CANTOPEN;

    /// <summary>True when another process or connection held the file for longer than the timeout.</summary>
    public bool IsBusy => PrimaryCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    /// <summary>
    /// True when the content of the file is to blame. What the disk, the file system or another process is to blame for is listed, and not
    /// the reverse: damage to the stored schema comes out as almost any code, SQL errors and missing columns among them.
    /// </summary>
    public bool IsDamage => code == raw.SQLITE_IOERR_SHORT_READ
        || PrimaryCode is not (raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_READONLY or raw.SQLITE_IOERR or raw.SQLITE_FULL
            or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH or raw.SQLITE_NOLFS or raw.SQLITE_INTERRUPT or raw.SQLITE_PROTOCOL
            or raw.SQLITE_NOMEM or raw.SQLITE_MISUSE);

    /// <summary>The content of a file makes no sense, although SQLite has no complaint.</summary>
    public static SqliteException Damaged(string message) => new(message, raw.SQLITE_CORRUPT);
}
