using RsyncS3Backup.Calendar;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore.Prices;

namespace RsyncS3Backup.Jobs;

/// <summary>
/// What in a good job was hardly meant. It is said when the file is written, and refuses nothing: the machine may be another
/// one when the job runs.
/// </summary>
internal static class JobDoubts
{
    /// <summary>Sentences about a job's places on this machine, and what they have to do with those of other jobs.</summary>
    public static IEnumerable<string> Of(BackupConfiguration job, JobList others)
    {
        foreach (string source in job.Sources.Select(source => source.Path))
        {
            bool isRemote = RemotePath.IsRemote(source);
            if (!isRemote && (Directory.Exists(source) || File.Exists(source)))
                continue;
            string quoted = ConfigurationText.Quote(source);
            if (source.AsSpan().ContainsAny('*', '?', '['))
            {
                yield return $"'*', '?' and '[' mean themselves in the source {quoted}: name each folder, or leave files out by "
                    + "patterns.";
            }
            else if (!isRemote)
            {
                yield return $"The source {quoted} is not there. A run is refused until it is.";
            }
        }

        string mirror = job.Options.Rsync.LocalDestination;
        if (!Directory.Exists(mirror) && Path.GetDirectoryName(mirror) is { } parent && !Directory.Exists(parent))
        {
            yield return $"The folder above the mirror, {ConfigurationText.Quote(parent)}, is not there. "
                + "A run is refused until it is made, or the drive is mounted.";
        }

        S3SyncOptions stage2 = job.Options.Rsync.SyncToS3;
        int days = PriceList.Of(job.Prices).MinimumDays(stage2.StorageClass);
        if (stage2.DeleteAfter is { } deleteAfter && deleteAfter < TimeSpan.FromDays(days))
        {
            yield return $"{stage2.StorageClass} bills each object for at least {days} days, and deleteAfter is {DurationText.Format(deleteAfter)}: deleting "
                + "an object sooner saves nothing.";
        }

        if (job.Schedule is { } schedule && RareRuns(job, schedule, DateTimeOffset.Now) is { } rare)
            yield return rare;
        if (OpenMirror(job) is { } open)
            yield return open;
        foreach (ConfigurationProblem overlap in others.OverlapsOf(job))
            yield return $"{overlap.Message} Each would delete what the other wrote; choose {overlap.Allowed}.";
    }

    /// <summary>
    /// A sentence where locks end before a run renews them, because the schedule is rarer than half of the days for which the job locks; null where
    /// it is not, and for a job that renews nothing.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="schedule">When it runs.</param>
    /// <param name="now">The time now.</param>
    public static string? RareRuns(BackupConfiguration job, BackupScheduleOptions schedule, DateTimeOffset now)
    {
        // Months and leap years have shown their longest gaps by then.
        const int daysAhead = 4 * 366;
        if (job.Options.Rsync.SyncToS3 is not { Enabled: true, Protection.ObjectLock: { Renew: true } locked })
            return null;
        TimeSpan half = TimeSpan.FromDays(locked.Days) / 2;
        try
        {
            CronSchedule times = CronSchedule.From(schedule);
            DateTimeOffset end = now.AddDays(daysAhead);
            for (DateTimeOffset? at = times.After(now)?.Utc; at is { } run && run < end;)
            {
                if (times.Last(run, run + half) is { } next)
                {
                    at = next.Utc;
                    continue;
                }

                string gap = times.After(run) is { } later ? $"{HumanText.Duration(later.Utc - run)} between two runs" : "no further run after the next one";
                return $"protection.objectLock locks for {locked.Days} days and renews a lock when less than half of them is left, and the schedule "
                    + $"'{schedule.CronExpression}' leaves {gap}: locks of unchanged objects end before they are renewed. Let the job "
                    + $"run at least once every {HumanText.Duration(half)}, or lock for more days.";
            }
        }
        catch (BackupException)
        {
            // What is wrong with the schedule is told where it is read.
        }

        return null;
    }

    /// <summary>
    /// A sentence where other users of this machine reach a mirror in which another machine chooses the modes, so that a file or folder there may
    /// be anybody's to write; null for no such mirror, and on Windows.
    /// </summary>
    public static string? OpenMirror(BackupConfiguration job)
    {
        string mirror = job.Options.Rsync.LocalDestination;
        return job.Sources.Select(source => source.Path).FirstOrDefault(RemotePath.IsRemote) is { } source && FileSafety.OthersReach(mirror)
            ? $"Other users of this machine reach the mirror {ConfigurationText.Quote(mirror)}, and the machine of "
                + $"{ConfigurationText.Quote(source)} says which of its files they may read and write. Close a folder above the mirror (chmod 700)."
            : null;
    }
}
