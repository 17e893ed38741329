using RsyncS3Backup.Runs;

namespace RsyncS3Backup.S3;

/// <summary>Stage 2: makes the bucket hold what the mirror holds.</summary>
public static class S3SyncStage
{
    /// <summary>
    /// Runs stage 2. Never throws for what can go wrong in a backup: a failure, a refusal and a cancellation are results too. When it
    /// returns, no multipart upload of this run is left unfinished in the bucket, as far as the bucket can still be reached.
    /// </summary>
    public static Task<S3SyncStageResult> RunAsync(S3SyncRequest request, RunContext context, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
