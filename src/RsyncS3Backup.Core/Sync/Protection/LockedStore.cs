using System.Collections.Concurrent;
using Amazon.S3;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Protection;

/// <summary>
/// A store that locks each object that is made, in the request that makes it: there is no moment at which it is not locked. Some stores take no
/// notice of that in some requests (Ceph 16 in copies); so of each kind of request the first object is looked at, and where it is not locked, or
/// nobody says so, each one is locked by a request of its own. Nothing is changed before <see cref="BucketProtection.RequireAsync"/> was awaited,
/// which the store above sees to.
/// </summary>
/// <param name="inner">The store below.</param>
/// <param name="options">The job's lock.</param>
/// <param name="protection">Hears of objects whose lock is not known.</param>
internal sealed class LockedStore(IObjectStore inner, ObjectLockOptions options, BucketProtection protection) : StoreDecorator(inner)
{
    private readonly ConcurrentDictionary<string, ObjectRetention> begun = new();

    private ObjectRetention Retention => ObjectRetention.From(options, protection.Now);

    /// <inheritdoc/>
    public override IObjectStore At(string otherPrefix) => new LockedStore(Inner.At(otherPrefix), options, protection);

    /// <inheritdoc/>
    public override Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken) =>
        Inner.RetrieveAsync(query, tier, days, cancellationToken);

    /// <inheritdoc/>
    public override Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken) =>
        Inner.RetainAsync(relativeKey, versionId, retention, cancellationToken);

    /// <inheritdoc/>
    public override async Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        ObjectRetention retention = Retention;
        StoredObject stored = await Inner.PutAsync(content, headers with { Retention = retention }, cancellationToken).ConfigureAwait(false);
        return await LockedAsync(LockedBy.Put, stored, retention, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        ObjectRetention retention = Retention;
        StoredObject stored = await Inner.CopyAsync(
            sourceKey, sourceETag, size, relativeKey, headers with { Retention = retention }, cancellationToken).ConfigureAwait(false);
        return await LockedAsync(LockedBy.Copy, stored, retention, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override IAsyncEnumerable<BackupError> DeleteAsync(IReadOnlyList<string> relativeKeys, CancellationToken cancellationToken) =>
        Inner.DeleteAsync(relativeKeys, cancellationToken);

    /// <inheritdoc/>
    public override async Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        ObjectRetention retention = Retention;
        string uploadId = await Inner
            .StartPartsAsync(relativeKey, headers with { Retention = retention }, cancellationToken).ConfigureAwait(false);
        begun[uploadId] = retention;
        return uploadId;
    }

    /// <inheritdoc/>
    public override Task<UploadedPart> PutPartAsync(
        string uploadId, int number, ObjectContent content, CancellationToken cancellationToken) =>
        Inner.PutPartAsync(uploadId, number, content, cancellationToken);

    /// <inheritdoc/>
    public override Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken) =>
        Inner.CopyPartAsync(source, relativeKey, uploadId, number, cancellationToken);

    /// <inheritdoc/>
    public override async Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        StoredObject stored = await Inner.CompletePartsAsync(relativeKey, uploadId, parts, headers, cancellationToken).ConfigureAwait(false);
        // S3 takes the lock from the request that began the upload.
        if (begun.TryRemove(uploadId, out ObjectRetention retention))
            return await LockedAsync(LockedBy.Parts, stored, retention, cancellationToken).ConfigureAwait(false);
        protection.HasUnknownLocks = true;
        return stored with { Retention = null };
    }

    /// <inheritdoc/>
    public override Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        begun.TryRemove(uploadId, out _);
        return Inner.AbortPartsAsync(relativeKey, uploadId, cancellationToken);
    }

    private async Task<StoredObject> LockedAsync(
        LockedBy way, StoredObject stored, ObjectRetention retention, CancellationToken cancellationToken)
    {
        if (await protection.IsLockedByAsync(way, () => IsLockedAsync(stored, retention, cancellationToken)).ConfigureAwait(false))
            return stored with { Retention = retention };
        try
        {
            await Inner.RetainAsync(stored.RelativeKey, stored.VersionId, retention, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception)
        {
            // A refusal says elsewhere that nothing was stored.
            BackupError cause = S3Errors.From(exception, Inner.Target) with { Target = stored.RelativeKey };
            throw new BackupException(SyncErrors.LocksNotRenewed(cause, 1, Inner.BucketName), exception);
        }

        return stored with { Retention = retention };
    }

    private async Task<bool> IsLockedAsync(StoredObject stored, ObjectRetention retention, CancellationToken cancellationToken)
    {
        try
        {
            // Not by its version: that is another right.
            ObjectQuery query = new(Inner.Key(stored.RelativeKey));
            StoredObject? found = await Inner.HeadAsync(query, cancellationToken).ConfigureAwait(false);
            return found?.Retention is { } held && held.Mode == retention.Mode && held.Until >= retention.Until;
        }
        catch (AmazonS3Exception)
        {
            return false;
        }
    }
}
