using Amazon.S3;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>Objects that S3 has put into an archive: they have to be brought back before they can be read, which takes minutes to days.</summary>
internal sealed class Archive(ObjectContents contents, RestoreRetrieval? retrieval, RestoreCounters counters, StageReport report)
{
    private readonly object gate = new();
    private readonly Dictionary<string, ArchivedObjects> left = new(StringComparer.Ordinal);

    /// <summary>When all that this run asked for should be there; null when it asked for nothing.</summary>
    public DateTimeOffset? ReadyBy { get; private set; }

    /// <summary>What could not be read and was not asked for, by class.</summary>
    public IReadOnlyList<ArchivedObjects> Left
    {
        get
        {
            lock (gate)
                return [.. left.Values.OrderBy(objects => objects.StorageClass, StringComparer.Ordinal)];
        }
    }

    /// <summary>True for what S3 answers when an object is in an archive.</summary>
    public static bool IsArchived(Exception exception) => exception is AmazonS3Exception { ErrorCode: "InvalidObjectState" };

    /// <summary>Asks for an object that could not be read, or says that it is not there.</summary>
    public async Task MeetAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        if (retrieval is null)
        {
            StoredObject about = await contents.HeadAsync(stored, cancellationToken).ConfigureAwait(false);
            if (about.Restore?.Contains("ongoing-request=\"true\"", StringComparison.Ordinal) == true)
            {
                counters.EntryPending(isNew: false);
                return;
            }

            counters.EntryArchived();
            lock (gate)
                ArchivedObjects.Count(left, stored);

            string where = about.ArchiveStatus is { } tier ? $"{stored.StorageClass}, {tier}" : stored.StorageClass;
            report.ItemFailed(RestoreErrors.Archived(stored.RelativeKey, where));
            return;
        }

        try
        {
            bool isTiering = stored.StorageClass == "INTELLIGENT_TIERING";
            // Intelligent-Tiering brings objects back for good.
            await contents.RetrieveAsync(stored, retrieval.Tier.ToString(), isTiering ? null : retrieval.Days, cancellationToken).ConfigureAwait(false);
            counters.EntryPending(isNew: true);
            DateTimeOffset ready = DateTimeOffset.Now + RetrievalTime.Of(stored.StorageClass, retrieval.Tier).Longest;
            lock (gate)
                ReadyBy = ReadyBy is { } known && known > ready ? known : ready;
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "RestoreAlreadyInProgress")
        {
            counters.EntryPending(isNew: false);
        }
    }
}
