namespace RsyncS3Backup;

/// <summary>One thing that went wrong: what, on what, and the way out.</summary>
public sealed record BackupError
{
    /// <summary>The stable id, e.g. <c>SourceMissing</c>; every id is listed in docs/errors.md.</summary>
    public required string Id { get; init; }

    /// <summary>What kind of error this is; the names are those of PowerShell's ErrorCategory.</summary>
    public required BackupErrorCategory Category { get; init; }

    /// <summary>What happened, in one sentence that names the input.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it.</summary>
    public required string RecommendedAction { get; init; }

    /// <summary>The path, key, bucket or setting that the error is about; null when there is none.</summary>
    public string? Target { get; init; }

    /// <summary>The exit code that a scheduler gets when this error ends a run.</summary>
    public required BackupExitCode ExitCode { get; init; }

    /// <summary>S3's own error code (e.g. <c>AccessDenied</c>), where S3 answered; else null.</summary>
    public string? S3ErrorCode { get; init; }

    /// <summary>S3's request id, which AWS support asks for; null where S3 did not answer.</summary>
    public string? RequestId { get; init; }

    /// <summary>rsync's exit code, where rsync ran; else null.</summary>
    public int? RsyncExitCode { get; init; }

    /// <summary>True for what would fail for every other entry just as well, so that going on makes no sense.</summary>
    internal bool EndsStage => Id is ErrorIds.S3NoCredentials or ErrorIds.S3InvalidAccessKey or ErrorIds.S3SignatureMismatch
        or ErrorIds.S3BucketNotFound or ErrorIds.S3WrongRegion or ErrorIds.S3ClockSkew
        or ErrorIds.S3InvalidStorageClass or ErrorIds.S3EndpointUnreachable or ErrorIds.S3ProxyUnreachable or ErrorIds.S3TlsFailed
        or ErrorIds.S3QuotaExceeded
        or ErrorIds.S3CredentialsExpired or ErrorIds.PrefixOwnedByOther;

    /// <summary>True for a fault of the network or of the store, which another try may not meet.</summary>
    internal bool IsTransient => Id switch
    {
        ErrorIds.S3EndpointUnreachable or ErrorIds.S3ProxyUnreachable or ErrorIds.S3Stalled or ErrorIds.S3Unavailable
            or ErrorIds.S3ListingIncomplete or ErrorIds.S3AnswerInvalid => true,
        // Bytes that changed or were lost on their way: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        ErrorIds.S3RequestFailed => S3ErrorCode is "BadDigest" or "XAmzContentChecksumMismatch" or "IncompleteBody",
        ErrorIds.S3DeleteFailed => S3ErrorCode is "InternalError" or "SlowDown" or "ServiceUnavailable",
        _ => false,
    };

    /// <summary>True when nothing went wrong but that somebody stopped the work.</summary>
    internal bool IsCancellation => Id is ErrorIds.RunCancelled or ErrorIds.RestoreCancelled or ErrorIds.TestCancelled;

    /// <summary>For the factories: each gives the errors of its domain their words, and most of them one exit code.</summary>
    internal static BackupError Make(
        string id, BackupErrorCategory category, string message, string action, string? target, BackupExitCode exitCode,
        bool hasLines = false) => new()
        {
            Id = id,
            Category = category,
            // What they name is others' as often as not.
            Message = ShownText.Of(ConfigurationText.WithoutPasswords(message), hasLines),
            RecommendedAction = ShownText.Of(action),
            Target = target,
            ExitCode = exitCode,
        };

    /// <summary>The id and the message, as in a log.</summary>
    public override string ToString() => $"{Id}: {Message}";
}
