using RsyncS3Backup.Calendar;
using RsyncS3Backup.State.History;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Runs;

/// <summary>What the history of a job says of an upload that one run does not do.</summary>
internal static class UploadHistory
{
    // A job of every hour for more than a week.
    private const int RunsToLookAt = 200;

    /// <summary>A stage 2 that has ended, with how many runs its upload takes.</summary>
    /// <param name="ended">The stage.</param>
    /// <param name="request">What it was asked.</param>
    public static S3SyncStageResult Complete(S3SyncStageResult ended, S3SyncRequest request)
    {
        if (request.Options.MaxUpload is null && request.StopAt is null)
            return ended;
        try
        {
            IReadOnlyList<BackupRun> runs = JobHistory.Find(ended.Name)?.Read(since: null, RunsToLookAt) ?? [];
            UploadForecast forecast = UploadForecast.Of(
                ended, runs.Where(run => run.RunId != ended.RunId), ScheduleZone.Find(request.Timezone), ended.IsDayUsedUp, request.Clock.GetUtcNow());
            return ended with { UploadRuns = forecast.Runs, ForecastEnd = forecast.End };
        }
        catch (BackupException)
        {
            // A history that cannot be read says so itself.
            return ended;
        }
    }
}
