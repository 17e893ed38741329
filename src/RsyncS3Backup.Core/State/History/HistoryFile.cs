using System.Globalization;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>The file of a job's history: makes it and checks it.</summary>
internal static class HistoryFile
{
    /// <summary>The file's name in the job's state folder.</summary>
    public const string Name = "history.db";

    private const int Format = 1;
    private const string DamageMark = ".is-damaged";

    // Times are ticks in UTC, durations ticks, words those of the enumerations: readable with any SQLite tool.
    private static readonly string[] Schema =
    [
        "CREATE TABLE run(run_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, status TEXT, "
            + "is_interrupted INTEGER NOT NULL, exit_code INTEGER, stage INTEGER NOT NULL, process_id INTEGER NOT NULL, host TEXT NOT NULL, "
            + "began INTEGER NOT NULL, module_version TEXT, powershell_version TEXT, configuration_path TEXT, configuration_hash TEXT, log_path TEXT) WITHOUT ROWID",
        "CREATE INDEX run_started ON run(started)",
        // "numbers" is a JSON array, in the order of HistoryRows: to read 30 columns one by one takes SQLite's wrapper five times as long.
        "CREATE TABLE stage(run_id TEXT NOT NULL, stage INTEGER NOT NULL, status TEXT NOT NULL, numbers TEXT NOT NULL, skipped_reason TEXT, "
            + "mirror TEXT NOT NULL, problems TEXT, sources TEXT, rsync_version TEXT, rsync_exit_code INTEGER, bucket TEXT, key_prefix TEXT, "
            + "storage_class TEXT, sync_mode TEXT, sync_mode_reason TEXT, PRIMARY KEY(run_id, stage)) WITHOUT ROWID",
    ];

    /// <summary>Opens the file for writing, and makes it where there is none.</summary>
    /// <exception cref="SqliteException">It is damaged, of another format, or the disk is to blame.</exception>
    /// <exception cref="IOException">There can be no history: the folder is read-only or full.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no history.</exception>
    public static SqliteDatabase OpenOrMake(string path)
    {
        SqliteFile.ToOwnerOnly(path);
        return Open(path, database =>
        {
            // Where the file system cannot do this, another journal mode serves as well.
            database.Text("PRAGMA journal_mode=WAL");
            database.Transaction(isDurable: false, () =>
            {
                if (SqliteFile.Schema(database).Length > 0)
                    return;
                Array.ForEach(Schema, database.Execute);
                database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={Format}"));
            });
        });
    }

    /// <summary>Opens a file that is there, to read it or to remove from it.</summary>
    /// <exception cref="SqliteException">It is damaged, of another format, or the disk is to blame.</exception>
    public static SqliteDatabase Open(string path) => Open(path, _ => { });

    /// <summary>Somebody who reads found damage, which whoever only adds to the file may never meet: the job's next run sets it aside.</summary>
    public static void MarkDamaged(string path)
    {
        try
        {
            StateFolder.CreateFile(path + DamageMark).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next reader tries again.
        }
    }

    /// <summary>True when somebody found damage.</summary>
    public static bool IsMarkedDamaged(string path) => File.Exists(path + DamageMark);

    /// <summary>Puts a damaged file out of the way.</summary>
    public static void SetAside(string path)
    {
        SqliteFile.SetAside(path);
        File.Delete(path + DamageMark);
    }

    private static SqliteDatabase Open(string path, Action<SqliteDatabase> make)
    {
        SqliteDatabase database = SqliteDatabase.Open(path);
        try
        {
            string schema = SqliteFile.Schema(database);
            if (schema.Length == 0)
            {
                make(database);
                schema = SqliteFile.Schema(database);
            }

            if (schema.Length > 0
                && (schema != string.Join('\n', Schema) || database.Text("PRAGMA user_version") != Format.ToString(CultureInfo.InvariantCulture)))
                throw SqliteException.Damaged("It is no history, or one of another version of the module.");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
