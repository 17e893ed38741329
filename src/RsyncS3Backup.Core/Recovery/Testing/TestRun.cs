using System.Text;
using System.Threading.Channels;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>
/// One test: the copies are merged in key order, and entries whose content counts are read and compared by several workers while the merge
/// goes on.
/// </summary>
internal sealed class TestRun : IDisposable
{
    private const int EntriesAhead = 1024;
    private const int MostHashers = 8;
    private const int DownloadsAtATime = 16;
    private const int LongestKey = 1024;

    private readonly BackupTestRequest request;
    private readonly S3Copy copy;
    private readonly CatalogView? catalog;
    private readonly ItemFilter filter;
    private readonly MirrorWalker? mirror;
    private readonly TestFacts facts;
    private readonly ContentTest contents;
    private readonly StageReport report;
    private readonly Action<BackupDifference, CopyPair> emit;
    private readonly LostEndpoint lost = new();
    private readonly TestShare share;

    // Of what another drive may have had newer, either copy may have what the other has not.
    private MirrorTurn? turn;

    private TestRun(BackupTestRequest request, S3Copy copy, int seed, StageReport report, Action<BackupDifference, CopyPair> emit)
    {
        this.request = request;
        this.copy = copy;
        this.report = report;
        this.emit = emit;
        share = new TestShare(seed, request.SamplePercent, request.Level == BackupTestLevel.Restore);
        filter = request.Exactly is { } paths ? ItemFilter.Literal(paths) : ItemFilter.Parse(request.Paths, request.LiteralPaths);
        S3CopyRequest s3 = request.S3!;
        ExcludePatterns excludes = new(s3.Options.ExcludePatterns);
        Func<StageOneChanges?> readStageOne = () => null;
        if (request.Configuration is { } job)
        {
            string mirrorPath = job.Options.Rsync.LocalDestination;
            Func<string, bool>? wants = filter.IsAll ? null : key => key.EndsWith('/') ? filter.MayHold(key) : filter.Matches(key);
            mirror = new MirrorWalker(mirrorPath, report, excludes, s3.Options.DirectoryMarkers, wants);
            catalog = CatalogView.TryOpen(job.Name, copy.Store.BucketName, copy.KeyPrefix, copy.Snapshot is not null);
            // Only of a mirror that stage 1 of this job makes is it known who writes to it.
            if (IsMirrorOf(job.Name, mirrorPath))
            {
                PendingChanges pending = PendingChanges.Open(job.Name, mirrorPath);
                readStageOne = () => StageOneChanges.Read(job.Name, pending, []);
            }
        }

        facts = new TestFacts(readStageOne)
        {
            HasMirror = mirror is not null,
            IsCatalogComplete = catalog is { IsSound: true },
            DeletesFromS3 = s3.Options.DeleteFromS3,
            DeletesLater = s3.Options.DeleteAfter is not null,
            IsExcluded = excludes.IsExcluded,
        };
        copy.Store.Connect();
        contents = new ContentTest(copy, facts, Counters);
    }

    /// <summary>What was found so far.</summary>
    public TestCounters Counters { get; } = new();

    /// <summary>What every key starts with.</summary>
    public string KeyPrefix => copy.KeyPrefix;

    /// <summary>Where the random choice started.</summary>
    public int Seed => share.Seed;

    /// <summary>Requests sent so far.</summary>
    public S3RequestCounts Requests => copy.Store.Requests;

    /// <summary>What error messages name.</summary>
    public S3Target Target => copy.Store.Target;

    /// <summary>Opens both copies.</summary>
    /// <exception cref="BackupException">One of them cannot be had.</exception>
    public static async Task<TestRun> PrepareAsync(
        BackupTestRequest request, StageReport report, Action<BackupDifference, CopyPair> emit, CancellationToken cancellationToken)
    {
        S3CopyRequest s3 = request.S3 ?? throw CopyErrors.NoBucket(request.Configuration?.Name ?? "");
        if (request.MirrorPath is { } mirrorPath && !Directory.Exists(mirrorPath))
            throw MirrorErrors.MirrorMissing(mirrorPath);
        MirrorTurn? turn = request.Configuration is { } job
            ? MirrorTurn.DemandNewest(job.Name, job.Options.Rsync.LocalDestination, job.Options.Rsync.Drives)
            : null;
        S3Copy copy = await S3Copy.OpenAsync(
            s3, request.Configuration?.Name, request.MirrorPath, null, null, cancellationToken).ConfigureAwait(false);
        try
        {
            return new TestRun(request, copy, request.Seed ?? Random.Shared.Next(), report, emit) { turn = turn };
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">The test cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        StallWatch watch = new(copy.Store.Traffic, request.S3!.Options.Timeout, TimeProvider.System);
        await watch.RunAsync(CompareAsync, Target.Endpoint, cancellationToken).ConfigureAwait(false);
        if (Counters.Archived > 0)
        {
            report.Warning(
                $"{Counters.Archived} objects are in an archive, so they could not be downloaded; their checksums were compared instead. "
                + "Restore-Backup -RequestRetrieval brings them back.");
        }

        if (Counters.Unverified > 0)
        {
            report.Warning(
                $"{Counters.Unverified} objects were downloaded whole, and there was nothing to compare them with: there is no mirror, and the "
                + "store keeps no checksum of them.");
        }
    }

    /// <summary>What the level Restore restores; null where the copies have nothing that could be.</summary>
    public Func<StoredObject, bool>? Chosen => share.IsEmpty ? null : stored => filter.Matches(stored.RelativeKey) && share.Takes(stored, Counters.WasArchived);

    /// <summary>The files and links of the mirror that the level Restore restores and that were the same in both copies; none without a mirror.</summary>
    public IEnumerable<MirrorEntry> ChosenInMirror(CancellationToken cancellationToken) =>
        (mirror?.Walk(cancellationToken) ?? []).Where(entry => entry.Kind is MirrorEntryKind.File or MirrorEntryKind.SymbolicLink
            && filter.Matches(entry.RelativeKey) && share.IsComparable(entry.RelativeKey));

    /// <summary>What was restored has another content than the mirror: tells which of the two it is.</summary>
    public async Task ReportRestoredAsync(MirrorEntry local, string right, CancellationToken cancellationToken)
    {
        StoredObject? stored =
            await copy.Store.HeadAsync(new ObjectQuery(copy.Key(local.RelativeKey)), cancellationToken).ConfigureAwait(false);
        CopyPair pair = new(local, catalog?.Find(local.RelativeKey), stored);
        EntryVerdict verdict = stored is null ? EntryVerdict.Same : await contents.ByChecksumsAsync(pair, cancellationToken).ConfigureAwait(false);
        Report(pair, verdict.Kind is not null ? verdict : new EntryVerdict(
            BackupDifferenceKind.ContentDiffers, null, "What was restored has another content than the mirror."), right);
    }

    /// <summary>What was restored is not what the mirror has.</summary>
    public void ReportRestored(MirrorEntry local, BackupDifferenceKind kind, string right, string reason)
    {
        CopyPair pair = new(local, null, null);
        Report(pair, new EntryVerdict(kind, null, reason), right);
    }

    /// <summary>How far it is.</summary>
    /// <param name="jobName">What is tested.</param>
    /// <param name="seconds">Since its start.</param>
    public StageProgress Progress(string jobName, double seconds)
    {
        long moved = Math.Max(Counters.CheckedBytes, Counters.DownloadedBytes);
        bool isKnown = Counters.IsTotalKnown;
        return new StageProgress
        {
            Stage = 2,
            Name = jobName,
            Title = "Test",
            Activity = request.Level is BackupTestLevel.Sample or BackupTestLevel.Full ? "Downloading and comparing" : "Comparing",
            Files = Counters.Done,
            TotalFiles = isKnown ? Counters.Total : null,
            // What one copy has more than the other is not in the plan.
            Bytes = isKnown ? Math.Min(moved, Counters.PlannedBytes) : moved,
            TotalBytes = isKnown && Counters.PlannedBytes > 0 ? Counters.PlannedBytes : null,
            BytesPerSecond = moved / seconds,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        catalog?.Dispose();
        copy.Dispose();
    }

    private async Task CompareAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<CopyPair> pairs = Channel.CreateBounded<CopyPair>(EntriesAhead);
        bool downloads = request.Level is BackupTestLevel.Sample or BackupTestLevel.Full;
        int count = request.ThrottleLimit ?? (downloads ? DownloadsAtATime : Math.Clamp(Environment.ProcessorCount, 2, MostHashers));
        Task[] workers = [.. Enumerable.Range(0, count).Select(_ => Task.Run(() => WorkAsync(pairs.Reader, stop), CancellationToken.None))];
        try
        {
            await MergeAsync(pairs.Writer, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A worker met what ends the test; it is thrown below.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            pairs.Writer.TryComplete();
            await Task.WhenAll(workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (workers.FirstOrDefault(worker => worker.IsFaulted) is { } failed)
            await failed.ConfigureAwait(false);
    }

    private async Task MergeAsync(ChannelWriter<CopyPair> pairs, CancellationToken cancellationToken)
    {
        IEnumerable<MirrorEntry> locals = (mirror?.Walk(cancellationToken) ?? []).Where(entry => filter.Matches(entry.RelativeKey));
        IEnumerable<CatalogEntry> rows = (catalog?.Read() ?? []).Where(row => filter.Matches(row.RelativeKey));
        IAsyncEnumerable<CopyPair> merged =
            CopyMerge.MergeAsync(locals, rows, copy.ListAsync(filter, cancellationToken), cancellationToken);
        await foreach (CopyPair pair in merged.ConfigureAwait(false))
        {
            if (turn is not null && !turn.IsCurrent(pair.RelativeKey))
                continue;
            if (pair.Local is { Kind: MirrorEntryKind.Unreadable } unread)
            {
                facts.CouldNotRead(unread);
                continue;
            }

            Counters.Seen(pair.Local?.ContentLength ?? pair.Remote?.Size ?? 0);
            if (pair is { Remote: null, Local: { } local } && Encoding.UTF8.GetByteCount(copy.Key(pair.RelativeKey)) is var length and > LongestKey)
            {
                report.ItemFailed(SyncErrors.KeyTooLong(local.Path, length));
                continue;
            }

            EntryVerdict verdict = EntryVerdict.Of(pair, facts);
            share.Met(pair, isSame: verdict.Kind is null);
            if (verdict.Kind is not null)
                Report(pair, verdict);
            else if (NeedsContent(pair, verdict))
            {
                Counters.ContentPlanned(pair.Local?.ContentLength ?? pair.Remote?.Size ?? 0);
                await pairs.WriteAsync(pair, cancellationToken).ConfigureAwait(false);
            }
        }

        Counters.IsTotalKnown = true;
    }

    private bool NeedsContent(CopyPair pair, EntryVerdict verdict)
    {
        if (pair.Remote is not { } remote || (pair.Local is null && facts.HasMirror))
            return false;
        if (Downloads(pair))
            return true;
        if (pair.Local is not { } local)
            return false;
        // Without a catalog nothing tells of most objects more than their size; that is all that the quick level looks at.
        bool isOfNote = verdict.NeedsContent && (pair.Row is not null || local.ContentLength != remote.Size);
        return isOfNote || (request.Level is BackupTestLevel.Checksums or BackupTestLevel.Full && local.ContentLength > 0);
    }

    private bool Downloads(CopyPair pair) => request.Level switch
    {
        BackupTestLevel.Full => true,
        BackupTestLevel.Sample => share.Has(pair.RelativeKey),
        _ => false,
    };

    private async Task WorkAsync(ChannelReader<CopyPair> pairs, CancellationTokenSource stop)
    {
        await foreach (CopyPair pair in pairs.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            string name = pair.Local?.Path ?? copy.Key(pair.RelativeKey);
            try
            {
                EntryVerdict verdict = await CompareAsync(pair, stop.Token).ConfigureAwait(false);
                if (verdict.Kind is not null)
                    Report(pair, verdict);
                lost.Answered();
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (TransferBrokenException exception)
            {
                report.ItemFailed(TestErrors.BrokenOff(name, exception.Message));
            }
            catch (Exception exception) when (S3Errors.IsAboutFile(exception))
            {
                report.ItemFailed(MirrorErrors.FileUnreadable(name, exception));
            }
            catch (Exception exception)
            {
                BackupError error = S3Errors.From(exception, Target);
                if (lost.Ends(error))
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    throw new BackupException(error, exception);
                }

                report.ItemFailed(TestErrors.NotCompared(name, error));
            }

            Counters.ContentEnded();
        }
    }

    private async Task<EntryVerdict> CompareAsync(CopyPair pair, CancellationToken cancellationToken)
    {
        if (!Downloads(pair))
            return await contents.ByChecksumsAsync(pair, cancellationToken).ConfigureAwait(false);
        if (!S3StorageClasses.IsArchive(pair.Remote!.StorageClass))
        {
            try
            {
                return await contents.ByDownloadAsync(pair, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (Archive.IsArchived(exception))
            {
                // In an archive tier of INTELLIGENT_TIERING, of which no listing tells.
            }
        }

        Counters.WasArchived();
        return pair.Local is null ? EntryVerdict.Same : await contents.ByChecksumsAsync(pair, cancellationToken).ConfigureAwait(false);
    }

    private void Report(CopyPair pair, EntryVerdict verdict, string? right = null)
    {
        BackupDifference difference = new()
        {
            Name = request.Configuration?.Name,
            ConfigurationPath = request.Configuration?.Path,
            Path = pair.RelativeKey.TrimEnd('/'),
            Kind = verdict.Kind!.Value,
            EntryType = pair.RelativeKey.EndsWith('/') ? BackupEntryType.Folder
                : pair.Local?.Kind == MirrorEntryKind.SymbolicLink || new FileAttributesSnapshot { Mode = pair.Row?.Mode ?? 0 }.IsSymbolicLink
                    ? BackupEntryType.SymbolicLink
                    : BackupEntryType.File,
            Left = pair.Local is { } local ? DifferenceText.Of(local) : "",
            Right = right ?? (pair.Remote is { } remote ? DifferenceText.Of(remote) : ""),
            GoodCopy = verdict.Good,
            Reason = verdict.Reason,
            Length = pair.Local?.ContentLength ?? pair.Remote?.Size ?? pair.Row?.Size ?? 0,
            FullName = request.MirrorPath is { } mirrorPath ? WindowsPath.Below(mirrorPath, pair.RelativeKey.TrimEnd('/')) : null,
            BucketName = copy.Store.BucketName,
            Key = copy.Key(pair.RelativeKey),
        };
        Counters.Differs(difference.Kind);
        share.Differs(pair.RelativeKey);
        emit(difference, pair);
    }

    private static bool IsMirrorOf(string job, string mirrorPath)
    {
        try
        {
            return MirrorMarker.Read(mirrorPath)?.Job == job;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }
}
