namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>
/// Shares so many bytes a second between all requests: a token bucket that holds a quarter of a second's worth, so that the line is used
/// evenly. Who asks for more than there is takes it and waits until it would have been there, so waiting is in the order of asking. The rate
/// may change under way: whoever waits then waits by the new one, a second later at most. Thread-safe.
/// </summary>
internal sealed class BandwidthLimit
{
    private const double BurstSeconds = 0.25;
    private const int SmallestSlice = 1024;
    private const int LargestSlice = 64 * 1024;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly object gate = new();
    private readonly Func<long?> bytesPerSecond;
    private readonly TimeProvider clock;
    private readonly BandwidthLimit? shared;

    // Of all bytes from the first on: how many were asked for, and how many may have been sent by now.
    private double asked;
    private double granted;
    private long last;

    /// <summary>A limit that does not change.</summary>
    /// <param name="bytesPerSecond">The most bytes a second.</param>
    /// <param name="clock">By which it is measured.</param>
    /// <param name="shared">A limit that holds as well, shared with others: with the other jobs of one command.</param>
    public BandwidthLimit(long bytesPerSecond, TimeProvider clock, BandwidthLimit? shared = null)
        : this(() => bytesPerSecond, clock, shared)
    {
    }

    /// <summary>A limit that changes.</summary>
    /// <param name="bytesPerSecond">The most bytes a second now; null: as many as there are.</param>
    /// <param name="clock">By which it is measured.</param>
    /// <param name="shared">A limit that holds as well, shared with others.</param>
    public BandwidthLimit(Func<long?> bytesPerSecond, TimeProvider clock, BandwidthLimit? shared = null)
    {
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.shared = shared;
        granted = (bytesPerSecond() ?? 0) * BurstSeconds;
        last = clock.GetTimestamp();
    }

    /// <summary>How many bytes should be asked for at a time, so that requests take turns.</summary>
    public int Slice => Math.Min(
        bytesPerSecond() is { } rate ? (int)Math.Clamp(rate / 20, SmallestSlice, LargestSlice) : LargestSlice, shared?.Slice ?? LargestSlice);

    /// <summary>Takes the bytes, and says how long to wait before sending them.</summary>
    public TimeSpan Take(int bytes) => Left(Ask(bytes));

    /// <summary>Waits until the bytes may be sent.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="onWait">Hears each second that it goes on.</param>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken, Action? onWait = null)
    {
        (double Own, double OfAll) place = Ask(bytes);
        for (TimeSpan delay = Left(place); delay > TimeSpan.Zero; delay = Left(place))
        {
            // A timer takes whole milliseconds, and none of them is no wait.
            await Task.Delay(delay < ShortestWait ? ShortestWait : delay < LongestWait ? delay : LongestWait, clock, cancellationToken).ConfigureAwait(false);
            onWait?.Invoke();
        }
    }

    private (double Own, double OfAll) Ask(int bytes)
    {
        double ofAll = shared?.Ask(bytes).Own ?? 0;
        lock (gate)
        {
            Earn();
            return (asked += bytes, ofAll);
        }
    }

    private TimeSpan Left((double Own, double OfAll) place)
    {
        TimeSpan ofAll = shared?.Left((place.OfAll, 0)) ?? TimeSpan.Zero;
        TimeSpan own;
        lock (gate)
        {
            long? rate = Earn();
            double missing = place.Own - granted;
            own = rate is { } limit && missing > 0 ? TimeSpan.FromSeconds(missing / limit) : TimeSpan.Zero;
        }

        return own > ofAll ? own : ofAll;
    }

    private long? Earn()
    {
        long now = clock.GetTimestamp();
        double seconds = clock.GetElapsedTime(last, now).TotalSeconds;
        last = now;
        long? rate = bytesPerSecond();
        granted = rate is { } limit ? Math.Min(granted + (seconds * limit), asked + (limit * BurstSeconds)) : asked;
        return rate;
    }
}
