namespace RsyncS3Backup.Recovery;

/// <summary>What a restore has done so far. Thread-safe.</summary>
internal sealed class RestoreCounters
{
    private long restored;
    private long restoredBytes;
    private long unchanged;
    private long skipped;
    private long keptNewer;
    private long archived;
    private long pending;
    private long requested;
    private long total;
    private long totalBytes;
    private long transferredBytes;
    private long doneBytes;
    private string? entry;
    private long notOwned;
    private long notCompared;
    private long damaged;
    private long leftOut;
    private long renamedCount;
    private readonly List<RestoreRename> renamed = [];

    public long Restored => Interlocked.Read(ref restored);

    public long RestoredBytes => Interlocked.Read(ref restoredBytes);

    public long Unchanged => Interlocked.Read(ref unchanged);

    public long Skipped => Interlocked.Read(ref skipped);

    /// <summary>Those of <see cref="Skipped"/> that are newer than the copy.</summary>
    public long KeptNewer => Interlocked.Read(ref keptNewer);

    public long Archived => Interlocked.Read(ref archived);

    public long Pending => Interlocked.Read(ref pending);

    public long Requested => Interlocked.Read(ref requested);

    public long Total => Interlocked.Read(ref total);

    public long TotalBytes => Interlocked.Read(ref totalBytes);

    public long TransferredBytes => Interlocked.Read(ref transferredBytes);

    /// <summary>Entries that belong to somebody else than they did, or have other permissions.</summary>
    public long NotOwned => Interlocked.Read(ref notOwned);

    /// <summary>Those of <see cref="Restored"/> whose content could be compared with nothing.</summary>
    public long Unverified => Interlocked.Read(ref notCompared);

    /// <summary>Objects that the mirror had no more when it was last sent, and that nobody asked for.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Entries whose content is not what was stored, and that were written under another name all the same.</summary>
    public long Damaged => Interlocked.Read(ref damaged);

    /// <summary>Entries that have another name at the destination.</summary>
    public long RenamedCount => Interlocked.Read(ref renamedCount);

    /// <summary>The first of them.</summary>
    public IReadOnlyList<RestoreRename> Renamed
    {
        get
        {
            lock (renamed)
                return [.. renamed];
        }
    }

    /// <summary>An entry has another name at the destination.</summary>
    public void EntryRenamed(string path, string restoredPath)
    {
        Interlocked.Increment(ref renamedCount);
        lock (renamed)
        {
            if (renamed.Count < BackupLimits.ReportedItems)
                renamed.Add(new RestoreRename(path, restoredPath));
        }
    }

    /// <summary>True once <see cref="Total"/> does not grow any more.</summary>
    public bool IsTotalKnown { get; set; }

    /// <summary>Entries that are dealt with, well or not.</summary>
    public long Done => Restored + Unchanged + Skipped + Pending + Damaged;

    /// <summary>Bytes of what is dealt with, also of half a file.</summary>
    public long DoneBytes => Interlocked.Read(ref doneBytes);

    /// <summary>The entry that was begun last; null before the first.</summary>
    public string? Entry { get => Volatile.Read(ref entry); set => Volatile.Write(ref entry, value); }

    public void Met(long bytes)
    {
        Interlocked.Increment(ref total);
        Interlocked.Add(ref totalBytes, bytes);
    }

    public void Transferred(long bytes)
    {
        Interlocked.Add(ref transferredBytes, bytes);
        Interlocked.Add(ref doneBytes, bytes);
    }

    public void Kept(long bytes) => Interlocked.Add(ref doneBytes, bytes);

    public void EntryRestored(long bytes)
    {
        Interlocked.Increment(ref restored);
        Interlocked.Add(ref restoredBytes, bytes);
    }

    public void EntryUnchanged(long bytes)
    {
        Interlocked.Increment(ref unchanged);
        Interlocked.Add(ref doneBytes, bytes);
    }

    public void EntrySkipped(long bytes)
    {
        Interlocked.Increment(ref skipped);
        Interlocked.Add(ref doneBytes, bytes);
    }

    public void EntryKeptNewer(long bytes)
    {
        Interlocked.Increment(ref keptNewer);
        EntrySkipped(bytes);
    }

    public void EntryArchived() => Interlocked.Increment(ref archived);

    public void EntryPending(bool isNew)
    {
        Interlocked.Increment(ref pending);
        if (isNew)
            Interlocked.Increment(ref requested);
    }

    public void EntryDamaged(long bytes)
    {
        Interlocked.Increment(ref damaged);
        Interlocked.Add(ref restoredBytes, bytes);
    }

    public void DeletedLeftOut() => Interlocked.Increment(ref leftOut);

    public void NotCompared() => Interlocked.Increment(ref notCompared);

    public void OwnerNotSet() => Interlocked.Increment(ref notOwned);
}
