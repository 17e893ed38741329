using System.Globalization;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>The file of a catalog: makes it, checks it, and sets it aside when it is no good.</summary>
internal static class CatalogFile
{
    private const int Format = 1;

    // Keys as bytes: SQLite compares those with memcmp, which is S3's order. Few files have several names, so the index is small.
    private static readonly string[] Schema =
    [
        "CREATE TABLE object(key BLOB PRIMARY KEY NOT NULL, link_group INTEGER, state BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX object_link_group ON object(link_group) WHERE link_group IS NOT NULL",
        "CREATE TABLE property(name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE upload(upload_id TEXT PRIMARY KEY NOT NULL, identity TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL, "
            + "part_size INTEGER NOT NULL, modified INTEGER NOT NULL, changed INTEGER NOT NULL, inode INTEGER NOT NULL, "
            + "started INTEGER NOT NULL) WITHOUT ROWID",
    ];

    /// <summary>Opens the file for writing, makes it where there is none, and replaces one that is damaged or of another format.</summary>
    /// <exception cref="IOException">There can be no catalog: the folder is read-only or full, or another process holds the file.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no catalog.</exception>
    public static SqliteDatabase OpenOrMake(string path)
    {
        try
        {
            return Open(path);
        }
        catch (SqliteException exception) when (exception.IsDamage)
        {
            SqliteFile.SetAside(path);
            return OpenAfterDamage(path, exception.Message);
        }
    }

    /// <summary>Replaces a file of which every connection is closed, so that the next run knows why it starts from nothing.</summary>
    public static void Replace(string path, string reason)
    {
        SqliteFile.SetAside(path);
        OpenAfterDamage(path, reason).Dispose();
    }

    private static SqliteDatabase OpenAfterDamage(string path, string reason)
    {
        SqliteDatabase database = Open(path);
        try
        {
            CatalogProperties properties = new() { Doubt = CatalogDoubt.Damaged, DoubtReason = reason };
            database.Transaction(isDurable: true, () => properties.Write(database));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static SqliteDatabase Open(string path)
    {
        SqliteFile.ToOwnerOnly(path);
        SqliteDatabase database = SqliteDatabase.Open(path);
        try
        {
            string schema = SqliteFile.Schema(database);
            if (database.IsReadOnly)
                throw new IOException($"'{path}' is read-only.");
            if (database.Text("PRAGMA journal_mode=WAL") != "wal")
                throw new IOException($"The file system of '{path}' cannot keep a catalog that is read while it is written.");
            if (schema.Length == 0)
                Make(database);
            RequireFormat(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Demands that a file is a catalog of this version of the module.</summary>
    /// <exception cref="SqliteException">It is not.</exception>
    public static void RequireFormat(SqliteDatabase database)
    {
        if (SqliteFile.Schema(database) != string.Join('\n', Schema) || database.Text("PRAGMA user_version") != Invariant(Format))
            throw SqliteException.Damaged("It is no catalog, or one of another version of the module.");
    }

    private static void Make(SqliteDatabase database) => database.Transaction(isDurable: true, () =>
    {
        // Another process may have made it meanwhile.
        if (SqliteFile.Schema(database).Length > 0)
            return;
        Array.ForEach(Schema, database.Execute);
        database.Execute($"PRAGMA user_version={Format}");
        new CatalogProperties { Doubt = CatalogDoubt.Missing }.Write(database);
    });

    private static string Invariant(int value) => value.ToString(CultureInfo.InvariantCulture);
}
