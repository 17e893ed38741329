using System.Diagnostics;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Recovery;

/// <summary>The job's lock for what is no run of its stages.</summary>
internal static class JobLocks
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    /// <summary>Takes the lock, or waits for it; null where no lock can be taken, of which there is a warning.</summary>
    /// <exception cref="BackupException">A run of the job is on.</exception>
    public static async Task<JobLock?> TakeAsync(string jobName, TimeSpan? wait, RunContext context, CancellationToken cancellationToken)
    {
        long asked = Stopwatch.GetTimestamp();
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                if (JobLock.TryTake(jobName, context.RunId, DateTimeOffset.Now) is { } held)
                    return held;
                if (Stopwatch.GetElapsedTime(asked) >= (wait ?? TimeSpan.Zero))
                    throw new BackupException(RunErrors.JobAlreadyRunning(jobName, JobLock.Holder(jobName)));
                if (isFirst)
                    context.Verbose($"Waiting for a run of job '{jobName}' to end: {JobLock.Holder(jobName)}.");
                await Task.Delay(BetweenTries, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            context.Warning($"No lock can be taken in '{StateFolder.Root()}', so nothing stops a run of the job meanwhile: {exception.Message}");
            return null;
        }
    }
}
