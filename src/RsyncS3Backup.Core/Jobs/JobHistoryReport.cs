using RsyncS3Backup.Calendar;
using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Jobs;

/// <summary>The runs of one job's history with what the job's file says of them.</summary>
internal static class JobHistoryReport
{
    /// <summary>Marks the runs before which the job was overdue, by the age that its file allows now.</summary>
    public static IReadOnlyList<BackupRun> WithOverdue(IReadOnlyList<BackupRun> newestFirst)
    {
        if (newestFirst.FirstOrDefault(run => run.Kind == BackupRunKind.Backup && run.ConfigurationPath is not null) is not { } newest
            || !File.Exists(newest.ConfigurationPath)
            || ConfigurationReader.ReadFile(newest.ConfigurationPath).Configuration is not { } job
            || job.Name != newest.Name
            || SuccessAge.MaxAgeOf(job) is not { } most)
            return newestFirst;
        return [.. newestFirst.Select(run => run.Age > most ? run with { IsOverdue = true } : run)];
    }
}
