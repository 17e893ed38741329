namespace RsyncS3Backup.ObjectStore;

/// <summary>What moves between this machine and S3, all connections together. Thread-safe.</summary>
internal sealed class Traffic(TimeProvider clock)
{
    private long bytes;
    private long sentBytes;
    private long answers;
    private long throttled;
    private long inFlight;
    private long lastMoved = clock.GetTimestamp();
    private volatile bool lastOneFailed;

    /// <summary>Bytes of bodies that were sent or received, retries included.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Those of them that were sent.</summary>
    public long SentBytes => Interlocked.Read(ref sentBytes);

    /// <summary>Answers that arrived, whatever they said.</summary>
    public long Answers => Interlocked.Read(ref answers);

    /// <summary>How often S3 asked to slow down, or did not answer.</summary>
    public long Throttled => Interlocked.Read(ref throttled);

    /// <summary>
    /// How long requests have been under way without a single byte or answer; zero while there are none, because then this machine has
    /// something else to do.
    /// </summary>
    public TimeSpan Stalled => Interlocked.Read(ref inFlight) == 0 ? TimeSpan.Zero : clock.GetElapsedTime(Interlocked.Read(ref lastMoved));

    /// <summary>A request begins.</summary>
    public void Started()
    {
        // A request that repeats a failed one is no movement: retries against a dead server would go on for ever.
        if (Interlocked.Increment(ref inFlight) == 1 && !lastOneFailed)
            Touch();
    }

    /// <summary>Bytes of a body went out.</summary>
    public void Sent(long count)
    {
        Interlocked.Add(ref sentBytes, count);
        Received(count);
    }

    /// <summary>Bytes of an answer's body came in.</summary>
    public void Received(long count)
    {
        Interlocked.Add(ref bytes, count);
        Touch();
    }

    /// <summary>The head of an answer came in.</summary>
    public void Answered(bool isThrottling)
    {
        Interlocked.Increment(ref answers);
        if (isThrottling)
            Interlocked.Increment(ref throttled);
        lastOneFailed = false;
        Touch();
    }

    /// <summary>A request ended without an answer.</summary>
    /// <param name="isTimeout">True when that is a sign of too much load.</param>
    public void Failed(bool isTimeout)
    {
        if (isTimeout)
            Interlocked.Increment(ref throttled);
        lastOneFailed = true;
    }

    /// <summary>A request is over.</summary>
    public void Ended() => Interlocked.Decrement(ref inFlight);

    /// <summary>Something moved.</summary>
    public void Touch() => Interlocked.Exchange(ref lastMoved, clock.GetTimestamp());
}
