namespace RsyncS3Backup.Sync;

/// <summary>Which failures of stage 2 deserve another try, and how long to wait before it. Decides only.</summary>
internal static class RetryPolicy
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    // Share of a wait that is added at random: machines with one schedule must not come back at one moment.
    private const double Jitter = 0.1;

    /// <summary>True for a fault of the network or of the store, which another try may not meet.</summary>
    public static bool MayPass(BackupError error) => error.Id switch
    {
        "S3EndpointUnreachable" or "S3Stalled" or "S3Unavailable" or "S3ListingIncomplete" or "S3AnswerInvalid" => true,
        // Bytes that changed or were lost on their way: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        "S3RequestFailed" => error.S3ErrorCode is "BadDigest" or "XAmzContentChecksumMismatch" or "IncompleteBody",
        "S3DeleteFailed" => error.S3ErrorCode is "InternalError" or "SlowDown" or "ServiceUnavailable",
        _ => false,
    };

    /// <summary>True when another try may bring something that this one did not: what ended it may pass, or why one of its entries failed.</summary>
    public static bool MayPass(S3SyncStageResult attempt) =>
        attempt is { Status: BackupStatus.Failed, Error: { } error }
        && (MayPass(error) || (error.ExitCode == BackupExitCode.Stage2Failed && attempt.FailedItems.Any(MayPass)));

    /// <summary>How long to wait after an attempt.</summary>
    /// <param name="retry">What the job says.</param>
    /// <param name="attempt">How many there have been, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan Wait(RetryOptions retry, int attempt, double random)
    {
        TimeSpan longest = retry.Delay > LongestWait ? retry.Delay : LongestWait;
        double ticks = Math.Min(retry.Delay.Ticks * Math.Pow(2, attempt - 1), longest.Ticks) * (1 + (random * Jitter));
        // The most that a timer of .NET takes.
        return TimeSpan.FromTicks((long)Math.Min(ticks, TimeSpan.FromMilliseconds(uint.MaxValue - 1).Ticks));
    }
}
