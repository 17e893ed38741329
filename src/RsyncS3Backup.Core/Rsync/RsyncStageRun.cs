using System.Globalization;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.Rsync.Remote;
using RsyncS3Backup.Rsync.Sources;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Rsync;

/// <summary>One run of stage 1.</summary>
/// <remarks>
/// With deletions on, every source is mirrored with <c>--max-delete=0</c> first: rsync then copies everything, deletes nothing and says how
/// many deletions it withheld. So the count is known before the first deletion and costs no dry run. Only when something was withheld, and
/// is allowed, a second pass deletes: see <see cref="RsyncDeletions"/>.
/// </remarks>
internal sealed class RsyncStageRun
{
    private readonly RsyncStageRequest request;
    private readonly RunContext context;
    private readonly TimeSpan grace;
    private readonly IRsyncChanges? plan;
    private readonly Operation operation;
    private readonly StageReport report;
    private readonly RsyncProgressReporter progress;
    private readonly RsyncCounts counts;
    private readonly RsyncScope scope;
    private readonly List<RsyncPassOutcome> outcomes = [];
    private readonly string destination;
    private bool isPartial;
    private string? absence;

    private RsyncProgram? program;
    private RsyncPasses? passes;
    private SourceGuard? sources;
    private RsyncChangeRecorder? recorder;

    /// <param name="request">What to mirror, and how.</param>
    /// <param name="context">The run.</param>
    /// <param name="grace">How long rsync may take to stop.</param>
    /// <param name="plan">Hears what would be changed, and nothing is; null: the run is a real one.</param>
    public RsyncStageRun(RsyncStageRequest request, RunContext context, TimeSpan grace, IRsyncChanges? plan = null)
    {
        this.request = request;
        this.context = context;
        this.grace = grace;
        this.plan = plan;
        operation = new Operation(context, stage: 1);
        report = operation.Report;
        progress = new RsyncProgressReporter(context, context.JobName, request.Sources.Count);
        scope = new RsyncScope { Request = request, Context = context, Report = report, Progress = progress, Grace = grace };
        counts = scope.Counts;
        destination = request.Options.LocalDestination;
    }

    /// <summary>Runs it.</summary>
    public async Task<RsyncStageResult> RunAsync(CancellationToken cancellationToken)
    {
        await using StageTime time = new(request.StopTime, request.Clock, cancellationToken);
        // That its time is up is no error.
        OperationEnd end = await operation.RunAsync(
            () => WorkAsync(time.Token), () => cancellationToken.IsCancellationRequested ? RsyncErrors.Cancelled(destination) : null, Failed, time.Token)
            .ConfigureAwait(false);
        RsyncStageResult result = Result(end);
        if (end is { Status: BackupStatus.Cancelled, Error: null })
            result = result with { Status = BackupStatus.Paused, PausedReason = WhyPaused() };
        context.Verbose(Summary(result));
        return result;
    }

    private string WhyPaused()
    {
        BackupScheduleOptions? schedule = request.Configuration?.Schedule;
        return new PauseReason(ScheduleZone.Find(schedule?.Timezone), schedule, request.Clock.GetUtcNow()).StopAt(request.Configuration?.StopAt);
    }

    private async Task<BackupError?> WorkAsync(CancellationToken cancellationToken)
    {
        try
        {
            BackupError? error = await MirrorAsync(cancellationToken).ConfigureAwait(false);
            return error is { Id: ErrorIds.DestinationFull }
                ? await MeasureNeedAsync(error, cancellationToken).ConfigureAwait(false)
                : error;
        }
        finally
        {
            progress.Complete();
            recorder?.End(mayLackChanges: counts.Malformed > 0 || report.Failed > 0, counts.ExitCode, report);
        }
    }

    private BackupError Failed(Exception exception)
    {
        if (exception is BackupException known)
            return known.Error;
        context.LogWarning(exception.ToString());
        return RsyncErrors.Unexpected(exception, destination);
    }

    private async Task<BackupError?> MirrorAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (await IsAbsentAsync(cancellationToken).ConfigureAwait(false))
            return null;
        program = await RsyncProbe.FindAsync(request.Options.RsyncPath, cancellationToken).ConfigureAwait(false);
        RsyncCapabilities.Demand(program, request.Options);
        IReadOnlyList<RsyncLeg> legs = RsyncGuards.Check(request);
        RsyncOptions readable = WithPatterns(request.Options);
        sources = SourceGuard.Check(context.JobName, legs, request.AllowNewSource);
        MirrorGuard guard = MirrorGuard.Check(context.JobName, destination, request.AllowNewDestination, request.Options.Drives);
        if (guard.AddsDrive)
            RsyncGuards.DemandMounted(destination);
        if (!TakesTurns)
            MirrorGuard.DemandAlone(context.JobName, destination);
        RsyncOptions options = readable with
        {
            Checksum = request.Options.Checksum || guard.IsChecksumDue(request.Options.ChecksumEvery),
        };
        WarnOfForeign(legs);
        legs = LeaveOtherMirrors(legs);
        if (legs.Any(leg => leg.Remote is not null) && RsyncCapabilities.RemoteWarning(program) is { } warning)
            context.Warning(warning);
        foreach (RsyncLeg leg in legs.Where(leg => leg.Remote is not null))
            await LookAtRemoteAsync(leg, cancellationToken).ConfigureAwait(false);

        return plan is not null
            ? await ForeseeAsync(options, legs, guard, plan, cancellationToken).ConfigureAwait(false)
            : await CarryOutAsync(options, legs, guard, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> IsAbsentAsync(CancellationToken cancellationToken)
    {
        if (request.Options.WakeWait is { } longest && plan is null)
        {
            await AbsentMirror
                .WaitAsync(context.JobName, destination, request.AllowNewDestination, longest, Waits, TimeProvider.System, cancellationToken)
                .ConfigureAwait(false);
        }

        absence = AbsentMirror.SkipReason(request.Options.WhenAbsent, request.AllowNewDestination, context.JobName, destination);
        return absence is not null;

        void Waits()
        {
            string text = $"Waiting up to {HumanText.Duration(longest)} for the drive of the mirror '{destination}'";
            context.Verbose(text + ".");
            progress.StartPass(text);
        }
    }

    private async Task LookAtRemoteAsync(RsyncLeg leg, CancellationToken cancellationToken)
    {
        await RemoteCheck.DemandAsync(program!, request.Options, leg, context, grace, cancellationToken).ConfigureAwait(false);
        // It is for the files of the mirror that would be deleted.
        if (request.Options.DeleteExtraneous
            && await RemoteMounts.FindAsync(program!, request.Options, leg, context, grace, cancellationToken).ConfigureAwait(false) is { } mounts)
            sources!.CheckRemote(leg, mounts);
    }

    /// <summary>Finds what <see cref="CarryOutAsync"/> would do, and what it would fail for.</summary>
    private async Task<BackupError?> ForeseeAsync(
        RsyncOptions options, IReadOnlyList<RsyncLeg> legs, MirrorGuard guard, IRsyncChanges changes,
        CancellationToken cancellationToken)
    {
        DriveFit fit = new(scope, guard.KnownTraits());
        (options, legs) = fit.Apply(options, legs, cancellationToken);
        passes = new RsyncPasses(program!, options, scope) { Changes = changes, Traits = fit.Traits };
        RsyncPass pass = RsyncPass.Plan(options.DeleteExtraneous);
        BackupError? foreseen = await PassOverAllAsync(legs, pass, "Planning", cancellationToken).ConfigureAwait(false)
            ?? Emptied() ?? Deletions(guard).Foresee(outcomes);
        scope.LeftOut.Tell(report);
        if (foreseen is not null && MayGoOn(foreseen))
            return GoOn(foreseen, guard: null);
        if (foreseen is null && ExcludedLater.MayBe(options, legs))
            await TellExcludedAsync(options, cancellationToken).ConfigureAwait(false);
        return foreseen;
    }

    private async Task<BackupError?> CarryOutAsync(
        RsyncOptions options, IReadOnlyList<RsyncLeg> legs, MirrorGuard guard, CancellationToken cancellationToken)
    {
        bool isNew = !Directory.Exists(destination) || RsyncGuards.HoldsNothing(destination);
        // rsync makes one missing level itself, which a source's own folder uses up.
        if (legs is not [{ Name: null }])
            Directory.CreateDirectory(destination);

        await RsyncChangeRecorder.WaitForEarlierAsync(request, context, grace, cancellationToken).ConfigureAwait(false);
        DriveFit fit = DriveFit.Of(guard, scope);
        guard.DemandAlike(fit.Traits);
        (options, legs) = fit.Apply(options, legs, cancellationToken);
        recorder = RsyncChangeRecorder.Start(request, context, report);
        passes = new RsyncPasses(program!, options, scope) { Changes = recorder, Traits = fit.Traits };
        guard.Begins(report);
        if (options.Checksum)
            guard.BeginsChecksum(report);
        FolderPlace mirror = FolderPlace.Of(destination);
        FolderPlace[] places = [.. legs.Where(leg => leg.Remote is null).Select(leg => FolderPlace.Of(leg.Source))];
        RsyncPass firstPass = options.DeleteExtraneous ? RsyncPass.WithholdDeletions : RsyncPass.CopyOnly;
        BackupError? error = await PassOverAllAsync(legs, firstPass, "Mirroring", cancellationToken).ConfigureAwait(false);
        error = WentAway(mirror, places) ?? error ?? Emptied();
        if (error is null)
        {
            error = await Deletions(guard).DeleteAsync(outcomes, cancellationToken).ConfigureAwait(false);
            error = WentAway(mirror, places) ?? error;
        }
        else if (outcomes.Exists(outcome => outcome.Withheld > 0))
        {
            context.Verbose("Nothing is deleted from the mirror, because not everything could be copied.");
        }

        RememberLeftOut(error is null);
        if (error is not null)
            return MayGoOn(error) ? GoOn(error, guard) : error;
        if (TakesTurns && WhyNotWhole(options) is { } why)
            return MirrorErrors.MirrorNotWhole(destination, why);
        TurnFacts? turn = TakesTurns ? new TurnFacts(context.RunId, [.. legs.Select(leg => leg.Name ?? "")], fit.Traits) : null;
        guard.Succeeded(options.DeleteExtraneous ? outcomes.Sum(outcome => outcome.Statistics.Entries ?? 0) : null, options.Checksum, HasStoredStat, report, turn);
        sources!.Succeeded(leg => options.DeleteExtraneous ? EntriesOf(leg) : null, legs, report);
        if (ExcludedLater.MayBe(options, legs) && !ExcludedLater.IsKnown(context.JobName, options, legs))
        {
            if (!isNew)
                await TellExcludedAsync(options, cancellationToken).ConfigureAwait(false);
            ExcludedLater.Remember(context.JobName, options, legs);
        }

        if (counts.Malformed > 0)
            report.Warning(string.Create(CultureInfo.InvariantCulture, $"{counts.Malformed} lines of rsync's output were not understood; the log has them."));
        return null;
    }

    private void RememberLeftOut(bool isWhole)
    {
        scope.LeftOut.Tell(report);
        scope.LeftOut.Save(context.JobName, destination, isWhole);
        if (isWhole && request.Options.DeleteExtraneous && outcomes.Exists(outcome => outcome.SkipsDeletions))
            report.Warning("Not all that the sources no longer have was deleted from the mirror: rsync could not read all of them, for example because a path is "
                + "too long. Shorten or exclude what the other warnings and the log name, and run again.");
    }

    /// <summary>Why a run whose drive went away has failed, whatever rsync says: it goes on with the folder that it holds open.</summary>
    private static BackupError? WentAway(FolderPlace mirror, IEnumerable<FolderPlace> sources)
    {
        // Of a source of which nothing is mirrored there is no mirror.
        if (!mirror.IsStillThere() && !mirror.IsToBeMade())
            return MirrorErrors.DestinationWentAway(mirror.Path);
        return sources.FirstOrDefault(place => !place.IsStillThere()) is { } source
            ? RsyncErrors.SourceWentAway(source.Path)
            : null;
    }

    private bool HasStoredStat => request.Options.Ownership == MirrorOwnership.FakeSuper;

    private bool TakesTurns => request.Options.Drives > 1;

    // What rsync left in the mirror, or may have left there, without naming it.
    private string? WhyNotWhole(RsyncOptions options) =>
        !options.DeleteExtraneous || !options.DeleteExcluded ? "what the sources no longer have was not deleted from it"
        : outcomes.Exists(outcome => outcome.SkipsDeletions) ? "rsync could not read all of the sources"
        : scope.LeftOut.HasMore ? "more was left out, or vanished while it was copied, than is known by name"
        : counts.Malformed > 0 ? "not all that rsync printed was understood"
        : null;

    private bool MayGoOn(BackupError error) => !TakesTurns && PassJudgement.MayGoOn(request.Options.OnPartial, error, outcomes);

    private BackupError? GoOn(BackupError error, MirrorGuard? guard)
    {
        isPartial = true;
        report.Warning($"{error.Message} Nothing is deleted, and stage 2 sends what the mirror has (onPartial).");
        guard?.Succeeded(entries: null, wasChecksumRun: false, HasStoredStat, report);
        return null;
    }

    /// <summary>What is a mirror of another job is none of this job's business, wherever it lies.</summary>
    private IReadOnlyList<RsyncLeg> LeaveOtherMirrors(IReadOnlyList<RsyncLeg> legs)
    {
        IReadOnlyList<string> others = NestedMirrors.Below(destination);
        if (others.Count > 0 && TakesTurns)
            throw new BackupException(MirrorErrors.MirrorOfOtherInside(destination, others[0]));
        foreach (string other in others)
        {
            report.Warning($"'{Path.Join(destination, other)}' is the mirror of another job and is left alone. Give the jobs places that are not in "
                + "one another.");
        }

        return others.Count == 0 ? legs : [.. legs.Select(leg => leg with
        {
            OtherMirrors = leg.Name is not { } name ? others
                : [.. others.Where(other => other.StartsWith(name + "/", StringComparison.Ordinal)).Select(other => other[(name.Length + 1)..])],
        })];
    }

    private void WarnOfForeign(IReadOnlyList<RsyncLeg> legs)
    {
        const int namedAtMost = 5;
        IReadOnlyList<string> foreign = RsyncGuards.Foreign(destination, legs);
        if (foreign.Count == 0)
            return;
        string more = foreign.Count > namedAtMost ? $" and {foreign.Count - namedAtMost} more" : "";
        report.Warning($"The mirror '{destination}' holds what belongs to no source and is left alone: "
            + string.Join(", ", foreign.Take(namedAtMost).Select(name => $"'{name}'")) + more + ".");
    }

    private RsyncOptions WithPatterns(RsyncOptions options)
    {
        Dictionary<string, IReadOnlyList<string>> patterns = [];
        foreach (PatternFile file in options.PatternFiles.Distinct(StringComparer.Ordinal).Select(PatternFile.Read))
        {
            if (file.Problem is not null)
                throw new BackupException(RsyncErrors.PatternFileInvalid(file));
            if (file.Doubt is { } doubt)
                report.Warning(doubt);
            if (file.NeedsText)
                patterns[file.Path] = [.. file.Patterns];
        }

        return patterns.Count == 0 ? options : options with { PatternsOfFiles = patterns };
    }

    /// <summary>Counts, in a dry run, what is in the mirror although the patterns exclude it.</summary>
    private async Task TellExcludedAsync(RsyncOptions options, CancellationToken cancellationToken)
    {
        RsyncPasses counting = new(program!, options with { DeleteExcluded = true }, scope);
        List<string> names = [];
        long excluded = 0;
        try
        {
            foreach (RsyncPassOutcome outcome in outcomes.Select(outcome => outcome with { Errors = new RsyncErrorOutput(counting) }))
                excluded += await counting.CountDeletionsAsync(outcome, names, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception)
        {
            context.Verbose($"What is excluded now and still in the mirror could not be counted: {exception.Message}");
            return;
        }

        // A plan has deleted nothing yet, so what it would delete is among them.
        HashSet<string> planned = plan is null ? [] : [.. passes!.FirstDeleted];
        excluded -= plan is null ? 0 : counts.Deleted;
        if (excluded > 0)
            report.Warning(ExcludedLater.Warning(excluded, destination, [.. names.Where(name => !planned.Contains(name))]));
    }

    private RsyncDeletions Deletions(MirrorGuard guard) => new(passes!, guard, sources!, scope);

    private BackupError? Emptied() => PassJudgement.Emptied(request.AllowEmptySource, outcomes, RsyncGuards.HoldsSomething);

    private long? EntriesOf(RsyncLeg leg) => outcomes.FindLast(outcome => outcome.Leg == leg)?.Statistics.Entries;

    /// <summary>Runs one pass over each source.</summary>
    /// <returns>Why the first that failed did; null when all went well.</returns>
    private async Task<BackupError?> PassOverAllAsync(
        IReadOnlyList<RsyncLeg> legs, RsyncPass pass, string activity, CancellationToken cancellationToken)
    {
        BackupError? firstError = null;
        foreach (RsyncLeg leg in legs)
        {
            if (!pass.IsDryRun)
            {
                context.Verbose($"rsync {program!.VersionText} ({program.Path}) mirrors {leg.Source} to {leg.Destination}"
                    + (pass.Deletes ? ", deleting what is gone." : "."));
            }

            progress.StartSource(leg.Name is null ? activity : $"{activity} {leg.Name}");
            RsyncPassOutcome outcome = await passes!.RunAsync(leg, pass, cancellationToken).ConfigureAwait(false);
            outcomes.Add(outcome);
            firstError ??= outcome.Error;
            // What could not be read in one source is no reason to leave the others without a backup; a broken rsync or a full drive is.
            if (firstError is not null && outcome.Code != RsyncExitCodes.Partial)
                break;
        }

        return firstError;
    }

    /// <summary>Adds to the error what is still to be copied, as a dry run counts it.</summary>
    private async Task<BackupError?> MeasureNeedAsync(BackupError full, CancellationToken cancellationToken)
    {
        long needed = 0;
        foreach (RsyncLeg leg in RsyncGuards.Check(request))
        {
            if (await passes!.MeasureTransfersAsync(leg, cancellationToken).ConfigureAwait(false) is not { } bytes)
                return full;
            needed += bytes;
        }

        return RsyncErrors.DestinationFull(destination, FreeSpace.Of(destination), needed, full.RsyncExitCode);
    }

    private RsyncStageResult Result(OperationEnd end)
    {
        long total = outcomes.Sum(outcome => outcome.Statistics.Entries ?? 0);
        return new RsyncStageResult
        {
            Name = context.JobName,
            RunId = context.RunId,
            Status = absence is null || end.Status == BackupStatus.Cancelled ? end.Status : BackupStatus.Skipped,
            SkippedReason = absence,
            StartTime = operation.StartTime,
            Duration = end.Duration,
            Source = [.. request.Sources.Select(source => source.Path)],
            Destination = destination,
            Created = counts.Created,
            Updated = counts.Updated,
            MetadataChanged = counts.MetadataChanged,
            Deleted = counts.Deleted,
            Unchanged = Math.Max(0, total - counts.Created - counts.Updated - counts.MetadataChanged - report.Failed - counts.Vanished),
            Failed = report.Failed,
            Total = total,
            TotalBytes = outcomes.Sum(outcome => outcome.Statistics.TotalBytes),
            TransferredBytes = counts.TransferredBytes,
            RsyncVersion = program?.VersionText,
            RsyncExitCode = counts.ExitCode,
            Error = end.Error,
            FailedItems = report.FailedItems(),
            Warnings = report.Warnings(),
            LogPath = context.LogPath,
            IsPartial = isPartial,
            JournalPath = recorder?.Path,
            ReadChanges = ChangeJournalFolder.ReadChanges,
            Configuration = request.Configuration,
        };
    }

    private static string Summary(RsyncStageResult result) =>
        result.RsyncExitCode is null
            ? $"Stage 1 {result.Status}: {result.Error?.Message ?? result.SkippedReason ?? result.PausedReason}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Stage 1 {result.Status} after {HumanText.Duration(result.Duration)}: {result.Created} created, {result.Updated} updated, ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{result.MetadataChanged} with new attributes, {result.Deleted} deleted, {result.Unchanged} unchanged, {result.Failed} failed; ")
            + $"{HumanText.Bytes(result.TransferredBytes)} of {HumanText.Bytes(result.TotalBytes)} transferred.";
}
