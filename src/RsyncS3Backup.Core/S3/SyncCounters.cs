using RsyncS3Backup.S3.Mirror;

namespace RsyncS3Backup.S3;

/// <summary>What stage 2 has done so far. Thread-safe.</summary>
internal sealed class SyncCounters
{
    private long created;
    private long updated;
    private long unchanged;
    private long deleted;
    private long deletedBytes;
    private long total;
    private long totalBytes;
    private long done;
    private long doneBytes;
    private long sentBytes;
    private long remote;

    public long Created => Interlocked.Read(ref created);

    public long Updated => Interlocked.Read(ref updated);

    public long Unchanged => Interlocked.Read(ref unchanged);

    public long Deleted => Interlocked.Read(ref deleted);

    public long DeletedBytes => Interlocked.Read(ref deletedBytes);

    /// <summary>Entries of the mirror seen so far.</summary>
    public long Total => Interlocked.Read(ref total);

    public long TotalBytes => Interlocked.Read(ref totalBytes);

    /// <summary>Entries of which nothing is left to do.</summary>
    public long Done => Interlocked.Read(ref done);

    /// <summary>Bytes that were sent or found to be in S3 already; the part of a file that is on its way counts.</summary>
    public long DoneBytes => Interlocked.Read(ref doneBytes);

    public long SentBytes => Interlocked.Read(ref sentBytes);

    /// <summary>Objects listed so far.</summary>
    public long Remote => Interlocked.Read(ref remote);

    public void SeenRemote() => Interlocked.Increment(ref remote);

    public void SeenLocal(MirrorEntry entry)
    {
        Interlocked.Increment(ref total);
        Interlocked.Add(ref totalBytes, entry.ContentLength);
    }

    public void Sent(long bytes)
    {
        Interlocked.Add(ref sentBytes, bytes);
        Interlocked.Add(ref doneBytes, bytes);
    }

    /// <summary>Bytes of a file that is on its way were in S3 already.</summary>
    public void Kept(long bytes) => Interlocked.Add(ref doneBytes, bytes);

    public void EntryCreated() => EntryDone(ref created);

    public void EntryUpdated() => EntryDone(ref updated);

    public void EntryUnchanged(MirrorEntry entry)
    {
        EntryDone(ref unchanged);
        Interlocked.Add(ref doneBytes, entry.ContentLength);
    }

    public void ObjectDeleted(long bytes)
    {
        Interlocked.Increment(ref deleted);
        Interlocked.Add(ref deletedBytes, bytes);
    }

    private void EntryDone(ref long outcome)
    {
        Interlocked.Increment(ref outcome);
        Interlocked.Increment(ref done);
    }
}
