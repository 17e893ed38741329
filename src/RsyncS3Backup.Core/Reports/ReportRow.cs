using RsyncS3Backup.Costs;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Reports;

/// <summary>How a job fares, from what is known of it. Pure.</summary>
internal static class ReportRow
{
    private const int Month = 30;

    /// <summary>The row of a job.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="name">The job's name.</param>
    /// <param name="job">What its machine says of it; null: only runs are known.</param>
    /// <param name="newestFirst">Its runs, tests and repairs.</param>
    /// <param name="now">The instant.</param>
    public static BackupReport Of(string host, string name, BackupJob? job, IReadOnlyList<BackupRun> newestFirst, DateTimeOffset now)
    {
        BackupRun[] backups = [.. newestFirst.Where(run => run.Kind == BackupRunKind.Backup && !ReportedJob.IsRefused(run))];
        BackupRun? last = backups.FirstOrDefault(run => run.Status is not null);
        BackupRun? good = backups.FirstOrDefault(run => run.StartTime <= now && HistoryFigures.DidAllOfJob(run));
        BackupTestResult? test = newestFirst.Select(run => run.Test).FirstOrDefault(found => found is { IsOfAll: true });
        RsyncStageResult? mirror = backups.Select(run => run.Stage1).FirstOrDefault(stage => HistoryFigures.IsGoodStatus(stage?.Status));
        S3SyncStageResult? bucket = backups.Select(run => run.Stage2).FirstOrDefault(stage => HistoryFigures.IsGoodStatus(stage?.Status));
        // A success of the future is one of a clock that was ahead, and says nothing.
        DateTimeOffset? success = Later(good?.StartTime, Later(Past(job?.LastSuccess), Past(backups.FirstOrDefault()?.LastSuccess)));
        (string Currency, decimal Cost)? cost = last is null ? null : CostOf(last);
        BackupReport row = new()
        {
            HostName = host,
            Name = name,
            Status = StatusOf(job, backups),
            LastRun = Later(last?.StartTime, job?.LastRun),
            LastSuccess = success,
            MaxAge = job?.MaxAge,
            IsOverdue = job?.IsOverdue ?? (last is { IsOverdue: true } && !HistoryFigures.DidAllOfJob(last)),
            Entries = mirror?.Total ?? job?.Entries ?? bucket?.Total,
            Bytes = mirror?.TotalBytes ?? job?.Bytes,
            BucketBytes = bucket?.TotalBytes,
            GrowthBytes = GrowthOf(backups),
            Changed = last?.Stage1 is { Status: not BackupStatus.Skipped } did
                ? did.Created + did.Updated + did.MetadataChanged + did.Deleted
                : null,
            UploadedBytes = last?.Stage2 is { Status: not BackupStatus.Skipped } sent ? sent.TransferredBytes : null,
            Duration = last?.Duration,
            Requests = last?.Stage2 is { Status: not BackupStatus.Skipped } asked ? asked.Requests.Total : null,
            Cost = cost?.Cost,
            Currency = cost?.Currency,
            LastTest = Later(test?.StartTime, job?.LastTest),
            LastTestStatus = test is null || job?.LastTest > test.StartTime ? job?.LastTestStatus : test.Status,
            Differences = test is null || job?.LastTest > test.StartTime ? null : test.Differences,
            IsTestOverdue = job?.IsTestOverdue ?? false,
            NextRun = job?.NextRun,
            BucketName = job?.BucketName ?? bucket?.BucketName ?? test?.BucketName,
            KeyPrefix = job?.KeyPrefix ?? bucket?.KeyPrefix ?? test?.KeyPrefix,
        };
        row = Aged(row, now);
        (string? reason, string? action) = Why(row, job, last, test);
        return row with
        {
            Reason = reason is null ? null : ReportText.Line(reason),
            RecommendedAction = action is null ? null : ReportText.Line(action),
        };

        DateTimeOffset? Past(DateTimeOffset? time) => time > now ? null : time;
    }

    /// <summary>A row as it is at another time than the one at which it was made.</summary>
    public static BackupReport Aged(BackupReport row, DateTimeOffset now) => row.LastSuccess is not { } success ? row : row with
    {
        Age = now > success ? now - success : TimeSpan.Zero,
        IsOverdue = row.MaxAge is { } most ? now - success > most : row.IsOverdue,
    };

    /// <summary>The estimated cost of a run or test; null where nothing was estimated.</summary>
    public static (string Currency, decimal Cost)? CostOf(BackupRun run) => run switch
    {
        { Stage2: { Status: not BackupStatus.Skipped } stage } =>
            (stage.Currency, stage.EstimatedRequestCost + stage.EstimatedEarlyDeletionCost + stage.EstimatedRetrievalCost),
        { Test: { } test } => (test.Currency, test.EstimatedRequestCost),
        _ => null,
    };

    /// <summary>The warnings of both stages.</summary>
    public static IEnumerable<string> WarningsOf(BackupRun? run) => (run?.Stage1?.Warnings ?? []).Concat(run?.Stage2?.Warnings ?? []);

    private static BackupJobStatus StatusOf(BackupJob? job, BackupRun[] backups)
    {
        bool isNewer = backups.Length > 0 && backups[0].StartTime > (job?.LastRun ?? DateTimeOffset.MinValue);
        if (job is not null && (job.Problems.Count > 0 || !isNewer))
            return job.Status;
        if (backups.Length == 0)
            return BackupJobStatus.Unknown;
        return backups[0].Status is { } ended ? BackupJob.StatusOf(ended) : BackupJobStatus.Running;
    }

    private static long? GrowthOf(BackupRun[] backups)
    {
        (DateTimeOffset, long)[] sizes =
        [
            .. backups.Where(run => HistoryFigures.IsGoodStatus(run.Stage1?.Status)).Select(run => (run.StartTime, run.Stage1!.TotalBytes)),
        ];
        return GrowthTrend.Of(sizes) is { } trend ? (long)(trend.BytesADay * Month) : null;
    }

    private static (string? Reason, string? Action) Why(BackupReport row, BackupJob? job, BackupRun? last, BackupTestResult? test)
    {
        if (job is { Problems: [{ } problem, ..], Status: BackupJobStatus.Invalid })
            return (problem, job.Error?.RecommendedAction);
        if (row.Status is BackupJobStatus.Failed or BackupJobStatus.Cancelled && last?.Error is { } error)
            return (error.ToString(), error.RecommendedAction);
        if (row.IsOverdue)
            return (Overdue(row), $"See 'Get-BackupHistory {Quoted(row.Name)} -Last 5' and 'Get-BackupSchedule {Quoted(row.Name)}' on the machine.");
        if (row.LastTestStatus == BackupStatus.Failed)
            return (FailedTest(test), test?.Error?.RecommendedAction);
        if (row.IsTestOverdue)
            return ("A test of its copies is overdue.", $"Run 'Test-Backup {Quoted(row.Name)}' on the machine, or see what starts its tests.");
        string[] warnings = [.. WarningsOf(last)];
        return row.Status switch
        {
            BackupJobStatus.Skipped => ((last?.Stage1?.SkippedReason ?? last?.Stage2?.SkippedReason), null),
            BackupJobStatus.Paused => ((last?.Stage1?.PausedReason ?? last?.Stage2?.PausedReason), null),
            BackupJobStatus.NeverRan => ("It never ran.", null),
            BackupJobStatus.Unknown => (test is null ? "Nothing is known of its runs." : "Only tests of it are known.", null),
            BackupJobStatus.SucceededWithWarnings when warnings.Length > 0 =>
                (warnings[0] + (warnings.Length > 1 ? $" (and {ReportText.Number(warnings.Length - 1)} more)" : ""), null),
            BackupJobStatus.SucceededWithWarnings => ("A hook or a notification failed; the run's log says which.", null),
            BackupJobStatus.Failed => ("Its last run failed.", null),
            BackupJobStatus.Cancelled => ("Its last run was stopped.", null),
            _ => (null, null),
        };
    }

    private static string Overdue(BackupReport row)
    {
        string allowed = row.MaxAge is { } most ? $"; {HumanText.Duration(most)} are allowed" : "";
        return row.Age is { } age ? $"No good run for {HumanText.Duration(age)}{allowed}." : $"No good run is on record{allowed}.";
    }

    private static string FailedTest(BackupTestResult? test) => test switch
    {
        null => "The last test of its copies failed.",
        { Differences: > 0 } => $"The last test found that the copies differ: {test.DifferenceCounts}.",
        { Error: { } error } => $"The last test failed: {error.Id}: {error.Message}",
        _ => "The last test of its copies failed.",
    };

    private static string Quoted(string name) => $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";

    private static DateTimeOffset? Later(DateTimeOffset? first, DateTimeOffset? second) =>
        first is null || second > first ? second : first;
}
