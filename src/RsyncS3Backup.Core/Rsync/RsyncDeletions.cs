using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Rsync;

/// <summary>Decides whether a mirror may lose what its sources no longer have, and deletes it.</summary>
/// <param name="request">The stage's request: its limit.</param>
/// <param name="passes">Starts rsync.</param>
/// <param name="guard">Knows how much the mirror held.</param>
/// <param name="context">The run.</param>
/// <param name="report">Hears warnings.</param>
/// <param name="counts">What was done so far.</param>
/// <param name="progress">Hears which pass is on.</param>
internal sealed class RsyncDeletions(
    RsyncStageRequest request, RsyncPasses passes, MirrorGuard guard, RunContext context, StageReport report, RsyncCounts counts,
    RsyncProgressReporter progress)
{
    // A few files may go away between the two passes without stopping the second one, as far as the job's limit allows them too.
    private const long SlackBetweenPasses = 100;

    private readonly string destination = request.Options.LocalDestination;

    /// <summary>What the passes that delete would be refused for, once a dry run has counted.</summary>
    /// <param name="outcomes">How the dry runs ended.</param>
    /// <returns>Null when they would delete.</returns>
    public BackupError? Foresee(List<RsyncPassOutcome> outcomes)
    {
        if (counts.Deleted == 0)
            return null;
        if (Refuse(outcomes.Find(outcome => outcome.Deleted > 0 && outcome.IsEmptySource)) is { } refused)
            return refused;
        long existing = Existing(EntriesBefore(outcomes) + counts.Deleted);
        long allowed = request.Options.MaxDelete.Allowed(existing);
        return counts.Deleted > allowed
            ? RsyncErrors.DeleteLimitExceeded(destination, counts.Deleted, existing, allowed, request.Options.MaxDelete, passes.FirstDeleted)
            : null;
    }

    /// <summary>The second pass: deletes what the first one withheld, if the job allows that much.</summary>
    /// <param name="outcomes">How the first pass of each source ended; replaced by how the second one did.</param>
    /// <param name="cancellationToken">Stops rsync.</param>
    /// <returns>Why nothing, or not everything, was deleted; null when all was.</returns>
    public async Task<BackupError?> DeleteAsync(List<RsyncPassOutcome> outcomes, CancellationToken cancellationToken)
    {
        // rsync counts all it withheld but the topmost folders that still have content, each of which holds at least one that it counts.
        long atLeast = outcomes.Sum(outcome => outcome.Withheld);
        if (atLeast == 0)
            return null;
        if (Refuse(outcomes.Find(outcome => outcome.Withheld > 0 && outcome.IsEmptySource)) is { } refused)
            return refused;

        // What the mirror held before this run: what the source holds, less what is new, and what is to be deleted.
        long kept = EntriesBefore(outcomes);
        long allowed = request.Options.MaxDelete.Allowed(Existing(kept + atLeast));
        long expected = 2 * atLeast;
        if (expected > allowed)
        {
            // Near the limit, so a dry run for the exact number and the names.
            List<string> names = [];
            expected = 0;
            foreach (RsyncPassOutcome outcome in outcomes.Where(outcome => outcome.Withheld > 0))
                expected += await passes.CountDeletionsAsync(outcome, names, cancellationToken).ConfigureAwait(false);
            long existing = Existing(kept + expected);
            allowed = request.Options.MaxDelete.Allowed(existing);
            if (expected > allowed)
            {
                guard.Refused(existing, report);
                return RsyncErrors.DeleteLimitExceeded(destination, expected, existing, allowed, request.Options.MaxDelete, names);
            }
        }

        return await SecondPassAsync(outcomes, Math.Min(allowed, expected + SlackBetweenPasses), cancellationToken).ConfigureAwait(false);
    }

    private async Task<BackupError?> SecondPassAsync(List<RsyncPassOutcome> outcomes, long left, CancellationToken cancellationToken)
    {
        for (int index = 0; index < outcomes.Count; index++)
        {
            RsyncPassOutcome first = outcomes[index];
            if (first.Withheld == 0)
                continue;
            context.Verbose($"Pass 2 deletes from {first.Leg.Destination} what {first.Leg.Source} no longer has.");
            progress.StartPass(first.Leg.Name is null ? "Deleting" : $"Deleting from {first.Leg.Name}");
            RsyncPassOutcome second = await passes.RunAsync(first.Leg, RsyncPass.Delete(left), cancellationToken).ConfigureAwait(false);
            outcomes[index] = second;
            left = Math.Max(0, left - second.Deleted);
            if (second.Withheld > 0 && second.Code is RsyncExitCodes.Done or RsyncExitCodes.Vanished or RsyncExitCodes.DeleteLimit)
                return RsyncErrors.DeleteLimitReached(destination, counts.Deleted);
            if (second.Error is { } error)
                return error;
        }

        return null;
    }

    private BackupError? Refuse(RsyncPassOutcome? emptied) =>
        emptied is null || request.AllowEmptySource ? null : RsyncErrors.SourceEmpty(emptied.Leg.Source, emptied.Leg.Destination);

    /// <summary>What the mirror holds, less what runs that were refused or failed have copied since its last good one.</summary>
    private long Existing(long counted) => Math.Min(counted, guard.KnownEntries ?? long.MaxValue);

    private static long EntriesBefore(IEnumerable<RsyncPassOutcome> outcomes) => outcomes.Sum(outcome => outcome.KeptEntries);
}
