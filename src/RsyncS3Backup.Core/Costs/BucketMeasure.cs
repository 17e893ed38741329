using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Costs;

/// <summary>What a bucket holds for a job, listed: objects, versions and uploads that nobody completed.</summary>
/// <param name="request">What is asked.</param>
/// <param name="now">Of when a prefix is made.</param>
internal sealed class BucketMeasure(CostRequest request, DateTimeOffset now)
{
    private const int Connections = 16;

    private readonly string? prefix = request.S3.Options.S3Prefix;
    private readonly DatedKeys? dated = RsyncS3Backup.KeyPrefix.HasDateTokens(request.S3.Options.S3Prefix)
        ? new DatedKeys(new DatedPrefix(request.S3.Options.S3Prefix!))
        : null;

    /// <summary>What every key starts with, date tokens as they are.</summary>
    public string KeyPrefix => dated is not null ? RsyncS3Backup.KeyPrefix.WithHost(prefix!) : Listed;

    private string Listed => dated?.Start
        ?? RsyncS3Backup.KeyPrefix.Resolve(prefix, request.Configuration.Name, now, request.S3.Timezone);

    /// <summary>Lists the bucket.</summary>
    /// <param name="begin">Makes a tally; called again when a store turns out to list no versions.</param>
    /// <param name="notes">Gets what could not be listed.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    public async Task<CostTally> RunAsync(Func<CostTally> begin, ICollection<string> notes, CancellationToken cancellationToken)
    {
        S3CopyRequest s3 = request.S3;
        s3.RequireValid();
        using S3ObjectStore store = new(s3, Listed, Connections);
        store.Connect();
        CostTally tally = begin();
        try
        {
            KeyRange everything = KeyRange.Everything with
            {
                Cuts = dated is null ? CatalogView.Cuts(request.Configuration.Name, store.BucketName, Listed, isDated: false, after: "") : null,
            };
            IAsyncEnumerable<StoredObject> versions = store.ListVersionsAsync(everything, after: null, cancellationToken);
            await foreach (StoredObject item in versions.ConfigureAwait(false))
            {
                if (item.IsDeleteMarker || !IsOfJob(item.RelativeKey))
                    continue;
                if (item.IsLatest)
                    tally.AddCurrent(item.StorageClass, item.Size, item.LastModified, item.VersionId);
                else
                    tally.AddOld(item.StorageClass, item.Size, item.LastModified);
            }
        }
        catch (BackupException exception) when (IsNotAnswered(exception))
        {
            notes.Add($"Old versions are not counted, because they could not be listed: {exception.Error.Message}");
            tally = begin();
            await foreach (StoredObject item in store.ListAsync(KeyRange.Everything, cancellationToken).ConfigureAwait(false))
            {
                if (IsOfJob(item.RelativeKey))
                    tally.AddCurrent(item.StorageClass, item.Size, item.LastModified, versionId: null);
            }
        }

        try
        {
            await foreach (PendingUpload upload in store.ListUploadsAsync(cancellationToken).ConfigureAwait(false))
            {
                if (IsOfJob(upload.RelativeKey)
                    && await SizeAsync(store, upload, cancellationToken).ConfigureAwait(false) is { } size)
                    tally.AddUnfinished(size);
            }
        }
        catch (BackupException exception) when (IsNotAnswered(exception))
        {
            notes.Add($"Unfinished uploads are not counted, because they could not be listed: {exception.Error.Message}");
        }

        return tally;
    }

    private static async Task<long?> SizeAsync(S3ObjectStore store, PendingUpload upload, CancellationToken cancellationToken)
    {
        long size = 0;
        try
        {
            IAsyncEnumerable<UploadedPart> parts = store.ListPartsAsync(upload.RelativeKey, upload.UploadId, cancellationToken);
            await foreach (UploadedPart part in parts.ConfigureAwait(false))
                size += part.Size;
            return size;
        }
        catch (BackupException exception) when (exception.Error.S3ErrorCode == "NoSuchUpload")
        {
            return null;
        }
    }

    // Rights that a job can do without, and questions that a store need not know.
    private static bool IsNotAnswered(BackupException exception) => exception.Error.Id == ErrorIds.S3AccessDenied
        || exception.Error.S3ErrorCode is "NotImplemented" or "MethodNotAllowed" or "XNotImplemented";

    private bool IsOfJob(string relativeKey) => dated is null || dated.Holds(Listed + relativeKey);

    /// <summary>Keys of dated snapshots, told from those of others beside them.</summary>
    private sealed class DatedKeys(DatedPrefix prefix)
    {
        private string last = "";
        private bool lastIsDated;

        /// <summary>What all of them start with.</summary>
        public string Start => prefix.Start;

        public bool Holds(string key)
        {
            int end = 0;
            for (int segment = 0; segment < prefix.Segments.Count; segment++)
            {
                end = key.IndexOf('/', end) + 1;
                if (end == 0)
                    return false;
            }

            // All keys of a snapshot follow each other.
            if (!key.AsSpan(0, end).SequenceEqual(last))
            {
                last = key[..end];
                lastIsDated = prefix.TryParse(last, out _);
            }

            return lastIsDated;
        }
    }
}
