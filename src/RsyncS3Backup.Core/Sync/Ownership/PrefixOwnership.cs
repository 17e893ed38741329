using System.Net;
using Amazon.S3;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync.Protection;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>
/// Looks whose a key prefix is before a run's first change there, once, and takes one that is nobody's. Thread-safe. A run that changes nothing
/// never asks.
/// </summary>
/// <param name="scope">The run's, with the store that is asked.</param>
/// <param name="owner">Who the run is.</param>
/// <param name="protection">What is demanded of the bucket, which is looked at first; null for nothing.</param>
internal sealed class PrefixOwnership(SyncScope scope, PrefixOwner owner, BucketProtection? protection = null)
{
    private readonly S3SyncRequest request = scope.Request;
    private readonly IObjectStore store = scope.Store;
    private readonly RunContext context = scope.Context;
    private readonly object gate = new();
    private Task? asking;

    /// <summary>What is demanded of the bucket; null for nothing.</summary>
    public BucketProtection? Protection => protection;

    /// <summary>Who the run is.</summary>
    public PrefixOwner Owner => owner;

    /// <summary>
    /// A scope whose store changes nothing before it is known whose the prefix is and that the bucket can do what is demanded, and who knows.
    /// </summary>
    /// <param name="scope">The run's.</param>
    public static (SyncScope Scope, PrefixOwnership Ownership) Guard(SyncScope scope)
    {
        BucketProtection? protection = BucketProtection.Of(scope);
        scope = scope with { Store = protection?.Guard(scope.Store) ?? scope.Store };
        PrefixOwnership ownership = new(scope, PrefixOwner.Of(scope.JobName, scope.Request.MirrorPath), protection);
        return (scope with { Store = new OwnedStore(scope.Store, ownership) }, ownership);
    }

    /// <summary>True when nobody owned the prefix until this run took it, so that what is there was sent by nobody known.</summary>
    public bool IsNew { get; private set; }

    /// <summary>What S3 stored before that was not sent by the run's owner.</summary>
    public DateTimeOffset Since { get; private set; } = owner.Since;

    /// <summary>To be awaited before anything under the prefix is changed.</summary>
    /// <exception cref="BackupException">It is somebody else's: <c>PrefixOwnedByOther</c>.</exception>
    public Task RequireAsync(CancellationToken cancellationToken)
    {
        Task? asked = Volatile.Read(ref asking);
        if (asked is { IsCompletedSuccessfully: true })
            return asked;
        lock (gate)
        {
            // A question that was cut off or that S3 did not answer is asked again.
            if (asking is null or { IsCanceled: true } or { IsFaulted: true, Exception.InnerException: not BackupException })
                asking = AskAsync(cancellationToken);
            return asking;
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        if (protection is not null)
            await protection.RequireAsync(cancellationToken).ConfigureAwait(false);
        byte[]? found;
        try
        {
            found = await store.ReadAsync(MirrorMarker.FileName, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "InvalidObjectState")
        {
            await BringBackAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.Forbidden)
        {
            // Credentials that may write and not read, or that may not list, so that S3 does not tell a missing object from a forbidden one.
            context.LogWarning($"Whose the prefix s3://{store.BucketName}/{store.KeyPrefix} is, S3 does not let these credentials see: they "
                + "need s3:GetObject and s3:ListBucket.");
            return;
        }

        if (found is null)
        {
            await RequireFreeAboveAsync(cancellationToken).ConfigureAwait(false);
            IsNew = true;
        }
        else if (Marker(found) is var other && (other is null || !owner.Owns(other)))
        {
            if (!request.AllowNewDestination)
                throw new BackupException(SyncErrors.PrefixOwnedByOther(Where(store.KeyPrefix), other, owner.Marker));
            context.Verbose($"The prefix {Where(store.KeyPrefix)} is taken over from {SyncErrors.Describe(other)}.");
        }

        // One that no mirror keeps is never written again, so S3 knows when the prefix was taken.
        if (found is not null && !owner.IsInMirror
            && await store.HeadAsync(new ObjectQuery(store.Key(MirrorMarker.FileName)), cancellationToken).ConfigureAwait(false) is { } head)
            Since = head.LastModified ?? Since;
        if (found is null || !found.AsSpan().SequenceEqual(owner.Content))
            await WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    // A lifecycle rule moved the marker to an archive, where nobody can read it. One that is to the byte this mirror's needs no reading.
    private async Task BringBackAsync(CancellationToken cancellationToken)
    {
        StoredObject? head = await store.HeadAsync(new ObjectQuery(store.Key(MirrorMarker.FileName)), cancellationToken).ConfigureAwait(false);
        ObjectContent content = new(MirrorMarker.FileName, owner.Content, owner.Content.Length);
        string tag = Convert.ToHexString(Convert.FromBase64String(content.Md5)).ToLowerInvariant();
        bool isOwn = head is { IsTagOpaque: false } && head.ETag == tag;
        if (!isOwn && !request.AllowNewDestination)
            throw new BackupException(SyncErrors.PrefixOwnerArchived(Where(store.KeyPrefix), head?.StorageClass ?? ""));
        await WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    // Who owns a prefix above would delete what is sent here, as nothing that its own mirror has.
    private async Task RequireFreeAboveAsync(CancellationToken cancellationToken)
    {
        if (request.AllowNewDestination)
            return;
        for (string? above = Above(store.KeyPrefix); above is not null; above = Above(above))
        {
            using IObjectStore at = store.At(above);
            byte[]? found;
            try
            {
                found = await at.ReadAsync(MirrorMarker.FileName, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.Forbidden)
            {
                // Credentials for this prefix alone.
                return;
            }

            if (found is not null && Marker(found) is { } other)
                throw new BackupException(SyncErrors.PrefixInOther(Where(store.KeyPrefix), Where(above), other));
        }
    }

    // As an entry of the mirror is sent, so that other tools see the same file here and there; but always where it can be read at once.
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        ObjectHeaders headers = new()
        {
            ContentType = "application/json",
            StorageClass = S3StorageClasses.Standard,
            Metadata = owner.Metadata(request.MirrorPath),
            Encryption = request.Destination.Encryption,
            Tags = request.Options.Tags,
        };
        ObjectContent content = new(MirrorMarker.FileName, owner.Content, owner.Content.Length);
        await store.PutAsync(content, headers, cancellationToken).ConfigureAwait(false);
    }

    private string Where(string keyPrefix) => $"s3://{store.BucketName}/{keyPrefix}";

    private static string? Above(string keyPrefix) =>
        keyPrefix.Length == 0 ? null : keyPrefix[..(keyPrefix.AsSpan(0, keyPrefix.Length - 1).LastIndexOf('/') + 1)];

    private static MirrorMarker? Marker(byte[] content)
    {
        try
        {
            return MirrorMarker.Parse(content);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
