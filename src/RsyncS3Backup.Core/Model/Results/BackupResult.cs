namespace RsyncS3Backup;

/// <summary>What a whole run did: stage 1 (rsync), then stage 2 (S3).</summary>
public sealed record BackupResult
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Identifies the run; its log is named after it.</summary>
    public required string RunId { get; init; }

    /// <summary>The machine that it ran on.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>How the run ended: the worse of its two stages; a hook or notification that failed makes a success one with warnings.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>Stage 1: sources to mirror.</summary>
    public required RsyncStageResult Stage1 { get; init; }

    /// <summary>Stage 2: mirror to S3.</summary>
    public required S3SyncStageResult Stage2 { get; init; }

    /// <summary>The bucket; null for a job without one.</summary>
    public string? BucketName => Stage2.BucketName;

    /// <summary>What every key starts with; empty for the bucket's root, and for a job without a bucket.</summary>
    public string KeyPrefix => Stage2.KeyPrefix;

    /// <summary>When the run started, with the offset of this machine.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>How long it took, from the first hook to the last notification.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What a scheduler should be told.</summary>
    public BackupExitCode ExitCode { get; init; }

    /// <summary>The first error of the run; null when there was none.</summary>
    public BackupError? Error => Stage1.Error ?? Stage2.Error;

    /// <summary>What the job's hooks did, in the order in which they ran.</summary>
    public IReadOnlyList<BackupHookResult> Hooks { get; init => field = ListText.Of(value); } = ListText.Of<BackupHookResult>([]);

    /// <summary>Who was told of the run; one entry for each message, also for those that failed.</summary>
    public IReadOnlyList<NotificationResult> Notifications { get; init => field = ListText.Of(value); } = ListText.Of<NotificationResult>([]);

    /// <summary>The run's log file; null where no log could be written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The job and its status, e.g. <c>photos: Succeeded</c>.</summary>
    public override string ToString() => $"{Name}: {Status}";
}
