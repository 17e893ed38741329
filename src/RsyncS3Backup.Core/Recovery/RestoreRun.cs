using RsyncS3Backup.Files;
using System.Collections.Concurrent;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.State.History;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// One restore: entries are listed in key order, and many are restored at a time while the listing goes on. One entry's failure is one
/// entry's; what would fail for every other one too ends the restore.
/// </summary>
internal sealed class RestoreRun : IDisposable
{
    private const int FewestSmall = 64;
    private const int LargeAtATime = 4;
    private const int EntriesAhead = 1024;
    private const int HopelessFailures = 50;
    private const int RunsAsked = 10;

    private readonly RestoreRequest request;
    private readonly RunContext context;
    private readonly StageReport report;
    private readonly RestoreTargets targets;
    private readonly S3Copy? bucket;
    private readonly RecordedObjects? recorded;
    private readonly Archive? archive;
    private readonly EntryPlacer placer;
    private readonly EntryRestorer restorer;
    private readonly FolderFinisher folders;
    private readonly NewerFiles newer;
    private readonly ObjectContents? objects;
    private readonly Committer committer = new();
    private readonly LostEndpoint lost = new();
    private readonly TransferLimits limits;
    private readonly ConcurrentQueue<RestoreTask> damaged = new();
    private (long? Files, long? Bytes) expected;

    private RestoreRun(RestoreRequest request, S3Copy? bucket, RestoreTargets targets, TransferLimits limits, RunContext context, StageReport report)
    {
        this.request = request;
        this.bucket = bucket;
        this.targets = targets;
        this.limits = limits;
        this.context = context;
        this.report = report;
        newer = new NewerFiles(request.ReplaceNewer, request.AskToReplaceNewer);
        IContentSource contents;
        if (bucket is not null)
        {
            bucket.Store.Connect();
            TransferLimiter limiter = new(bucket.Store.Traffic, MostRequests(request), TimeProvider.System);
            recorded = request.Configuration is null ? null : RecordedObjects.TryOpen(request.Name, bucket);
            ObjectContents objects = new(bucket.Store, limiter, Counters.Transferred, Counters.Kept) { Recorded = recorded, KeepsSpecialBits = request.PreserveSpecialBits };
            this.objects = objects;
            archive = new Archive(objects, request.Retrieval, Counters, report);
            contents = objects;
        }
        else
        {
            contents = new MirrorContents(Counters.Transferred);
        }

        placer = new EntryPlacer(targets, report, Renamed);
        folders = new FolderFinisher(Counters, report);
        restorer = new EntryRestorer(contents, new EntryWriter(committer, Counters, report), folders, request.Overwrite, Counters)
        {
            Newer = newer,
        };
    }

    /// <summary>What was done so far.</summary>
    public RestoreCounters Counters { get; } = new();

    /// <summary>Where it comes from.</summary>
    public string Source => bucket is null ? request.MirrorPath! : $"s3://{bucket.Store.BucketName}/{bucket.KeyPrefix}";

    /// <summary>Where it goes.</summary>
    public IReadOnlyList<string> Destination => [.. targets.All.Select(target => target.Tree.Path)];

    /// <summary>The date of the snapshot; null for none.</summary>
    public DateTime? Snapshot => bucket?.Snapshot?.Time;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => bucket?.Store.Requests ?? new S3RequestCounts();

    /// <summary>When all that was asked for should be there.</summary>
    public DateTimeOffset? RetrievalReadyBy => archive?.ReadyBy;

    /// <summary>True when what the job once sent and the mirror has no more may be among what comes back, and nobody can tell.</summary>
    private bool IsDeletedUnknown => bucket is { AsOf: null, Snapshot: null } && recorded is null && !request.IncludeDeleted
        && request.Configuration is { Options.Rsync.SyncToS3: { DeleteFromS3: false } or { DeleteAfter: not null } };

    private S3Target Target => bucket?.Store.Target ?? new S3Target("", "", "", "");

    /// <summary>Finds the copy and opens the destination.</summary>
    /// <exception cref="BackupException">One of them cannot be used.</exception>
    public static async Task<RestoreRun> PrepareAsync(
        RestoreRequest request, BackupCopy from, RunContext context, StageReport report, CancellationToken cancellationToken)
    {
        TransferLimits limits = request.S3?.ReadingLimits ?? new TransferLimits();
        S3Copy? bucket = null;
        RestoreTargets? targets = null;
        try
        {
            if (from == BackupCopy.S3)
            {
                // The listing finds the prefix; what is fetched needs more connections and its own patience.
                using S3Copy found = await RestorePreview.OpenAsync(request, cancellationToken).ConfigureAwait(false);
                bucket = new S3Copy(
                    new S3ObjectStore(request.S3!, found.KeyPrefix, MostRequests(request) * 2, limits), found.AsOf, found.Snapshot)
                {
                    JobName = found.JobName,
                };
            }

            targets = RestoreTargets.Open(request);
            return new RestoreRun(request, bucket, targets, limits, context, report);
        }
        catch
        {
            targets?.Dispose();
            bucket?.Dispose();
            throw;
        }
    }

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">The restore cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        expected = context.WantsProgress ? Expected() : default;
        await using PeriodicProgress progress = PeriodicProgress.Start(context, Progress);
        foreach (RestoreTarget target in targets.All.Where(target => target.Tree.Traits.TimeStep == 0))
        {
            report.Warning(
                $"The drive of '{target.Tree.Path}' keeps no modification times: what is restored there has the time of the restore, and another "
                + "restore to it reads every file to see what is the same.");
        }

        try
        {
            if (bucket is null)
            {
                await TransferAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                StallWatch watch = new(bucket.Store.Traffic, limits.Timeout, TimeProvider.System);
                await watch.RunAsync(TransferAsync, Target.Endpoint, cancellationToken).ConfigureAwait(false);
                await watch.RunAsync(RestoreDamagedAsync, Target.Endpoint, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // What is whole gets its name also when the rest is given up.
            await committer.CompleteAsync().ConfigureAwait(false);
        }

        targets.PutBack();
        folders.Finish(cancellationToken);
        foreach (RestoreTarget target in targets.All)
            target.Tree.WriteBack();
        // What is open goes on where it was, also when nobody finds it there any more.
        if (targets.All.FirstOrDefault(target => !target.Place.IsStillThere()) is { } away)
            throw RestoreErrors.DestinationWentAway(away.Tree.Path);
        if (Counters.Total == 0 && report.Failed == 0)
            throw new BackupException(RestoreErrors.NothingFound(Source, request.Paths.Count + request.LiteralPaths.Count > 0, Counters.LeftOut));
        if (IsDeletedUnknown)
        {
            S3SyncOptions options = request.Configuration!.Options.Rsync.SyncToS3;
            string kept = options.DeleteFromS3
                ? $"keeps what is gone for {DurationText.Format(options.DeleteAfter!.Value)} (deleteAfter). So what was deleted or renamed in that time"
                : "does not delete from S3. So what was deleted or renamed since the first run";
            report.Warning(
                "This machine does not know what the last run's mirror held (it has no catalog of the job, or one that is in doubt), and the job "
                + $"{kept} came back too.");
        }

        if (objects is { HasLeftOutBits: true })
        {
            report.Warning(
                "Set-user-ID and set-group-ID bits were not restored, because anybody who may write to the bucket could have set them. If you trust "
                + "the bucket, run again with -PreserveSpecialBits, which restores them where the object names its owner and group.");
        }

        if (Counters.Renamed is [{ } first, ..])
        {
            report.Warning(
                $"{Counters.RenamedCount} {(Counters.RenamedCount == 1 ? "entry has" : "entries have")} another name here, because the destination cannot "
                + $"hold theirs: '{first.Path}' is '{first.RestoredPath}', for one. RenamedItems lists them, and the log all of them.");
        }

        if (Counters.NotOwned > 0)
        {
            report.Warning(
                $"{Counters.NotOwned} entries do not have the owner or the permissions that they had: only the superuser may give files away, "
                + "and some file systems have neither.");
        }

        if (Counters.Unverified > 0)
        {
            report.Warning(
                $"{Counters.Unverified} of {Counters.Restored} entries are as the store sent them, and there was nothing to compare them with: "
                + "it keeps no checksum of them, and their entity tag tells nothing of the content.");
        }

        if (newer.Unasked > 0)
        {
            report.Warning(
                $"{newer.Unasked} {(newer.Unasked == 1 ? "file" : "files")} at the destination {(newer.Unasked == 1 ? "is" : "are")} newer than the copy, "
                + $"'{newer.First}' for one, and nothing of that was replaced. -Force replaces it too; -WhatIf names every file.");
        }

        if (archive?.Left is { Count: > 0 } left)
        {
            report.Warning(
                $"What has to be retrieved first, how long that takes and what it costs: "
                + $"{ArchivedObjects.Text(left, retrieval: null, PriceList.Of(request.S3?.Prices))}. "
                + "-RequestRetrieval asks S3 for it.");
        }

        if (Counters.Pending > 0)
        {
            string when = RetrievalReadyBy is { } ready ? $", which should be done by {HumanText.Time(ready)}" : "";
            report.Warning($"S3 is bringing {Counters.Pending} objects back from the archive{when}. Run the same command again then.");
        }
    }

    /// <summary>True when what was restored to the one destination is as it should be, as far as its drive keeps that.</summary>
    public bool HasAttributes(FileAttributesSnapshot restored, EntryAttributes wanted) => wanted.AreThoseOf(restored, targets.All.First().Tree);

    /// <inheritdoc/>
    public void Dispose()
    {
        recorded?.Dispose();
        targets.Dispose();
        bucket?.Dispose();
    }

    private void Renamed(string path, string restoredPath)
    {
        Counters.EntryRenamed(path, restoredPath);
        context.Verbose($"'{path}' is '{restoredPath}' here.");
    }

    private static int MostRequests(RestoreRequest request) =>
        request.ThrottleLimit ?? request.S3?.Options.ThrottleLimit ?? TransferLimiter.DefaultMaximum;

    /// <summary>How much there will be, before the listing has come to its end: as the snapshot says, or the job's last run.</summary>
    private (long? Files, long? Bytes) Expected()
    {
        if (bucket is null || bucket.AsOf is not null || request.Paths.Count + request.LiteralPaths.Count > 0)
            return default;
        if (bucket.Snapshot is { Manifest: var manifest })
            return (manifest.Objects, manifest.Bytes);
        try
        {
            S3SyncStageResult? last = request.Configuration is null ? null : JobHistory.Find(request.Name)
                ?.ReadNewest(RunsAsked, tests: 0).Backups.Select(run => run.Stage2).FirstOrDefault(stage => stage is { Total: > 0 });
            return (last?.Total, last?.TotalBytes);
        }
        catch (BackupException)
        {
            // A history that cannot be read costs the total, and no restore.
            return default;
        }
    }

    private StageProgress Progress(double seconds) => new()
    {
        Stage = 2,
        Name = context.JobName,
        Title = "Restore",
        Activity = "Restoring",
        Files = Counters.Done,
        Bytes = Counters.DoneBytes,
        TotalFiles = Counters.IsTotalKnown ? Counters.Total : expected.Files is { } files ? Math.Max(files, Counters.Done) : null,
        TotalBytes = Counters.IsTotalKnown ? Counters.TotalBytes : expected.Bytes is { } bytes ? Math.Max(bytes, Counters.DoneBytes) : null,
        BytesPerSecond = Counters.TransferredBytes / seconds,
        Entry = Counters.Entry,
    };

    private Task TransferAsync(CancellationToken cancellationToken)
    {
        TransferLanes<RestoreTask> lanes = new(EntriesAhead, Math.Max(FewestSmall, bucket is null ? 0 : MostRequests(request)), LargeAtATime, task => task.Item.Size >= PartSize.Threshold, WorkAsync);
        return lanes.RunAsync(FeedAsync, cancellationToken);
    }

    private async Task FeedAsync(Func<RestoreTask, CancellationToken, ValueTask> add, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RestoreItem item in RestoreItems
                .ListAsync(request, bucket, recorded, report, Counters.DeletedLeftOut, cancellationToken).ConfigureAwait(false))
            {
                Counters.Met(item.Size);
                if (placer.Place(item) is { } task)
                    await add(task, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (RestoreErrors.IsDiskFull(exception))
        {
            throw new BackupException(RestoreErrors.DiskFull(Destination[0], exception.Message), exception);
        }

        Counters.IsTotalKnown = true;
    }

    private async Task<BackupError?> WorkAsync(RestoreTask task, CancellationToken cancellationToken)
    {
        Counters.Entry = task.Item.RelativeKey;
        try
        {
            await restorer.RestoreAsync(task, cancellationToken).ConfigureAwait(false);
            lost.Answered();
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Nothing more is begun.
        }
        catch (Exception exception)
        {
            if (await TryMeetArchiveAsync(task, exception, cancellationToken).ConfigureAwait(false))
                return null;
            if (request.IncludeDamaged && exception is TransferBrokenException { IsWrongContent: true })
            {
                damaged.Enqueue(task);
                return null;
            }

            BackupError error = ErrorFor(task, exception);
            bool isHopeless = report.Failed >= HopelessFailures && Counters.Done == 0;
            if (error.Id == ErrorIds.RestoreDiskFull || lost.Ends(error) || isHopeless)
                return error;
            report.ItemFailed(error);
        }

        return null;
    }

    /// <summary>Writes what is not what was stored beside its place, when everything else is there, so that no name is taken from it.</summary>
    private async Task RestoreDamagedAsync(CancellationToken cancellationToken)
    {
        await committer.FlushAsync().ConfigureAwait(false);
        foreach (RestoreTask task in damaged)
        {
            try
            {
                RestoreTask beside = task with { Path = DamagedName.Free(task), IsDamaged = true };
                await restorer.RestoreDamagedAsync(beside, cancellationToken).ConfigureAwait(false);
                report.Warning(
                    $"'{task.Item.RelativeKey}' is not what was stored: it does not have the checksum that the store keeps of it. What came is in "
                    + $"'{beside.Path.Full}'; look at it before you use it.");
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                report.ItemFailed(ErrorFor(task, exception));
            }
        }
    }

    private async Task<bool> TryMeetArchiveAsync(RestoreTask task, Exception exception, CancellationToken cancellationToken)
    {
        if (archive is null || !Archive.IsArchived(exception))
            return false;
        if (request.LeavesOutArchived is { } leaveOut)
        {
            leaveOut();
            return true;
        }

        try
        {
            await archive.MeetAsync(((ObjectItem)task.Item).Stored, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception further) when (!cancellationToken.IsCancellationRequested)
        {
            report.ItemFailed(RestoreErrors.Failed(task.Item.RelativeKey, further, Target));
        }
        catch (OperationCanceledException)
        {
            // The next item of the queue is not asked for any more.
        }

        return true;
    }

    private BackupError ErrorFor(RestoreTask task, Exception exception)
    {
        string key = task.Item.RelativeKey;
        return exception switch
        {
            _ when RestoreErrors.IsDiskFull(exception) => RestoreErrors.DiskFull(task.Tree.Path, exception.Message),
            MirrorReadException read => RestoreErrors.ReadFailed(task.Item.Name, read.Message),
            IOException { InnerException: null } or UnauthorizedAccessException => task.ErrorFor(exception),
            _ => RestoreErrors.OfContent(key, exception, Target),
        };
    }
}
