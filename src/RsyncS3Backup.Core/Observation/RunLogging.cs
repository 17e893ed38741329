namespace RsyncS3Backup.Observation;

/// <summary>Where a run is logged beside its own log file.</summary>
internal sealed record RunLogging
{
    /// <summary>A file that the log is appended to, or a folder that gets a file of it (also when the path ends in a separator); null: neither.</summary>
    public string? CopyPath { get; init; }

    /// <summary>Tell the system's own log.</summary>
    public bool System { get; init; }

    /// <summary>Where to look for the system's log; null: where this system has it. Tests have another place.</summary>
    internal IReadOnlyList<SystemLogPlace>? SystemPlaces { get; init; }
}
