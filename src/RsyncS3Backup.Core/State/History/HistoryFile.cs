using System.Reflection;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>The file of a job's history: makes it, brings it up to date, and reads it without a change to it.</summary>
internal static class HistoryFile
{
    /// <summary>The file's name in the job's state folder.</summary>
    public const string Name = "history.db";

    /// <summary>The version of this module.</summary>
    public static string? ModuleVersion { get; } = typeof(HistoryFile).Assembly
        .GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version is { } version ? Version.Parse(version).ToString(3) : null;

    /// <summary>Opens the file for writing, makes it where there is none, and brings it up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mayMigrate">False where a run of the job may be on: one of an earlier version still writes to the file as it
    /// is.</param>
    /// <exception cref="SqliteException">It is damaged, or the disk is to blame.</exception>
    /// <exception cref="NewerFormatException">A newer version of the module made it. It is left as it is.</exception>
    /// <exception cref="IOException">There can be no history: the folder is read-only or full.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no history.</exception>
    public static SqliteDatabase OpenToWrite(string path, bool mayMigrate)
    {
        RefuseNewer(path);
        SqliteFile.ToOwnerOnly(path);
        SqliteDatabase database = SqliteDatabase.Open(path);
        try
        {
            RefuseNewer(database);
            // Where the file system cannot do this, another journal mode serves as well.
            _ = database.UseWriteAheadLog();
            if (!mayMigrate && SqliteFormat.Of(database) is > 0 and int format && format < HistoryFormat.Instance.Number)
                throw new IOException("It is of an earlier version of the module; the job's next run brings it up to date.");
            HistoryFormat.Instance.Migrate(database, reached => HistoryFormat.Sign(database, reached, ModuleVersion));
            HistoryFormat.Instance.Require(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a file that is there to read it: it is not written, also when it is damaged or of an earlier version.
    /// </summary>
    /// <returns>Null when nothing is in it yet.</returns>
    /// <exception cref="SqliteException">It is damaged, or the disk is to blame.</exception>
    /// <exception cref="NewerFormatException">A newer version of the module made it.</exception>
    public static SqliteDatabase? OpenToRead(string path)
    {
        SqliteDatabase database = Look(path);
        try
        {
            int format = RefuseNewer(database);
            if (format == 0)
            {
                database.Dispose();
                return null;
            }

            if (format < HistoryFormat.Instance.Number)
                database = UpToDate(database);
            HistoryFormat.Instance.Require(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>The name of the job whose history a file is, of whatever version; null where it cannot be read.</summary>
    public static string? JobIn(string path)
    {
        try
        {
            using SqliteDatabase database = Look(path);
            return database.Text("SELECT name FROM run ORDER BY started DESC LIMIT 1");
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    /// <summary>Demands that a newer version of the module has not made the file, where there is one.</summary>
    /// <exception cref="NewerFormatException">It has.</exception>
    public static void RefuseNewer(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            return;
        try
        {
            using SqliteDatabase database = Look(path);
            RefuseNewer(database);
        }
        catch (SqliteException)
        {
            // Whoever opens it to use it finds what is wrong.
        }
    }

    private static int RefuseNewer(SqliteDatabase database)
    {
        int format = SqliteFormat.Of(database);
        if (format > HistoryFormat.Instance.Number)
            HistoryFormat.Instance.RefuseNewer(format, HistoryFormat.Writer(database));
        HistoryFormat.Instance.RefuseNewer(format);
        return format;
    }

    // A log without its index is one that somebody copied. Its index is made then; else what was written last would not be seen.
    private static SqliteDatabase Look(string path) =>
        new FileInfo(path + "-wal") is { Exists: true, Length: > 0 } && !File.Exists(path + "-shm")
            ? SqliteDatabase.OpenReadOnly(path)
            : SqliteDatabase.OpenToRead(path);

    private static SqliteDatabase UpToDate(SqliteDatabase earlier)
    {
        SqliteDatabase copy = SqliteDatabase.OpenTemporary();
        try
        {
            earlier.CopyTo(copy);
            HistoryFormat.Instance.Migrate(copy);
            earlier.Dispose();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }
}
