using System.Runtime.CompilerServices;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>Reads rows in order, all from one moment: a statement of its own connection sees no later commit while it runs.</summary>
internal sealed class CatalogReader : IDisposable
{
    private readonly SqliteDatabase database;
    private readonly SqliteStatement statement;
    private readonly CatalogRow row = new();
    private readonly long? expectedCount;
    private byte[] previousKey = [];
    private int previousLength;
    private long count;

    /// <param name="database">A connection of its own, which is closed with it.</param>
    /// <param name="from">The first key.</param>
    /// <param name="to">The key after the last one; null to read to the end.</param>
    public CatalogReader(SqliteDatabase database, byte[] from, byte[]? to)
    {
        this.database = database;
        try
        {
            // One transaction, so that the count and the rows are from the same moment.
            database.Execute("BEGIN");
            if (from.Length == 0 && to is null)
                expectedCount = CatalogProperties.Read(database).Count;
            statement = database.Prepare("SELECT key, state FROM object WHERE key >= ?" + (to is null ? "" : " AND key < ?"));
            statement.Bind(1, from);
            if (to is not null)
                statement.Bind(2, to);
        }
        catch
        {
            statement?.Dispose();
            database.Dispose();
            throw;
        }
    }

    /// <summary>The next row; null after the last one.</summary>
    /// <exception cref="SqliteException">The rows are not those that were written.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public CatalogEntry? Next()
    {
        if (!statement.Step())
        {
            return expectedCount is null || expectedCount == count ? null
                : throw SqliteException.Damaged($"The catalog has {count} rows and says that they are {expectedCount}.");
        }

        ReadOnlySpan<byte> key = statement.Blob(0);
        if (count > 0 && previousKey.AsSpan(0, previousLength).SequenceCompareTo(key) >= 0)
            throw SqliteException.Damaged("The rows of the catalog are out of order.");
        if (previousKey.Length < key.Length)
            previousKey = new byte[2 * key.Length];
        key.CopyTo(previousKey);
        previousLength = key.Length;
        count++;
        return row.Read(key, statement.Blob(1));
    }

    public void Dispose()
    {
        statement.Dispose();
        database.Dispose();
    }
}
