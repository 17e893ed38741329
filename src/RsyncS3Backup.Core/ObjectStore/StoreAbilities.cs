namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// What S3 does, and some stores that speak its language do not. The names are those of the result and of the file.
/// </summary>
internal enum StoreFeature
{
    /// <summary>Copies inside the store, and their conditions.</summary>
    CopyObject,

    /// <summary>Several objects deleted with one request.</summary>
    DeleteObjects,

    /// <summary>Checksum headers other than Content-MD5.</summary>
    Checksums,

    /// <summary>
    /// The same with DeleteObjects, where some stores want Content-MD5 though they take other checksums elsewhere.
    /// </summary>
    DeleteChecksums,

    /// <summary>Parts of an upload that are made of bytes of another object.</summary>
    CopyParts,
}

/// <summary>Something that a store does not do.</summary>
/// <param name="Feature">What.</param>
/// <param name="Since">When that was found out.</param>
/// <param name="Reason">How the store refused it.</param>
/// <param name="IsNew">True when this run found it out.</param>
internal sealed record StoreLack(StoreFeature Feature, DateTimeOffset Since, string Reason, bool IsNew);

/// <summary>
/// What one store turned out not to do, and its credentials not to be allowed. Nothing is asked to find out: a request that the store refuses and
/// the other way that it takes say it together. Thread-safe.
/// </summary>
/// <param name="clock">Dates what is found out.</param>
internal sealed class StoreAbilities(TimeProvider clock)
{
    // A store that says no without saying that it never does may mean the one object.
    private const int DoubtsBeforeSure = 3;

    // After so many, with nothing that could be read, the next object will not be another case.
    private const int DeniedBeforeGivingUp = 3;

    private readonly StoreLack?[] lacks = new StoreLack?[Enum.GetValues<StoreFeature>().Length];
    private readonly object gate = new();
    private string copyRefusal = "";
    private int copyRefusals;
    private int denied;
    private bool hasRead;
    private bool awaitsUpload;

    /// <summary>What the store does not do.</summary>
    public IReadOnlyList<StoreLack> Lacks => [.. lacks.OfType<StoreLack>()];

    /// <summary>True when something was found out that was not known.</summary>
    public bool HasNews { get; private set; }

    /// <summary>How many requests at a time did best, and when that was found out; null: not known.</summary>
    public (int Count, DateTimeOffset Since)? BestRequests { get; private set; }

    /// <summary>True when objects could not be read for want of a right, and could be written all the same.</summary>
    public bool IsReadingDenied { get; private set; }

    /// <summary>False when it is clear by now that the credentials may not read objects.</summary>
    public bool MayRead => Volatile.Read(ref denied) < DeniedBeforeGivingUp || Volatile.Read(ref hasRead);

    /// <summary>False when a copy inside the store is not worth trying.</summary>
    public bool CanCopy => Has(StoreFeature.CopyObject) && MayRead;

    /// <summary>False when a copy of bytes of an object is not worth trying.</summary>
    public bool CanCopyParts => CanCopy && Has(StoreFeature.CopyParts);

    /// <summary>False when the store is known not to do it.</summary>
    public bool Has(StoreFeature feature) => Volatile.Read(ref lacks[(int)feature]) is null;

    /// <summary>What an earlier run found out.</summary>
    public void Recall(StoreLack lack) => Volatile.Write(ref lacks[(int)lack.Feature], lack);

    /// <summary>What an earlier run found out of requests at a time.</summary>
    public void RecallBestRequests(int count, DateTimeOffset since) => BestRequests = (count, since);

    /// <summary>So many requests at a time did best. What is about as many as before is no news.</summary>
    public void NoteBestRequests(int count)
    {
        lock (gate)
        {
            if (BestRequests is { } known && Math.Abs(known.Count - count) <= known.Count / 4)
                return;
            BestRequests = (count, clock.GetUtcNow());
            HasNews = true;
        }
    }

    /// <summary>The store refused it, and took the same request without.</summary>
    /// <param name="feature">What it refused.</param>
    /// <param name="reason">How.</param>
    public void NoteLacking(StoreFeature feature, string reason)
    {
        lock (gate)
        {
            if (!Has(feature))
                return;
            Volatile.Write(ref lacks[(int)feature], new StoreLack(feature, clock.GetUtcNow(), reason, IsNew: true));
            HasNews = true;
        }
    }

    /// <summary>The store took what it was believed not to.</summary>
    public void NoteHaving(StoreFeature feature)
    {
        lock (gate)
        {
            HasNews |= !Has(feature);
            Volatile.Write(ref lacks[(int)feature], null);
        }
    }

    /// <summary>
    /// The store refused to copy. Why, the upload in its place shows: a header that it does not take spoils that too.
    /// </summary>
    /// <param name="reason">How.</param>
    /// <param name="isSure">True when it said that it never does; false when it may mean this object.</param>
    public void NoteCopyRefused(string reason, bool isSure)
    {
        lock (gate)
        {
            copyRefusal = reason;
            copyRefusals += isSure ? DoubtsBeforeSure : 1;
            Volatile.Write(ref awaitsUpload, true);
        }
    }

    /// <summary>An object could be read, or copied.</summary>
    public void NoteRead()
    {
        if (!Volatile.Read(ref hasRead))
            Volatile.Write(ref hasRead, true);
    }

    /// <summary>The store copied.</summary>
    public void NoteCopied()
    {
        NoteRead();
        Volatile.Write(ref copyRefusals, 0);
    }

    /// <summary>The credentials may not read an object.</summary>
    public void NoteDenied()
    {
        Interlocked.Increment(ref denied);
        Volatile.Write(ref awaitsUpload, true);
    }

    /// <summary>The store took an upload.</summary>
    public void NoteUploaded()
    {
        if (!Volatile.Read(ref awaitsUpload))
            return;
        lock (gate)
        {
            Volatile.Write(ref awaitsUpload, false);
            IsReadingDenied |= denied > 0;
            if (copyRefusals >= DoubtsBeforeSure)
                NoteLacking(StoreFeature.CopyObject, copyRefusal);
        }
    }
}
