using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Rsync;

/// <summary>What one run of stage 1 is about; all its parts share it.</summary>
internal sealed record RsyncScope
{
    /// <summary>What to mirror, and how.</summary>
    public required RsyncStageRequest Request { get; init; }

    /// <summary>The run.</summary>
    public required RunContext Context { get; init; }

    /// <summary>Hears of failed entries and warnings.</summary>
    public required StageReport Report { get; init; }

    /// <summary>Counts what is done.</summary>
    public RsyncCounts Counts { get; } = new();

    /// <summary>What cannot be in the mirror.</summary>
    public LeftOut LeftOut { get; } = new();

    /// <summary>Hears how far rsync is.</summary>
    public required RsyncProgressReporter Progress { get; init; }

    /// <summary>How long rsync may take to stop.</summary>
    public required TimeSpan Grace { get; init; }
}
