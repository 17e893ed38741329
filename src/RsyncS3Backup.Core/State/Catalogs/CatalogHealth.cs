using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>The first thing that went wrong with a catalog, and what to do with what may go wrong next. Thread-safe.</summary>
internal sealed class CatalogHealth
{
    private volatile string? failure;
    private volatile string? damage;

    /// <summary>Why something could not be written or read; null while all is well.</summary>
    public string? Failure => failure;

    /// <summary>Why the file is no good any more; null while it is.</summary>
    public string? Damage => damage;

    /// <summary>Notes what went wrong.</summary>
    public void Fail(string reason) => failure ??= reason;

    /// <summary>Notes what went wrong, and whether the file is damaged.</summary>
    public void Fail(SqliteException exception)
    {
        Fail(exception.Message);
        if (exception.IsDamage)
            Condemn(exception.Message);
    }

    /// <summary>Notes that the file must not be believed by the next run.</summary>
    public void Condemn(string reason) => damage ??= reason;

    /// <summary>
    /// Does what must not stop a transfer. After a failure nothing more is written: rows must not follow rows that are missing.
    /// </summary>
    public void Attempt(Action work)
    {
        if (failure is not null)
            return;
        try
        {
            work();
        }
        catch (SqliteException exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Reads, and notes the damage that comes to light.</summary>
    public T Noted<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException exception)
        {
            if (exception.IsDamage)
                Fail(exception);
            throw;
        }
    }
}
