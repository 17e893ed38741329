using System.Globalization;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>The time between two attempts of a stage, which a person sees pass.</summary>
internal static class RetryWait
{
    /// <summary>True when a run's time is not up before the wait is over: an attempt that cannot begin would hide what ended the last one.</summary>
    /// <param name="stop">When the run ends at the latest; null: when it is done.</param>
    /// <param name="attempts">How many attempts there were.</param>
    /// <param name="retry">How long and how often.</param>
    /// <param name="clock">Tells the time.</param>
    public static bool EndsBefore(DateTimeOffset? stop, int attempts, RetryOptions retry, TimeProvider clock) =>
        stop is not { } end || clock.GetUtcNow() + RetryPolicy.Wait(retry, attempts, random: 1) < end;

    /// <summary>Waits before the next attempt.</summary>
    /// <param name="stage">1 or 2.</param>
    /// <param name="error">What ended the last one.</param>
    /// <param name="attempts">How many there were.</param>
    /// <param name="retry">How long and how often.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="context">The run.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when the caller cancelled.</returns>
    public static async Task<bool> WaitAsync(
        int stage, BackupError error, int attempts, RetryOptions retry, TimeProvider clock, RunContext context, CancellationToken cancellationToken)
    {
        TimeSpan wait = RetryPolicy.Wait(retry, attempts, Random.Shared.NextDouble());
        string which = $"attempt {attempts + 1} of {retry.Attempts}";
        context.Verbose($"Stage {stage} failed for a reason that may pass ({error.Id}); {which} begins in {HumanText.Duration(wait)}.");
        context.Progress(new StageProgress
        {
            Stage = stage,
            Name = context.JobName,
            Activity = string.Create(CultureInfo.InvariantCulture, $"Waiting until {clock.GetLocalNow() + wait:HH:mm:ss} for {which} ({error.Id})"),
        });
        try
        {
            await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
