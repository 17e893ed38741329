using System.Runtime.CompilerServices;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>A store in which nothing is changed before it is known whose the run's prefix is.</summary>
/// <param name="inner">The store below.</param>
/// <param name="ownership">Knows.</param>
internal sealed class OwnedStore(IObjectStore inner, PrefixOwnership ownership) : StoreDecorator(inner)
{
    /// <inheritdoc/>
    public override IObjectStore At(string otherPrefix) => new OwnedStore(Inner.At(otherPrefix), ownership);

    /// <inheritdoc/>
    public override async Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        await Inner.RetrieveAsync(query, tier, days, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task RetainAsync(
        string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        await Inner.RetainAsync(relativeKey, versionId, retention, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        // Nearly always known by now, and this is where it must not cost anything.
        Task known = ownership.RequireAsync(cancellationToken);
        return known.IsCompletedSuccessfully ? Inner.PutAsync(content, headers, cancellationToken) : PutAfterAsync(known, content, headers, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        return await Inner.CopyAsync(sourceKey, sourceETag, size, relativeKey, headers, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyList<string> relativeKeys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        await foreach (BackupError error in Inner.DeleteAsync(relativeKeys, cancellationToken).ConfigureAwait(false))
            yield return error;
    }

    /// <inheritdoc/>
    public override async Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        return await Inner.StartPartsAsync(relativeKey, headers, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<UploadedPart> PutPartAsync(
        string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        return await Inner.PutPartAsync(uploadId, number, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        return await Inner.CopyPartAsync(source, relativeKey, uploadId, number, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        return await Inner.CompletePartsAsync(relativeKey, uploadId, parts, headers, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
        await Inner.AbortPartsAsync(relativeKey, uploadId, cancellationToken).ConfigureAwait(false);
    }

    private async Task<StoredObject> PutAfterAsync(Task known, ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        await known.ConfigureAwait(false);
        return await Inner.PutAsync(content, headers, cancellationToken).ConfigureAwait(false);
    }
}
