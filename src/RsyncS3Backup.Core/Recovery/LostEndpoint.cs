namespace RsyncS3Backup.Recovery;

/// <summary>
/// Tells an endpoint that is gone from one that did not answer for single entries: only when entry after entry gets no answer, and none
/// between them does, is it of no use to go on. Thread-safe.
/// </summary>
internal sealed class LostEndpoint
{
    /// <summary>So many entries in a row.</summary>
    internal const int Many = 50;

    private int unanswered;

    /// <summary>An entry was dealt with.</summary>
    public void Answered() => Volatile.Write(ref unanswered, 0);

    /// <summary>True for an error that every other entry would meet as well.</summary>
    public bool Ends(BackupError error)
    {
        if (error.Id is ErrorIds.S3EndpointUnreachable or ErrorIds.S3ProxyUnreachable)
            return Interlocked.Increment(ref unanswered) >= Many;
        Answered();
        return error.EndsStage;
    }
}
