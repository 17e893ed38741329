using System.Runtime.CompilerServices;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;

namespace RsyncS3Backup.Recovery;

/// <summary>What of a copy a restore means.</summary>
internal static class RestoreItems
{
    /// <summary>What is meant, in key order.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="bucket">The copy in S3; null for the mirror.</param>
    /// <param name="recorded">Knows what of the bucket the mirror had; null: nobody does.</param>
    /// <param name="report">Hears of what cannot be read in the mirror.</param>
    /// <param name="leftOut">Hears of each object that the mirror had no more when it was last sent.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async IAsyncEnumerable<RestoreItem> ListAsync(
        RestoreRequest request, S3Copy? bucket, RecordedObjects? recorded, StageReport report, Action leftOut,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What cannot be read is told when it is met among what is meant.
        StageReport quiet = new(context: null);
        ItemFilter filter = await ItemFilter.WhatIsThereAloneAsync(request.Paths, request.LiteralPaths, async exactly =>
        {
            await foreach (RestoreItem _ in ListAsync(request, bucket, null, exactly, quiet, () => { }, cancellationToken).ConfigureAwait(false))
                return true;
            return false;
        }).ConfigureAwait(false);
        await foreach (RestoreItem item in ListAsync(request, bucket, recorded, filter, report, leftOut, cancellationToken).ConfigureAwait(false))
            yield return item;
    }

    private static async IAsyncEnumerable<RestoreItem> ListAsync(
        RestoreRequest request, S3Copy? bucket, RecordedObjects? recorded, ItemFilter filter, StageReport report, Action leftOut,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (bucket is not null)
        {
            OneKind kinds = new(folder => bucket.ListAsync(ItemFilter.Literal([folder]), cancellationToken), report.Warning);
            IAsyncEnumerable<StoredObject> listed = bucket.ListAsync(filter, cancellationToken);
            IAsyncEnumerable<StoredObject> present =
                recorded is null || request.IncludeDeleted ? listed : WithoutDeletedAsync(listed, recorded, leftOut, cancellationToken);
            IAsyncEnumerable<StoredObject> listing = kinds.OfAsync(present, cancellationToken);
            await foreach (StoredObject stored in listing.ConfigureAwait(false))
            {
                if (request.Chooses?.Invoke(stored) != false)
                    yield return new ObjectItem(stored);
            }

            yield break;
        }

        foreach (MirrorEntry entry in new MirrorCopy(request.MirrorPath!, report).Walk(filter, cancellationToken))
        {
            // The walk has reported it.
            if (entry.Kind != MirrorEntryKind.Unreadable)
                yield return new MirrorItem(entry);
        }
    }

    private static async IAsyncEnumerable<StoredObject> WithoutDeletedAsync(
        IAsyncEnumerable<StoredObject> listing, RecordedObjects recorded, Action leftOut,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject stored in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (recorded.IsDeleted(stored))
                leftOut();
            else
                yield return stored;
        }
    }
}
