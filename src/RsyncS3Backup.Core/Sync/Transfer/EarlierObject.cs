using Amazon.S3;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Copies parts from the object of before, and believes none that S3 does not confirm: a store may take no notice of the
/// condition (Ceph 16), and then the object may be another one. Thread-safe.
/// </summary>
/// <param name="store">The bucket.</param>
/// <param name="earlier">What is known of the object.</param>
internal sealed class EarlierObject(IObjectStore store, EarlierParts earlier)
{
    private readonly object gate = new();
    private volatile bool isOver;
    private Task<bool>? looking;

    /// <summary>Copies the part that holds the content.</summary>
    /// <param name="uploadId">The upload.</param>
    /// <param name="number">The part, from 1.</param>
    /// <param name="content">The part's bytes, as the file has them.</param>
    /// <param name="bytesPerSecond">How fast content goes out; null when that is not known yet.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null when it has to be sent.</returns>
    public async Task<UploadedPart?> TryCopyAsync(
        string uploadId, int number, ObjectContent content, double? bytesPerSecond, CancellationToken cancellationToken)
    {
        if (isOver || !earlier.Has(number, content.Length, content.Hash) || !earlier.IsWorthIt(bytesPerSecond)
            || !await IsThereAsync(cancellationToken).ConfigureAwait(false))
            return null;
        try
        {
            CopyRange range = new(earlier.SourceKey, earlier.Row.ETag, (number - 1) * earlier.PartSize, content.Length);
            UploadedPart part = await store
                .CopyPartAsync(range, content.RelativeKey, uploadId, number, cancellationToken).ConfigureAwait(false);
            if (IsSame(part, content))
                return part;
            isOver = true;
            if (part.Checksum is not null)
                earlier.Refuted("its content is not what was sent");
        }
        catch (CopySourceException exception)
        {
            isOver = true;
            if (exception.Problem is CopySourceProblem.Gone or CopySourceProblem.Changed)
                earlier.Refuted(exception.Message);
        }
        catch (Exception exception) when (IsRefusal(exception))
        {
            // The part can be sent, and then fails by itself if it must.
            isOver = true;
        }

        return null;
    }

    // Of an upload that is gone the uploader has to know.
    private static bool IsRefusal(Exception exception) => exception switch
    {
        AmazonS3Exception answer => (int)answer.StatusCode is >= 400 and < 500 && !AbortedUploads.IsUnknown(answer),
        BackupException known => known.Error.Id == ErrorIds.S3AnswerInvalid,
        _ => false,
    };

    private Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return looking ??= LookAsync(cancellationToken);
    }

    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            StoredObject? found = await store.HeadAsync(new ObjectQuery(earlier.SourceKey), cancellationToken)
                .ConfigureAwait(false);
            if (found is not null && found.ETag == earlier.Row.ETag && found.Size == earlier.Row.Size)
                return true;
            earlier.Refuted(found is null ? "it is not there" : "it is not the version that was recorded");
        }
        catch (AmazonS3Exception exception)
        {
            // Who may not read it may not copy it.
            if (StoreRefusals.IsDenied(exception))
                store.Abilities.NoteDenied();
        }

        isOver = true;
        return false;
    }

    // Without a checksum the tag has to be the MD5; under SSE-KMS it is not, and then nothing says that the copy is right.
    private bool IsSame(UploadedPart part, ObjectContent content)
    {
        if (part.Checksum is { } checksum && store.ChecksumAlgorithm is { } algorithm)
            return checksum == content.ChecksumBy(algorithm);
        string tag = Convert.ToHexString(Convert.FromBase64String(content.Md5));
        return string.Equals(part.ETag, tag, StringComparison.OrdinalIgnoreCase);
    }
}
