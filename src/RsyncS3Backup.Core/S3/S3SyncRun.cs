using System.Threading.Channels;
using RsyncS3Backup.Reporting;
using RsyncS3Backup.Runs;
using RsyncS3Backup.S3.Client;
using RsyncS3Backup.S3.Mirror;
using RsyncS3Backup.S3.Planning;
using RsyncS3Backup.S3.Transfer;

namespace RsyncS3Backup.S3;

/// <summary>
/// One run of stage 2: walk and listing are merged into actions, workers carry out uploads while the merge goes on, deletes come last and
/// only after everything else succeeded.
/// </summary>
internal sealed class S3SyncRun : IDisposable
{
    // Small files are opened and hashed by so many at a time; of large ones, parts make up for fewer of them.
    private const int SmallFilesAtATime = 64;
    private const int LargeFilesAtATime = 4;
    private const int ActionsAhead = 1024;
    private const int KeysPerDelete = 1000;
    private const int LongestKey = 1024;

    // After this many failures with not one success, the next file will not do better.
    private const int HopelessFailures = 50;

    private readonly S3SyncRequest request;
    private readonly RunContext context;
    private readonly StageReport report;
    private readonly Bucket bucket;
    private readonly Uploader uploader;
    private readonly ContentComparer comparer;
    private readonly DeleteSpool deletes;
    private readonly TransferLimits limits = new();
    private BackupError? fatal;

    private S3SyncRun(S3SyncRequest request, string keyPrefix, RunContext context, StageReport report)
    {
        this.request = request;
        this.context = context;
        this.report = report;
        KeyPrefix = keyPrefix;
        int mostRequests = request.Options.ThrottleLimit ?? TransferLimiter.DefaultMaximum;
        bucket = new Bucket(request, keyPrefix, mostRequests * 2, limits);
        TransferLimiter limiter = new(bucket.Traffic, mostRequests, TimeProvider.System);
        uploader = new Uploader(bucket, new EntryHeaders(request), limiter, unfinished: null, Counters.Sent, Counters.Kept);
        comparer = new ContentComparer(bucket);
        deletes = new DeleteSpool(context.JobName);
    }

    /// <summary>What every key starts with, date tokens replaced.</summary>
    public string KeyPrefix { get; }

    /// <summary>What was done so far.</summary>
    public SyncCounters Counters { get; } = new();

    /// <summary>What error messages name.</summary>
    public S3Target Target => bucket.Target;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => bucket.Requests;

    /// <summary>What those requests cost, in US dollars.</summary>
    public decimal EstimatedRequestCost => RequestPrices.Estimate(bucket.Requests, request.Options.StorageClass);

    private string Where => $"s3://{request.Destination.Bucket}/{KeyPrefix}";

    /// <summary>Checks everything that can be checked without a request.</summary>
    /// <exception cref="BackupException">The mirror is missing, or a setting is wrong.</exception>
    public static S3SyncRun Prepare(S3SyncRequest request, DateTimeOffset now, RunContext context, StageReport report)
    {
        RequireValid(request);
        if (!Directory.Exists(request.MirrorPath))
            throw S3Errors.MirrorMissing(request.MirrorPath);
        string keyPrefix = RsyncS3Backup.KeyPrefix.Resolve(request.Options.S3Prefix, context.JobName, now, request.Timezone);
        return new S3SyncRun(request, keyPrefix, context, report);
    }

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">The stage cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        context.Verbose(
            $"Stage 2: {request.MirrorPath} to {Where} in {request.Options.StorageClass}"
            + $"{(request.Options.DeleteFromS3 ? ", deleting what is gone" : "")}, at {Target.Endpoint}.");
        await using SyncProgress progress = SyncProgress.Start(request.MirrorPath, Counters, context);
        StallWatch watch = new(bucket.Traffic, limits.Timeout, TimeProvider.System);
        await watch.RunAsync(
            async token =>
            {
                await TransferAsync(token).ConfigureAwait(false);
                progress.Activity = "Deleting";
                await DeleteAsync(token).ConfigureAwait(false);
            },
            Target.Endpoint,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        deletes.Dispose();
        bucket.Dispose();
    }

    private static void RequireValid(S3SyncRequest request)
    {
        (string What, string Value, string? Problem)[] checks =
        [
            ("The bucket's name", request.Destination.Bucket, ConfigurationRules.BucketName(request.Destination.Bucket)),
            ("The storage class", request.Options.StorageClass, ConfigurationRules.StorageClass(request.Options.StorageClass)),
            ("The key prefix", request.Options.S3Prefix ?? "", request.Options.S3Prefix is { } prefix ? ConfigurationRules.KeyPrefix(prefix) : null),
            ("The endpoint", request.Destination.EndpointUrl ?? "",
                request.Destination.EndpointUrl is { } endpoint ? ConfigurationRules.EndpointUrl(endpoint) : null),
        ];
        foreach ((string what, string value, string? problem) in checks)
        {
            if (problem is not null)
                throw S3Errors.ParameterInvalid(what, value, problem);
        }
    }

    private async Task TransferAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TransferLanes<SyncAction> lanes = new(
            ActionsAhead, SmallFilesAtATime, LargeFilesAtATime,
            action => action.Local!.ContentLength >= PartSize.Threshold, reader => WorkAsync(reader, stop));
        try
        {
            MirrorWalker walker = new(request.MirrorPath, report);
            IAsyncEnumerable<SyncAction> plan = SyncPlanner.PlanAsync(walker.Walk(stop.Token), bucket.ListAsync(stop.Token), stop.Token);
            await foreach (SyncAction action in plan.ConfigureAwait(false))
                await DispatchAsync(action, lanes, stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (fatal is not null)
        {
            // A worker met what ends the stage; it is thrown below.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            lanes.Complete();
            await lanes.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (fatal is not null)
            throw new BackupException(fatal);
        await lanes.Completion.ConfigureAwait(false);
    }

    private ValueTask DispatchAsync(SyncAction action, TransferLanes<SyncAction> actions, CancellationToken cancellationToken)
    {
        if (action.Local is { } local && action.Kind != SyncActionKind.Protect)
            Counters.SeenLocal(local);
        if (action.Remote is not null)
            Counters.SeenRemote();
        switch (action.Kind)
        {
            case SyncActionKind.Keep:
                Counters.EntryUnchanged(action.Local!);
                return ValueTask.CompletedTask;
            case SyncActionKind.Delete when request.Options.DeleteFromS3:
                deletes.Add(action.RelativeKey, action.Remote!.Size);
                return ValueTask.CompletedTask;
            case SyncActionKind.Delete or SyncActionKind.Protect:
                return ValueTask.CompletedTask;
            default:
                return actions.WriteAsync(action, cancellationToken);
        }
    }

    private async Task WorkAsync(ChannelReader<SyncAction> actions, CancellationTokenSource stop)
    {
        await foreach (SyncAction action in actions.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            MirrorEntry local = action.Local!;
            try
            {
                await CarryOutAsync(action, local, stop.Token).ConfigureAwait(false);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (FileNotFoundException)
            {
                report.Warning($"'{local.Path}' vanished before it was sent; its copy in S3 stays as it is until the next run.");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && exception is not HttpIOException)
            {
                report.ItemFailed(S3Errors.FileUnreadable(local.Path, exception.Message));
            }
            catch (Exception exception)
            {
                BackupError error = S3Errors.From(exception, Target);
                bool isHopeless = report.Failed >= HopelessFailures && Counters.SentBytes == 0;
                if (S3Errors.EndsTheStage(error) || isHopeless)
                {
                    Interlocked.CompareExchange(ref fatal, error, null);
                    await stop.CancelAsync().ConfigureAwait(false);
                    return;
                }

                report.ItemFailed(S3Errors.ItemFailed(local.Path, exception, Target));
            }
        }
    }

    private async Task CarryOutAsync(SyncAction action, MirrorEntry local, CancellationToken cancellationToken)
    {
        if (Refuse(local) is { } error)
        {
            report.ItemFailed(error);
            return;
        }

        bool isSame = action.Kind == SyncActionKind.Compare
            && await comparer.IsSameAsync(local, action.Remote!, cancellationToken).ConfigureAwait(false);
        if (isSame)
            Counters.EntryUnchanged(local);
        else if (await uploader.UploadAsync(local, cancellationToken).ConfigureAwait(false) is null)
            report.ItemFailed(S3Errors.FileChanged(local.Path));
        else if (action.Kind == SyncActionKind.Create)
            Counters.EntryCreated();
        else
            Counters.EntryUpdated();
    }

    private BackupError? Refuse(MirrorEntry local)
    {
        int keyLength = System.Text.Encoding.UTF8.GetByteCount(bucket.Key(local.RelativeKey));
        if (keyLength > LongestKey)
            return S3Errors.KeyTooLong(local.Path, keyLength);
        return local.Attributes.Size > PartSize.LargestObject ? S3Errors.FileTooLarge(local.Path, local.Attributes.Size) : null;
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        if (deletes.Count == 0)
            return;
        if (report.Failed > 0)
        {
            // What failed may be the new name of what would be deleted.
            report.Warning($"{deletes.Count} objects that the mirror no longer has stay in S3, because {report.Failed} entries failed.");
            return;
        }

        long allowed = request.MaxDelete.Allowed(Counters.Remote);
        if (Counters.Total == 0 && !request.AllowEmptyMirror)
            throw S3Errors.MirrorEmpty(request.MirrorPath, deletes.Count, Where);
        if (deletes.Count > allowed && !(Counters.Total == 0 && request.AllowEmptyMirror))
            throw S3Errors.DeleteLimitExceeded(deletes.Count, Counters.Remote, allowed, Where, deletes.First);

        context.Verbose($"Stage 2 deletes {deletes.Count} objects ({HumanText.Bytes(deletes.Bytes)}).");
        foreach (IReadOnlyList<(string RelativeKey, long Size)> batch in deletes.Batches(KeysPerDelete))
        {
            HashSet<string> refused = [];
            string[] keys = [.. batch.Select(item => item.RelativeKey)];
            await foreach (BackupError error in bucket.DeleteAsync(keys, cancellationToken).ConfigureAwait(false))
            {
                refused.Add(error.Target!);
                report.ItemFailed(error);
            }

            foreach ((string relativeKey, long size) in batch)
            {
                if (!refused.Contains(bucket.Key(relativeKey)))
                    Counters.ObjectDeleted(size);
            }
        }
    }
}
