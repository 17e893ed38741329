namespace RsyncS3Backup;

/// <summary>One of the <c>tests</c> of a job: how thoroughly and how often its copies are tested.</summary>
public sealed record TestOptions
{
    /// <summary>How thorough the test is.</summary>
    public required BackupTestLevel Level { get; init; }

    /// <summary>How large the sample of the levels Sample and Restore is, in percent of the files. Default: 1.</summary>
    public decimal SamplePercent { get; init; } = 1;

    /// <summary>When it is due: five fields, as in cron, in the time zone of the job's schedule; null where <see cref="Every"/> says it.</summary>
    public string? Cron { get; init; }

    /// <summary>When it is due: so long after the last one; null where <see cref="Cron"/> says it.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>How old the last good one may be; null: twice the longest time between two of them.</summary>
    public TimeSpan? MaxAge { get; init; }
}
