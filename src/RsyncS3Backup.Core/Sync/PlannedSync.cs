using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Sync;

/// <summary>What makes a run of stage 2 one that is only planned: it finds what a run would find, and changes nothing anywhere.</summary>
/// <param name="Mirror">The mirror as stage 1 would leave it; null: as it is.</param>
internal sealed record PlannedSync(IPlannedMirror? Mirror);
