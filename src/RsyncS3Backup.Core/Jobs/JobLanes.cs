using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Jobs;

/// <summary>Which jobs of one command may run at the same time.</summary>
internal static class JobLanes
{
    /// <summary>
    /// Divides jobs into lanes that may run beside one another, while the jobs of one lane run one after the other, in their order: those of one
    /// name share their state, and those of which one's mirror is, holds or lies in another's mirror or source would change or copy what is
    /// just being written.
    /// </summary>
    /// <param name="jobs">The jobs, in the order in which they were asked for.</param>
    /// <param name="configuration">The configuration of one.</param>
    /// <returns>The lanes, in the order of their first jobs.</returns>
    public static IReadOnlyList<IReadOnlyList<T>> Of<T>(IReadOnlyList<T> jobs, Func<T, BackupConfiguration> configuration)
    {
        int[] lane = [.. Enumerable.Range(0, jobs.Count)];
        for (int later = 1; later < jobs.Count; later++)
        {
            for (int earlier = 0; earlier < later; earlier++)
            {
                if (lane[earlier] != lane[later] && Meet(configuration(jobs[earlier]), configuration(jobs[later])))
                    Join(lane, lane[earlier], lane[later]);
            }
        }

        return [.. Enumerable.Range(0, jobs.Count).GroupBy(job => lane[job], job => jobs[job]).Select(group => group.ToArray())];
    }

    private static void Join(int[] lane, int first, int second)
    {
        (int kept, int gone) = (Math.Min(first, second), Math.Max(first, second));
        for (int job = 0; job < lane.Length; job++)
            lane[job] = lane[job] == gone ? kept : lane[job];
    }

    private static bool Meet(BackupConfiguration one, BackupConfiguration other) =>
        StringComparer.Ordinal.Equals(one.Name, other.Name)
        || Touches(one.Options.Rsync.LocalDestination, other)
        || Touches(other.Options.Rsync.LocalDestination, one);

    private static bool Touches(string mirror, BackupConfiguration job) =>
        job.Sources.Select(source => source.Path).Where(path => !RemotePath.IsRemote(path)).Append(job.Options.Rsync.LocalDestination)
            .Any(path => ConfigurationPaths.AreSame(path, mirror) || ConfigurationPaths.IsInside(path, mirror) || ConfigurationPaths.IsInside(mirror, path));
}
