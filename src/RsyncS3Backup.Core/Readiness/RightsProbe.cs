using System.Runtime.CompilerServices;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Rights;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Readiness;

/// <summary>
/// Tries each right that a job needs. What writes is tried on an upload in parts that is given up again, so that nothing stays that could be locked
/// or billed; only a job that deletes writes an object, and deletes it.
/// </summary>
/// <param name="request">The job.</param>
/// <param name="s3">Its bucket.</param>
/// <param name="store">The bucket, below the job's prefix.</param>
internal sealed class RightsProbe(ReadinessRequest request, S3CopyRequest s3, S3ObjectStore store)
{
    private const BackupReadinessCheck Check = BackupReadinessCheck.Right;

    private static readonly TimeSpan CleanUpTime = TimeSpan.FromSeconds(10);

    private readonly string key = $".rsyncs3backup-readiness-{Guid.NewGuid():N}";
    private readonly byte[] content = "A check of rsync-s3-backup whether the job may write here. It can be deleted."u8.ToArray();

    /// <summary>How far this machine's clock is behind that of the store; null where no answer told.</summary>
    public TimeSpan? Skew { get; private set; }

    /// <summary>Tries them.</summary>
    public async IAsyncEnumerable<BackupReadiness> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<BackupRight> needed =
            PolicyDocument.For(new PolicyRequest { Configuration = request.Job, Purpose = BackupPolicyPurpose.Backup });
        yield return await TryAsync(BackupRights.ListBucket, () => ListAsync(cancellationToken)).ConfigureAwait(false);
        foreach (BackupReadiness found in await WriteAsync(needed, cancellationToken).ConfigureAwait(false))
            yield return found;
        bool deletes = needed.Contains(BackupRights.DeleteObject);
        bool isThere = false;
        bool isTried = false;
        try
        {
            if (deletes)
            {
                // That it may be written was tried above.
                isThere = await TryPutAsync(cancellationToken).ConfigureAwait(false);
            }

            yield return await TryAsync(BackupRights.GetObject, () => ReadAsync(isThere, cancellationToken)).ConfigureAwait(false);
            if (deletes)
            {
                BackupReadiness deleted = await TryAsync(BackupRights.DeleteObject, () => DeleteAsync(cancellationToken), isThere).ConfigureAwait(false);
                isTried = true;
                yield return deleted;
            }
        }
        finally
        {
            // Whoever looks at the first findings only, or stops the check, leaves nothing behind either.
            if (isThere && !isTried)
                await TryDeleteAsync().ConfigureAwait(false);
        }

        if (needed.Contains(BackupRights.GetVersioning))
        {
            yield return await TryAsync(
                BackupRights.GetVersioning, async () => Demand(await store.KeepsVersionsAsync(cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
        }

        if (needed.Contains(BackupRights.GetObjectLock))
        {
            yield return await TryAsync(
                BackupRights.GetObjectLock, async () => Demand(await store.HasObjectLockAsync(cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<BackupReadiness>> WriteAsync(IReadOnlyList<BackupRight> needed, CancellationToken cancellationToken)
    {
        List<BackupReadiness> found = [];
        ObjectHeaders headers = new()
        {
            ContentType = "text/plain",
            StorageClass = s3.Options.StorageClass,
            Encryption = s3.Destination.Encryption,
        };
        string? upload = null;
        bool isAbortTried = false;
        DateTimeOffset began = DateTimeOffset.UtcNow;
        try
        {
            found.Add(await TryAsync(BackupRights.PutObject, async () =>
            {
                upload = await store.StartPartsAsync(key, headers, cancellationToken).ConfigureAwait(false);
                await store.PutPartAsync(upload, 1, new ObjectContent(key, content, content.Length), cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false));
            if (upload is { } started)
            {
                found.Add(await TryAsync(BackupRights.ListUploads, () => FindUploadAsync(started, began, cancellationToken)).ConfigureAwait(false));
                found.Add(await TryAsync(BackupRights.ListParts, async () =>
                {
                    await foreach (UploadedPart part in store.ListPartsAsync(key, started, cancellationToken).ConfigureAwait(false))
                        _ = part;
                }).ConfigureAwait(false));
                BackupReadiness aborted =
                    await TryAsync(BackupRights.AbortUpload, () => store.AbortPartsAsync(key, started, cancellationToken)).ConfigureAwait(false);
                isAbortTried = true;
                found.Add(aborted.Status == BackupReadinessStatus.Passed ? aborted : aborted with
                {
                    Detail = aborted.Detail + UploadStays,
                });
            }
        }
        finally
        {
            if (upload is not null && !isAbortTried)
                await TryAbortAsync(upload).ConfigureAwait(false);
        }

        if (needed.Contains(BackupRights.PutTagging))
            found.Add(await TryWithAsync(BackupRights.PutTagging, headers with { Tags = s3.Options.Tags }, cancellationToken).ConfigureAwait(false));
        if (needed.Contains(BackupRights.PutRetention) && s3.Options.Protection?.ObjectLock is { } wanted)
        {
            ObjectRetention retention = new(wanted.Mode, DateTimeOffset.UtcNow.AddDays(wanted.Days));
            found.Add(await TryWithAsync(BackupRights.PutRetention, headers with { Retention = retention }, cancellationToken).ConfigureAwait(false));
        }

        return found;
    }

    private async Task<BackupReadiness> TryWithAsync(BackupRight right, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        string? upload = null;
        BackupReadiness found = await TryAsync(
            right, async () => upload = await store.StartPartsAsync(key, headers, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return upload is null || await TryAbortAsync(upload).ConfigureAwait(false) ? found : found with { Detail = found.Detail + UploadStays };
    }

    private string UploadStays => $" The unfinished upload '{store.Key(key)}', which this check started, is still in the bucket: abort it with credentials "
        + "that may, or let a lifecycle rule do it.";

    // Also when the check was stopped: nothing of it may stay.
    private async Task<bool> TryAbortAsync(string upload)
    {
        using CancellationTokenSource patience = new(CleanUpTime);
        try
        {
            await store.AbortPartsAsync(key, upload, patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is AmazonS3Exception or BackupException or IOException or HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    // Only the page that it is on is of interest.
    private async Task FindUploadAsync(string upload, DateTimeOffset began, CancellationToken cancellationToken)
    {
        await foreach (PendingUpload pending in store.ListUploadsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (pending.UploadId != upload)
                continue;
            Skew = Between(began, pending.StartTime);
            return;
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        await foreach (StoredObject item in store.ListAsync(new KeyRange(key, IsOneKey: true), cancellationToken).ConfigureAwait(false))
            _ = item;
    }

    private async Task<bool> TryPutAsync(CancellationToken cancellationToken)
    {
        ObjectHeaders headers = new()
        {
            ContentType = "text/plain",
            StorageClass = S3StorageClasses.Standard,
            Encryption = s3.Destination.Encryption,
        };
        try
        {
            await store.PutAsync(new ObjectContent(key, content, content.Length), headers, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is AmazonS3Exception or BackupException)
        {
            return false;
        }
    }

    private async Task ReadAsync(bool isThere, CancellationToken cancellationToken)
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        // Of what is not there S3 says so only to those who may read it.
        string asked = isThere ? key : MirrorMarker.FileName;
        await store.ReadAsync(asked, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false);
        if (isThere && Skew is null
            && await store.HeadAsync(new ObjectQuery(store.Key(key)), cancellationToken).ConfigureAwait(false) is { LastModified: { } stored })
            Skew = Between(before, stored);
    }

    private async Task TryDeleteAsync()
    {
        using CancellationTokenSource patience = new(CleanUpTime);
        try
        {
            await DeleteAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AmazonS3Exception or BackupException or IOException or HttpRequestException or OperationCanceledException)
        {
            // It says in its content that it can be deleted.
        }
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await foreach (BackupError error in store.DeleteAsync([key], cancellationToken).ConfigureAwait(false))
            throw new BackupException(error);
    }

    // Times of S3 are whole seconds, and an answer takes as long as it takes.
    private static TimeSpan Between(DateTimeOffset before, DateTimeOffset stored)
    {
        DateTimeOffset after = DateTimeOffset.UtcNow;
        return stored < before ? stored - before : stored > after ? stored - after : TimeSpan.Zero;
    }

    private static void Demand(bool? isKnown)
    {
        if (isKnown is null)
            throw new AmazonS3Exception("The credentials are not allowed to read this setting, or the store does not have it.");
    }

    private async Task<BackupReadiness> TryAsync(BackupRight right, Func<Task> attempt, bool leavesObject = false)
    {
        BackupError error;
        try
        {
            await attempt().ConfigureAwait(false);
            return request.Passed(Check, right.Action, $"{right.Action} is allowed.");
        }
        catch (AmazonS3Exception exception) when (right != BackupRights.PutObject && StoreRefusals.IsUnknownRequest(exception))
        {
            return request.Warning(Check, right.Action, $"The store does not know what {right.Action} is for.", recommendation: null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            error = S3Errors.From(exception, store.Target);
        }

        bool isDenied = error.S3ErrorCode is "AccessDenied" or "Forbidden" || right == BackupRights.GetVersioning || right == BackupRights.GetObjectLock;
        string stays = leavesObject ? $" The object '{store.Key(key)}' that was written for the check stays." : "";
        string detail = isDenied ? $"{right.Action} is not allowed. The job needs it for: {right.For.Replace('`', '\'')}.{stays}" : error.Message + stays;
        string advice = isDenied
            ? $"Allow {right.Action}. New-BackupPolicy writes the policy that the job needs."
            : error.RecommendedAction;
        return IsIndispensable(right)
            ? request.Failed(Check, right.Action, error) with { Detail = detail, Recommendation = advice }
            : request.Warning(Check, right.Action, detail, advice);
    }

    // A run does without the others, and does more than it would have to.
    private static bool IsIndispensable(BackupRight right) =>
        right == BackupRights.ListBucket || right == BackupRights.PutObject || right == BackupRights.DeleteObject || right == BackupRights.PutTagging
        || right == BackupRights.PutRetention || right == BackupRights.GetVersioning || right == BackupRights.GetObjectLock;
}
