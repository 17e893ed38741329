using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// A catalog that a plan looks at: whatever is recorded in it is dropped, and no byte of its folder changes. Where there is none that can
/// be used, it is as a run would begin one: empty, and doubtful.
/// </summary>
internal sealed class ReadOnlyCatalog : ICatalog
{
    private readonly SqliteDatabase? database;
    private readonly CatalogHealth health = new();
    private readonly CatalogProperties properties;
    private readonly CatalogRows rows;
    private readonly bool isOurs;
    private readonly bool isCurrent;

    private ReadOnlyCatalog(string path, CatalogIdentity identity, SqliteDatabase database)
    {
        this.database = database;
        Path = path;
        properties = CatalogProperties.Read(database);
        isOurs = properties.IsAbout(identity.Text());
        isCurrent = CatalogFile.IsCurrent(database);
        (Doubt, DoubtReason) = properties.DoubtAbout(identity.Text());
        rows = new CatalogRows(() => SqliteDatabase.OpenToRead(path), health, () => isOurs);
        Uploads = new RecordedUploads(new CatalogUploads(database, new object(), identity.Text(), health));
    }

    private ReadOnlyCatalog(string path, CatalogDoubt doubt)
    {
        Path = path;
        properties = new CatalogProperties();
        Doubt = doubt;
        rows = new CatalogRows(() => SqliteDatabase.OpenToRead(path), health, () => isOurs);
        Uploads = new RecordedUploads(null);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public CatalogDoubt Doubt { get; }

    /// <inheritdoc/>
    public string? DoubtReason { get; }

    /// <inheritdoc/>
    public DateTimeOffset? LastReconcile => isOurs ? properties.LastReconcile : null;

    /// <inheritdoc/>
    public long Count => isOurs ? properties.Count : 0;

    /// <inheritdoc/>
    public MirrorSummary? Mirror => isOurs ? properties.Mirror : null;

    /// <inheritdoc/>
    public LockRenewal? Renewal => isOurs ? properties.Renewal : null;

    /// <inheritdoc/>
    public string? Failure => health.Failure;

    /// <inheritdoc/>
    public IUnfinishedUploads Uploads { get; }

    /// <summary>Opens the catalog as it is at this moment.</summary>
    /// <exception cref="IOException">It cannot be read, for another reason than damage.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static ReadOnlyCatalog Open(string path, CatalogIdentity identity)
    {
        path = CatalogFile.Ours(System.IO.Path.GetFullPath(path));
        if (!File.Exists(path))
            return new ReadOnlyCatalog(path, CatalogDoubt.Missing);
        SqliteDatabase? database = null;
        try
        {
            database = SqliteDatabase.OpenToRead(path);
            CatalogFile.RequireFormat(database);
            return new ReadOnlyCatalog(path, identity, database);
        }
        catch (SqliteException exception) when (exception.IsDamage)
        {
            // A run would set it aside.
            database?.Dispose();
            return new ReadOnlyCatalog(path, CatalogDoubt.Damaged);
        }
        catch
        {
            database?.Dispose();
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
    public CatalogEntry? Find(string relativeKey) => isOurs ? rows.Find(relativeKey) : null;

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindLinkGroup(ulong linkGroup) =>
        isOurs && linkGroup != 0 ? rows.FindLinkGroup(linkGroup) : [];

    /// <inheritdoc/>
    public CatalogEntry? FindAlike(long size, long modifiedNanoseconds) =>
        isOurs && isCurrent ? rows.FindAlike(size, modifiedNanoseconds) : null;

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindSame(long size, long modifiedNanoseconds, ContentHash hash) =>
        isOurs && isCurrent ? rows.FindSame(size, modifiedNanoseconds, hash) : [];

    /// <inheritdoc/>
    public IReadOnlyList<UInt128>? FindParts(CatalogEntry row) => isOurs && isCurrent ? rows.FindParts(row) : null;

    /// <inheritdoc/>
    public IReadOnlyList<CatalogEntry> FindLinked() => isOurs ? rows.FindLinked() : [];

    /// <inheritdoc/>
    public IReadOnlyList<string> FindGone(DateTimeOffset since, int atMost) =>
        isOurs && isCurrent ? health.Noted(() => CatalogRows.FindGone(database!, since, atMost)) : [];

    /// <inheritdoc/>
    public void BeginRun(bool isReconcile, DateTimeOffset startTime)
    {
    }

    /// <inheritdoc/>
    public void Put(CatalogEntry entry)
    {
    }

    /// <inheritdoc/>
    public void Remove(string relativeKey)
    {
    }

    /// <inheritdoc/>
    public void NoteRenewal(LockRenewal? renewal)
    {
    }

    /// <inheritdoc/>
    public void Contradict(string reason)
    {
    }

    /// <inheritdoc/>
    public void EndRun(bool isComplete, MirrorSummary? mirror = null)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows.Dispose();
        database?.Dispose();
    }

    private sealed class RecordedUploads(CatalogUploads? recorded) : IUnfinishedUploads
    {
        public IReadOnlyList<UnfinishedUpload> All() => recorded?.All() ?? [];

        public void Remember(UnfinishedUpload upload)
        {
        }

        public void Forget(string uploadId)
        {
        }
    }
}
