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

    // Most runs are over before long; at the start a double shows in less, when each slot has been used twice.
    private static readonly TimeSpan ShortestFirstSample = TimeSpan.FromMilliseconds(200);
    private const int AnswersASlotAtFirst = 2;

    private static readonly TimeSpan LongestSample = TimeSpan.FromSeconds(5);

    private readonly Traffic traffic;
    private readonly TimeProvider clock;
    private readonly ConcurrencyController controller;
    private readonly TransferSlots slots;
    private readonly object gate = new();
    private long sampleStart;
    private volatile bool isStarting = true;
    private long bytesThen;
    private long answersThen;
    private long throttledThen;

    /// <summary>A limiter that never lets more than <paramref name="maximum"/> requests be under way.</summary>
    /// <param name="traffic">What moves.</param>
    /// <param name="maximum">The most requests.</param>
    /// <param name="clock">By which it is measured.</param>
    /// <param name="known">How many did best before; it starts with half of them. Null: not known.</param>
    public TransferLimiter(Traffic traffic, int maximum, TimeProvider clock, int? known = null)
    {
        this.traffic = traffic;
        this.clock = clock;
        controller = new ConcurrencyController(Math.Max(Initial, (known ?? 0) / 2), maximum);
        slots = new TransferSlots(controller.Limit);
        sampleStart = clock.GetTimestamp();
    }

    /// <summary>How many requests may be under way now.</summary>
    public int Limit => slots.Limit;

    /// <summary>How many did best; null while that is not known.</summary>
    public int? Best { get; private set; }

    private TimeSpan Shortest => isStarting ? ShortestFirstSample : ShortestSample;

    /// <summary>Waits until a request may be sent; dispose the answer when it is over.</summary>
    public ValueTask<TransferSlots.Slot> EnterAsync(TransferLane lane, CancellationToken cancellationToken)
    {
        if (clock.GetElapsedTime(Interlocked.Read(ref sampleStart)) >= Shortest)
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
            int enough = isStarting ? AnswersASlotAtFirst * controller.Limit : controller.Limit;
            bool isMeaningful = throttled > throttledThen || answers - answersThen >= enough || duration >= LongestSample;
            if (duration < Shortest || !isMeaningful)
                return;
            int measured = controller.Limit;
            controller.Observe(new ConcurrencySample(
                bytes - bytesThen + ((answers - answersThen) * BytesPerAnswer), duration, slots.TakeSaturation(), throttled > throttledThen));
            slots.Limit = controller.Limit;
            isStarting = controller.IsStarting;
            // A step back says that the one before it brought nothing, and one forward has brought nothing yet.
            if (!isStarting && throttled == throttledThen)
                Best = Math.Min(measured, controller.Limit);
            (bytesThen, answersThen, throttledThen) = (bytes, answers, throttled);
            Interlocked.Exchange(ref sampleStart, clock.GetTimestamp());
        }
    }
}
