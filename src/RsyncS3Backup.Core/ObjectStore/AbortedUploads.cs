using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Ways to give up uploads in parts that do not fail whoever has another failure to report.</summary>
internal static class AbortedUploads
{
    /// <summary>
    /// How long an abort, or a request that an abort would need the answer of, is waited for when the run is cancelled already.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>True for the answer that there is no such upload: it was completed or aborted.</summary>
    public static bool IsUnknown(Exception exception) => exception is AmazonServiceException { ErrorCode: "NoSuchUpload" };

    /// <summary>Gives up an upload; one that S3 does not abort is left to a lifecycle rule.</summary>
    /// <returns>True when S3 has the upload no longer.</returns>
    public static async Task<bool> TryAbortAsync(
        this IObjectStore store, string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            await store.AbortPartsAsync(relativeKey, uploadId, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is AmazonServiceException or BackupException && !cancellationToken.IsCancellationRequested)
        {
            return IsUnknown(exception);
        }
    }

    /// <summary>
    /// Likewise after a failure, which is the one to report. The run's own token may be cancelled already, and parts left behind
    /// cost money; so this has a patience of its own.
    /// </summary>
    /// <returns>True when S3 has the upload no longer.</returns>
    public static async Task<bool> AbortQuietlyAsync(this IObjectStore store, string relativeKey, string uploadId)
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            return await store.TryAbortAsync(relativeKey, uploadId, patience.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            return false;
        }
    }
}
