using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Sources;

namespace RsyncS3Backup.Rsync;

/// <summary>Decides whether a mirror may lose what its sources no longer have, and deletes it.</summary>
/// <param name="passes">Starts rsync.</param>
/// <param name="guard">Knows how much the mirror held.</param>
/// <param name="sources">Knows how much of it was of which source.</param>
/// <param name="scope">The run's.</param>
internal sealed class RsyncDeletions(RsyncPasses passes, MirrorGuard guard, SourceGuard sources, RsyncScope scope)
{
    private readonly RsyncStageRequest request = scope.Request;
    private readonly RunContext context = scope.Context;
    private readonly StageReport report = scope.Report;
    private readonly RsyncCounts counts = scope.Counts;
    private readonly RsyncProgressReporter progress = scope.Progress;

    // A few files may go away between the two passes without stopping the second one, as far as the job's limit allows them too.
    private const long SlackBetweenPasses = 100;

    private readonly string destination = scope.Request.Options.LocalDestination;

    /// <summary>What the passes that delete would be refused for, once a dry run has counted.</summary>
    /// <param name="outcomes">How the dry runs ended.</param>
    /// <returns>Null when they would delete.</returns>
    public BackupError? Foresee(List<RsyncPassOutcome> outcomes) =>
        counts.Deleted == 0 ? null : Judge(outcomes, [.. outcomes.Select(outcome => outcome.Deleted)], passes.FirstDeleted).Error;

    /// <summary>The second pass: deletes what the first one withheld, if the job allows that much.</summary>
    /// <param name="outcomes">How the first pass of each source ended; replaced by how the second one did.</param>
    /// <param name="cancellationToken">Stops rsync.</param>
    /// <returns>Why nothing, or not everything, was deleted; null when all was.</returns>
    public async Task<BackupError?> DeleteAsync(List<RsyncPassOutcome> outcomes, CancellationToken cancellationToken)
    {
        // rsync counts all it withheld but the topmost folders that still have content, each of which holds at least one that it counts.
        long[] most = [.. outcomes.Select(outcome => 2 * outcome.Withheld)];
        if (most.Sum() == 0)
            return null;
        Judgement judgement = Judge(outcomes, most, []);
        if (judgement.Error is not null)
        {
            // Near a limit, so a dry run for the exact numbers and the names.
            List<string> names = [];
            long[] exact = new long[outcomes.Count];
            for (int index = 0; index < exact.Length; index++)
            {
                if (outcomes[index].Withheld > 0)
                    exact[index] = await passes.CountDeletionsAsync(outcomes[index], names, cancellationToken).ConfigureAwait(false);
            }

            judgement = Judge(outcomes, exact, names);
            if (judgement.Error is { } refused)
            {
                guard.Refused(judgement.Existing, report);
                for (int index = 0; index < exact.Length; index++)
                {
                    if (exact[index] > 0)
                        sources.Refused(outcomes[index].Leg, ExistingOf(outcomes[index], exact[index]), report);
                }

                return refused;
            }
        }

        return await SecondPassAsync(outcomes, Math.Min(judgement.Allowed, judgement.Deletions + SlackBetweenPasses), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Holds what would be deleted against the job's limit, of each source and of all: what one drive lost must not look small beside what the
    /// others hold.
    /// </summary>
    private Judgement Judge(List<RsyncPassOutcome> outcomes, long[] deletions, IReadOnlyList<string> names)
    {
        DeleteLimit limit = request.Options.MaxDelete;
        BackupError? error = null;
        for (int index = 0; index < outcomes.Count && error is null; index++)
        {
            long existingHere = ExistingOf(outcomes[index], deletions[index]);
            long allowedHere = limit.AllowedOfSource(existingHere);
            if (deletions[index] > allowedHere)
            {
                string folder = outcomes[index].Leg.Destination;
                string[] below = [.. names.Where(name => outcomes[index].Leg.Name is not { } part || name.StartsWith(part + "/", StringComparison.Ordinal))];
                error = RsyncErrors.DeleteLimitExceeded(folder, deletions[index], existingHere, allowedHere, limit, below);
            }
        }

        // What the mirror held before this run: what the sources hold, less what is new, and what is to be deleted.
        long sum = deletions.Sum();
        long existing = Math.Min(outcomes.Sum(outcome => outcome.KeptEntries) + sum, guard.KnownEntries ?? long.MaxValue);
        long allowed = limit.Allowed(existing);
        if (error is null && sum > allowed)
            error = RsyncErrors.DeleteLimitExceeded(destination, sum, existing, allowed, limit, names);
        return new Judgement(error, sum, existing, allowed);
    }

    /// <summary>What a source's folder holds, less what runs that were refused or failed have copied since its last good one.</summary>
    private long ExistingOf(RsyncPassOutcome outcome, long deletions) =>
        Math.Min(outcome.KeptEntries + deletions, sources.KnownEntries(outcome.Leg) ?? long.MaxValue);

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

    private readonly record struct Judgement(BackupError? Error, long Deletions, long Existing, long Allowed);
}
