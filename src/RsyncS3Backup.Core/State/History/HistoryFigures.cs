using System.Globalization;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>What metrics tell of a job, as its history has it; without arguments: of a job that never ran.</summary>
internal sealed record HistoryFigures
{
    private const string IsGood = $"IN ('{nameof(BackupStatus.Succeeded)}', '{nameof(BackupStatus.SucceededWithWarnings)}')";

    // Stage 1 that ran alone has sent nothing; stage 2 alone has sent a mirror of whatever age. A job without stage 2 skips it.
    private const string DidAll = $"status {IsGood} AND stage1->>'$.status' {IsGood} AND stage2 IS NOT NULL";

    // Some that are on, or were refused, may be newer than the last one that says something.
    private const int RunsToLookAt = 20;

    /// <summary>The newest run that has ended, without those that were refused because another one was on.</summary>
    public BackupRun? LastRun { get; init; }

    /// <summary>When the newest run started that did all of the job.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Bytes of the mirror, as the newest good stage 1 found them.</summary>
    public long? MirrorBytes { get; init; }

    /// <summary>Bytes that belong in the bucket, as the newest good stage 2 found them.</summary>
    public long? BucketBytes { get; init; }

    /// <summary>The newest test that says something of all copies.</summary>
    public BackupTestResult? LastTest { get; init; }

    /// <summary>The sums over all runs; null where they are not known.</summary>
    public HistoryTotals? Totals { get; init; } = new();

    /// <summary>True for a run that did all of the job, and well.</summary>
    public static bool DidAllOfJob(BackupRun run) => DidAllOfJob(run.Status, run.Stage1, run.Stage2);

    /// <summary>True for a run that did all of the job, and well.</summary>
    public static bool DidAllOfJob(BackupStatus? status, RsyncStageResult? stage1, S3SyncStageResult? stage2) =>
        IsGoodStatus(status) && IsGoodStatus(stage1?.Status) && stage2 is not null;

    /// <summary>True for a run or stage that did what it had to.</summary>
    public static bool IsGoodStatus(BackupStatus? status) => status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings;

    /// <summary>Reads them.</summary>
    /// <exception cref="SqliteException">A run makes no sense, or cannot be read.</exception>
    public static HistoryFigures Of(SqliteDatabase database) => new()
    {
        LastRun = HistoryRows.Read(database, since: null, RunsToLookAt, withRefused: false, BackupRunKind.Backup)
            .FirstOrDefault(run => run.Status is not null),
        // Not one that a clock which was ahead has put into the future: a job would not be overdue until then.
        LastSuccess = SuccessBefore(database, DateTimeOffset.Now),
        MirrorBytes = Newest(database, "coalesce(stage1->>'$.totalBytes', 0)", $"stage1->>'$.status' {IsGood}"),
        BucketBytes = Newest(database, "coalesce(stage2->>'$.totalBytes', 0)", $"stage2->>'$.status' {IsGood}"),
        LastTest = HistoryRows.Read(database, since: null, RunsToLookAt, BackupRunKind.Test)
            .Select(run => run.Test).FirstOrDefault(test => test is { IsOfAll: true }),
        Totals = HistoryTotals.Of(database),
    };

    /// <summary>When the newest run started before a time that did all of the job; null when there was none.</summary>
    public static DateTimeOffset? SuccessBefore(SqliteDatabase database, DateTimeOffset time) =>
        Newest(database, "started", string.Create(CultureInfo.InvariantCulture, $"started < {time.UtcTicks} AND {DidAll}")) is { } ticks
            ? HistoryRows.Time(ticks)
            : null;

    private static long? Newest(SqliteDatabase database, string what, string which)
    {
        using SqliteStatement statement = database.Prepare(
            $"SELECT {what} FROM run WHERE kind='{nameof(BackupRunKind.Backup)}' AND {which} ORDER BY started DESC, run_id DESC LIMIT 1");
        return statement.Step() ? statement.Int64(0) : null;
    }
}
