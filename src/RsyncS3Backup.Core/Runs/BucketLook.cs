using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.History;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>
/// A look at stage 2's bucket while stage 1 runs: one request, on a job's first run and after a stage 2 that failed. What is known to fail hours
/// later (no such bucket, credentials that nobody knows, an endpoint that is not allowed) is told at once. Stage 1 runs all the same.
/// </summary>
internal sealed class BucketLook : IAsyncDisposable
{
    private const int RunsToLookAt = 5;
    private const int Connections = 1;

    // An answer that is on its way is taken; nobody waits for an endpoint that does not answer.
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop;
    private readonly Task looking;
    private readonly S3SyncRequest request;
    private readonly RunContext context;
    private readonly TimeSpan patience;

    private BucketLook(S3SyncRequest request, RunContext context, TimeSpan patience, CancellationToken cancellationToken)
    {
        this.request = request;
        this.context = context;
        this.patience = patience;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        looking = Task.Run(() => LookAsync(stop.Token), CancellationToken.None);
    }

    /// <summary>The requests that it takes when it is answered.</summary>
    public static S3RequestCounts One { get; } = new() { Get = 1 };

    /// <summary>The requests that it took; known when it is disposed.</summary>
    public S3RequestCounts Requests { get; private set; } = new();

    /// <summary>Begins to look, when there is a reason to.</summary>
    /// <param name="request">Stage 2.</param>
    /// <param name="context">The run, which hears of it.</param>
    /// <param name="patience">How long the answer may still take when stage 1 has ended.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>To be disposed when stage 1 has ended; null when there is no reason.</returns>
    public static BucketLook? Start(S3SyncRequest request, RunContext context, TimeSpan patience, CancellationToken cancellationToken) =>
        IsDue(context.JobName) ? new BucketLook(request, context, patience, cancellationToken) : null;

    /// <summary>Stage 1 has ended, and stage 2 finds out by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAny(looking, Task.Delay(patience, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    /// <summary>True for a job whose last stage 2 failed, and for one that had none.</summary>
    internal static bool IsDue(string jobName)
    {
        try
        {
            IReadOnlyList<BackupRun> runs = JobHistory.Find(jobName)?.ReadNewest(RunsToLookAt, tests: 0).Backups ?? [];
            BackupStatus? last = runs.Where(run => run.Status is not null).Select(run => run.Stage2?.Status)
                .FirstOrDefault(status => status is not (null or BackupStatus.Skipped));
            return last is null or BackupStatus.Failed;
        }
        catch (BackupException)
        {
            // A history that cannot be read is no reason to ask anybody.
            return false;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        S3Target target = S3Target.Unresolved(request);
        try
        {
            request.RequireValid();
            string keyPrefix = KeyPrefix.Resolve(
                request.Options.S3Prefix, context.JobName, request.Clock.GetLocalNow(), request.Timezone);
            using S3ObjectStore store = new(request, keyPrefix, Connections);
            target = store.Connect();
            try
            {
                await store.ReadAsync(MirrorMarker.FileName, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Requests = store.Requests;
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            BackupError error = S3Errors.From(exception, target);
            // Whether a right is missing only the request tells that needs it.
            if (error.EndsStage || error.ExitCode == BackupExitCode.BadConfiguration)
                context.Warning($"Stage 1 goes on, but stage 2 will fail unless this is corrected: {error.Message} {error.RecommendedAction}");
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Stage 2 asks itself now.
        }
    }
}
