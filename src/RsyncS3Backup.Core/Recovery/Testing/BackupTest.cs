using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>Compares the copies of a backup.</summary>
internal static class BackupTest
{
    /// <summary>
    /// Runs a test, under the job's lock: a stage that runs meanwhile would look like a difference. Never throws for what can go wrong in one: a
    /// failure and a cancellation are results too. Nothing is changed.
    /// </summary>
    /// <param name="request">What is tested.</param>
    /// <param name="observer">Hears what the test tells, and which entries could not be looked at.</param>
    /// <param name="emit">Called for each difference, from any thread, as soon as it is found.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<BackupTestResult> RunAsync(
        BackupTestRequest request, IRunObserver observer, Action<BackupDifference> emit, CancellationToken cancellationToken)
    {
        string name = request.Configuration?.Name ?? request.S3!.Destination.Bucket;
        string target = request.S3?.Destination.Bucket ?? name;
        using RunContext context = RunContext.Start(name, observer);
        Operation operation = new(context);
        StageReport report = operation.Report;
        JobLock? held = null;
        TestRecord? record = null;
        TestRun? run = null;
        DrillResult? drill = null;
        try
        {
            OperationEnd end = await operation.RunAsync(
                async () =>
                {
                    if (request.Configuration is { } job)
                    {
                        held = await JobLocks.TakeAsync(name, request.WaitForLock, context, cancellationToken).ConfigureAwait(false);
                        record = TestRecord.Begin(job, request, context, operation.StartTime, ownsJob: held is not null);
                    }

                    using TestRun prepared = run = await TestRun
                        .PrepareAsync(request, report, (difference, _) => Note(difference, emit, context), cancellationToken).ConfigureAwait(false);
                    context.Verbose($"Testing '{name}', level {request.Level}, against s3://{target}/{run.KeyPrefix}.");
                    await using (PeriodicProgress.Start(context, seconds => prepared.Progress(name, seconds)))
                        await run.RunAsync(cancellationToken).ConfigureAwait(false);
                    if (request.Level == BackupTestLevel.Restore)
                        drill = await new RestoreDrill(request, run, context, report).RunAsync(cancellationToken).ConfigureAwait(false);
                    return WhatFailed(run.Counters, report, target);
                },
                () => TestErrors.Cancelled(target),
                exception => TestErrors.Failed(exception, run?.Target ?? new S3Target(target, "", "", "")),
                cancellationToken).ConfigureAwait(false);
            BackupTestResult result = Result(request, context, operation, run, drill, end);
            // Also a test that the lock refused: who looks for the tests of a schedule finds why there were none.
            if (request.Configuration is { } refused)
                record ??= TestRecord.Begin(refused, request, context, operation.StartTime, ownsJob: false);
            record?.End(result);
            return result;
        }
        finally
        {
            record?.Dispose();
            held?.Dispose();
        }
    }

    private static BackupError? WhatFailed(TestCounters counters, StageReport report, string target) =>
        counters.Differences > 0 ? TestErrors.Differs(counters.Differences, counters.Total, target)
        : report.Failed > 0 ? TestErrors.Incomplete(report.Failed, counters.Total, target)
        : null;

    private static BackupTestResult Result(
        BackupTestRequest request, RunContext context, Operation operation, TestRun? run, DrillResult? drill, OperationEnd end)
    {
        StageReport report = operation.Report;
        TestCounters counters = run?.Counters ?? new TestCounters();
        S3RequestCounts requests = run?.Requests ?? new S3RequestCounts();
        if (drill is not null)
            requests = requests.And(drill.Requests);
        PriceList prices = PriceList.Of(request.S3?.Prices);
        Price cost = prices.Requests(requests, S3StorageClasses.Standard);
        return new BackupTestResult
        {
            Name = request.Configuration?.Name,
            RunId = context.RunId,
            Status = end.Status,
            StartTime = operation.StartTime,
            Duration = end.Duration,
            Level = request.Level,
            Paths = request.NamedPaths,
            Path = request.MirrorPath,
            BucketName = request.S3?.Destination.Bucket,
            KeyPrefix = run?.KeyPrefix,
            Total = counters.Total,
            TotalBytes = counters.TotalBytes,
            Checked = counters.Checked,
            CheckedBytes = counters.CheckedBytes,
            DownloadedBytes = counters.DownloadedBytes,
            Differences = counters.Differences,
            DifferenceCounts = counters.DifferenceCounts,
            Failed = report.Failed,
            Archived = counters.Archived,
            Restored = drill?.Restored ?? 0,
            RestoredBytes = drill?.RestoredBytes ?? 0,
            RestoreDuration = drill?.Duration,
            SamplePercent = request.IsOfShare ? request.SamplePercent : null,
            Seed = request.IsOfShare ? run?.Seed : null,
            Requests = requests,
            EstimatedRequestCost = cost.Amount,
            Currency = prices.Currency,
            PriceSource = prices.Describe(cost.Origins),
            Error = end.Error,
            FailedItems = report.FailedItems(),
            Warnings = report.Warnings(),
            LogPath = context.LogPath,
        };
    }

    private static void Note(BackupDifference difference, Action<BackupDifference> emit, RunContext context)
    {
        context.LogWarning($"{difference.Kind} '{difference.Path}': {difference.Reason} Mirror: {difference.Left}. S3: {difference.Right}.");
        emit(difference);
    }
}
