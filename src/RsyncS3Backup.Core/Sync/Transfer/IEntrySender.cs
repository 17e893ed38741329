using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>The two ways in which an entry's object comes to be.</summary>
internal interface IEntrySender
{
    /// <summary>Uploads the entry.</summary>
    /// <returns>What was stored; null when the file changed each time it was read.</returns>
    Task<UploadedObject?> UploadAsync(MirrorEntry entry, CancellationToken cancellationToken);

    /// <summary>Makes the object out of another one of the bucket: <see cref="IObjectStore.CopyAsync"/>.</summary>
    Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken);
}

/// <summary>Sends.</summary>
internal sealed class EntrySender(IObjectStore store, Uploader uploader) : IEntrySender
{
    /// <inheritdoc/>
    public Task<UploadedObject?> UploadAsync(MirrorEntry entry, CancellationToken cancellationToken) => uploader.UploadAsync(entry, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken) =>
        store.CopyAsync(sourceKey, sourceETag, size, relativeKey, headers, cancellationToken);
}

/// <summary>Sends nothing, and counts the requests that sending would take.</summary>
internal sealed class PlannedSender(S3SyncRequest request, PlannedRequests planned, Action<long> onBytesSent) : IEntrySender
{
    /// <inheritdoc/>
    public Task<UploadedObject?> UploadAsync(MirrorEntry entry, CancellationToken cancellationToken)
    {
        long size = entry.ContentLength;
        int parts = entry.Kind == MirrorEntryKind.File && size >= PartSize.Threshold ? PartSize.Count(size, PartSize.For(size)) : 0;
        planned.AddPuts(parts == 0 ? 1 : parts + 2);
        onBytesSent(size);
        return Task.FromResult<UploadedObject?>(
            new UploadedObject(
            entry.Attributes, new StoredObject(entry.RelativeKey, size, "") { StorageClass = request.Options.StorageClass }, "", size));
    }

    /// <inheritdoc/>
    public Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        if (size <= request.LargestCopy)
        {
            planned.AddCopies(1);
        }
        else
        {
            planned.AddHeads(1);
            planned.AddPuts(2);
            planned.AddCopies(PartSize.Count(size, PartSize.AtLeast(request.CopyPartSize, size)));
        }

        return Task.FromResult(new StoredObject(relativeKey, size, sourceETag ?? ""));
    }
}
