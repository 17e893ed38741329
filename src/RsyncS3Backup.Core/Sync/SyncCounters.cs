using System.Runtime.CompilerServices;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Sync;

/// <summary>What stage 2 has done so far. Thread-safe.</summary>
internal sealed class SyncCounters
{
    private long created;
    private long updated;
    private long metadataChanged;
    private long copied;
    private long copiedBytes;
    private long leftOut;
    private long failedTransfers;
    private long unchanged;
    private long deleted;
    private long deletedBytes;
    private long total;
    private long totalBytes;
    private long done;
    private long doneBytes;
    private string? entry;
    private long sentBytes;
    private long remote;
    private long foreign;
    private long postponed;
    private long undecided;
    private long pendingAttributes;
    private long renewed;
    private long remaining;
    private long remainingBytes;

    public long Created => Interlocked.Read(ref created);

    public long Updated => Interlocked.Read(ref updated);

    public long MetadataChanged => Interlocked.Read(ref metadataChanged);

    /// <summary>Entries whose content was copied inside S3 instead of uploaded; they count as created or updated too.</summary>
    public long Copied => Interlocked.Read(ref copied);

    /// <summary>Bytes of those entries, and of parts of others, that were copied inside S3 and did not have to be sent.</summary>
    public long CopiedBytes => Interlocked.Read(ref copiedBytes);

    /// <summary>Entries whose new attributes are in the catalog only, because their objects are in an archive.</summary>
    public long PendingAttributes => Interlocked.Read(ref pendingAttributes);

    /// <summary>Entries that are not in S3 as they are in the mirror, without being failures: they changed or vanished on the way.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Entries that were to be sent and could not be.</summary>
    public long FailedTransfers => Interlocked.Read(ref failedTransfers);

    public long Unchanged => Interlocked.Read(ref unchanged);

    public long Deleted => Interlocked.Read(ref deleted);

    public long DeletedBytes => Interlocked.Read(ref deletedBytes);

    /// <summary>Objects that are not what they were before the run.</summary>
    public long Changed => Created + Updated + MetadataChanged + Deleted;

    /// <summary>Entries of the mirror seen so far.</summary>
    public long Total => Interlocked.Read(ref total);

    public long TotalBytes => Interlocked.Read(ref totalBytes);

    /// <summary>Entries of which nothing is left to do.</summary>
    public long Done => Interlocked.Read(ref done);

    /// <summary>Bytes that were sent or found to be in S3 already; the part of a file that is on its way counts.</summary>
    public long DoneBytes => Interlocked.Read(ref doneBytes);

    /// <summary>The entry that was begun last; null before the first.</summary>
    public string? Entry { get => Volatile.Read(ref entry); set => Volatile.Write(ref entry, value); }

    public long SentBytes => Interlocked.Read(ref sentBytes);

    /// <summary>Objects listed so far.</summary>
    public long Remote => Interlocked.Read(ref remote);

    /// <summary>
    /// Objects without a row in the catalog of which nobody could find out what they are: to a run by catalog they would not be there.
    /// </summary>
    public long Undecided => Interlocked.Read(ref undecided);

    /// <summary>Objects that the job never sent, and leaves alone.</summary>
    public long Foreign => Interlocked.Read(ref foreign);

    /// <summary>Objects that the mirror lost, and that are to be deleted in a later run.</summary>
    public long Postponed => Interlocked.Read(ref postponed);

    /// <summary>Objects whose lock was renewed.</summary>
    public long Renewed => Interlocked.Read(ref renewed);

    /// <summary>Entries that are left to the next run, because this one pauses.</summary>
    public long Remaining => Interlocked.Read(ref remaining);

    /// <summary>Bytes of those entries that S3 does not have, at most.</summary>
    public long RemainingBytes => Interlocked.Read(ref remainingBytes);

    /// <summary>Where counting starts when only differences are seen: what the mirror and S3 had before.</summary>
    public void StartFrom(MirrorSummary mirror, long objects)
    {
        (total, totalBytes, remote) = (mirror.Entries, mirror.Bytes, objects);
        unchanged = mirror.Entries;
    }

    /// <summary>Counts what is on either side.</summary>
    /// <param name="action">What was found.</param>
    /// <param name="isDifference">True when the totals hold the entry already, as it was when it was last sent.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Seen(SyncAction action, bool isDifference)
    {
        if (isDifference && action.Row is { } row)
        {
            if (!row.IsLeftover)
            {
                Interlocked.Decrement(ref total);
                Interlocked.Add(ref totalBytes, -row.Size);
                Interlocked.Decrement(ref unchanged);
            }
        }
        else if (action.IsInS3)
        {
            Interlocked.Increment(ref remote);
        }

        if (action.Local is not { } local || action.Kind == SyncActionKind.Protect)
            return;
        Interlocked.Increment(ref total);
        Interlocked.Add(ref totalBytes, local.ContentLength);
    }

    public void Sent(long bytes)
    {
        Interlocked.Add(ref sentBytes, bytes);
        Interlocked.Add(ref doneBytes, bytes);
    }

    /// <summary>Bytes of a file that is on its way were in S3 already.</summary>
    public void Kept(long bytes) => Interlocked.Add(ref doneBytes, bytes);

    /// <summary>Bytes of a file that is on its way were copied from the object of before.</summary>
    public void PartCopied(long bytes)
    {
        Interlocked.Add(ref copiedBytes, bytes);
        Interlocked.Add(ref doneBytes, bytes);
    }

    public void EntryCreated() => EntryDone(ref created);

    public void EntryUpdated() => EntryDone(ref updated);

    public void EntryCopied(MirrorEntry entry, bool isNew)
    {
        Interlocked.Increment(ref copied);
        Interlocked.Add(ref copiedBytes, entry.ContentLength);
        EntryDone(ref isNew ? ref created : ref updated);
        Interlocked.Add(ref doneBytes, entry.ContentLength);
    }

    public void EntryMetadataChanged(MirrorEntry entry)
    {
        EntryDone(ref metadataChanged);
        Interlocked.Add(ref doneBytes, entry.ContentLength);
    }

    public void EntryPending(MirrorEntry entry)
    {
        EntryDone(ref pendingAttributes);
        Interlocked.Add(ref doneBytes, entry.ContentLength);
    }

    public void DeletionPostponed(int objects) => Interlocked.Add(ref postponed, objects);

    public void LockRenewed() => Interlocked.Increment(ref renewed);

    public void ForeignSeen() => Interlocked.Increment(ref foreign);

    public void TransferFailed() => Interlocked.Increment(ref failedTransfers);

    public void EntryUndecided() => Interlocked.Increment(ref undecided);

    public void EntryLeftOut() => Interlocked.Increment(ref leftOut);

    public void EntryRemains(long bytes)
    {
        Interlocked.Increment(ref remaining);
        Interlocked.Add(ref remainingBytes, bytes);
        EntryLeftOut();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
