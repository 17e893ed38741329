namespace RsyncS3Backup;

/// <summary>What became of one notification.</summary>
public sealed record NotificationResult
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The run that it tells of.</summary>
    public required string RunId { get; init; }

    /// <summary>The way it went.</summary>
    public required NotificationKind Kind { get; init; }

    /// <summary>The event of the run that it tells of.</summary>
    public required NotificationEvent Event { get; init; }

    /// <summary>
    /// The server, e.g. <c>https://hooks.slack.com</c> or <c>smtp.example.com:587</c>; never the rest of an address, which may be a secret. Where an
    /// address was not found: where it was looked for.
    /// </summary>
    public required string Target { get; init; }

    /// <summary>Succeeded, Failed, or Cancelled when the run was stopped before it was sent.</summary>
    public required BackupStatus Status { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>How long that took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>The kind and the status, e.g. <c>Webhook https://hooks.slack.com: Succeeded</c>.</summary>
    public override string ToString() => $"{Kind} {Target}: {Status}";
}
