using System.Runtime.CompilerServices;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// A store that is only looked at: what reads is passed on, what would change something is counted and not done. Whoever works on it finds what
/// a run would find, and can change nothing.
/// </summary>
/// <param name="inner">Answers questions.</param>
/// <param name="access">The bucket.</param>
/// <param name="planned">Counts.</param>
internal sealed class PlannedStore(IObjectStore inner, S3Access access, PlannedRequests planned) : StoreDecorator(inner)
{
    /// <summary>What a run would send: the requests that were sent, and those that were not.</summary>
    public override S3RequestCounts Requests => planned.And(Inner.Requests);

    /// <inheritdoc/>
    public override IObjectStore At(string otherPrefix) => new PlannedStore(Inner.At(otherPrefix), access, planned);

    /// <inheritdoc/>
    public override Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new StoredObject(content.RelativeKey, content.Length, "") { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public override Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        if (!Abilities.CanCopy)
            throw new CopySourceException(CopySourceProblem.Refused, sourceKey);
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

        // What was sent in parts and is copied in one piece has another tag then.
        bool isTagKept = size <= access.LargestCopy && sourceETag?.Contains('-', StringComparison.Ordinal) == false;
        string tag = isTagKept ? sourceETag! : "";
        return Task.FromResult(new StoredObject(relativeKey, size, tag) { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyList<string> relativeKeys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        planned.AddDeletes(DeleteRequests.Count(relativeKeys, Abilities.Has(StoreFeature.DeleteObjects)));
        yield break;
    }

    /// <inheritdoc/>
    public override Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult("planned");
    }

    /// <inheritdoc/>
    public override Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new UploadedPart(number, content.Length, "", null));
    }

    /// <inheritdoc/>
    public override Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken)
    {
        planned.AddCopies(1);
        return Task.FromResult(new UploadedPart(number, source.Length, "", null));
    }

    /// <inheritdoc/>
    public override Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        planned.AddPuts(1);
        return Task.FromResult(new StoredObject(relativeKey, parts.Sum(part => part.Size), "") { StorageClass = headers.StorageClass });
    }

    /// <inheritdoc/>
    public override Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        planned.AddDeletes(1);
        return Task.CompletedTask;
    }
}
