using System.Globalization;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// Which snapshots go. The rules are restic's ("Removing snapshots according to a policy" in its manual, and <c>ApplyPolicy</c> in its
/// source): of each of the last n days, weeks, months and years that have snapshots the newest is kept; while such a rule has some of its
/// number left, it keeps the oldest snapshot too; what any rule keeps stays.
/// </summary>
internal static class RetentionPolicy
{
    /// <summary>True when snapshots go at all.</summary>
    public static bool IsSet(S3SyncOptions options) =>
        (options.KeepLast ?? options.KeepDaily ?? options.KeepWeekly ?? options.KeepMonthly ?? options.KeepYearly) is not null;

    /// <summary>The snapshots to prune, the oldest first.</summary>
    /// <param name="snapshots">All of the job's snapshots, each of another time.</param>
    /// <param name="options">The rules.</param>
    /// <param name="current">The prefix of the snapshot that was just made, which never goes.</param>
    public static IReadOnlyList<Snapshot> Expired(IEnumerable<Snapshot> snapshots, S3SyncOptions options, string current)
    {
        Snapshot[] all = [.. snapshots.OrderByDescending(snapshot => snapshot.Time)];
        Snapshot[] complete = [.. all.Where(snapshot => snapshot.IsComplete)];
        if (!IsSet(options) || complete.Length == 0)
            return [];

        HashSet<string> kept = [current, complete[0].KeyPrefix];
        Keep(options.KeepLast, (_, index) => index);
        Keep(options.KeepDaily, (time, _) => (time.Year * 10_000) + (time.Month * 100) + time.Day);
        Keep(options.KeepWeekly, (time, _) => (ISOWeek.GetYear(time) * 100) + ISOWeek.GetWeekOfYear(time));
        Keep(options.KeepMonthly, (time, _) => (time.Year * 100) + time.Month);
        Keep(options.KeepYearly, (time, _) => time.Year);
        // What a run left undone is of no use once a later one got to its end.
        return [.. all.Where(snapshot => !kept.Contains(snapshot.KeyPrefix) && snapshot.Time < complete[0].Time).Reverse()];

        void Keep(int? count, Func<DateTime, int, int> period)
        {
            int left = count ?? 0;
            int last = -1;
            for (int index = 0; index < complete.Length && left > 0; index++)
            {
                int now = period(complete[index].Time, index);
                if (now == last && index < complete.Length - 1)
                    continue;
                kept.Add(complete[index].KeyPrefix);
                last = now;
                left--;
            }
        }
    }
}
