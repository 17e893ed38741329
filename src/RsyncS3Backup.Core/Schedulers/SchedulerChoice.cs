using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.Schedulers.Launchd;
using RsyncS3Backup.Schedulers.Systemd;
using RsyncS3Backup.Schedulers.Windows;

namespace RsyncS3Backup.Schedulers;

/// <summary>The schedulers of this system.</summary>
internal static class SchedulerChoice
{
    /// <summary>All of them, for one scope, the preferred first.</summary>
    public static IReadOnlyList<INativeScheduler> All(BackupScheduleScope scope, NativePlaces places)
    {
        if (OperatingSystem.IsWindows())
            return [new WindowsTaskScheduler(scope, places)];
        if (OperatingSystem.IsMacOS())
            return [new LaunchdScheduler(scope, places), new CronScheduler(scope, places)];
        return [new SystemdScheduler(scope, places), new CronScheduler(scope, places)];
    }

    /// <summary>The scheduler that was asked for, or the first that can be used here.</summary>
    /// <returns>The scheduler, and why it was chosen; null when it was asked for.</returns>
    /// <exception cref="BackupException">None can be used.</exception>
    public static async Task<(INativeScheduler Scheduler, string? Why)> FindAsync(
        BackupScheduler wanted, IReadOnlyList<INativeScheduler> all, CancellationToken cancellationToken)
    {
        if (wanted != BackupScheduler.Auto)
        {
            return (all.FirstOrDefault(scheduler => scheduler.Kind == wanted) ?? throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(
                wanted, all[0].Scope, "this system does not have it.", $"Use -Scheduler {string.Join(" or ", all.Select(one => one.Kind))}.")), null);
        }

        List<string> obstacles = [];
        foreach (INativeScheduler scheduler in all)
        {
            if (await scheduler.ObstacleAsync(cancellationToken).ConfigureAwait(false) is not { } obstacle)
            {
                string why = obstacles.Count == 0 ? "the first choice of this system" : string.Join(" ", obstacles);
                return (scheduler, why);
            }

            obstacles.Add($"{scheduler.Kind}: {obstacle}");
        }

        throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(
            BackupScheduler.Auto, all[0].Scope, string.Join(" ", obstacles), "Install cron (apt-get install cron), or log in where systemd runs."));
    }
}
