using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// A store that is only looked at: what reads is passed on, what would change something is counted and not done. Whoever works on it finds what
/// a run would find, and can change nothing.
/// </summary>
/// <param name="inner">Answers questions.</param>
/// <param name="access">The bucket.</param>
/// <param name="planned">Counts.</param>
internal sealed class PlannedStore(IObjectStore inner, S3Access access, PlannedRequests planned) : IObjectStore
{
    /// <inheritdoc/>
    public string BucketName => inner.BucketName;

    /// <inheritdoc/>
    public string KeyPrefix => inner.KeyPrefix;

    /// <inheritdoc/>
    public S3Target Target => inner.Target;

    /// <inheritdoc/>
    public Traffic Traffic => inner.Traffic;

    /// <summary>What a run would send: the requests that were sent, and those that were not.</summary>
    public S3RequestCounts Requests => planned.And(inner.Requests);

    /// <inheritdoc/>
    public bool UsesCrc32 => inner.UsesCrc32;

    /// <inheritdoc/>
    public IObjectStore At(string otherPrefix) => new PlannedStore(inner.At(otherPrefix), access, planned);

    /// <inheritdoc/>
    public S3Target Connect() => inner.Connect();

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(KeyRange range, CancellationToken cancellationToken) =>
        inner.ListAsync(range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListLevelAsync(string start, CancellationToken cancellationToken) =>
        inner.ListLevelAsync(start, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListVersionsAsync(KeyRange range, string? after, CancellationToken cancellationToken) =>
        inner.ListVersionsAsync(range, after, cancellationToken);

    /// <inheritdoc/>
    public Task<bool?> KeepsVersionsAsync(CancellationToken cancellationToken) => inner.KeepsVersionsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<StoredObject?> HeadAsync(ObjectQuery query, CancellationToken cancellationToken) => inner.HeadAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken) => inner.GetAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken) =>
        inner.ReadAsync(relativeKey, most, cancellationToken);

    /// <inheritdoc/>
    public Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new StoredObject(content.RelativeKey, content.Length, "") { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        if (size <= access.LargestCopy)
        {
            planned.AddCopies(1);
        }
        else
        {
            planned.AddHeads(1);
            planned.AddPuts(2);
            planned.AddCopies(PartSize.Count(size, PartSize.AtLeast(access.CopyPartSize, size)));
        }

        return Task.FromResult(new StoredObject(relativeKey, size, sourceETag ?? "") { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyList<string> relativeKeys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        planned.AddDeletes(S3ObjectStore.RequestsToDelete(relativeKeys));
        yield break;
    }

    /// <inheritdoc/>
    public Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult("planned");
    }

    /// <inheritdoc/>
    public Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new UploadedPart(number, content.Length, "", null));
    }

    /// <inheritdoc/>
    public Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new StoredObject(relativeKey, parts.Sum(part => part.Size), "") { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        planned.AddDeletes(1);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<UploadedPart> ListPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken) =>
        inner.ListPartsAsync(relativeKey, uploadId, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PendingUpload> ListUploadsAsync(CancellationToken cancellationToken) => inner.ListUploadsAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
