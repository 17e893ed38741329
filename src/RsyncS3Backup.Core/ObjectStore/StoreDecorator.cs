using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>A store that passes everything on: what runs across a store says what it changes and nothing else.</summary>
/// <param name="inner">The store below.</param>
internal abstract class StoreDecorator(IObjectStore inner) : IObjectStore
{
    /// <summary>The store below.</summary>
    protected IObjectStore Inner => inner;

    /// <inheritdoc/>
    public string BucketName => inner.BucketName;

    /// <inheritdoc/>
    public string KeyPrefix => inner.KeyPrefix;

    /// <inheritdoc/>
    public S3Target Target => inner.Target;

    /// <inheritdoc/>
    public Traffic Traffic => inner.Traffic;

    /// <inheritdoc/>
    public virtual S3RequestCounts Requests => inner.Requests;

    /// <inheritdoc/>
    public TimeSpan ClockCorrection => inner.ClockCorrection;

    /// <inheritdoc/>
    public StoreAbilities Abilities => inner.Abilities;

    /// <inheritdoc/>
    public string? ChecksumAlgorithm => inner.ChecksumAlgorithm;

    /// <inheritdoc/>
    public abstract IObjectStore At(string otherPrefix);

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
    public Task<bool?> HasObjectLockAsync(CancellationToken cancellationToken) => inner.HasObjectLockAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<StoredObject?> HeadAsync(ObjectQuery query, CancellationToken cancellationToken) => inner.HeadAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken) => inner.GetAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<long?> PartSizeAsync(ObjectQuery query, int number, CancellationToken cancellationToken) =>
        inner.PartSizeAsync(query, number, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken) =>
        inner.ReadAsync(relativeKey, most, cancellationToken);

    /// <inheritdoc/>
    public abstract Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract IAsyncEnumerable<BackupError> DeleteAsync(IReadOnlyList<string> relativeKeys, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<UploadedPart> PutPartAsync(
        string uploadId, int number, ObjectContent content, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<UploadedPart> ListPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken) =>
        inner.ListPartsAsync(relativeKey, uploadId, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PendingUpload> ListUploadsAsync(CancellationToken cancellationToken) => inner.ListUploadsAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
