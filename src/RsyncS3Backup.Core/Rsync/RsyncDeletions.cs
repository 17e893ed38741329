using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Sources;

namespace RsyncS3Backup.Rsync;

/// <summary>Decides whether a mirror may lose what its sources no longer have, and deletes it.</summary>
/// <param name="passes">Starts rsync.</param>
/// <param name="guard">Knows how much the mirror held.</param>
/// <param name="sources">Knows how much of it was of which source.</param>
/// <param name="scope">The run's.</param>
internal sealed class RsyncDeletions(IDeletionPasses passes, MirrorGuard guard, SourceGuard sources, RsyncScope scope)
{
    private readonly RsyncStageRequest request = scope.Request;
    private readonly RunContext context = scope.Context;
    private readonly StageReport report = scope.Report;
    private readonly RsyncCounts counts = scope.Counts;
    private readonly RsyncProgressReporter progress = scope.Progress;

    private readonly string destination = scope.Request.Options.LocalDestination;

    /// <summary>What the passes that delete would be refused for, once a dry run has counted.</summary>
    /// <param name="outcomes">How the dry runs ended.</param>
    /// <returns>Null when they would delete.</returns>
    public BackupError? Foresee(List<RsyncPassOutcome> outcomes)
    {
        if (counts.Deleted == 0)
            return null;
        DeletionCount[] counted = [.. outcomes.Select(outcome => Count(outcome, outcome.Deleted, outcome.Deleted))];
        return Refusal(outcomes, counted, Judge(counted), passes.FirstDeleted);
    }

    /// <summary>The second pass: deletes what the first one withheld, if the job allows that much.</summary>
    /// <param name="outcomes">How the first pass of each source ended; replaced by how the second one did.</param>
    /// <param name="cancellationToken">Stops rsync.</param>
    /// <returns>Why nothing, or not everything, was deleted; null when all was.</returns>
    public async Task<BackupError?> DeleteAsync(List<RsyncPassOutcome> outcomes, CancellationToken cancellationToken)
    {
        if (outcomes.TrueForAll(outcome => outcome.Withheld == 0))
            return null;
        // rsync counts all it withheld but the topmost folders that still have content, each of which holds at least one that it counts.
        DeletionJudgement judgement = Judge([.. outcomes.Select(outcome => Count(outcome, outcome.Withheld, 2 * outcome.Withheld))]);
        if (judgement.IsRefused)
        {
            // Near a limit, so a dry run for the exact numbers and the names.
            List<string> names = [];
            List<DeletionCount> exact = [];
            foreach (RsyncPassOutcome outcome in outcomes)
            {
                long count = outcome.Withheld == 0 ? 0 : await passes.CountDeletionsAsync(outcome, names, cancellationToken).ConfigureAwait(false);
                exact.Add(Count(outcome, count, count));
            }

            judgement = Judge(exact);
            if (Refusal(outcomes, exact, judgement, names) is { } refusal)
            {
                guard.Refused(judgement.Existing, report);
                for (int index = 0; index < exact.Count; index++)
                {
                    if (exact[index].AtMost > 0)
                        sources.Refused(outcomes[index].Leg, exact[index].Existing, report);
                }

                return refusal;
            }
        }

        return await SecondPassAsync(outcomes, judgement, cancellationToken).ConfigureAwait(false);
    }

    private DeletionCount Count(RsyncPassOutcome outcome, long atLeast, long atMost) =>
        new(atLeast, atMost, outcome.KeptEntries, sources.KnownEntries(outcome.Leg));

    private DeletionJudgement Judge(IReadOnlyList<DeletionCount> deletions) =>
        DeletionJudgement.Of(request.Options.MaxDelete, deletions, guard.KnownEntries);

    private BackupError? Refusal(
        List<RsyncPassOutcome> outcomes, IReadOnlyList<DeletionCount> exact, DeletionJudgement judgement, List<string> names)
    {
        DeleteLimit limit = request.Options.MaxDelete;
        if (judgement.RefusedSource is { } index)
        {
            RsyncLeg leg = outcomes[index].Leg;
            IEnumerable<string> below = names.Where(name => leg.Name is null || name.StartsWith(leg.Name + "/", StringComparison.Ordinal));
            return RsyncErrors.DeleteLimitExceeded(
                leg.Destination, exact[index].AtMost, exact[index].Existing, judgement.AllowedOfSource[index], limit, [.. below]);
        }

        return judgement.IsRefused
            ? RsyncErrors.DeleteLimitExceeded(destination, judgement.Deletions, judgement.Existing, judgement.Allowed, limit, names)
            : null;
    }

    private async Task<BackupError?> SecondPassAsync(
        List<RsyncPassOutcome> outcomes, DeletionJudgement judgement, CancellationToken cancellationToken)
    {
        long left = judgement.Bound;
        for (int index = 0; index < outcomes.Count; index++)
        {
            RsyncPassOutcome first = outcomes[index];
            if (first.Withheld == 0)
                continue;
            context.Verbose($"Pass 2 deletes from {first.Leg.Destination} what {first.Leg.Source} no longer has.");
            progress.StartPass(first.Leg.Name is null ? "Deleting" : $"Deleting from {first.Leg.Name}");
            RsyncPass pass = RsyncPass.Delete(Math.Min(left, judgement.BoundOfSource[index]));
            RsyncPassOutcome second = await passes.RunAsync(first.Leg, pass, cancellationToken).ConfigureAwait(false);
            outcomes[index] = second;
            left = Math.Max(0, left - second.Deleted);
            if (second.Withheld > 0 && second.Code is RsyncExitCodes.Done or RsyncExitCodes.Vanished or RsyncExitCodes.DeleteLimit)
                return RsyncErrors.DeleteLimitReached(destination, counts.Deleted);
            if (second.Error is { } error)
                return error;
        }

        return null;
    }
}
