namespace RsyncS3Backup.State.History;

/// <summary>What is known of a run before its first stage.</summary>
internal sealed record RunHeader
{
    public required string Name { get; init; }

    public required string RunId { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>The stage that it begins with, 1 or 2; for a test <see cref="StageRows.TestStage"/>.</summary>
    public required int Stage { get; init; }

    public string? PowerShellVersion { get; init; }

    public string? ConfigurationPath { get; init; }

    public string? ConfigurationHash { get; init; }

    public string? LogPath { get; init; }
}
