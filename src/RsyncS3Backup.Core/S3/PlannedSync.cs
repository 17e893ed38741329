using RsyncS3Backup.S3.Mirror;
using RsyncS3Backup.S3.Transfer;

namespace RsyncS3Backup.S3;

/// <summary>What makes a run of stage 2 one that is only planned: it finds what a run would find, and changes nothing anywhere.</summary>
/// <param name="Mirror">The mirror as stage 1 would leave it; null: as it is.</param>
internal sealed record PlannedSync(PlannedMirror? Mirror)
{
    /// <summary>The requests that it leaves out.</summary>
    public PlannedRequests Requests { get; } = new();
}
