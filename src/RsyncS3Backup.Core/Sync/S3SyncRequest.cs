using System.Diagnostics.CodeAnalysis;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.Sync;

/// <summary>What stage 2 needs to know; from a configuration or from a cmdlet's parameters.</summary>
internal sealed record S3SyncRequest : S3CopyRequest
{
    /// <summary>A request that is still to be filled in.</summary>
    public S3SyncRequest()
    {
    }

    /// <summary>Sends a mirror to a copy.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="mirrorPath">The mirror's root folder.</param>
    [SetsRequiredMembers]
    public S3SyncRequest(S3CopyRequest copy, string mirrorPath)
        : base(copy) => MirrorPath = mirrorPath;

    /// <summary>The mirror's root folder.</summary>
    public required string MirrorPath { get; init; }

    /// <summary>What becomes of the stage when the mirror's drive is not there.</summary>
    public AbsentMirrorAction WhenAbsent { get; init; }

    /// <summary>How many drives take turns as the mirror.</summary>
    public int Drives { get; init; } = 1;

    /// <summary>How much may be deleted from the bucket.</summary>
    public DeleteLimit MaxDelete { get; init; } = DeleteLimit.Default;

    /// <summary>How many files that S3 has may have new content.</summary>
    public ChangeLimit MaxChange { get; init; }

    /// <summary>
    /// Send what something other than the job's stage 1 changed in the mirror however much that is, and delete what it deleted there.
    /// </summary>
    public bool AllowChangedMirror { get; init; }

    /// <summary>Delete everything under the prefix when the mirror is empty.</summary>
    public bool AllowEmptyMirror { get; init; }

    /// <summary>Take a key prefix that belongs to another mirror, job or machine, and delete there what nobody known has sent.</summary>
    public bool AllowNewDestination { get; init; }

    /// <summary>
    /// True when stage 1 could not copy single entries: what the mirror lacks may be there, so nothing is deleted, and the next run looks again.
    /// </summary>
    public bool IsPartial { get; init; }

    /// <summary>Stage 1 of the job ran right before, so that its journals tell what changed in the mirror.</summary>
    public bool FollowsStage1 { get; init; }

    /// <summary>When the stage began, of which a dated prefix is made; null: now.</summary>
    internal DateTimeOffset? StartTime { get; init; }

    /// <summary>When the job is due, so that a run that pauses can say when it goes on; null: that is not known.</summary>
    public BackupScheduleOptions? Schedule { get; init; }

    /// <summary>Run to the end, whatever <see cref="S3SyncOptions.MaxUpload"/> says. The bytes count all the same.</summary>
    public bool NoPause { get; init; }

    /// <summary>When the run ends, done or not; null: when it is done.</summary>
    public DateTimeOffset? StopTime { get; init; }

    /// <summary>The time of the day that <see cref="StopTime"/> was made of; null: of none.</summary>
    public string? StopAt { get; init; }

    /// <summary>A bandwidth limit that other runs share; null: none. That of <see cref="S3CopyRequest.Options"/> holds as well.</summary>
    internal BandwidthLimit? SharedBandwidth { get; init; }

    /// <summary>Stage 2 of a configured job whose stage 2 is enabled.</summary>
    public static S3SyncRequest From(BackupConfiguration configuration) => new()
    {
        MirrorPath = configuration.Options.Rsync.LocalDestination,
        Destination = configuration.Destination
            ?? throw new ArgumentException("The configuration has no destination.", nameof(configuration)),
        Options = configuration.Options.Rsync.SyncToS3,
        WhenAbsent = configuration.Options.Rsync.WhenAbsent,
        Drives = configuration.Options.Rsync.Drives,
        MaxDelete = configuration.Options.Rsync.MaxDelete,
        MaxChange = configuration.Options.Rsync.MaxChange,
        Timezone = configuration.Schedule?.Timezone,
        Schedule = configuration.Schedule,
        StopAt = configuration.StopAt,
        Prices = configuration.Prices,
    };
}
