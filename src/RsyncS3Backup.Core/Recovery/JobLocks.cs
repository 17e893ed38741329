using RsyncS3Backup.Observation;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Recovery;

/// <summary>The job's lock for what is no run of its stages.</summary>
internal static class JobLocks
{
    /// <summary>Takes the lock, or waits for it; null where no lock can be taken, of which there is a warning.</summary>
    /// <exception cref="BackupException">A run of the job is on.</exception>
    public static async Task<JobLock?> TakeAsync(string jobName, TimeSpan? wait, RunContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await JobLock.TakeAsync(jobName, context.RunId, wait, Waiting, cancellationToken).ConfigureAwait(false)
                ?? throw new BackupException(RunErrors.JobAlreadyRunning(jobName, JobLock.Holder(jobName)));
        }
        catch (StateFolderUnsafeException exception)
        {
            throw new BackupException(RunErrors.StateFolderUnsafe(exception), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            context.Warning(
                $"No lock can be taken in '{StateFolder.Root()}', so a run of the job could start meanwhile. Start none until this has ended, and "
                + $"check the permissions and the free space of the state folder: {exception.Message}");
            return null;
        }

        void Waiting(JobLockHolder? holder) => context.Verbose($"Waiting for a run of job '{jobName}' to end: {holder}.");
    }

    /// <summary>Takes the mirror's lock, or waits for it; null where the mirror has none.</summary>
    /// <exception cref="BackupException">Another run works on the mirror.</exception>
    public static Task<MirrorLock?> TakeMirrorAsync(string mirror, TimeSpan? wait, RunContext context, CancellationToken cancellationToken) =>
        MirrorLock.TakeAsync(mirror, wait, () => context.Verbose($"Waiting for another run on the mirror '{mirror}' to end."), cancellationToken);
}
