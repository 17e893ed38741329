namespace RsyncS3Backup;

/// <summary>Whether a job is due.</summary>
public sealed record BackupDue
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Of a test, how thorough it is; null for the job's backup.</summary>
    public BackupTestLevel? Level { get; init; }

    /// <summary>Of a test of level Sample or Restore, how large the sample is, in percent of the files; else null.</summary>
    public decimal? SamplePercent { get; init; }

    /// <summary>True when the job is to run now.</summary>
    public required bool IsDue { get; init; }

    /// <summary>True when this answer was kept, so that nobody else gets the same time.</summary>
    public required bool IsClaimed { get; init; }

    /// <summary>The time that is due, or the last one that was missed, in the job's time zone; null when there is neither.</summary>
    public DateTimeOffset? Occurrence { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>When the job is due next, in its time zone.</summary>
    public DateTimeOffset? NextOccurrence { get; init; }

    /// <summary>When the last run started that did all of the job, and well; null when none is on record.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>True when that is longer ago than the job's <c>maxAge</c>.</summary>
    public bool IsOverdue { get; init; }

    /// <summary>Who was told that the job is overdue; empty when nobody was.</summary>
    public IReadOnlyList<NotificationResult> Notifications { get; init => field = ListText.Of(value); } = ListText.Of<NotificationResult>([]);

    /// <summary>The IANA name of the job's time zone.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The job and the reason.</summary>
    public override string ToString() => $"{Name}: {Reason}";
}
