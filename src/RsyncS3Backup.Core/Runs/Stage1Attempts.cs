using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;

namespace RsyncS3Backup.Runs;

/// <summary>
/// Stage 1, and again while the machine of a source is not reached and nothing was copied yet: the job's <c>retry</c>. A laptop that wakes up has
/// no network in its first seconds.
/// </summary>
internal static class Stage1Attempts
{
    /// <summary>Runs stage 1 until it gets somewhere, or has been tried often enough. Never throws for what can go wrong.</summary>
    public static async Task<RsyncStageResult> RunAsync(
        RsyncStageRequest request, BackupRunOptions options, RunContext context, CancellationToken cancellationToken)
    {
        RetryOptions? asked = request.Configuration?.Retry;
        RetryOptions retry = asked ?? new RetryOptions();
        // Somebody who sits there should not wait to be told that a name is mistyped.
        int attempts = asked is null && options.IsAttended ? 1 : retry.Attempts;
        long started = Stopwatch.GetTimestamp();
        DateTimeOffset? first = null;
        for (int attempt = 1; ; attempt++)
        {
            RsyncStageResult result = await RsyncStage.RunAsync(request, context, cancellationToken).ConfigureAwait(false);
            if (attempt < attempts && IsNotReached(result) && RetryWait.EndsBefore(options.StopTime, attempt, retry, options.Clock))
            {
                first ??= result.StartTime;
                if (await RetryWait.WaitAsync(1, result.Error!, attempt, retry, options.Clock, context, cancellationToken).ConfigureAwait(false))
                    continue;
                result = result with { Status = BackupStatus.Cancelled, Error = RsyncErrors.Cancelled(request.Options.LocalDestination) };
            }

            return result with { StartTime = first ?? result.StartTime, Duration = Stopwatch.GetElapsedTime(started) };
        }
    }

    // The recorder of changes starts right before the first rsync that may copy.
    private static bool IsNotReached(RsyncStageResult result) =>
        result is { Status: BackupStatus.Failed, Error.Id: ErrorIds.RemoteUnreachable, JournalPath: null, TransferredBytes: 0 };
}
