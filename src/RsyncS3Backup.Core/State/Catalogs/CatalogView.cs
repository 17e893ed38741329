using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// A look at a job's catalog by somebody who changes nothing: neither the catalog nor, where there is none, the state folder. Reads what is
/// written at that moment, also while a run is on. For one thread at a time.
/// </summary>
internal sealed class CatalogView : IDisposable
{
    private readonly SqliteDatabase database;
    private readonly SqliteStatement find;
    private readonly CatalogRow row = new();

    private CatalogView(string path, SqliteDatabase database)
    {
        FilePath = path;
        this.database = database;
        Properties = CatalogProperties.Read(database);
        find = database.Prepare("SELECT key, state FROM object WHERE key = ?");
    }

    /// <summary>The catalog's file.</summary>
    public string FilePath { get; }

    /// <summary>What the catalog says of itself.</summary>
    public CatalogProperties Properties { get; }

    /// <summary>True when all that S3 confirmed is in it, as far as it knows.</summary>
    public bool IsSound => Properties is { Doubt: CatalogDoubt.None, RunStart: null };

    /// <summary>Opens the catalog of a job's prefix; null when there is none that can be read, or one about something else.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="keyPrefix">What every key starts with.</param>
    /// <param name="isDated">True for a dated snapshot, which has a catalog of its own.</param>
    public static CatalogView? TryOpen(string jobName, string bucket, string keyPrefix, bool isDated)
    {
        string folder = Path.Combine(StateFolder.Root(), StateFolder.FolderName(jobName));
        string path = isDated ? SnapshotCatalogs.PathIn(folder, keyPrefix) : Path.Combine(folder, Catalog.FileName);
        path = CatalogFile.Ours(path);
        if (!File.Exists(path))
            return null;
        SqliteDatabase? database = null;
        try
        {
            database = SqliteDatabase.Open(path);
            CatalogView view = new(path, database);
            if (view.Properties.Identity?.Contains(CatalogIdentity.Text(bucket, keyPrefix), StringComparison.Ordinal) == true)
                return view;
            view.Dispose();
        }
        catch (SqliteException)
        {
            // The next run sets it aside; who only looks does without.
            database?.Dispose();
        }

        return null;
    }

    /// <summary>Where a listing of a job's prefix may be cut, as its catalog says (<see cref="ICatalog.Cuts"/>); none without one.</summary>
    /// <param name="jobName">The job; null: none.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="keyPrefix">What every key starts with.</param>
    /// <param name="isDated">True for a dated snapshot, which has a catalog of its own.</param>
    /// <param name="after">All are behind it.</param>
    /// <exception cref="IOException">While it is enumerated: they cannot be read.</exception>
    public static IEnumerable<string> Cuts(string? jobName, string bucket, string keyPrefix, bool isDated, string after)
    {
        using CatalogView? catalog = jobName is null ? null : TryOpen(jobName, bucket, keyPrefix, isDated);
        if (catalog is null)
            yield break;
        using CatalogRows rows = new(() => SqliteDatabase.Open(catalog.FilePath), new CatalogHealth(), () => true);
        foreach (string cut in rows.Cuts(after))
            yield return cut;
    }

    /// <summary>The row of a key; null when there is none, or it cannot be read.</summary>
    public CatalogEntry? Find(string relativeKey)
    {
        try
        {
            find.Bind(1, Encoding.UTF8.GetBytes(relativeKey));
            return find.Step() ? row.Read(find.Blob(0), find.Blob(1)) : null;
        }
        catch (SqliteException)
        {
            return null;
        }
        finally
        {
            find.Reset();
        }
    }

    /// <summary>All rows, in the order of their keys' UTF-8 bytes.</summary>
    /// <exception cref="IOException">They cannot be read, or are not those that were written.</exception>
    public IEnumerable<CatalogEntry> Read()
    {
        using CatalogReader reader = new(SqliteDatabase.Open(FilePath), [], null);
        while (reader.Next() is { } entry)
            yield return entry;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        find.Dispose();
        database.Dispose();
    }
}
