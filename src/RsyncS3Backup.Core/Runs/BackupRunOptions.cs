using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Runs;

/// <summary>What a caller decides for one run, beside the job's configuration.</summary>
internal sealed record BackupRunOptions
{
    /// <summary>Keys given by the caller; null: the SDK's own chain, or the destination's profile.</summary>
    public S3Credentials? Credentials { get; init; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    public bool AllowInsecureEndpoint { get; init; }

    /// <summary>Mirror an empty source although the mirror is not empty.</summary>
    public bool AllowEmptySource { get; init; }

    /// <summary>Take a destination that is not the mirror that the job knows, and make it the job's mirror.</summary>
    public bool AllowNewDestination { get; init; }

    /// <summary>Take sources that are on other file systems than before, or that are not file systems of their own any more.</summary>
    public bool AllowNewSource { get; init; }

    /// <summary>How much this run may delete from the mirror and from the bucket; null: what the configuration says.</summary>
    public DeleteLimit? MaxDelete { get; init; }

    /// <summary>How many files that S3 has may have new content in this run; null: what the configuration says.</summary>
    public ChangeLimit? MaxChange { get; init; }

    /// <summary>Send what something other than stage 1 changed in the mirror, however much that is.</summary>
    public bool AllowChangedMirror { get; init; }

    /// <summary>How long to wait for another run of the job to end; null: not at all.</summary>
    public TimeSpan? WaitForLock { get; init; }

    /// <summary>Send the mirror as it is, without a stage 1.</summary>
    public bool SkipStage1 { get; init; }

    /// <summary>Run to the end: leave the job's <c>stopAt</c> and <c>maxUpload</c> out of account.</summary>
    public bool NoPause { get; init; }

    /// <summary>When the run ends, done or not; null: when it is done. It is found when the run starts.</summary>
    internal DateTimeOffset? StopTime { get; init; }

    /// <summary>The job as its file has it, when the caller's parameters override something of it; null: nothing is overridden.</summary>
    public BackupConfiguration? Configured { get; init; }

    /// <summary>
    /// Somebody sits at the console: without a <c>retry</c> of the job's own, a stage 2 whose first try got nothing done is not tried again.
    /// </summary>
    public bool IsAttended { get; init; }

    /// <summary>What all runs of one command may send to S3 together; null: as much as each of them may.</summary>
    internal BandwidthLimit? SharedBandwidth { get; init; }

    /// <summary>The clock by which a retry waits; tests have another one.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Keeps the machine awake until it is disposed, for a job that wants it; tests have another one.</summary>
    internal Func<RunContext, IDisposable?> StayAwake { get; init; } = KeepAwake.Begin;

    /// <summary>Finds the secrets of notifications that are kept by name; null: there is nobody to ask.</summary>
    public ISecretReader? Secrets { get; init; }

    /// <summary>How long a look at the bucket may still take when stage 1 has ended; tests wait for its answer.</summary>
    internal TimeSpan LookPatience { get; init; } = BucketLook.Patience;

    /// <summary>How long to wait between the tries of a notification; null: as long as is good for a real server.</summary>
    internal IReadOnlyList<TimeSpan>? NotificationDelays { get; init; }

    /// <summary>Where the run is logged beside its own log file; what the job's <c>log</c> says comes on top.</summary>
    public RunLogging Logging { get; init; } = new();

    /// <summary>The version of PowerShell, for the history; null when the caller is another program.</summary>
    public string? PowerShellVersion { get; init; }
}
