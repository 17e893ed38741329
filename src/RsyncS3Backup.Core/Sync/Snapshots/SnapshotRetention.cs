using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>Which snapshots one run prunes.</summary>
/// <param name="Expired">Those that it prunes, the oldest first.</param>
/// <param name="Left">How many more the rules let go, which later runs prune.</param>
/// <param name="Doubtful">Those that count for nothing and stay.</param>
internal sealed record SnapshotRetention(IReadOnlyList<Snapshot> Expired, int Left, IReadOnlyList<Snapshot> Doubtful)
{
    /// <summary>How many any run may prune.</summary>
    public const int AlwaysAllowed = 3;

    /// <summary>
    /// How many of so many snapshots one run prunes: half of them, and always three. A run makes one, so only new rules, or something that is
    /// wrong, let more of them go at once; then there are some runs, each with its warning, in which somebody can notice.
    /// </summary>
    public static int MostAtOnce(int snapshots) => Math.Max(AlwaysAllowed, snapshots / 2);

    /// <summary>Applies the rules to what counts.</summary>
    /// <param name="store">The bucket.</param>
    /// <param name="own">The job's snapshots.</param>
    /// <param name="options">The rules.</param>
    /// <param name="current">The prefix of the snapshot that was just made, which never goes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<SnapshotRetention> ChooseAsync(
        IObjectStore store, IEnumerable<Snapshot> own, S3SyncOptions options, string current, CancellationToken cancellationToken)
    {
        List<Snapshot> counted = [];
        List<Snapshot> doubtful = [];
        foreach (Snapshot snapshot in own)
            (snapshot.Doubt is null ? counted : doubtful).Add(snapshot);
        HashSet<string> looked = [current];
        while (true)
        {
            IReadOnlyList<Snapshot> expired = RetentionPolicy.Expired(counted, options, current);
            if (expired.Count == 0)
                return new SnapshotRetention([], 0, doubtful);
            // Only what stays makes others go, so only that has to be what it says.
            HashSet<string> going = [.. expired.Select(snapshot => snapshot.KeyPrefix)];
            Snapshot[] unseen = [.. counted.Where(snapshot => snapshot.IsComplete && !going.Contains(snapshot.KeyPrefix) && looked.Add(snapshot.KeyPrefix))];
            bool isSound = true;
            foreach (Snapshot snapshot in unseen)
            {
                if (await SnapshotDoubt.OfObjectsAsync(store, snapshot, cancellationToken).ConfigureAwait(false) is not { } doubt)
                    continue;
                isSound = false;
                counted.Remove(snapshot);
                doubtful.Add(snapshot with { Doubt = doubt });
            }

            if (!isSound)
                continue;
            Snapshot[] now = [.. expired.Take(MostAtOnce(counted.Count))];
            return new SnapshotRetention(now, expired.Count - now.Length, doubtful);
        }
    }
}
