namespace RsyncS3Backup;

/// <summary>One thing that is wrong in a configuration.</summary>
public sealed record ConfigurationProblem
{
    /// <summary>Where: a JSON path such as <c>$.options.rsync.syncToS3.storageClass</c>.</summary>
    public required string JsonPath { get; init; }

    /// <summary>What is wrong, naming the value.</summary>
    public required string Message { get; init; }

    /// <summary>What is allowed there.</summary>
    public required string Allowed { get; init; }

    /// <summary>The file; null for a configuration made in memory.</summary>
    public string? Path { get; init; }

    /// <summary>The line in the file, from 1; null where it is not known.</summary>
    public int? Line { get; init; }

    /// <summary>The problem in one line.</summary>
    public override string ToString() => $"{JsonPath}: {Message} Allowed: {Allowed}.";
}
