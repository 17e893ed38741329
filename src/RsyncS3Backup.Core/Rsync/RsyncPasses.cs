using RsyncS3Backup.Calendar;
using System.Diagnostics;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.Rsync.Remote;

namespace RsyncS3Backup.Rsync;

/// <summary>Starts rsync, pass by pass, and brings what it prints to the counts, the journal, the report and the progress.</summary>
/// <param name="program">The rsync.</param>
/// <param name="options">The options of this run.</param>
/// <param name="scope">The run's.</param>
internal sealed class RsyncPasses(RsyncProgram program, RsyncOptions options, RsyncScope scope)
    : IDeletionPasses, IRsyncOutputHandler, IRsyncErrorHandler
{
    private readonly RunContext context = scope.Context;
    private readonly StageReport report = scope.Report;
    private readonly RsyncCounts counts = scope.Counts;
    private readonly List<BackupError> blocked = [];
    private RsyncLeg? leg;
    private RsyncPass current;
    private RsyncStatistics statistics = new();
    private long moved;
    private bool skipsDeletions;

    /// <summary>Hears of changes; null: nobody does.</summary>
    public IRsyncChanges? Changes { get; init; }

    /// <summary>What the mirror's drive does.</summary>
    public FileSystemTraits Traits { get; init; } = new();

    /// <inheritdoc/>
    public List<string> FirstDeleted { get; } = [];

    /// <inheritdoc/>
    public async Task<RsyncPassOutcome> RunAsync(RsyncLeg source, RsyncPass pass, CancellationToken cancellationToken)
    {
        leg = source;
        current = pass;
        statistics = new RsyncStatistics();
        moved = 0;
        skipsDeletions = false;
        blocked.Clear();
        Changes?.PassStarts(source);
        RsyncErrorOutput errors = new(this);
        long deletedBefore = counts.Deleted;
        long started = Stopwatch.GetTimestamp();
        int code;
        try
        {
            code = await StartAsync(source, pass, new RsyncOutputParser(this), errors, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // An rsync that ends early has no statistics; how far it got it said on its way.
            counts.TransferredBytes += statistics.Entries is null && !pass.IsDryRun ? moved : statistics.TransferredBytes;
        }

        counts.ExitCode = code;
        bool isCounted = pass.MaxDelete == 0 && errors.Withheld > 0;
        context.Verbose($"rsync ended with code {code} after {HumanText.Duration(Stopwatch.GetElapsedTime(started))}: "
            + (pass.IsDryRun ? "nothing was changed, it was a dry run."
                : isCounted ? $"nothing is deleted yet, {errors.Withheld} or more entries are to be." : RsyncExitCodes.Find(code).Meaning + "."));
        if (code == RsyncExitCodes.Vanished && counts.Vanished == 0)
        {
            NoteOlder(null);
            report.Warning($"{source.Source}: {RsyncExitCodes.Find(code).Meaning}.");
        }

        // A folder that blocks an entry is emptied by the pass that deletes; only if nothing will be, the entry has failed.
        if (!isCounted)
            blocked.ForEach(report.ItemFailed);
        RsyncPassOutcome outcome = new(source, pass, code, statistics, errors, isCounted && errors.Blocked > 0) { SkipsDeletions = skipsDeletions };
        outcome = outcome with { Deleted = counts.Deleted - deletedBefore, Error = ErrorOf(outcome) };
        Changes?.PassEnded(isClean: outcome.Error is null);
        return outcome;
    }

    /// <inheritdoc/>
    public async Task<long> CountDeletionsAsync(RsyncPassOutcome first, List<string> names, CancellationToken cancellationToken)
    {
        RsyncDeletionList list = new(first.Leg.Name is null ? "" : first.Leg.Name + "/", names);
        RsyncErrorOutput errors = new(this);
        int code = await StartAsync(first.Leg, RsyncPass.ListDeletions, new RsyncOutputParser(list), errors, cancellationToken)
            .ConfigureAwait(false);
        if (RsyncExitCodes.Find(code).Status == BackupStatus.Failed && errors.Blocked == 0)
            throw new BackupException(Ended(first.Leg, code, errors));
        return Math.Max(list.Count, first.Withheld);
    }

    /// <summary>Counts, in a dry run, the bytes that are still to be transferred of a source; null when rsync did not say.</summary>
    public async Task<long?> MeasureTransfersAsync(RsyncLeg source, CancellationToken cancellationToken)
    {
        RsyncNeed need = new();
        await StartAsync(source, RsyncPass.MeasureTransfers, new RsyncOutputParser(need), new RsyncErrorOutput(need), cancellationToken)
            .ConfigureAwait(false);
        return need.Bytes;
    }

    /// <inheritdoc/>
    public void Item(in RsyncItem item)
    {
        if (Changes?.TryAdd(leg!, item) == false || item.IsTimeOfFolder)
            return;
        if (context.WantsProgress)
            scope.Progress.Begin(NameInMirror(item));
        if (report.TellsActions)
            report.Acted(ActionKind(item.Change), NameInMirror(item), item.Size);
        counts.Add(item.Change);
        if (current.IsDryRun && item.Change == RsyncChange.Deleted && FirstDeleted.Count < RsyncDeletionList.KeptNames)
            FirstDeleted.Add(NameInMirror(item));
    }

    /// <inheritdoc/>
    void IRsyncOutputHandler.Progress(in RsyncProgressLine line)
    {
        moved = line.Bytes;
        scope.Progress.Report(line);
    }

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line)
    {
        if (statistics.TryRead(line) || TryReadLeftOut(line))
            return;
        // Among what it prints, not among its errors (generator.c, delete_in_dir).
        skipsDeletions |= line.StartsWith("IO error encountered -- skipping file deletion"u8);
        // From another machine two processes print, and the second may come between the halves of an item that is longer than the 4,096
        // bytes that a pipe takes as a whole. The second half has the end of the name.
        if (leg!.Remote is not null && (line.StartsWith("/"u8) || line.IndexOf("//"u8) >= 0))
            Malformed(line);
        else
            context.Verbose("rsync: " + RsyncEscapes.Undo(line));
    }

    /// <inheritdoc/>
    public void Malformed(ReadOnlySpan<byte> line)
    {
        counts.Malformed++;
        context.LogWarning("rsync printed a line that is not understood: " + RsyncEscapes.Undo(line));
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error) => report.ItemFailed(error);

    /// <inheritdoc/>
    public bool LeavesOut(string path, string text, string errno)
    {
        // ENAMETOOLONG is 36 on Linux and 63 on macOS.
        LeftOutKind? kind = errno switch
        {
            RsyncErrorOutput.Unverified => LeftOutKind.Unstable,
            RsyncErrorOutput.PathTooLong or "36" or "63" => LeftOutKind.TooLong,
            _ when IsRefusedName(path, text) => LeftOutKind.Name,
            _ => null,
        };
        if (kind is null)
            return false;
        scope.LeftOut.Add(kind.Value, InMirror(path, isTemporary: text.Contains(" mkstemp ", StringComparison.Ordinal)));
        return true;
    }

    // Of a source on this machine such names are known beforehand, and rsync is told to pass over them.
    private bool IsRefusedName(string path, string text) =>
        Traits.RefusedCharacters.Length > 0 && text.Contains("failed", StringComparison.Ordinal)
        && !text.Contains("[sender]", StringComparison.Ordinal) && LastPart(path).AsSpan().ContainsAny(Traits.RefusedCharacters);

    private static string LastPart(string path) => path.TrimEnd('/') is var trimmed && trimmed.LastIndexOf('/') is var slash ? trimmed[(slash + 1)..] : "";

    /// <summary>An entry's path in the mirror, of one that rsync names by its whole path, by that in the source or by that of its temporary file.</summary>
    private string InMirror(string path, bool isTemporary)
    {
        string relative = path.StartsWith(leg!.Destination + "/", StringComparison.Ordinal) ? path[(leg.Destination.Length + 1)..]
            : path.StartsWith(leg.Source + "/", StringComparison.Ordinal) ? path[(leg.Source.Length + 1)..]
            : path.TrimStart('/');
        // ".name.XXXXXX" beside the file (rsync's receiver.c, get_tmpname).
        const int random = 7;
        string name = LastPart(relative);
        if (isTemporary && name.Length > random + 1 && name[0] == '.')
            relative = relative[..^name.Length] + name[1..^random];
        return leg.Name is null ? relative : $"{leg.Name}/{relative}";
    }

    private bool TryReadLeftOut(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> special = "skipping non-regular file \""u8;
        ReadOnlySpan<byte> tooLarge = " is over max-size"u8;
        if (line.StartsWith(special) && line.EndsWith("\""u8))
        {
            if (DriveArguments.LacksEntries(options, Traits))
                return AddLeftOut(LeftOutKind.Special, line[special.Length..^1]);
            NoteOlder(InMirror(RsyncEscapes.Undo(line[special.Length..^1]), isTemporary: false));
        }

        return Traits.LargestFile is not null && line.EndsWith(tooLarge) && AddLeftOut(LeftOutKind.TooLarge, line[..^tooLarge.Length]);
    }

    private bool AddLeftOut(LeftOutKind kind, ReadOnlySpan<byte> name)
    {
        scope.LeftOut.Add(kind, InMirror(RsyncEscapes.Undo(name), isTemporary: false));
        return true;
    }

    /// <inheritdoc/>
    public void Blocked(BackupError error)
    {
        if (blocked.Count < BackupLimits.ReportedItems)
            blocked.Add(error);
    }

    /// <inheritdoc/>
    public void Vanished(string line)
    {
        counts.Vanished++;
        report.Warning(line);
        const string said = " has vanished: \"";
        string path = line.IndexOf(said, StringComparison.Ordinal) is >= 0 and var at && line.EndsWith('"') ? line[(at + said.Length)..^1] : "";
        bool isKnown = leg!.Remote is null && path.StartsWith(leg.Source + "/", StringComparison.Ordinal);
        NoteOlder(isKnown ? InMirror(path, isTemporary: false) : null);
    }

    // Of what it passes over, rsync leaves in the mirror what was there before. On a drive that has its turn that may be older than what S3 has.
    private void NoteOlder(string? path)
    {
        if (options.Drives > 1)
            scope.LeftOut.AddSilently(path);
    }

    /// <inheritdoc/>
    public void Said(string line) => context.LogWarning("rsync said: " + line);

    private Task<int> StartAsync(
        RsyncLeg source, RsyncPass pass, RsyncOutputParser output, RsyncErrorOutput errors, CancellationToken cancellationToken)
    {
        RsyncOptions own = options with
        {
            ExcludePatterns = [.. source.ExcludePatterns, .. options.ExcludePatterns],
            // What rsync is started with it keeps to until it ends.
            BandwidthLimit = options.BandwidthTimetable is { } table
                ? BandwidthHours.Of(table, scope.Request.Configuration?.Schedule?.Timezone).At(scope.Request.Clock.GetUtcNow())
                : options.BandwidthLimit,
        };
        IReadOnlyList<string> arguments =
            RsyncCommandLine.Build(
                program, own, source.Source, source.Destination, source.Name is null, pass, output.OutFormat, source.Remote, source.OtherMirrors,
                source.NameRules);
        return RsyncProcess.RunAsync(program.Path, arguments, output, errors, Changes?.File, scope.Grace, cancellationToken);
    }

    private BackupError? ErrorOf(RsyncPassOutcome outcome)
    {
        int code = outcome.Code;
        RsyncErrorOutput errors = outcome.Errors;
        bool isPartialOnlyForNow = code == RsyncExitCodes.Partial && (outcome.IsBlockedForNow || errors.LeftOut > 0) && errors.Failed == 0
            && (errors.Blocked == 0 || outcome.IsBlockedForNow);
        bool isWithheld = code == RsyncExitCodes.DeleteLimit && outcome.Withheld > 0;
        if (RsyncExitCodes.Find(code).Status != BackupStatus.Failed || isPartialOnlyForNow || isWithheld)
            return outcome.Statistics.Entries is null ? RsyncErrors.OutputNotUnderstood(program.Path, code, errors.LastWords) : null;
        return errors.IsDestinationFull
            ? RsyncErrors.DestinationFull(options.LocalDestination, FreeSpace.Of(outcome.Leg.Destination), needed: null, code)
            : Ended(outcome.Leg, code, errors);
    }

    private static BackupError Ended(RsyncLeg leg, int code, RsyncErrorOutput errors) =>
        (leg.Remote is { } remote ? RemoteFailures.Find(leg.Source, remote, code, errors.LastWords) : null)
        ?? RsyncErrors.Ended(code, errors.LastWords, leg.Source);

    private string NameInMirror(in RsyncItem item) =>
        leg!.Name is null ? item.Name : item.NameBytes.IsEmpty ? leg.Name : $"{leg.Name}/{item.Name}";

    private static BackupActionKind ActionKind(RsyncChange change) => change switch
    {
        RsyncChange.Created => BackupActionKind.Created,
        RsyncChange.Updated => BackupActionKind.Updated,
        RsyncChange.Metadata => BackupActionKind.Metadata,
        _ => BackupActionKind.Deleted,
    };
}
