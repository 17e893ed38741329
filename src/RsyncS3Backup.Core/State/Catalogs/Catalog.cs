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
internal sealed class Catalog : ICatalog
{
    /// <summary>The name of a job's catalog in its state folder; those of dated snapshots have others.</summary>
    internal const string FileName = "catalog.db";

    private readonly string identity;
    private readonly SqliteDatabase writer;

    // Taken before those of what is held here, never the other way round.
    private readonly object writerGate = new();
    private readonly CatalogHealth health = new();
    private readonly CatalogQueue queue;
    private readonly CatalogRows rows;
    private bool isDisposed;
    private volatile bool isRunOn;
    private bool isContradicted;
    private volatile bool isOurs;
    private CatalogProperties properties;

    private Catalog(string path, CatalogIdentity identity, SqliteDatabase writer)
    {
        Path = path;
        this.identity = identity.Text();
        this.writer = writer;
        properties = CatalogProperties.Read(writer);
        isOurs = properties.IsAbout(this.identity);
        (Doubt, DoubtReason) = properties.DoubtAbout(this.identity);
        queue = new CatalogQueue(Commit, health);
        rows = new CatalogRows(() => SqliteDatabase.Open(path), health, BeginRead);
        Uploads = new CatalogUploads(writer, writerGate, this.identity, health);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public CatalogDoubt Doubt { get; }

    /// <inheritdoc/>
    public string? DoubtReason { get; }

    /// <inheritdoc/>
    public DateTimeOffset? LastReconcile => isOurs ? Volatile.Read(ref properties).LastReconcile : null;

    /// <inheritdoc/>
    public long Count => isOurs ? Volatile.Read(ref properties).Count : 0;

    /// <inheritdoc/>
    public MirrorSummary? Mirror => isOurs ? Volatile.Read(ref properties).Mirror : null;

    /// <inheritdoc/>
    public LockRenewal? Renewal => isOurs ? Volatile.Read(ref properties).Renewal : null;

    /// <inheritdoc/>
    public string? Failure => health.Failure;

    /// <inheritdoc/>
    public IUnfinishedUploads Uploads { get; }

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

    /// <inheritdoc/>
    public IEnumerable<CatalogEntry> Read() => rows.Read();

    /// <inheritdoc/>
    public IEnumerable<CatalogEntry> ReadUnder(string keyPrefix) => rows.ReadUnder(keyPrefix);

    /// <inheritdoc/>
    public IEnumerable<string> Cuts(string after) => isOurs ? rows.Cuts(after) : [];

    /// <inheritdoc/>
    public CatalogEntry? Find(string relativeKey) =>
        !isOurs ? null : queue.TryFind(relativeKey, out CatalogEntry? entry) ? entry : rows.Find(relativeKey);

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindLinkGroup(ulong linkGroup)
    {
        if (!isOurs || linkGroup == 0)
            return [];
        // First, so that what is written meanwhile is in one of the two.
        Dictionary<string, CatalogEntry?> unwritten = queue.Waiting();
        List<CatalogEntry> written = rows.FindLinkGroup(linkGroup);
        if (unwritten.Count == 0)
            return written;
        IEnumerable<CatalogEntry> found = written.Where(entry => !unwritten.ContainsKey(entry.RelativeKey))
            .Concat(unwritten.Values.OfType<CatalogEntry>().Where(entry => entry.LinkGroup == linkGroup));
        return [.. found.Select(entry => (Key: Encoding.UTF8.GetBytes(entry.RelativeKey), Entry: entry))
            .OrderBy(pair => pair.Key, ByteOrder).Select(pair => pair.Entry)];
    }

    /// <inheritdoc/>
    public CatalogEntry? FindAlike(long size, long modifiedNanoseconds) =>
        isOurs ? rows.FindAlike(size, modifiedNanoseconds) : null;

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindSame(long size, long modifiedNanoseconds, ContentHash hash)
    {
        if (!isOurs)
            return [];
        List<CatalogEntry> found = rows.FindSame(size, modifiedNanoseconds, hash);
        // What this run has changed in S3 by now is in the queue before it is in the file.
        return found.FindAll(row => !queue.TryFind(row.RelativeKey, out CatalogEntry? now)
            || (now is not null && now.ETag == row.ETag && CatalogRows.IsSame(now, size, modifiedNanoseconds, hash)));
    }

    /// <inheritdoc/>
    public IReadOnlyList<UInt128>? FindParts(CatalogEntry row)
    {
        if (!isOurs || row.Hash is not { IsOfParts: true } hash)
            return null;
        return queue.TryFind(row.RelativeKey, out CatalogEntry? now) && now is { PartHashes: { } parts } && now.Hash == hash
            ? parts : rows.FindParts(row);
    }

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindLinked() => isOurs ? rows.FindLinked() : [];

    /// <inheritdoc/>
    public IReadOnlyList<string> FindGone(DateTimeOffset since, int atMost)
    {
        if (!isOurs)
            return [];
        lock (writerGate)
            return health.Noted(() => CatalogRows.FindGone(writer, since, atMost));
    }

    /// <inheritdoc/>
    public void BeginRun(bool isReconcile, DateTimeOffset startTime)
    {
        lock (writerGate)
        {
            try
            {
                Change(isDurable: true, now =>
                {
                    bool isOther = now.Identity is not null && now.Identity != identity;
                    if (isOther)
                        writer.Execute("DELETE FROM object; DELETE FROM part;");
                    bool isDead = now.RunStart is not null && now.Doubt == CatalogDoubt.None;
                    return now with
                    {
                        Identity = identity,
                        Count = isOther ? 0 : now.Count,
                        LastReconcile = isOther ? null : now.LastReconcile,
                        Mirror = null,
                        // What a reconcile takes over says nothing of a lock.
                        Renewal = isOther || isReconcile ? null : now.Renewal,
                        RunStart = startTime,
                        RunIsReconcile = isReconcile,
                        Doubt = isOther ? CatalogDoubt.OtherDestination : isDead ? CatalogDoubt.RunDied : now.Doubt,
                        DoubtReason = isOther ? null : isDead ? CatalogProperties.DeadRun(now.RunStart!.Value) : now.DoubtReason,
                    };
                });
                // Into the file itself, so that the mark is there even if somebody takes the log for rubbish and deletes it.
                writer.Execute("PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException exception)
            {
                health.Fail(exception);
                // The run will change S3 without recording it, so what is recorded now must not be believed later.
                if (!exception.IsBusy)
                    health.Condemn(exception.Message);
                throw;
            }

            isOurs = true;
            isRunOn = true;
            isContradicted = false;
        }
    }

    /// <inheritdoc/>
    public void Put(CatalogEntry entry) => Enqueue(entry.RelativeKey, entry);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public void NoteRenewal(LockRenewal? renewal)
    {
        lock (writerGate)
        {
            Flush();
            health.Attempt(() => Change(isDurable: false, now => now with { Renewal = renewal }));
        }
    }

    /// <inheritdoc/>
    public void Contradict(string reason)
    {
        lock (writerGate)
        {
            if (isContradicted)
                return;
            isContradicted = true;
            health.Attempt(() => Change(isDurable: true, now => now with { Doubt = CatalogDoubt.Contradicted, DoubtReason = reason }));
        }
    }

    /// <inheritdoc/>
    public void EndRun(bool isComplete, MirrorSummary? mirror = null)
    {
        lock (writerGate)
        {
            Flush();
            if (!isRunOn || health.Failure is not null)
                return;
            health.Attempt(() => Change(isDurable: true, now =>
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

    /// <summary>Writes what waits and closes the file. A run that was not ended stays open.</summary>
    public void Dispose()
    {
        queue.Stop();
        lock (writerGate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            Flush();
            rows.Dispose();
            writer.Dispose();
            if (health.Damage is not { } reason)
                return;
            try
            {
                CatalogFile.Replace(Path, reason);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The next one to open or read it finds the damage again.
            }
        }
    }

    private static Comparer<byte[]> ByteOrder { get; } = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    private bool BeginRead()
    {
        if (!isOurs)
            return false;
        Flush();
        return true;
    }

    private void Enqueue(string key, CatalogEntry? entry)
    {
        if (!isRunOn)
            throw new InvalidOperationException("No run is on, so nothing can have changed in S3.");
        queue.Add(key, entry);
    }

    private void Commit()
    {
        lock (writerGate)
            CommitPending();
    }

    /// <summary>Writes what waits; false when nothing did. The writer's gate is held.</summary>
    private bool CommitPending() => queue.Write(changed => health.Attempt(() =>
        Change(isDurable: false, now => now with { Count = now.Count + CatalogRowWriter.Write(writer, changed) })));

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
}
