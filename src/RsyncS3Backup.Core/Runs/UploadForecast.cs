using RsyncS3Backup.Calendar;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Runs;

/// <summary>How many runs an upload takes that one run does not do, and when it is done. Pure.</summary>
/// <param name="Runs">How many there were so far, this one included; 0 for one that did all by itself.</param>
/// <param name="End">When it is done at the rate of the last days; null when that cannot be told.</param>
internal readonly record struct UploadForecast(long Runs, DateTimeOffset? End)
{
    private const int DaysToLookAt = 7;

    // What takes longer has no rate, but a hiccup.
    private const int MostDays = 3650;

    /// <summary>Of a stage 2 that has ended.</summary>
    /// <param name="ended">The stage.</param>
    /// <param name="newestFirst">The job's backups before it.</param>
    /// <param name="zone">Whose days count.</param>
    /// <param name="isDayUsedUp">True when it moved all that a day may: then one day tells of the next ones.</param>
    /// <param name="now">The instant.</param>
    public static UploadForecast Of(
        S3SyncStageResult ended, IEnumerable<BackupRun> newestFirst, ScheduleZone zone, bool isDayUsedUp, DateTimeOffset now)
    {
        S3SyncStageResult[] before =
        [
            .. newestFirst.Select(run => run.Stage2).OfType<S3SyncStageResult>().Where(stage => stage.Status != BackupStatus.Skipped)
                .TakeWhile(stage => !HistoryFigures.IsGoodStatus(stage.Status)),
        ];
        bool isPaused = ended.Status == BackupStatus.Paused;
        // A run that failed is tried again; only one that was paused is part of an upload of several runs.
        if (!isPaused && !(HistoryFigures.IsGoodStatus(ended.Status) && Array.Exists(before, stage => stage.Status == BackupStatus.Paused)))
            return default;
        DateTimeOffset? end = isPaused ? Foretell(ended, before, zone, isDayUsedUp, now) : null;
        // What is known of runs before those that were looked at is what the last one knew.
        long runs = before is [{ Status: BackupStatus.Paused, UploadRuns: > 0 } last, ..] ? last.UploadRuns : before.Length;
        return new UploadForecast(runs + 1, end);
    }

    private static DateTimeOffset? Foretell(
        S3SyncStageResult paused, S3SyncStageResult[] before, ScheduleZone zone, bool isDayUsedUp, DateTimeOffset now)
    {
        // A night is of the day on which it began.
        DateTime today = DayOf(paused.StartTime);
        (DateTime Day, long Bytes)[] moved =
        [
            .. before.Append(paused).Select(stage => (Day: DayOf(stage.StartTime), stage.TransferredBytes))
                .Where(item => item.Day <= today && (today - item.Day).TotalDays < DaysToLookAt),
        ];
        double days = (today - moved.Select(item => item.Day).DefaultIfEmpty(today).Min()).TotalDays + 1;
        double rate = moved.Sum(item => item.Bytes) / days;
        if (rate <= 0 || (days < 2 && !isDayUsedUp))
            return null;
        double left = Math.Max(1, Math.Ceiling(paused.RemainingBytes / rate));
        return left <= MostDays ? zone.At(now.UtcDateTime.AddDays(left)) : null;

        DateTime DayOf(DateTimeOffset time) => zone.At(time.UtcDateTime).Date;
    }
}
