namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>
/// Shares so many bytes a second between all requests: a token bucket that holds a quarter of a second's worth, so that the line is used
/// evenly. Who asks for more than there is takes it and waits until it would have been there, so waiting is in the order of asking.
/// Thread-safe.
/// </summary>
/// <param name="bytesPerSecond">The most bytes a second.</param>
/// <param name="clock">By which it is measured.</param>
/// <param name="shared">A limit that holds as well, shared with others: with the other jobs of one command.</param>
internal sealed class BandwidthLimit(long bytesPerSecond, TimeProvider clock, BandwidthLimit? shared = null)
{
    private const double BurstSeconds = 0.25;
    private const int SmallestSlice = 1024;
    private const int LargestSlice = 64 * 1024;

    private readonly object gate = new();
    private double available = bytesPerSecond * BurstSeconds;
    private long last = clock.GetTimestamp();

    /// <summary>How many bytes should be asked for at a time, so that requests take turns.</summary>
    public int Slice { get; } = Math.Min((int)Math.Clamp(bytesPerSecond / 20, SmallestSlice, LargestSlice), shared?.Slice ?? LargestSlice);

    /// <summary>Takes the bytes, and says how long to wait before sending them.</summary>
    public TimeSpan Take(int bytes)
    {
        TimeSpan ofAll = shared?.Take(bytes) ?? TimeSpan.Zero;
        TimeSpan own = TakeOwn(bytes);
        return own > ofAll ? own : ofAll;
    }

    /// <summary>Waits until the bytes may be sent.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan delay = Take(bytes);
        if (delay > TimeSpan.Zero)
            await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(false);
    }

    private TimeSpan TakeOwn(int bytes)
    {
        lock (gate)
        {
            long now = clock.GetTimestamp();
            double earned = clock.GetElapsedTime(last, now).TotalSeconds * bytesPerSecond;
            last = now;
            available = Math.Min(available + earned, bytesPerSecond * BurstSeconds) - bytes;
            return available >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-available / bytesPerSecond);
        }
    }
}
