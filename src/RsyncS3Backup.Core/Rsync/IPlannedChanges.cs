using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync;

/// <summary>Hears what stage 1 would change in the mirror.</summary>
internal interface IPlannedChanges
{
    /// <summary>One item of a dry run; valid during the call only.</summary>
    /// <returns>False when a run would not change the entry.</returns>
    bool TryAdd(RsyncLeg leg, in RsyncItem item);
}
