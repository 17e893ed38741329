using System.Globalization;
using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>The file of a catalog: makes it, checks it, and sets it aside when it is no good.</summary>
internal static class CatalogFile
{
    // A version of the module that finds a newer one's catalog keeps its own beside it; this says whose the last run wrote to.
    private const string InUseMark = ".in-use";

    // Keys as bytes: SQLite compares those with memcmp, which is S3's order. Few files have several names, so the index is small.
    private static readonly SqliteFormat Format = new(
        [
            "CREATE TABLE object(key BLOB PRIMARY KEY NOT NULL, link_group INTEGER, state BLOB NOT NULL) WITHOUT ROWID;"
                + "CREATE INDEX object_link_group ON object(link_group) WHERE link_group IS NOT NULL;"
                + "CREATE TABLE property(name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;"
                + "CREATE TABLE upload(upload_id TEXT PRIMARY KEY NOT NULL, identity TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL, "
                + "part_size INTEGER NOT NULL, modified INTEGER NOT NULL, changed INTEGER NOT NULL, inode INTEGER NOT NULL, "
                + "started INTEGER NOT NULL) WITHOUT ROWID;",
            // Few objects are gone from the mirror, so that index is small too.
            "ALTER TABLE object ADD COLUMN gone INTEGER; CREATE INDEX object_gone ON object(gone) WHERE gone IS NOT NULL;",
            // Rows of before have no hash, and stay out of it.
            "ALTER TABLE object ADD COLUMN content BLOB; CREATE INDEX object_content ON object(content) WHERE content IS NOT NULL;",
            // Sixteen bytes for each part of the few objects that are large; what they must be together, the object's row says.
            "CREATE TABLE part(key BLOB PRIMARY KEY NOT NULL, hashes BLOB NOT NULL);",
        ],
        new Dictionary<string, string>
        {
            ["object"] = "key, link_group, state, gone, content",
            ["part"] = "key, hashes",
            ["property"] = "name, value",
            ["upload"] = "upload_id, identity, key, size, part_size, modified, changed, inode, started",
        });

    private static string OurSuffix => string.Create(CultureInfo.InvariantCulture, $".format{Format.Number}");

    /// <summary>
    /// The file that this version of the module uses for a catalog: the one of that path, unless a newer version made it. Then it
    /// is left where it is, and there is another one beside it.
    /// </summary>
    public static string Ours(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            return path;
        try
        {
            using SqliteDatabase database = SqliteDatabase.OpenToRead(path);
            return SqliteFormat.Of(database) > Format.Number ? path + OurSuffix : path;
        }
        catch (SqliteException)
        {
            // Whoever opens it to use it finds what is wrong.
            return path;
        }
    }

    /// <summary>Opens the file for writing, makes it where there is none, and sets one aside that is damaged.</summary>
    /// <param name="path">The file, as <see cref="Ours"/> names it.</param>
    /// <exception cref="IOException">There can be no catalog: the folder is read-only or full, or another process holds the file.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no catalog.</exception>
    public static SqliteDatabase OpenOrMake(string path)
    {
        SqliteDatabase database;
        try
        {
            database = Open(path);
        }
        catch (SqliteException exception) when (exception.IsDamage)
        {
            SqliteFile.SetAside(path);
            database = OpenAfterDamage(path, exception.Message);
        }

        try
        {
            TakeTurn(path, database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Replaces a file of which every connection is closed, so that the next run knows why it starts from nothing.</summary>
    public static void Replace(string path, string reason)
    {
        SqliteFile.SetAside(path);
        OpenAfterDamage(path, reason).Dispose();
    }

    // When the last run recorded in the file of another version, ours does not know what S3 holds now.
    private static void TakeTurn(string path, SqliteDatabase database)
    {
        bool isBeside = path.EndsWith(OurSuffix, StringComparison.Ordinal);
        string mark = (isBeside ? path[..^OurSuffix.Length] : path) + InUseMark;
        string name = Path.GetFileName(path);
        bool isMarked = File.Exists(mark);
        if (isMarked ? File.ReadAllText(mark) == name : !isBeside)
            return;
        if (isMarked)
        {
            database.Transaction(isDurable: true, () => CatalogProperties.Distrust(
                database, CatalogDoubt.Contradicted, "Another version of the module has run the job since."));
        }

        using FileStream file = StateFolder.CreateFile(mark);
        file.Write(Encoding.UTF8.GetBytes(name));
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
            // The first access says whether this is a SQLite file.
            Format.RefuseNewer(SqliteFormat.Of(database));
            if (database.IsReadOnly)
                throw new IOException($"'{path}' is read-only.");
            if (!database.UseWriteAheadLog())
                throw new IOException($"The file system of '{path}' cannot keep a catalog that is read while it is written.");
            Format.Migrate(database, reached =>
            {
                if (reached == 1)
                    new CatalogProperties { Doubt = CatalogDoubt.Missing }.Write(database);
            });
            Format.Require(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>True when a catalog is of this version of the module, and not of an earlier one, which a run brings up and nobody else.</summary>
    public static bool IsCurrent(SqliteDatabase database) => SqliteFormat.Of(database) == Format.Number;

    /// <summary>Demands that a file is a catalog that can be read: of this version of the module, or of an earlier one.</summary>
    /// <exception cref="SqliteException">It is not.</exception>
    /// <exception cref="NewerFormatException">It is one of a newer version.</exception>
    public static void RequireFormat(SqliteDatabase database)
    {
        int format = SqliteFormat.Of(database);
        Format.RefuseNewer(format);
        if (format == 0)
            throw SqliteException.Damaged("It is not a catalog yet.");
        if (format == Format.Number)
            Format.Require(database);
    }
}
