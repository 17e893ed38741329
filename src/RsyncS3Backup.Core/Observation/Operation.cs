using System.Diagnostics;

namespace RsyncS3Backup.Observation;

/// <summary>
/// What is around everything that ends in a result, be it a stage, a restore or a test: its clock, its report, and what its end means.
/// What it does, and what its cancellation and its failure are called, it says itself.
/// </summary>
internal sealed class Operation
{
    private readonly RunContext context;
    private readonly long started = Stopwatch.GetTimestamp();

    /// <param name="context">The run.</param>
    /// <param name="stage">As for <see cref="StageReport"/>.</param>
    /// <param name="startTime">When it began; null: now.</param>
    public Operation(RunContext context, int stage = 0, DateTimeOffset? startTime = null)
    {
        this.context = context;
        StartTime = startTime ?? DateTimeOffset.Now;
        Report = new StageReport(context, stage);
    }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>Hears of single entries.</summary>
    public StageReport Report { get; }

    /// <summary>Does it. Never throws: a failure and a cancellation are ends too.</summary>
    /// <param name="work">Does it, and returns why it failed; null when it did not.</param>
    /// <param name="cancelled">
    /// Names a cancellation; null for one that is no error. What goes wrong once it is asked for is one, whatever it looks like.
    /// </param>
    /// <param name="failed">Names what was thrown.</param>
    /// <param name="cancellationToken">The one that <paramref name="work"/> listens to.</param>
    public async Task<OperationEnd> RunAsync(
        Func<Task<BackupError?>> work, Func<BackupError?> cancelled, Func<Exception, BackupError> failed,
        CancellationToken cancellationToken)
    {
        BackupError? error;
        bool isCancelled = false;
        try
        {
            // Opening connections, reading profiles and hashing must not hold up the caller's thread.
            error = await Task.Run(work, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            isCancelled = true;
            error = cancelled();
        }
        catch (Exception exception)
        {
            error = failed(exception);
        }

        if (error is not null)
            context.LogError(error);
        BackupStatus status = isCancelled ? BackupStatus.Cancelled
            : error is not null ? BackupStatus.Failed
            : Report.HasWarnings ? BackupStatus.SucceededWithWarnings
            : BackupStatus.Succeeded;
        return new OperationEnd(status, error, Stopwatch.GetElapsedTime(started));
    }
}

/// <summary>How something ended.</summary>
/// <param name="Status">How.</param>
/// <param name="Error">Why it did not succeed; null when it did.</param>
/// <param name="Duration">How long it took.</param>
internal readonly record struct OperationEnd(BackupStatus Status, BackupError? Error, TimeSpan Duration);
