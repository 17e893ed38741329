using RsyncS3Backup.Jobs;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.Pipeline;

/// <summary>A job that is to run beside others.</summary>
/// <param name="Configuration">The job.</param>
/// <param name="Options">How it runs.</param>
/// <param name="Activity">The title of its progress bar.</param>
internal sealed record ParallelJob(BackupConfiguration Configuration, BackupRunOptions Options, string Activity);

/// <summary>Runs several jobs at once.</summary>
internal static class ParallelJobs
{
    /// <summary>Runs jobs, those that must not run beside one another one after the other.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="atOnce">How many run at once.</param>
    /// <param name="runs">What they share.</param>
    /// <param name="ended">Told of each result at once, on any thread; gives what the pipeline thread writes of it.</param>
    /// <param name="cancellationToken">Stops those that run, which is waited for, and starts no other.</param>
    internal static Task RunAsync(
        IReadOnlyList<ParallelJob> jobs, int atOnce, SeveralRuns runs, Func<BackupResult, Action> ended, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            JobLanes.Of(jobs, job => job.Configuration),
            // Without the token: a run that was cancelled is a result, and this would throw in its place.
            new ParallelOptions { MaxDegreeOfParallelism = atOnce },
            async (lane, _) =>
            {
                foreach (ParallelJob job in lane.TakeWhile(_ => !cancellationToken.IsCancellationRequested))
                {
                    CmdletObserver observer = runs.Observe(job.Activity, job.Configuration.Name);
                    BackupRunOptions options = job.Options with { Secrets = observer };
                    BackupResult result = await BackupRunner.RunAsync(job.Configuration, options, observer, cancellationToken).ConfigureAwait(false);
                    runs.Ended(observer, ended(result));
                }
            });
}
