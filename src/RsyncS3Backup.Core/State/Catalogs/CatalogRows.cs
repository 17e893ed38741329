using System.Globalization;
using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>The rows of a catalog's file, as they are written. All members may be called from any thread.</summary>
/// <param name="open">Opens a connection of its own to the file.</param>
/// <param name="health">Hears of damage.</param>
/// <param name="begin">Called before rows are read in order; false: there are none.</param>
internal sealed class CatalogRows(Func<SqliteDatabase> open, CatalogHealth health, Func<bool> begin) : IDisposable
{
    // One would do, but for those that this run has just changed.
    private const int MostOfContent = 4;

    // Four pages of a listing: a key more than is known costs a fifth one.
    private const int RowsPerCut = 4_000;

    private readonly object gate = new();
    private readonly CatalogRow row = new();
    private SqliteDatabase? lookup;
    private SqliteStatement? findCut;
    private SqliteStatement? findKey;
    private SqliteStatement? findGroup;
    private SqliteStatement? findContent;
    private SqliteStatement? findParts;

    /// <inheritdoc cref="ICatalog.Read"/>
    public IEnumerable<CatalogEntry> Read()
    {
        if (!begin())
            yield break;
        using CatalogReader reader = health.Noted(() => new CatalogReader(open(), [], null));
        Func<CatalogEntry?> next = reader.Next;
        // Disposed before the reader is.
        using CatalogReadAhead ahead = new(() => health.Noted(next));
        while (ahead.NextBatch() is { } batch)
        {
            foreach (CatalogEntry entry in batch)
                yield return entry;
        }
    }

    /// <inheritdoc cref="ICatalog.ReadUnder"/>
    public IEnumerable<CatalogEntry> ReadUnder(string keyPrefix)
    {
        byte[] from = Encoding.UTF8.GetBytes(keyPrefix);
        if (from.Length == 0)
            return Read();
        // UTF-8 has no byte 0xFF, so the last byte can always be raised by one.
        byte[] to = [.. from];
        to[^1]++;
        return ReadRange(from, to);
    }

    /// <inheritdoc cref="ICatalog.Cuts"/>
    public IEnumerable<string> Cuts(string after)
    {
        for (byte[] key = Encoding.UTF8.GetBytes(after); Cut(key) is { } next; key = next)
            yield return Encoding.UTF8.GetString(next);
    }

    /// <summary>The row of a key; null where there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CatalogEntry? Find(string relativeKey)
    {
        byte[] key = Encoding.UTF8.GetBytes(relativeKey);
        return Look(ref findKey, "SELECT key, state FROM object WHERE key = ?", statement => statement.Bind(1, key)) is [var found] ? found : null;
    }

    /// <summary>The rows of a link group in the order of their keys.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public List<CatalogEntry> FindLinkGroup(ulong linkGroup) => Look(
        ref findGroup,
        "SELECT key, state FROM object WHERE link_group = ? ORDER BY key",
        statement => statement.Bind(1, unchecked((long)linkGroup)));

    /// <summary>A row with that size and time, of which there is a hash; null where there is none.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public CatalogEntry? FindAlike(long size, long modifiedNanoseconds)
    {
        (byte[] first, byte[] last) = CatalogContent.Range(size, modifiedNanoseconds);
        return FindContent(first, last).Find(row => row.Size == size && row.ModifiedNanoseconds == modifiedNanoseconds);
    }

    /// <summary>Rows with that size, time and hash; a few where there are many.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public List<CatalogEntry> FindSame(long size, long modifiedNanoseconds, ContentHash hash)
    {
        byte[] exact = CatalogContent.Exact(size, modifiedNanoseconds, hash);
        return FindContent(exact, exact).FindAll(row => IsSame(row, size, modifiedNanoseconds, hash));
    }

    /// <summary>The hashes of the parts of an object; null where they are not known.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public UInt128[]? FindParts(CatalogEntry entry)
    {
        byte[] key = Encoding.UTF8.GetBytes(entry.RelativeKey);
        return Look(
            ref findParts, "SELECT hashes FROM part WHERE key = ?", statement => statement.Bind(1, key),
            statement => entry.Hash?.ReadParts(statement.Blob(0))) is [var found] ? found : null;
    }

    /// <summary>True for a row with that size, time and hash.</summary>
    public static bool IsSame(CatalogEntry row, long size, long modifiedNanoseconds, ContentHash hash) =>
        row.Size == size && row.ModifiedNanoseconds == modifiedNanoseconds && row.Hash == hash
            && CatalogContent.Of(row) is not null;

    /// <summary>The rows of all link groups in the order of their keys.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public List<CatalogEntry> FindLinked()
    {
        SqliteStatement? once = null;
        try
        {
            return Look(ref once, "SELECT key, state FROM object WHERE link_group IS NOT NULL ORDER BY key", _ => { });
        }
        finally
        {
            once?.Dispose();
        }
    }

    /// <summary>The keys of which the mirror has been without since some time or longer, the oldest first; at most so many.</summary>
    /// <param name="database">A connection that is open already: each run asks, also one that finds nothing else to do.</param>
    /// <param name="since">The time.</param>
    /// <param name="atMost">How many.</param>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static List<string> FindGone(SqliteDatabase database, DateTimeOffset since, int atMost)
    {
        using SqliteStatement statement = database.Prepare("SELECT key FROM object WHERE gone <= ? ORDER BY gone, key LIMIT ?");
        statement.Bind(1, since.ToUnixTimeSeconds()).Bind(2, atMost);
        List<string> found = [];
        while (statement.Step())
            found.Add(Encoding.UTF8.GetString(statement.Blob(0)));
        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            findCut?.Dispose();
            findKey?.Dispose();
            findGroup?.Dispose();
            findContent?.Dispose();
            findParts?.Dispose();
            lookup?.Dispose();
        }
    }

    private IEnumerable<CatalogEntry> ReadRange(byte[] from, byte[] to)
    {
        if (!begin())
            yield break;
        using CatalogReader reader = health.Noted(() => new CatalogReader(open(), from, to));
        Func<CatalogEntry?> next = reader.Next;
        while (health.Noted(next) is { } entry)
            yield return entry;
    }

    private byte[]? Cut(byte[] key) => Look(
        ref findCut, "SELECT key FROM object WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?",
        statement => statement.Bind(1, key).Bind(2, RowsPerCut - 1), statement => statement.Blob(0).ToArray()) is [var found] ? found : null;

    private List<CatalogEntry> FindContent(byte[] first, byte[] last) => Look(
        ref findContent,
        string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT key, state FROM object WHERE content >= ?1 AND content <= ?2 LIMIT {MostOfContent}"),
        statement => statement.Bind(1, first).Bind(2, last));

    private List<CatalogEntry> Look(ref SqliteStatement? prepared, string sql, Action<SqliteStatement> bind) =>
        Look(ref prepared, sql, bind, statement => row.Read(statement.Blob(0), statement.Blob(1)));

    private List<T> Look<T>(
        ref SqliteStatement? prepared, string sql, Action<SqliteStatement> bind, Func<SqliteStatement, T> read)
    {
        lock (gate)
        {
            SqliteStatement? statement = prepared;
            try
            {
                return health.Noted(() =>
                {
                    statement ??= (lookup ??= open()).Prepare(sql);
                    bind(statement);
                    List<T> found = [];
                    while (statement.Step())
                        found.Add(read(statement));
                    return found;
                });
            }
            finally
            {
                // A statement that is not reset would keep seeing this moment's rows.
                statement?.Reset();
                prepared = statement;
            }
        }
    }
}
