namespace RsyncS3Backup.State.History;

/// <summary>What is known of a run before its first stage.</summary>
internal sealed record RunHeader
{
    public required string Name { get; init; }

    public required string RunId { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>What it does.</summary>
    public BackupRunKind Kind { get; init; }

    /// <summary>The stage that it begins with, 1 or 2; 0 for what has no stages.</summary>
    public int Stage { get; init; }

    public string? PowerShellVersion { get; init; }

    public string? ConfigurationPath { get; init; }

    public string? ConfigurationHash { get; init; }

    public string? LogPath { get; init; }
}
