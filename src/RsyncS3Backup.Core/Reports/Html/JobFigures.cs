using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Reports.Html;

/// <summary>A job's figures, one a day; null on days without any.</summary>
internal sealed class JobFigures
{
    private JobFigures(int days)
    {
        Mirror = new double?[days];
        Bucket = new double?[days];
        Uploaded = new double?[days];
        Created = new double?[days];
        Changed = new double?[days];
        Deleted = new double?[days];
        Stage1Seconds = new double?[days];
        Stage2Seconds = new double?[days];
        Cost = new double?[days];
        Differences = new double?[days];
    }

    /// <summary>Bytes of the mirror at the end of the day.</summary>
    public double?[] Mirror { get; }

    /// <summary>Bytes that belong in the bucket at the end of the day.</summary>
    public double?[] Bucket { get; }

    /// <summary>Bytes sent to S3.</summary>
    public double?[] Uploaded { get; }

    /// <summary>Entries that are new.</summary>
    public double?[] Created { get; }

    /// <summary>Entries that changed.</summary>
    public double?[] Changed { get; }

    /// <summary>Entries that were deleted.</summary>
    public double?[] Deleted { get; }

    /// <summary>How long stage 1 of the longest run took.</summary>
    public double?[] Stage1Seconds { get; }

    /// <summary>How long stage 2 of the longest run took.</summary>
    public double?[] Stage2Seconds { get; }

    /// <summary>What runs and tests cost, in <see cref="Currency"/>.</summary>
    public double?[] Cost { get; }

    /// <summary>The currency; null where nothing was estimated, or in several.</summary>
    public string? Currency { get; private set; }

    /// <summary>Differences that tests found.</summary>
    public double?[] Differences { get; }

    /// <summary>How many days have a run or a test.</summary>
    public int DaysWithRuns { get; private set; }

    /// <summary>The figures of a job.</summary>
    public static JobFigures Of(ReportedJob job, TimeAxis axis)
    {
        JobFigures figures = new(axis.Days);
        HashSet<int> days = [];
        HashSet<string> currencies = new(StringComparer.Ordinal);
        // Oldest first: of sizes the last one of a day stays.
        foreach (BackupRun run in job.Runs.Reverse())
        {
            if (run.Status is null || ReportedJob.IsRefused(run) || axis.Place(run.StartTime) is not { } place)
                continue;
            days.Add(place);
            if (run.Stage1 is { Status: not BackupStatus.Skipped } stage1)
                figures.Add(place, stage1);
            if (run.Stage2 is { Status: not BackupStatus.Skipped } stage2)
                figures.Add(place, stage2);
            figures.AddTimes(place, run);
            if (ReportRow.CostOf(run) is { } cost)
            {
                currencies.Add(cost.Currency);
                Add(figures.Cost, place, (double)cost.Cost);
            }

            if (run.Test is { } test)
                Add(figures.Differences, place, test.Differences);
        }

        figures.DaysWithRuns = days.Count;
        figures.Currency = currencies.Count == 1 ? currencies.Single() : null;
        return figures;
    }

    /// <summary>The most that several are together on one day.</summary>
    public static double MostTogether(params double?[][] values) =>
        values.Length == 0 ? 0 : Enumerable.Range(0, values[0].Length).Max(place => values.Sum(one => one[place] ?? 0));

    private void Add(int place, RsyncStageResult stage)
    {
        if (HistoryFigures.IsGoodStatus(stage.Status))
            Mirror[place] = stage.TotalBytes;
        Add(Created, place, stage.Created);
        Add(Changed, place, stage.Updated + stage.MetadataChanged);
        Add(Deleted, place, stage.Deleted);
    }

    private void Add(int place, S3SyncStageResult stage)
    {
        if (HistoryFigures.IsGoodStatus(stage.Status))
            Bucket[place] = stage.TotalBytes;
        Add(Uploaded, place, stage.TransferredBytes);
    }

    private void AddTimes(int place, BackupRun run)
    {
        double stage1 = run.Stage1?.Duration.TotalSeconds ?? 0;
        double stage2 = run.Stage2?.Duration.TotalSeconds ?? 0;
        if (run.Kind != BackupRunKind.Backup || stage1 + stage2 <= (Stage1Seconds[place] ?? 0) + (Stage2Seconds[place] ?? 0))
            return;
        Stage1Seconds[place] = stage1;
        Stage2Seconds[place] = stage2;
    }

    private static void Add(double?[] values, int place, double value) => values[place] = (values[place] ?? 0) + value;
}
