using System.Threading.Channels;

namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// Workers for small things and workers for large ones, each with a queue of their own: a row of large files must not keep small ones from
/// being read, nor thousands of small ones a large one from being begun. How many requests are under way is the <see cref="TransferLimiter"/>'s
/// business.
/// </summary>
internal sealed class TransferLanes<T>
{
    private readonly Func<T, bool> isLarge;
    private readonly Func<Lanes> start;
    private Lanes? lanes;

    /// <summary>Lanes whose workers start with the first item: most runs have none.</summary>
    /// <param name="itemsAhead">How many items may wait in each lane.</param>
    /// <param name="smallWorkers">How many small items are worked on at a time.</param>
    /// <param name="largeWorkers">How many large items are worked on at a time.</param>
    /// <param name="isLarge">Tells them apart.</param>
    /// <param name="work">One worker: reads until the end of its queue.</param>
    public TransferLanes(int itemsAhead, int smallWorkers, int largeWorkers, Func<T, bool> isLarge, Func<ChannelReader<T>, Task> work)
    {
        this.isLarge = isLarge;
        start = () =>
        {
            Channel<T> small = Channel.CreateBounded<T>(new BoundedChannelOptions(itemsAhead) { SingleWriter = true });
            Channel<T> large = Channel.CreateBounded<T>(new BoundedChannelOptions(itemsAhead) { SingleWriter = true });
            IEnumerable<Task> workers = Enumerable.Range(0, smallWorkers).Select(_ => work(small.Reader))
                .Concat(Enumerable.Range(0, largeWorkers).Select(_ => work(large.Reader)));
            return new Lanes(small, large, Task.WhenAll(workers.ToArray()));
        };
    }

    /// <summary>Ends when every worker that was started has ended.</summary>
    public Task Completion => lanes?.Workers ?? Task.CompletedTask;

    /// <summary>Hands an item to its lane, and waits while that lane is full. For one caller at a time.</summary>
    public ValueTask WriteAsync(T item, CancellationToken cancellationToken)
    {
        lanes ??= start();
        return (isLarge(item) ? lanes.Large : lanes.Small).Writer.WriteAsync(item, cancellationToken);
    }

    /// <summary>There is nothing more to come.</summary>
    public void Complete()
    {
        lanes?.Small.Writer.TryComplete();
        lanes?.Large.Writer.TryComplete();
    }

    private sealed record Lanes(Channel<T> Small, Channel<T> Large, Task Workers);
}
