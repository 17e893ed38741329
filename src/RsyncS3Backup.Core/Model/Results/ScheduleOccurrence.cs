namespace RsyncS3Backup;

/// <summary>One time at which a job is due.</summary>
public sealed record ScheduleOccurrence
{
    /// <summary>The job's name; null for an expression without a job.</summary>
    public string? Name { get; init; }

    /// <summary>The instant, as the clocks of the job's time zone show it.</summary>
    public required DateTimeOffset Local { get; init; }

    /// <summary>The same instant in UTC.</summary>
    public required DateTimeOffset Utc { get; init; }

    /// <summary>The IANA name of the job's time zone.</summary>
    public required string TimeZone { get; init; }

    /// <summary>What a change of the clocks did to this occurrence; null when it did nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The local time with its offset.</summary>
    public override string ToString() => ScheduleText.Time(Local);
}
