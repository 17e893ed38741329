using RsyncS3Backup.Jobs;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Input;

/// <summary>When this machine's schedulers start jobs next.</summary>
internal sealed class NextRuns
{
    private readonly ILookup<string, BackupSchedule> schedules;

    private NextRuns(ILookup<string, BackupSchedule> schedules) => this.schedules = schedules;

    /// <summary>Asks the schedulers, where there is a job that they can start.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="list">Lists what is registered.</param>
    /// <param name="verbose">Hears why nothing is known.</param>
    internal static NextRuns Of(
        IReadOnlyList<JobFile> jobs, Func<BackupSchedules, IReadOnlyList<NativeEntry>> list, Action<string> verbose)
    {
        NextRuns none = new(Array.Empty<BackupSchedule>().ToLookup(_ => ""));
        if (!jobs.Any(job => job.Configuration is not null))
            return none;
        try
        {
            BackupSchedules schedules = MachineSchedules.Current;
            return new NextRuns(schedules.Describe(list(schedules), MachineSchedules.Launcher)
                .Where(entry => entry.Task == BackupScheduleTask.Backup && entry.State is (BackupScheduleState.Active or BackupScheduleState.NeedsRegistration)
                    && entry.NextRun is not null)
                .ToLookup(entry => entry.Name));
        }
        catch (BackupException exception)
        {
            verbose($"When jobs run next is not known: {exception.Message}");
            return none;
        }
    }

    /// <summary>What is known of a job.</summary>
    /// <param name="job">Its file.</param>
    /// <param name="all">The jobs that its places are compared with.</param>
    /// <param name="warn">Hears that its history cannot be read.</param>
    internal BackupJob Report(JobFile job, JobList all, Action<string> warn)
    {
        BackupSchedule? next = schedules[job.Name].MinBy(schedule => schedule.NextRun);
        BackupScheduleOptions? registered = next?.CronExpression is { } expression
            ? new BackupScheduleOptions { CronExpression = expression, Timezone = next.TimeZone }
            : null;
        return JobReport.Of(job, warn, all, next?.NextRun, registered);
    }
}
