using RsyncS3Backup.Calendar;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.State;

/// <summary>How old the last success of a job is, as its history has it.</summary>
internal static class JobAge
{
    /// <summary>Looks it up.</summary>
    /// <param name="job">The job.</param>
    /// <param name="now">The instant.</param>
    /// <param name="schedule">The schedule that counts, where that is not the job's own.</param>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the module.</exception>
    public static SuccessAge Of(BackupConfiguration job, DateTimeOffset now, BackupScheduleOptions? schedule = null)
    {
        (DateTimeOffset? lastSuccess, DateTimeOffset? firstRun) = JobHistory.Find(job.Name)?.ReadSuccess(now) ?? (null, null);
        return new SuccessAge(SuccessAge.MaxAgeOf(job, schedule), lastSuccess, firstRun ?? Written(job), now);
    }

    /// <summary>When somebody last wrote a job, in any of its files: since then it is expected to run, and to be tested. Null where its file is not known.</summary>
    public static DateTimeOffset? Written(BackupConfiguration job) =>
        job.Path is { } path && File.Exists(path) ? job.Files.Max(file => new DateTimeOffset(File.GetLastWriteTimeUtc(file))) : null;
}
