using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Sends one entry of the mirror. A file that changes while it is read is read again; what S3 holds afterwards is one version of it, never a
/// mixture.
/// </summary>
internal sealed class Uploader : IEntrySender
{
    private const int TriesForChangingFile = 3;

    // Apart from each other, so that large files and small ones do not wait for each other's memory.
    private const long MemoryForObjects = 32L * 1024 * 1024;
    private const long MemoryForParts = 64L * 1024 * 1024;

    private readonly IObjectStore store;
    private readonly EntryHeaders headers;
    private readonly TransferLimiter limiter;
    private readonly MemoryBudget memory = new(MemoryForObjects);
    private readonly S3CopyRequest request;
    private readonly Action<long> onBytesSent;
    private readonly UploadGate? gate;

    /// <summary>An uploader to one bucket.</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="headers">What objects are written with.</param>
    /// <param name="limiter">Says when a request may be sent.</param>
    /// <param name="unfinished">Remembers uploads in parts; null: a crash leaves them to a lifecycle rule.</param>
    /// <param name="request">The job's sizes.</param>
    /// <param name="onBytesSent">Hears of content that was sent.</param>
    /// <param name="onBytesKept">Hears of content that S3 had from an upload that a crash or a pause ended.</param>
    /// <param name="onBytesCopied">Hears of content that was copied from the object of before.</param>
    /// <param name="gate">Says what may still begin; null: everything.</param>
    public Uploader(
        IObjectStore store, EntryHeaders headers, TransferLimiter limiter, IUnfinishedUploads? unfinished, S3CopyRequest request,
        Action<long> onBytesSent, Action<long> onBytesKept, Action<long> onBytesCopied, UploadGate? gate = null)
    {
        this.gate = gate;
        this.store = store;
        this.headers = headers;
        this.limiter = limiter;
        this.request = request;
        this.onBytesSent = onBytesSent;
        Parts = new PartsUploader(
            store, limiter, new MemoryBudget(MemoryForParts), unfinished, request.UploadPartSize, onBytesSent, onBytesKept,
            onBytesCopied, gate);
    }

    /// <summary>Sends large files, and aborts what is stale.</summary>
    public PartsUploader Parts { get; }

    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    /// <exception cref="UploadPausedException">It, or the rest of it, is left to the next run.</exception>
    public async Task<UploadedObject?> UploadAsync(MirrorEntry entry, EarlierParts? earlier, CancellationToken cancellationToken)
    {
        // The walk has just read the attributes; were they to change since, the look after reading tells, and the next try asks anew.
        FileAttributesSnapshot version = entry.Attributes;
        for (int attempt = 0; attempt <= TriesForChangingFile; attempt++)
        {
            if (attempt > 0 || entry.Kind != MirrorEntryKind.File)
                version = MirrorFile.Look(entry);
            // Something else has taken its name: that is for the next run.
            if (!FileAttributesSnapshot.HaveSameType(version.Mode, entry.Attributes.Mode))
                return null;
            UploadedObject? sent = entry.Kind switch
            {
                MirrorEntryKind.Folder => await SendBytesAsync(entry, version, [], cancellationToken).ConfigureAwait(false),
                MirrorEntryKind.SymbolicLink =>
                    await SendBytesAsync(entry, version, MirrorFile.LinkTarget(entry), cancellationToken).ConfigureAwait(false),
                _ when version.Size < request.UploadPartSize =>
                    await SendFileAsync(entry, version, cancellationToken).ConfigureAwait(false),
                _ => await Parts
                    .SendAsync(entry, version, headers.For(entry, version), earlier, cancellationToken).ConfigureAwait(false),
            };
            if (sent is not null)
                return sent;
        }

        return null;
    }

    private async Task<UploadedObject> SendBytesAsync(
        MirrorEntry entry, FileAttributesSnapshot version, byte[] bytes, CancellationToken cancellationToken) =>
        await PutAsync(entry, version, new ObjectContent(entry.RelativeKey, bytes, bytes.Length), cancellationToken).ConfigureAwait(false);

    private async Task<UploadedObject?> SendFileAsync(MirrorEntry entry, FileAttributesSnapshot version, CancellationToken cancellationToken)
    {
        int size = (int)version.Size;
        using MemoryBudget.Lease lease = await memory.AcquireAsync(size, cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            using (SafeFileHandle? file = MirrorFile.TryOpen(entry, version))
            {
                bool isWhole = file is not null && MirrorFile.Read(file, buffer.AsSpan(0, size), 0) == size
                    && FileAttributesReader.Read(file).IsSameVersionAs(version);
                if (!isWhole)
                    return null;
            }

            return await PutAsync(entry, version, new ObjectContent(entry.RelativeKey, buffer, size), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<UploadedObject> PutAsync(
        MirrorEntry entry, FileAttributesSnapshot version, ObjectContent content, CancellationToken cancellationToken)
    {
        ObjectHeaders written = headers.For(entry, version);
        StoredObject stored;
        using (await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false))
        {
            gate?.Demand(content.Length);
            stored = await store.PutAsync(content, written, cancellationToken).ConfigureAwait(false);
        }

        onBytesSent(content.Length);
        bool isHashed = entry.Kind == MirrorEntryKind.File && content.Length >= request.SmallestCopy
            && SameContent.CanBeCopied(store, stored.StorageClass);
        ContentHash? hash = isHashed ? new ContentHash(content.Hash, PartSize: 0) : null;
        return new UploadedObject(version, stored, content.Crc32, hash, null, content.Length);
    }
}
