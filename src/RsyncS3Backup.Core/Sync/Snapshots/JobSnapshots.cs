using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// The snapshots of one job. A name alone does not tell whose they are: one job file on two machines makes two jobs of one name, whose snapshots
/// may lie side by side. Pure.
/// </summary>
/// <param name="Own">Those of the job's mirror.</param>
/// <param name="Others">Those of other mirrors of a job of this name.</param>
internal sealed record JobSnapshots(IReadOnlyList<Snapshot> Own, IReadOnlyList<Snapshot> Others)
{
    /// <summary>Tells them apart. The order stays.</summary>
    /// <param name="all">All snapshots that there are.</param>
    /// <param name="jobName">The job's name.</param>
    /// <param name="owner">Who the job is on this machine; null: it has no mirror here.</param>
    public static JobSnapshots Of(IEnumerable<Snapshot> all, string jobName, PrefixOwner? owner)
    {
        Snapshot[] ofName = [.. all.Where(snapshot => snapshot.Manifest.Job == jobName)];
        bool isKnown = owner is not null
            && (owner.IsInMirror || Array.Exists(ofName, snapshot => snapshot.Manifest.Mirror is { } mirror && owner.Owns(mirror)));
        // With the mirror gone, or on a new machine, there is nobody to compare with; then one mirror's can be meant alone.
        if (!isKnown && ofName.Select(snapshot => snapshot.Manifest.Mirror).OfType<string>().Distinct().Take(2).Count() < 2)
            return new JobSnapshots(ofName, []);
        ILookup<bool, Snapshot> byOwner = ofName.ToLookup(snapshot => isKnown && IsOwn(snapshot, jobName, owner!));
        return new JobSnapshots([.. byOwner[true]], [.. byOwner[false]]);
    }

    /// <summary>
    /// True for a snapshot that the job may prune: what has no mirror's id was written by an earlier version, which knew one job of a name.
    /// </summary>
    public static bool IsOwn(Snapshot snapshot, string jobName, PrefixOwner owner) =>
        snapshot.Manifest.Job == jobName && (snapshot.Manifest.Mirror is not { } mirror || owner.Owns(mirror));
}
