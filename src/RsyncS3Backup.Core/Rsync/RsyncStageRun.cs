using System.Diagnostics;
using System.Globalization;
using RsyncS3Backup.Reporting;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Rsync;

/// <summary>One run of stage 1.</summary>
/// <remarks>
/// With deletions on, every source is mirrored with <c>--max-delete=0</c> first: rsync then copies everything, deletes nothing and says how
/// many deletions it withheld. So the count is known before the first deletion and costs no dry run. Only when something was withheld, and
/// is allowed, a second pass deletes.
/// </remarks>
internal sealed class RsyncStageRun : IRsyncOutputHandler, IRsyncErrorHandler
{
    // A few files may go away between the two passes without stopping the second one, as far as the job's limit allows them too.
    private const long SlackBetweenPasses = 100;

    private readonly RsyncStageRequest request;
    private readonly RunContext context;
    private readonly TimeSpan grace;
    private readonly StageReport report;
    private readonly RsyncProgressReporter progress;
    private readonly List<BackupError> blocked = [];
    private readonly string destination;

    private readonly IPlannedChanges? plan;
    private readonly List<string> firstDeleted = [];
    private RsyncLeg? leg;

    private RsyncProgram? program;
    private MirrorGuard? mirrorGuard;
    private bool isChecksumRun;
    private bool isRemotePass;
    private RsyncChangeRecorder? recorder;
    private RsyncStatistics statistics = new();
    private int? exitCode;
    private long created;
    private long updated;
    private long metadataChanged;
    private long deleted;
    private long vanished;
    private long malformed;
    private long transferredBytes;

    /// <param name="request">What to mirror, and how.</param>
    /// <param name="context">The run.</param>
    /// <param name="grace">How long rsync may take to stop.</param>
    /// <param name="plan">Hears what would be changed, and nothing is; null: the run is a real one.</param>
    public RsyncStageRun(RsyncStageRequest request, RunContext context, TimeSpan grace, IPlannedChanges? plan = null)
    {
        this.plan = plan;
        this.request = request;
        this.context = context;
        this.grace = grace;
        report = new StageReport(context, stage: 1);
        progress = new RsyncProgressReporter(context, context.JobName, request.Sources.Count);
        destination = request.Options.LocalDestination;
    }

    /// <summary>Runs it.</summary>
    public async Task<RsyncStageResult> RunAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset startTime = DateTimeOffset.Now;
        long started = Stopwatch.GetTimestamp();
        List<PassOutcome> outcomes = [];
        BackupError? error;
        BackupStatus status = BackupStatus.Failed;
        try
        {
            error = await MirrorAsync(outcomes, cancellationToken).ConfigureAwait(false);
            if (error is { Id: "DestinationFull" })
                error = await MeasureNeedAsync(error, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            error = RsyncErrors.Cancelled(destination);
            status = BackupStatus.Cancelled;
        }
        catch (BackupException exception)
        {
            error = exception.Error;
        }
        catch (Exception exception)
        {
            error = RsyncErrors.Unexpected(exception, destination);
            context.LogWarning(exception.ToString());
        }
        finally
        {
            progress.Complete();
        }

        recorder?.End(mayLackChanges: malformed > 0 || report.Failed > 0, exitCode, report);
        if (error is null)
            status = report.HasWarnings ? BackupStatus.SucceededWithWarnings : BackupStatus.Succeeded;
        else
            context.LogError(error);
        RsyncStageResult result = Result(status, error, outcomes) with
        {
            StartTime = startTime,
            Duration = Stopwatch.GetElapsedTime(started),
        };
        context.Verbose((plan is null ? "" : "Plan: ") + Summary(result));
        return result;
    }

    /// <inheritdoc/>
    public void Item(in RsyncItem item)
    {
        if (plan?.TryAdd(leg!, item) == false)
            return;
        recorder?.Add(item);
        if (report.TellsActions)
            Tell(item);
        switch (item.Change)
        {
            case RsyncChange.Created:
                created++;
                break;
            case RsyncChange.Updated:
                updated++;
                break;
            case RsyncChange.Metadata:
                metadataChanged++;
                break;
            case RsyncChange.Deleted:
                deleted++;
                if (plan is not null && firstDeleted.Count < RsyncDeletionList.KeptNames)
                    firstDeleted.Add(leg!.Name is null ? item.Name : $"{leg.Name}/{item.Name}");
                break;
        }
    }

    private void Tell(in RsyncItem item)
    {
        BackupActionKind kind = item.Change switch
        {
            RsyncChange.Created => BackupActionKind.Created,
            RsyncChange.Updated => BackupActionKind.Updated,
            RsyncChange.Metadata => BackupActionKind.Metadata,
            _ => BackupActionKind.Deleted,
        };
        report.Acted(kind, leg!.Name is null ? item.Name : item.NameBytes.IsEmpty ? leg.Name : $"{leg.Name}/{item.Name}", item.Size);
    }

    /// <inheritdoc/>
    void IRsyncOutputHandler.Progress(in RsyncProgressLine line) => progress.Report(line);

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line)
    {
        if (statistics.TryRead(line))
            return;
        // From another machine two processes print, and the second may come between the halves of an item that is longer than the 4,096
        // bytes that a pipe takes as a whole. The second half has the end of the name.
        if (isRemotePass && (line.StartsWith("/"u8) || line.IndexOf("//"u8) >= 0))
            Malformed(line);
        else
            context.Verbose("rsync: " + RsyncEscapes.Undo(line));
    }

    /// <inheritdoc/>
    public void Malformed(ReadOnlySpan<byte> line)
    {
        malformed++;
        context.LogWarning("rsync printed a line that is not understood: " + RsyncEscapes.Undo(line));
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error) => report.ItemFailed(error);

    /// <inheritdoc/>
    public void Blocked(BackupError error)
    {
        if (blocked.Count < BackupLimits.ReportedItems)
            blocked.Add(error);
    }

    /// <inheritdoc/>
    public void Vanished(string line)
    {
        vanished++;
        report.Warning(line);
    }

    /// <inheritdoc/>
    public void Said(string line) => context.LogWarning("rsync said: " + line);

    private async Task<BackupError?> MirrorAsync(List<PassOutcome> outcomes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        program = await RsyncProbe.FindAsync(request.Options.RsyncPath, cancellationToken).ConfigureAwait(false);
        RsyncCapabilities.Demand(program, request.Options);
        IReadOnlyList<RsyncLeg> legs = RsyncGuards.Check(request);
        mirrorGuard = MirrorGuard.Check(context.JobName, destination, request.AllowNewDestination);
        isChecksumRun = request.Options.Checksum || mirrorGuard.IsChecksumDue(request.Options.ChecksumEvery);
        IReadOnlyList<string> foreign = RsyncGuards.Foreign(destination, legs);
        if (foreign.Count > 0)
        {
            string more = foreign.Count > 5 ? $" and {foreign.Count - 5} more" : "";
            report.Warning($"The mirror '{destination}' holds what belongs to no source and is left alone: "
                + string.Join(", ", foreign.Take(5).Select(name => $"'{name}'")) + more + ".");
        }

        foreach (RsyncLeg leg in legs.Where(leg => leg.Remote is not null))
            await RemoteCheck.DemandAsync(program, request.Options, leg, context, grace, cancellationToken).ConfigureAwait(false);

        if (plan is not null)
            return await PlanAsync(legs, outcomes, cancellationToken).ConfigureAwait(false);

        // rsync makes one missing level itself, which a source's own folder uses up.
        if (legs is not [{ Name: null }])
            Directory.CreateDirectory(destination);

        await RsyncChangeRecorder.WaitForEarlierAsync(request, context, grace, cancellationToken).ConfigureAwait(false);
        recorder = RsyncChangeRecorder.Start(request, context, report);
        Remember(guard => guard.Begins());
        RsyncPass firstPass = request.Options.DeleteExtraneous ? RsyncPass.WithholdDeletions : RsyncPass.CopyOnly;
        BackupError? firstError = null;
        foreach (RsyncLeg leg in legs)
        {
            context.Verbose($"rsync {program.VersionText} ({program.Path}) mirrors {leg.Source} to {leg.Destination}"
                + (request.Options.DeleteExtraneous ? ", deleting what is gone." : "."));
            progress.StartSource(leg.Name is null ? "Mirroring" : $"Mirroring {leg.Name}");
            PassOutcome outcome = await RunPassAsync(leg, firstPass, cancellationToken).ConfigureAwait(false);
            outcomes.Add(outcome);
            firstError ??= ErrorOf(outcome);
            // What could not be read in one source is no reason to leave the others without a backup; a broken rsync or a full drive is.
            if (firstError is not null && outcome.Code != RsyncExitCodes.Partial)
                return firstError;
        }

        if (firstError is null)
            firstError = await DeleteAsync(outcomes, cancellationToken).ConfigureAwait(false);
        else if (outcomes.Any(outcome => outcome.Withheld > 0))
            context.Verbose("Nothing is deleted from the mirror, because not everything could be copied.");
        if (firstError is null)
            Remember(guard => guard.Succeeded(EntriesNow(outcomes), isChecksumRun));
        if (firstError is null && malformed > 0)
            report.Warning(string.Create(CultureInfo.InvariantCulture, $"{malformed} lines of rsync's output were not understood; the log has them."));
        return firstError;
    }

    /// <summary>One dry run a source, which finds what both passes would do; then the limits that the second pass would meet.</summary>
    private async Task<BackupError?> PlanAsync(
        IReadOnlyList<RsyncLeg> legs, List<PassOutcome> outcomes, CancellationToken cancellationToken)
    {
        BackupError? firstError = null;
        RsyncLeg? emptied = null;
        foreach (RsyncLeg next in legs)
        {
            progress.StartSource(next.Name is null ? "Planning" : $"Planning {next.Name}");
            long before = deleted;
            PassOutcome outcome =
                await RunPassAsync(next, RsyncPass.Plan(request.Options.DeleteExtraneous), cancellationToken).ConfigureAwait(false);
            outcomes.Add(outcome);
            firstError ??= ErrorOf(outcome);
            if (firstError is not null && outcome.Code != RsyncExitCodes.Partial)
                return firstError;
            if (deleted > before && outcome.Statistics.Entries <= 1)
                emptied ??= next;
        }

        if (firstError is not null || deleted == 0)
            return firstError;
        if (emptied is not null && !request.AllowEmptySource)
            return RsyncErrors.SourceEmpty(emptied.Source, emptied.Destination);
        long existing = Existing(EntriesBefore(outcomes) + deleted);
        long allowed = request.Options.MaxDelete.Allowed(existing);
        return deleted > allowed
            ? RsyncErrors.DeleteLimitExceeded(destination, deleted, existing, allowed, request.Options.MaxDelete, firstDeleted)
            : null;
    }

    /// <summary>The second pass: deletes what the first one withheld, if the job allows that much.</summary>
    private async Task<BackupError?> DeleteAsync(List<PassOutcome> outcomes, CancellationToken cancellationToken)
    {
        // rsync counts all it withheld but the topmost folders that still have content, each of which holds at least one that it counts.
        long atLeast = outcomes.Sum(outcome => outcome.Withheld);
        if (atLeast == 0)
            return null;
        PassOutcome? emptied = outcomes.Find(outcome => outcome.Withheld > 0 && outcome.Statistics.Entries <= 1);
        if (emptied is not null && !request.AllowEmptySource)
            return RsyncErrors.SourceEmpty(emptied.Leg.Source, emptied.Leg.Destination);

        // What the mirror held before this run: what the source holds, less what is new, and what is to be deleted.
        long kept = EntriesBefore(outcomes);
        long allowed = request.Options.MaxDelete.Allowed(Existing(kept + atLeast));
        long expected = 2 * atLeast;
        if (expected > allowed)
        {
            // Near the limit, so a dry run for the exact number and the names.
            List<string> names = [];
            expected = await CountDeletionsAsync(outcomes, names, cancellationToken).ConfigureAwait(false);
            long existing = Existing(kept + expected);
            allowed = request.Options.MaxDelete.Allowed(existing);
            if (expected > allowed)
            {
                Remember(guard => guard.Refused(existing));
                return RsyncErrors.DeleteLimitExceeded(destination, expected, existing, allowed, request.Options.MaxDelete, names);
            }
        }

        long left = Math.Min(allowed, expected + SlackBetweenPasses);
        for (int index = 0; index < outcomes.Count; index++)
        {
            PassOutcome first = outcomes[index];
            if (first.Withheld == 0)
                continue;
            context.Verbose($"Pass 2 deletes from {first.Leg.Destination} what {first.Leg.Source} no longer has.");
            progress.StartPass(first.Leg.Name is null ? "Deleting" : $"Deleting from {first.Leg.Name}");
            long deletedBefore = deleted;
            PassOutcome second = await RunPassAsync(first.Leg, RsyncPass.Delete(left), cancellationToken).ConfigureAwait(false);
            outcomes[index] = second;
            left = Math.Max(0, left - (deleted - deletedBefore));
            if (second.Withheld > 0 && second.Code is RsyncExitCodes.Done or RsyncExitCodes.Vanished or RsyncExitCodes.DeleteLimit)
                return RsyncErrors.DeleteLimitReached(destination, deleted);
            if (ErrorOf(second) is { } error)
                return error;
        }

        return null;
    }

    /// <summary>What the mirror holds, less what runs that were refused or failed have copied since its last good one.</summary>
    private long Existing(long counted) => Math.Min(counted, mirrorGuard?.KnownEntries ?? long.MaxValue);

    private static long EntriesBefore(List<PassOutcome> outcomes) =>
        outcomes.Sum(outcome => Math.Max(0, (outcome.Statistics.Entries ?? 0) - outcome.Statistics.Created));

    private long? EntriesNow(List<PassOutcome> outcomes) =>
        request.Options.DeleteExtraneous ? outcomes.Sum(outcome => outcome.Statistics.Entries ?? 0) : null;

    private void Remember(Action<MirrorGuard> remember)
    {
        try
        {
            remember(mirrorGuard!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            report.Warning($"What is known of the mirror '{destination}' could not be written down: {exception.Message}");
        }
    }

    private async Task<long> CountDeletionsAsync(
        List<PassOutcome> outcomes, List<string> names, CancellationToken cancellationToken)
    {
        long count = 0;
        foreach (PassOutcome outcome in outcomes.Where(outcome => outcome.Withheld > 0))
        {
            RsyncDeletionList list = new(outcome.Leg.Name is null ? "" : outcome.Leg.Name + "/", names);
            RsyncErrorOutput errors = new(this);
            int code = await StartAsync(outcome.Leg, RsyncPass.ListDeletions, new RsyncOutputParser(list), errors, cancellationToken)
                .ConfigureAwait(false);
            if (RsyncExitCodes.Find(code).Status == BackupStatus.Failed && errors.Blocked == 0)
                throw new BackupException(Ended(outcome.Leg, code, errors));
            count += Math.Max(list.Count, outcome.Withheld);
        }

        return count;
    }

    private async Task<PassOutcome> RunPassAsync(RsyncLeg leg, RsyncPass pass, CancellationToken cancellationToken)
    {
        this.leg = leg;
        statistics = new RsyncStatistics();
        blocked.Clear();
        isRemotePass = leg.Remote is not null;
        recorder?.PassStarts(leg);
        RsyncErrorOutput errors = new(this);
        long started = Stopwatch.GetTimestamp();
        int code = await StartAsync(leg, pass, new RsyncOutputParser(this), errors, cancellationToken).ConfigureAwait(false);
        exitCode = code;
        transferredBytes += statistics.TransferredBytes;
        bool isCounted = pass.MaxDelete == 0 && errors.Withheld > 0;
        context.Verbose($"rsync ended with code {code} after {HumanText.Duration(Stopwatch.GetElapsedTime(started))}: "
            + (plan is not null ? "nothing was changed, it was a dry run."
                : isCounted ? $"nothing is deleted yet, {errors.Withheld} or more entries are to be." : RsyncExitCodes.Find(code).Meaning + "."));
        if (code == RsyncExitCodes.Vanished && vanished == 0)
            report.Warning($"{leg.Source}: {RsyncExitCodes.Find(code).Meaning}.");
        // A folder that blocks an entry is emptied by the pass that deletes; only if nothing will be, the entry has failed.
        if (!isCounted)
            blocked.ForEach(report.ItemFailed);
        PassOutcome outcome = new(leg, pass, code, statistics, errors, isCounted && errors.Blocked > 0);
        recorder?.PassEnded(isClean: ErrorOf(outcome) is null);
        return outcome;
    }

    private Task<int> StartAsync(
        RsyncLeg leg, RsyncPass pass, RsyncOutputParser output, RsyncErrorOutput errors, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> arguments = RsyncCommandLine.Build(program!, OptionsFor(leg), leg.Source, leg.Destination, leg.Name is null, pass, leg.Remote);
        return RsyncProcess.RunAsync(program!.Path, arguments, output, errors, recorder?.File, grace, cancellationToken);
    }

    private RsyncOptions OptionsFor(RsyncLeg leg) => request.Options with
    {
        Checksum = isChecksumRun,
        ExcludePatterns = [.. leg.ExcludePatterns, .. request.Options.ExcludePatterns],
    };

    private BackupError? ErrorOf(PassOutcome outcome)
    {
        int code = outcome.Code;
        RsyncErrorOutput errors = outcome.Errors;
        bool isPartialOnlyForNow = code == RsyncExitCodes.Partial && outcome.IsBlockedForNow && errors.Failed == 0;
        bool isWithheld = code == RsyncExitCodes.DeleteLimit && outcome.Withheld > 0;
        if (RsyncExitCodes.Find(code).Status != BackupStatus.Failed || isPartialOnlyForNow || isWithheld)
            return outcome.Statistics.Entries is null ? RsyncErrors.OutputNotUnderstood(program!.Path, code, errors.LastWords) : null;
        return errors.IsDestinationFull
            ? RsyncErrors.DestinationFull(destination, FreeSpace(outcome.Leg.Destination), needed: null, code)
            : Ended(outcome.Leg, code, errors);
    }

    private static BackupError Ended(RsyncLeg leg, int code, RsyncErrorOutput errors) =>
        (leg.Remote is { } remote ? RemoteFailures.Find(leg.Source, remote, code, errors.LastWords) : null)
        ?? RsyncErrors.Ended(code, errors.LastWords, leg.Source);

    /// <summary>Adds to the error what is still to be copied, as a dry run counts it.</summary>
    private async Task<BackupError> MeasureNeedAsync(BackupError full, CancellationToken cancellationToken)
    {
        long needed = 0;
        foreach (RsyncLeg leg in RsyncGuards.Check(request))
        {
            RsyncNeed need = new();
            await StartAsync(leg, RsyncPass.MeasureTransfers, new RsyncOutputParser(need), new RsyncErrorOutput(need), cancellationToken)
                .ConfigureAwait(false);
            if (need.Bytes is not { } bytes)
                return full;
            needed += bytes;
        }

        return RsyncErrors.DestinationFull(destination, FreeSpace(destination), needed, full.RsyncExitCode);
    }

    private static long? FreeSpace(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private RsyncStageResult Result(BackupStatus status, BackupError? error, List<PassOutcome> outcomes)
    {
        long total = outcomes.Sum(outcome => outcome.Statistics.Entries ?? 0);
        return new RsyncStageResult
        {
            Name = context.JobName,
            RunId = context.RunId,
            Status = status,
            Source = [.. request.Sources.Select(source => source.Path)],
            Destination = destination,
            Created = created,
            Updated = updated,
            MetadataChanged = metadataChanged,
            Deleted = deleted,
            Unchanged = Math.Max(0, total - created - updated - metadataChanged - report.Failed - vanished),
            Failed = report.Failed,
            Total = total,
            TotalBytes = outcomes.Sum(outcome => outcome.Statistics.TotalBytes),
            TransferredBytes = transferredBytes,
            RsyncVersion = program?.VersionText,
            RsyncExitCode = exitCode,
            Error = error,
            FailedItems = report.FailedItems(),
            Warnings = report.Warnings(),
            LogPath = context.LogPath,
            JournalPath = recorder?.Path,
            Configuration = request.Configuration,
        };
    }

    private static string Summary(RsyncStageResult result) =>
        result.RsyncExitCode is null
            ? $"Stage 1 {result.Status}: {result.Error?.Message}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Stage 1 {result.Status} after {HumanText.Duration(result.Duration)}: {result.Created} created, {result.Updated} updated, ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{result.MetadataChanged} with new attributes, {result.Deleted} deleted, {result.Unchanged} unchanged, {result.Failed} failed; ")
            + $"{HumanText.Bytes(result.TransferredBytes)} of {HumanText.Bytes(result.TotalBytes)} transferred.";

    /// <summary>How one pass over one source ended.</summary>
    private sealed record PassOutcome(
        RsyncLeg Leg, RsyncPass Pass, int Code, RsyncStatistics Statistics, RsyncErrorOutput Errors, bool IsBlockedForNow)
    {
        public long Withheld => Errors.Withheld;
    }
}
