namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// What S3 is known to hold for a job. A run keeps it (<see cref="Catalog"/>), a plan only looks at it (<see cref="ReadOnlyCatalog"/>).
/// All members may be called from any thread.
/// </summary>
internal interface ICatalog : IDisposable
{
    /// <summary>Its file.</summary>
    string Path { get; }

    /// <summary>What was found when it was opened.</summary>
    CatalogDoubt Doubt { get; }

    /// <summary>More about it, for people; null where there is no more to say.</summary>
    string? DoubtReason { get; }

    /// <summary>When the last reconcile that completed began; null where none has.</summary>
    DateTimeOffset? LastReconcile { get; }

    /// <summary>How many rows are written.</summary>
    long Count { get; }

    /// <summary>What the last run knew of the mirror when it ended; null when it did not, or did not know.</summary>
    MirrorSummary? Mirror { get; }

    /// <summary>When the first lock of an object is to be renewed; null when not known.</summary>
    LockRenewal? Renewal { get; }

    /// <summary>Why something could not be written or read; null while all is well. Nothing more is written then.</summary>
    string? Failure { get; }

    /// <summary>The uploads in parts to this destination that are recorded and not forgotten.</summary>
    IUnfinishedUploads Uploads { get; }

    /// <summary>All rows in the order of their keys' UTF-8 bytes, as they are when the first is asked for.</summary>
    /// <exception cref="IOException">
    /// While it is enumerated: the rows cannot be read, or are not those that were written. That rows are missing may show at the end only, so
    /// nothing may be deleted before that.
    /// </exception>
    IEnumerable<CatalogEntry> Read();

    /// <summary>Likewise the rows whose key starts with <paramref name="keyPrefix"/>.</summary>
    /// <exception cref="IOException">As for <see cref="Read"/>.</exception>
    IEnumerable<CatalogEntry> ReadUnder(string keyPrefix);

    /// <summary>
    /// Some thousands of rows apart, their keys in order: where a listing of the objects may be cut. Rows that come or go meanwhile move the later
    /// ones.
    /// </summary>
    /// <param name="after">All are behind it.</param>
    /// <exception cref="IOException">While it is enumerated: they cannot be read.</exception>
    IEnumerable<string> Cuts(string after);

    /// <summary>The row of a key, with what was put but is not written yet; null where there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    CatalogEntry? Find(string relativeKey);

    /// <summary>The rows of a link group in the order of their keys, with what was put but is not written yet.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    IReadOnlyList<CatalogEntry> FindLinkGroup(ulong linkGroup);

    /// <summary>
    /// A row of an object that can be copied, with that size and time and any hash, as the last run or this one wrote it; it may
    /// be another by now. Null where there is none.
    /// </summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    CatalogEntry? FindAlike(long size, long modifiedNanoseconds);

    /// <summary>Likewise a few rows with that hash too, as they are now; without what was put and is not written yet.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    IReadOnlyList<CatalogEntry> FindSame(long size, long modifiedNanoseconds, ContentHash hash);

    /// <summary>
    /// The hashes of the parts of an object, in order; null where they are not known, or are not of the row's content.
    /// </summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    IReadOnlyList<UInt128>? FindParts(CatalogEntry row);

    /// <summary>The rows of all link groups in the order of their keys; without what was put and is not written yet.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    IReadOnlyList<CatalogEntry> FindLinked();

    /// <summary>
    /// The keys of rows whose deletion waits since then or longer, the longest first; at most so many, and without what was put and is not written
    /// yet.
    /// </summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    IReadOnlyList<string> FindGone(DateTimeOffset since, int atMost);

    /// <summary>
    /// Writes down that a run is on, on disk before this returns: call it before the run's first change in S3. Rows of another identity go.
    /// </summary>
    /// <param name="isReconcile">True when the run compares with a listing.</param>
    /// <param name="startTime">When the run began.</param>
    /// <exception cref="IOException">It cannot be written. The catalog is of no use to this run, and is set aside for the next.</exception>
    void BeginRun(bool isReconcile, DateTimeOffset startTime);

    /// <summary>
    /// Records what S3 confirmed. Written soon, by a thread of its own; a failure shows in <see cref="Failure"/>.
    /// </summary>
    void Put(CatalogEntry entry);

    /// <summary>Records that S3 holds nothing under a key, likewise.</summary>
    void Remove(string relativeKey);

    /// <summary>Records when the first lock is to be renewed; null: rows came that say nothing of it.</summary>
    void NoteRenewal(LockRenewal? renewal);

    /// <summary>Records that S3 holds something else than the catalog says, so that the next run reconciles.</summary>
    /// <param name="reason">What was seen.</param>
    void Contradict(string reason);

    /// <summary>
    /// Writes what waits and closes the run, on disk before this returns. After a failure the run stays open, and the next one finds
    /// <see cref="CatalogDoubt.RunDied"/>.
    /// </summary>
    /// <param name="isComplete">
    /// Of a reconcile: true when every key of mirror and listing was seen and decided, and what S3 confirmed was put. Doubts end with that.
    /// </param>
    /// <param name="mirror">What the run knows of the mirror; null when it did not see all of it.</param>
    void EndRun(bool isComplete, MirrorSummary? mirror = null);
}
