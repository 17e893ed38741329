using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>How the content of an entry gets to S3.</summary>
internal interface IEntrySender
{
    /// <summary>Uploads the entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="earlier">What can be copied instead of sent; null for nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was stored; null when the file changed each time it was read.</returns>
    Task<UploadedObject?> UploadAsync(MirrorEntry entry, EarlierParts? earlier, CancellationToken cancellationToken);
}

/// <summary>
/// Reads and sends nothing, and counts the requests that sending would take. A <see cref="PlannedStore"/> would do the same with content that has
/// been read, which may be far away and large.
/// </summary>
internal sealed class PlannedSender(S3CopyRequest request, PlannedRequests planned, Action<long> onBytesSent) : IEntrySender
{
    /// <inheritdoc/>
    public Task<UploadedObject?> UploadAsync(MirrorEntry entry, EarlierParts? earlier, CancellationToken cancellationToken)
    {
        long size = entry.ContentLength;
        planned.AddUpload(size, isFile: entry.Kind == MirrorEntryKind.File);
        onBytesSent(size);
        StoredObject stored = new(entry.RelativeKey, size, "") { StorageClass = request.Options.StorageClass };
        return Task.FromResult<UploadedObject?>(new UploadedObject(entry.Attributes, stored, "", null, null, size));
    }
}
