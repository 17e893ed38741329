using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>
/// Prefixes of other jobs beneath a run's own, as the listing meets their markers: nothing beneath them is touched, and the run fails, because
/// two jobs in one another's prefix is nothing that was meant.
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="catalog">What the job sent; null: nobody knows.</param>
/// <param name="owner">Who the run is.</param>
internal sealed class NestedPrefixes(SyncScope scope, ICatalog? catalog, PrefixOwner owner)
{
    private const string End = "/" + MirrorMarker.FileName;

    private readonly S3SyncRequest request = scope.Request;
    private readonly IObjectStore store = scope.Store;
    private readonly StageReport report = scope.Report;
    private readonly List<string> folders = [];

    /// <summary>Looks at an object of the listing, which may be the marker of another job's prefix.</summary>
    public async ValueTask MeetAsync(StoredObject item, CancellationToken cancellationToken)
    {
        if (item.RelativeKey.EndsWith(End, StringComparison.Ordinal) && !Covers(item.RelativeKey) && !IsOrdinary(item.RelativeKey))
            await LookAsync(item.RelativeKey, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>True for a key that is another job's.</summary>
    public bool Covers(string relativeKey)
    {
        foreach (string folder in folders)
        {
            if (relativeKey.StartsWith(folder, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    // The copy of a mirror is an ordinary folder of the source, and its marker an ordinary file of this mirror.
    private bool IsOrdinary(string relativeKey) =>
        Path.Exists(Path.Join(request.MirrorPath, relativeKey)) || catalog?.Find(relativeKey) is { IsOurs: true };

    private async Task LookAsync(string relativeKey, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(relativeKey, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false) is not { } content)
            return;
        try
        {
            MirrorMarker other = MirrorMarker.Parse(content);
            if (owner.Owns(other))
                return;
            string folder = relativeKey[..^MirrorMarker.FileName.Length];
            folders.Add(folder);
            string bucket = $"s3://{store.BucketName}/{store.KeyPrefix}";
            report.ItemFailed(SyncErrors.OtherInPrefix(bucket + folder, bucket, other));
            // Only a listing meets it, so the next run has to list again.
            catalog?.Contradict($"'{folder}' belongs to another job.");
        }
        catch (InvalidDataException)
        {
            // Some file of that name.
        }
    }
}
