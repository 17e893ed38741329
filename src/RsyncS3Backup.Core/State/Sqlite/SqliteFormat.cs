using System.Globalization;

namespace RsyncS3Backup.State.Sqlite;

/// <summary>
/// What a file of the module holds, as the steps that make it: the first makes a file of format 1, each further one brings a file
/// up by one. So a new file is one that has gone through all of them. The number is in the file (<c>PRAGMA user_version</c>).
/// </summary>
/// <param name="migrations">The SQL of each step. One that is released is never changed.</param>
/// <param name="needed">The columns that are needed, by table. What else is in a file is nobody's business: an index, a table,
/// the result of
/// <c>ANALYZE</c>.</param>
internal sealed class SqliteFormat(IReadOnlyList<string> migrations, IReadOnlyDictionary<string, string> needed)
{
    /// <summary>The format of this version of the module.</summary>
    public int Number => migrations.Count;

    /// <summary>
    /// The format of a file; 0 for one in which nothing is yet. As the first access of all it says whether this is a SQLite file.
    /// </summary>
    /// <exception cref="SqliteException">It is a database of something else, or damaged.</exception>
    public static int Of(SqliteDatabase database)
    {
        // Of one moment: another process may be making the file.
        using SqliteStatement statement = database.Prepare(
            "SELECT user_version, EXISTS(SELECT 1 FROM sqlite_schema) FROM pragma_user_version");
        statement.Step();
        long format = statement.Int64(0);
        return format != 0 || statement.Int64(1) == 0
            ? (int)format
            : throw SqliteException.Damaged("It is a database of something else.");
    }

    /// <summary>
    /// Brings a file up to this format, each step in a transaction of its own; all of them in one where nothing is in the file yet, so that no
    /// other process ever takes a new file for one of an earlier version.
    /// </summary>
    /// <param name="database">The file; not one of a newer format.</param>
    /// <param name="taken">Called in the transaction of each step with the format that it leads to.</param>
    /// <exception cref="NewerFormatException">Another process has brought it to a newer one meanwhile.</exception>
    public void Migrate(SqliteDatabase database, Action<int>? taken = null)
    {
        for (bool isReady = Of(database) == Number; !isReady;)
        {
            database.Transaction(isDurable: true, () =>
            {
                // Another process may be at it as well.
                int format = Of(database);
                RefuseNewer(format);
                for (int last = format == 0 ? Number : Math.Min(format + 1, Number); format < last; format++)
                {
                    database.Execute(migrations[format]);
                    database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={format + 1}"));
                    taken?.Invoke(format + 1);
                }

                isReady = format == Number;
            });
        }
    }

    /// <summary>Demands that a file is not of a newer format.</summary>
    /// <exception cref="NewerFormatException">It is.</exception>
    public void RefuseNewer(int format, string? writer = null)
    {
        // A negative one is none of ours; what made it is not known, so it is left alone too.
        if (format < 0 || format > Number)
            throw new NewerFormatException(format, Number, writer);
    }

    /// <summary>Demands that all is there that is needed.</summary>
    /// <exception cref="SqliteException">It is not.</exception>
    public void Require(SqliteDatabase database)
    {
        using SqliteStatement statement = database.Prepare("SELECT name FROM pragma_table_info(?1)");
        foreach ((string table, string columns) in needed)
        {
            HashSet<string> found = new(StringComparer.OrdinalIgnoreCase);
            statement.Bind(1, table);
            while (statement.Step())
                found.Add(statement.Text(0));
            statement.Reset();
            if (columns.Split(", ").FirstOrDefault(column => !found.Contains(column)) is { } missing)
                throw SqliteException.Damaged($"It has no column '{table}.{missing}'.");
        }
    }
}
