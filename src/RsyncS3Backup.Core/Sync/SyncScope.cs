using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Sync;

/// <summary>What one run of stage 2 is about; all its parts share it.</summary>
internal sealed record SyncScope
{
    /// <summary>What to send, and how.</summary>
    public required S3SyncRequest Request { get; init; }

    /// <summary>The bucket, below the run's prefix.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>What the job keeps on this machine.</summary>
    public required ISyncState State { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>
    /// Whose date a dated snapshot has: when the run began, or when the one began whose paused snapshot it goes on with.
    /// </summary>
    public required DateTimeOffset SnapshotTime { get; init; }

    /// <summary>Counts what is done.</summary>
    public SyncCounters Counters { get; init; } = new();

    /// <summary>Adds up what is stored and what goes.</summary>
    public required StorageChange Storage { get; init; }

    /// <summary>The run.</summary>
    public required RunContext Context { get; init; }

    /// <summary>Hears what goes wrong.</summary>
    public required StageReport Report { get; init; }

    /// <summary>What every key starts with, date tokens replaced.</summary>
    public string KeyPrefix => Store.KeyPrefix;

    /// <summary>The job.</summary>
    public string JobName => Context.JobName;
}
