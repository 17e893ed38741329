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
/// Sends nothing, and counts the requests that sending would take. Only a large file of which S3 has parts already is read, to know which; a
/// <see cref="PlannedStore"/> would count the same with all content read, which may be far away and large.
/// </summary>
internal sealed class PlannedSender(S3CopyRequest request, PlannedRequests planned, SyncCounters counters) : IEntrySender
{
    /// <inheritdoc/>
    public Task<UploadedObject?> UploadAsync(MirrorEntry entry, EarlierParts? earlier, CancellationToken cancellationToken)
    {
        long size = entry.ContentLength;
        (int parts, long copied) = earlier is null ? default : Copies(entry, earlier, cancellationToken);
        if (parts == 0)
            planned.AddUpload(size, entry.Kind == MirrorEntryKind.File ? request.UploadPartSize : long.MaxValue);
        else
            planned.AddUpload(size, earlier!.PartSize, parts);
        counters.Sent(size - copied);
        counters.PartCopied(copied);
        StoredObject stored = new(entry.RelativeKey, size, "") { StorageClass = request.Options.StorageClass };
        return Task.FromResult<UploadedObject?>(new UploadedObject(entry.Attributes, stored, "", null, null, size - copied)
        {
            CopiedBytes = copied,
        });
    }

    /// <summary>How many parts would be copied, and their bytes. At the rate of the line, which no plan knows, they may be fewer.</summary>
    private static (int Parts, long Bytes) Copies(MirrorEntry entry, EarlierParts earlier, CancellationToken cancellationToken)
    {
        if (entry.IsElsewhere || !PartSize.Fits(entry.ContentLength, earlier.PartSize)
            || Hash(entry, earlier.PartSize, cancellationToken) is not { } hashes)
            return default;
        (int parts, long bytes) = (0, 0);
        for (int number = 1; number <= hashes.Count; number++)
        {
            int length = (int)Math.Min(earlier.PartSize, entry.ContentLength - ((number - 1) * earlier.PartSize));
            if (!earlier.Has(number, length, hashes[number - 1]))
                continue;
            parts++;
            bytes += length;
        }

        return (parts, bytes);
    }

    private static IReadOnlyList<UInt128>? Hash(MirrorEntry entry, long partSize, CancellationToken cancellationToken)
    {
        try
        {
            return new EntryContent(entry).HashParts(partSize, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is the run that has to read it; until then it counts whole.
            return null;
        }
    }
}
