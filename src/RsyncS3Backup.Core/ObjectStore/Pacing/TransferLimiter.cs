namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>
/// Gives every request of a run its slot, and finds from what moves how many there should be. Thread-safe.
/// </summary>
internal sealed class TransferLimiter
{
    /// <summary>What a run without a throttle limit goes up to. At 50 ms a request, 175 would reach the 3,500 a second that S3 allows a prefix.</summary>
    public const int DefaultMaximum = 128;

    private const int Initial = 16;

    // A request costs about as much time as this many bytes on a line of 10 MB/s and 6 ms; so a mixture of sizes has one rate.
    private const double BytesPerAnswer = 64 * 1024;

    private static readonly TimeSpan ShortestSample = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestSample = TimeSpan.FromSeconds(5);

    private readonly Traffic traffic;
    private readonly TimeProvider clock;
    private readonly ConcurrencyController controller;
    private readonly TransferSlots slots;
    private readonly object gate = new();
    private long sampleStart;
    private long bytesThen;
    private long answersThen;
    private long throttledThen;

    /// <summary>A limiter that never lets more than <paramref name="maximum"/> requests be under way.</summary>
    public TransferLimiter(Traffic traffic, int maximum, TimeProvider clock)
    {
        this.traffic = traffic;
        this.clock = clock;
        controller = new ConcurrencyController(Initial, maximum);
        slots = new TransferSlots(controller.Limit);
        sampleStart = clock.GetTimestamp();
    }

    /// <summary>How many requests may be under way now.</summary>
    public int Limit => slots.Limit;

    /// <summary>Waits until a request may be sent; dispose the answer when it is over.</summary>
    public ValueTask<TransferSlots.Slot> EnterAsync(TransferLane lane, CancellationToken cancellationToken)
    {
        if (clock.GetElapsedTime(Interlocked.Read(ref sampleStart)) >= ShortestSample)
            Adapt();
        return slots.EnterAsync(lane, cancellationToken);
    }

    private void Adapt()
    {
        lock (gate)
        {
            TimeSpan duration = clock.GetElapsedTime(sampleStart);
            (long bytes, long answers, long throttled) = (traffic.Bytes, traffic.Answers, traffic.Throttled);
            // Too few answers, as with large parts on a slow line, say little about the rate.
            bool isMeaningful = throttled > throttledThen || answers - answersThen >= controller.Limit || duration >= LongestSample;
            if (duration < ShortestSample || !isMeaningful)
                return;
            controller.Observe(new ConcurrencySample(
                bytes - bytesThen + ((answers - answersThen) * BytesPerAnswer), duration, slots.TakeSaturation(), throttled > throttledThen));
            slots.Limit = controller.Limit;
            (bytesThen, answersThen, throttledThen) = (bytes, answers, throttled);
            Interlocked.Exchange(ref sampleStart, clock.GetTimestamp());
        }
    }
}
