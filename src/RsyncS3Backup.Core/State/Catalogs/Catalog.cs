using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// What S3 is known to hold for a job, in a SQLite file of the job's state folder. It is disposable: a reconcile makes it again. Its rows are
/// written after S3 confirmed them and never before.
/// </summary>
/// <remarks>
/// Rows of another <see cref="CatalogIdentity"/> are as good as not there, and go when a run begins. A doubt stays until a reconcile
/// completes, whatever runs lie between. A damage that comes to light while it is read is an <see cref="IOException"/> for the reader; the
/// file is then replaced on <see cref="Dispose"/>. All members may be called from any thread.
/// </remarks>
internal sealed class Catalog : IUnfinishedUploads, IDisposable
{
    /// <summary>The name of a job's catalog in its state folder; those of dated snapshots have others.</summary>
    internal const string FileName = "catalog.db";

    /// <summary>So many changes are written together.</summary>
    internal const int BatchSize = 1000;

    /// <summary>So many may wait for the disk. Beyond that the caller waits too, so that a slow disk costs no memory.</summary>
    internal const int MostPending = 50_000;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly string path;
    private readonly string identity;
    private readonly SqliteDatabase writer;

    // Taken in this order, never the other way round.
    private readonly object writerGate = new();
    private readonly object queueGate = new();
    private readonly object lookupGate = new();

    // Null stands for a removed row. The last word on a key counts, so their order needs no keeping.
    private Dictionary<string, CatalogEntry?> pending = [];
    private Dictionary<string, CatalogEntry?> committing = [];
    private readonly CatalogRow lookupRow = new();
    private SqliteDatabase? lookup;
    private SqliteStatement? findKey;
    private SqliteStatement? findGroup;
    private Thread? thread;
    private bool isStopping;
    private bool isDisposed;
    private volatile bool isRunOn;
    private bool isContradicted;
    private volatile bool isOurs;
    private volatile string? failure;
    private volatile string? damage;
    private CatalogProperties properties;

    private readonly bool isReadOnly;

    private Catalog(string path, CatalogIdentity identity, SqliteDatabase writer, bool isReadOnly = false)
    {
        this.isReadOnly = isReadOnly;
        this.path = path;
        this.identity = identity.Text();
        this.writer = writer;
        properties = CatalogProperties.Read(writer);
        isOurs = properties.Identity is null || properties.Identity == this.identity;
        (Doubt, DoubtReason) =
            !isOurs ? (CatalogDoubt.OtherDestination, null)
            : properties.Doubt != CatalogDoubt.None ? (properties.Doubt, properties.DoubtReason)
            : properties.RunStart is { } start ? (CatalogDoubt.RunDied, DeadRun(start))
            : (CatalogDoubt.None, null);
    }

    /// <summary>Its file.</summary>
    public string Path => path;

    /// <summary>What was found when it was opened.</summary>
    public CatalogDoubt Doubt { get; }

    /// <summary>More about it, for people; null where there is no more to say.</summary>
    public string? DoubtReason { get; }

    /// <summary>When the last reconcile that completed began; null where none has.</summary>
    public DateTimeOffset? LastReconcile => isOurs ? Volatile.Read(ref properties).LastReconcile : null;

    /// <summary>How many rows are written.</summary>
    public long Count => isOurs ? Volatile.Read(ref properties).Count : 0;

    /// <summary>What the last run knew of the mirror when it ended; null when it did not, or did not know.</summary>
    public MirrorSummary? Mirror => isOurs ? Volatile.Read(ref properties).Mirror : null;

    /// <summary>Why something could not be written or read; null while all is well. Nothing more is written then.</summary>
    public string? Failure => failure;

    /// <summary>Opens the catalog, or makes one. One that is damaged or of another format is set aside.</summary>
    /// <exception cref="IOException">No catalog can be had: the folder is read-only or full, or another process holds the file.</exception>
    /// <exception cref="UnauthorizedAccessException">No catalog can be had.</exception>
    public static Catalog Open(string path, CatalogIdentity identity)
    {
        path = CatalogFile.Ours(System.IO.Path.GetFullPath(path));
        SqliteDatabase database = CatalogFile.OpenOrMake(path);
        try
        {
            return new Catalog(path, identity, database);
        }
        catch (SqliteException exception) when (exception.IsDamage)
        {
            database.Dispose();
            CatalogFile.Replace(path, exception.Message);
            return new Catalog(path, identity, CatalogFile.OpenOrMake(path));
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a catalog to look at it: whatever is recorded in it afterwards is dropped, and no byte of it changes.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    public static Catalog? OpenToRead(string path, CatalogIdentity identity)
    {
        path = CatalogFile.Ours(System.IO.Path.GetFullPath(path));
        if (!File.Exists(path))
            return null;
        SqliteDatabase database = SqliteDatabase.OpenToRead(path);
        try
        {
            CatalogFile.RequireFormat(database);
            return new Catalog(path, identity, database, isReadOnly: true);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>All rows in the order of their keys' UTF-8 bytes, as they are when the first is asked for.</summary>
    /// <exception cref="IOException">
    /// While it is enumerated: the rows cannot be read, or are not those that were written. That rows are missing may show at the end only, so
    /// nothing may be deleted before that.
    /// </exception>
    public IEnumerable<CatalogEntry> Read()
    {
        if (!isOurs)
            yield break;
        Flush();
        using CatalogReader reader = Noted(() => new CatalogReader(path, [], null, isReadOnly));
        Func<CatalogEntry?> next = reader.Next;
        // Disposed before the reader is.
        using CatalogReadAhead ahead = new(() => Noted(next));
        while (ahead.NextBatch() is { } batch)
        {
            foreach (CatalogEntry entry in batch)
                yield return entry;
        }
    }

    /// <summary>Likewise the rows whose key starts with <paramref name="keyPrefix"/>.</summary>
    /// <exception cref="IOException">As for <see cref="Read"/>.</exception>
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

    /// <summary>The row of a key, with what was put but is not written yet; null where there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CatalogEntry? Find(string relativeKey)
    {
        if (!isOurs)
            return null;
        lock (queueGate)
        {
            if (pending.TryGetValue(relativeKey, out CatalogEntry? entry) || committing.TryGetValue(relativeKey, out entry))
                return entry;
        }

        byte[] key = Encoding.UTF8.GetBytes(relativeKey);
        return Look(ref findKey, "SELECT key, state FROM object WHERE key = ?", statement => statement.Bind(1, key)) is [var found] ? found : null;
    }

    /// <summary>The rows of a link group in the order of their keys, with what was put but is not written yet.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public IReadOnlyList<CatalogEntry> FindLinkGroup(ulong linkGroup)
    {
        if (!isOurs || linkGroup == 0)
            return [];
        Dictionary<string, CatalogEntry?> unwritten = [];
        lock (queueGate)
        {
            foreach ((string key, CatalogEntry? entry) in committing.Concat(pending))
                unwritten[key] = entry;
        }

        List<CatalogEntry> written = Look(
            ref findGroup,
            "SELECT key, state FROM object WHERE link_group = ? ORDER BY key",
            statement => statement.Bind(1, unchecked((long)linkGroup)));
        if (unwritten.Count == 0)
            return written;
        IEnumerable<CatalogEntry> found = written.Where(entry => !unwritten.ContainsKey(entry.RelativeKey))
            .Concat(unwritten.Values.OfType<CatalogEntry>().Where(entry => entry.LinkGroup == linkGroup));
        return [.. found.Select(entry => (Key: Encoding.UTF8.GetBytes(entry.RelativeKey), Entry: entry))
            .OrderBy(pair => pair.Key, ByteOrder).Select(pair => pair.Entry)];
    }

    /// <summary>The rows of all link groups in the order of their keys; without what was put and is not written yet.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public IReadOnlyList<CatalogEntry> FindLinked()
    {
        SqliteStatement? once = null;
        try
        {
            return isOurs ? Look(ref once, "SELECT key, state FROM object WHERE link_group IS NOT NULL ORDER BY key", _ => { }) : [];
        }
        finally
        {
            once?.Dispose();
        }
    }

    /// <summary>
    /// Writes down that a run is on, on disk before this returns: call it before the run's first change in S3. Rows of another identity go.
    /// </summary>
    /// <param name="isReconcile">True when the run compares with a listing.</param>
    /// <param name="startTime">When the run began.</param>
    /// <exception cref="IOException">It cannot be written. The catalog is of no use to this run, and is set aside for the next.</exception>
    public void BeginRun(bool isReconcile, DateTimeOffset startTime)
    {
        if (isReadOnly)
            return;
        lock (writerGate)
        {
            try
            {
                Change(isDurable: true, now =>
                {
                    bool isOther = now.Identity is not null && now.Identity != identity;
                    if (isOther)
                        writer.Execute("DELETE FROM object");
                    bool isDead = now.RunStart is not null && now.Doubt == CatalogDoubt.None;
                    return now with
                    {
                        Identity = identity,
                        Count = isOther ? 0 : now.Count,
                        LastReconcile = isOther ? null : now.LastReconcile,
                        Mirror = null,
                        RunStart = startTime,
                        RunIsReconcile = isReconcile,
                        Doubt = isOther ? CatalogDoubt.OtherDestination : isDead ? CatalogDoubt.RunDied : now.Doubt,
                        DoubtReason = isOther ? null : isDead ? DeadRun(now.RunStart!.Value) : now.DoubtReason,
                    };
                });
                // Into the file itself, so that the mark is there even if somebody takes the log for rubbish and deletes it.
                writer.Execute("PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException exception)
            {
                Fail(exception);
                // The run will change S3 without recording it, so what is recorded now must not be believed later.
                if (!exception.IsBusy)
                    damage ??= exception.Message;
                throw;
            }

            isOurs = true;
            isRunOn = true;
            isContradicted = false;
        }
    }

    /// <summary>Records what S3 confirmed. Written soon, by a thread of its own; a failure shows in <see cref="Failure"/>.</summary>
    public void Put(CatalogEntry entry) => Enqueue(entry.RelativeKey, entry);

    /// <summary>Records that S3 holds nothing under a key, likewise.</summary>
    public void Remove(string relativeKey) => Enqueue(relativeKey, null);

    /// <summary>Writes what waits. A failure shows in <see cref="Failure"/>.</summary>
    public void Flush()
    {
        lock (writerGate)
        {
            while (CommitPending())
            {
            }
        }
    }

    /// <summary>Records that S3 holds something else than the catalog says, so that the next run reconciles.</summary>
    /// <param name="reason">What was seen.</param>
    public void Contradict(string reason)
    {
        if (isReadOnly)
            return;
        lock (writerGate)
        {
            if (isContradicted)
                return;
            isContradicted = true;
            Attempt(() => Change(isDurable: true, now => now with { Doubt = CatalogDoubt.Contradicted, DoubtReason = reason }));
        }
    }

    /// <summary>
    /// Writes what waits and closes the run, on disk before this returns. After a failure the run stays open, and the next one finds
    /// <see cref="CatalogDoubt.RunDied"/>.
    /// </summary>
    /// <param name="isComplete">
    /// Of a reconcile: true when every key of mirror and listing was seen and what S3 confirmed was put. Doubts end with that.
    /// </param>
    /// <param name="mirror">What the run knows of the mirror; null when it did not see all of it.</param>
    public void EndRun(bool isComplete, MirrorSummary? mirror = null)
    {
        lock (writerGate)
        {
            Flush();
            if (!isRunOn || failure is not null)
                return;
            Attempt(() => Change(isDurable: true, now =>
            {
                bool isSettled = isComplete && now.RunIsReconcile;
                bool endsDoubt = isSettled && !isContradicted;
                return now with
                {
                    RunStart = null,
                    RunIsReconcile = false,
                    Mirror = mirror,
                    LastReconcile = isSettled ? now.RunStart : now.LastReconcile,
                    Doubt = endsDoubt ? CatalogDoubt.None : now.Doubt,
                    DoubtReason = endsDoubt ? null : now.DoubtReason,
                };
            }));
            isRunOn = false;
        }
    }

    /// <summary>Records a multipart upload, on disk before this returns: call it before the first part is sent.</summary>
    public void Remember(UnfinishedUpload upload)
    {
        if (isReadOnly)
            return;
        lock (writerGate)
        {
            Attempt(() => writer.Transaction(isDurable: true, () =>
            {
                using SqliteStatement insert = writer.Prepare("INSERT OR REPLACE INTO upload VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
                insert.Bind(1, upload.UploadId).Bind(2, identity).Bind(3, Encoding.UTF8.GetBytes(upload.RelativeKey)).Bind(4, upload.Size)
                    .Bind(5, upload.PartSize).Bind(6, upload.ModifiedNanoseconds).Bind(7, upload.ChangedNanoseconds)
                    .Bind(8, unchecked((long)upload.Inode)).Bind(9, upload.StartTime.UtcTicks).Run();
            }));
        }
    }

    /// <summary>Records that a multipart upload was completed or aborted.</summary>
    public void Forget(string uploadId)
    {
        if (isReadOnly)
            return;
        lock (writerGate)
        {
            Attempt(() => writer.Transaction(isDurable: false, () =>
            {
                using SqliteStatement delete = writer.Prepare("DELETE FROM upload WHERE upload_id = ?");
                delete.Bind(1, uploadId).Run();
            }));
        }
    }

    /// <summary>The last upload of a key that is recorded and not forgotten.</summary>
    UnfinishedUpload? IUnfinishedUploads.Find(string relativeKey) => UnfinishedUploads()
        .LastOrDefault(upload => upload.RelativeKey == relativeKey && !upload.IsIntention);

    /// <summary>The multipart uploads of this destination that are recorded and not forgotten. None, where they cannot be read.</summary>
    public IReadOnlyList<UnfinishedUpload> UnfinishedUploads()
    {
        List<UnfinishedUpload> found = [];
        lock (writerGate)
        {
            Attempt(() =>
            {
                using SqliteStatement select = writer.Prepare("SELECT key, upload_id, size, part_size, modified, changed, inode, started "
                    + "FROM upload WHERE identity = ? ORDER BY key, started");
                select.Bind(1, identity);
                while (select.Step())
                {
                    if (select.Int64(7) < DateTime.MinValue.Ticks || select.Int64(7) > DateTime.MaxValue.Ticks)
                        throw SqliteException.Damaged("A multipart upload in the catalog began at no time.");
                    found.Add(new UnfinishedUpload(Encoding.UTF8.GetString(select.Blob(0)), select.Text(1), select.Int64(2), select.Int64(3),
                        select.Int64(4), select.Int64(5), unchecked((ulong)select.Int64(6)), new DateTimeOffset(select.Int64(7), TimeSpan.Zero)));
                }
            });
        }

        return found;
    }

    /// <summary>Writes what waits and closes the file. A run that was not ended stays open.</summary>
    public void Dispose()
    {
        lock (queueGate)
        {
            isStopping = true;
            Monitor.PulseAll(queueGate);
        }

        thread?.Join();
        lock (writerGate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            Flush();
            lock (lookupGate)
            {
                findKey?.Dispose();
                findGroup?.Dispose();
                lookup?.Dispose();
            }

            writer.Dispose();
            if (isReadOnly || damage is not { } reason)
                return;
            damage = null;
            try
            {
                CatalogFile.Replace(path, reason);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The next one to open or read it finds the damage again.
            }
        }
    }

    private static Comparer<byte[]> ByteOrder { get; } = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    // Each part with its length before it, so that no two identities have one text.
    private static string DeadRun(DateTimeOffset start) => $"The run that began at {start.UtcDateTime:u} did not end.";

    private IEnumerable<CatalogEntry> ReadRange(byte[] from, byte[]? to)
    {
        if (!isOurs)
            yield break;
        Flush();
        using CatalogReader reader = Noted(() => new CatalogReader(path, from, to, isReadOnly));
        Func<CatalogEntry?> next = reader.Next;
        while (Noted(next) is { } entry)
            yield return entry;
    }

    private List<CatalogEntry> Look(ref SqliteStatement? prepared, string sql, Action<SqliteStatement> bind)
    {
        lock (lookupGate)
        {
            SqliteStatement? statement = prepared;
            try
            {
                return Noted(() =>
                {
                    statement ??= (lookup ??= isReadOnly ? SqliteDatabase.OpenToRead(path) : SqliteDatabase.Open(path)).Prepare(sql);
                    bind(statement);
                    List<CatalogEntry> found = [];
                    while (statement.Step())
                        found.Add(lookupRow.Read(statement.Blob(0), statement.Blob(1)));
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

    /// <summary>Reads, and notes the damage that comes to light.</summary>
    private T Noted<T>(Func<T> read)
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

    private void Enqueue(string key, CatalogEntry? entry)
    {
        if (isReadOnly)
            return;
        lock (queueGate)
        {
            if (!isRunOn)
                throw new InvalidOperationException("No run is on, so nothing can have changed in S3.");
            if (failure is not null)
                return;
            if (pending.Count >= MostPending && !WaitForRoom())
                return;
            pending[key] = entry;
            if (thread is null)
            {
                thread = new Thread(CommitInBatches) { IsBackground = true, Name = "Catalog" };
                thread.Start();
            }

            if (pending.Count is 1 or BatchSize)
                Monitor.PulseAll(queueGate);
        }
    }

    private bool WaitForRoom()
    {
        while (pending.Count >= MostPending && failure is null)
        {
            if (!Monitor.Wait(queueGate, LongestWait))
                failure ??= "The disk of the state folder does not keep up.";
        }

        return failure is null;
    }

    private void CommitInBatches()
    {
        while (true)
        {
            lock (queueGate)
            {
                while (pending.Count == 0 && !isStopping)
                    Monitor.Wait(queueGate);
                if (isStopping)
                    return;
                if (pending.Count < BatchSize)
                    Monitor.Wait(queueGate, LongestDelay);
            }

            lock (writerGate)
                CommitPending();
        }
    }

    /// <summary>Writes what waits; false when nothing did. The writer's gate is held.</summary>
    private bool CommitPending()
    {
        lock (queueGate)
        {
            if (pending.Count == 0)
                return false;
            (committing, pending) = (pending, committing);
        }

        Attempt(() => Change(isDurable: false, now => now with { Count = now.Count + WriteRows(committing) }));
        lock (queueGate)
        {
            // Only now: until the commit is seen by others, these rows are found here.
            committing.Clear();
            Monitor.PulseAll(queueGate);
        }

        return true;
    }

    /// <summary>Writes rows; returns by how many there are more.</summary>
    private int WriteRows(Dictionary<string, CatalogEntry?> rows)
    {
        using SqliteStatement insert = writer.Prepare("INSERT OR IGNORE INTO object(key, link_group, state) VALUES(?, ?, ?)");
        using SqliteStatement update = writer.Prepare("UPDATE object SET link_group = ?2, state = ?3 WHERE key = ?1");
        using SqliteStatement delete = writer.Prepare("DELETE FROM object WHERE key = ?");
        CatalogRow row = new();
        int more = 0;
        byte[] buffer = new byte[1024];
        foreach ((string relativeKey, CatalogEntry? entry) in rows)
        {
            if (Encoding.UTF8.GetMaxByteCount(relativeKey.Length) > buffer.Length)
                buffer = new byte[Encoding.UTF8.GetMaxByteCount(relativeKey.Length)];
            ReadOnlySpan<byte> key = buffer.AsSpan(0, Encoding.UTF8.GetBytes(relativeKey, buffer));
            if (entry is null)
            {
                delete.Bind(1, key).Run();
                more -= writer.Changes;
                continue;
            }

            ReadOnlySpan<byte> state = row.Write(key, entry);
            Bind(insert, key, entry.LinkGroup, state).Run();
            more += writer.Changes;
            if (writer.Changes == 0)
                Bind(update, key, entry.LinkGroup, state).Run();
        }

        return more;

        static SqliteStatement Bind(SqliteStatement statement, ReadOnlySpan<byte> key, ulong linkGroup, ReadOnlySpan<byte> state)
        {
            statement.Bind(1, key).Bind(3, state);
            return linkGroup == 0 ? statement.BindNull(2) : statement.Bind(2, unchecked((long)linkGroup));
        }
    }

    /// <summary>Changes the properties, and rows with them, all or nothing. The writer's gate is held.</summary>
    private void Change(bool isDurable, Func<CatalogProperties, CatalogProperties> change)
    {
        CatalogProperties? changed = null;
        writer.Transaction(isDurable, () =>
        {
            // Not those in memory: another process may have written.
            changed = change(CatalogProperties.Read(writer));
            changed.Write(writer);
        });
        Volatile.Write(ref properties, changed!);
    }

    /// <summary>Does what must not stop a transfer. After a failure nothing more is written: rows must not follow rows that are missing.</summary>
    private void Attempt(Action work)
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

    private void Fail(SqliteException exception)
    {
        failure ??= exception.Message;
        if (exception.IsDamage)
            damage ??= exception.Message;
    }
}
