using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Rsync;

/// <summary>Stage 1: mirrors the sources with the real rsync.</summary>
internal static class RsyncStage
{
    /// <summary>
    /// Runs stage 1. Never throws for what can go wrong in a backup: a failure, a refusal and a cancellation are results too. When it
    /// returns, no rsync of this run is alive.
    /// </summary>
    public static Task<RsyncStageResult> RunAsync(RsyncStageRequest request, RunContext context, CancellationToken cancellationToken) =>
        RunAsync(request, context, RsyncProcess.DefaultGrace, cancellationToken);

    /// <summary>
    /// What <see cref="RunAsync(RsyncStageRequest, RunContext, CancellationToken)"/> would do, found by a dry run of rsync with the same guards
    /// and options. Nothing is changed, neither in the mirror nor in the state folder.
    /// </summary>
    internal static Task<RsyncStageResult> PlanAsync(
        RsyncStageRequest request, RunContext context, IRsyncChanges changes, CancellationToken cancellationToken) =>
        new RsyncStageRun(request, context, RsyncProcess.DefaultGrace, changes).RunAsync(cancellationToken);

    /// <summary>As above, with another time that rsync may take to stop.</summary>
    internal static Task<RsyncStageResult> RunAsync(
        RsyncStageRequest request, RunContext context, TimeSpan grace, CancellationToken cancellationToken) =>
        new RsyncStageRun(request, context, grace).RunAsync(cancellationToken);
}
