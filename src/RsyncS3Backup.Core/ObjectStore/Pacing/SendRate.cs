namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>How fast content goes out, all requests together, while any is under way. Thread-safe.</summary>
/// <param name="clock">The clock.</param>
internal sealed class SendRate(TimeProvider clock)
{
    // What says something of the line, and not of one request.
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private readonly object gate = new();
    private TimeSpan busy;
    private long bytes;
    private long since;
    private int underWay;

    /// <summary>Bytes a second; null while too little was sent to tell.</summary>
    public double? BytesPerSecond
    {
        get
        {
            lock (gate)
                return busy >= Least ? bytes / busy.TotalSeconds : null;
        }
    }

    /// <summary>Content begins to go out.</summary>
    public void Begin()
    {
        lock (gate)
        {
            if (underWay++ == 0)
                since = clock.GetTimestamp();
        }
    }

    /// <summary>It has gone out, or failed to.</summary>
    /// <param name="sent">Bytes that arrived.</param>
    public void End(long sent)
    {
        lock (gate)
        {
            long now = clock.GetTimestamp();
            busy += clock.GetElapsedTime(since, now);
            since = now;
            bytes += sent;
            underWay--;
        }
    }
}
