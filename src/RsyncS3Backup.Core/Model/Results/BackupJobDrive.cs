namespace RsyncS3Backup;

/// <summary>One of the drives that take turns as the mirror of a job.</summary>
public sealed record BackupJobDrive
{
    /// <summary>The id in the marker of its mirror.</summary>
    public required string Id { get; init; }

    /// <summary>When stage 1 last made it what the sources were.</summary>
    public required DateTimeOffset LastRun { get; init; }

    /// <summary>How long ago that is.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Its id, shortened, and when it last ran.</summary>
    public override string ToString() => $"{Id.AsSpan(0, Math.Min(8, Id.Length))} ({HumanText.Time(LastRun.ToLocalTime())})";
}
