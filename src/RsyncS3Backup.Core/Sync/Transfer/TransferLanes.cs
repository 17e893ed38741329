using System.Threading.Channels;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Workers for small things and workers for large ones, each with a queue of their own: a row of large files must not keep small ones from
/// being read, nor thousands of small ones a large one from being begun. How many requests are under way is the <see cref="TransferLimiter"/>'s
/// business. What would fail for every other item too ends them all.
/// </summary>
/// <param name="itemsAhead">How many items may wait in each lane.</param>
/// <param name="smallWorkers">How many small items are worked on at a time.</param>
/// <param name="largeWorkers">How many large items are worked on at a time.</param>
/// <param name="isLarge">Tells them apart.</param>
/// <param name="work">
/// Works on one item; what is wrong with that item is its own business. Returns what ends everything, and null to go on.
/// </param>
internal sealed class TransferLanes<T>(
    int itemsAhead, int smallWorkers, int largeWorkers, Func<T, bool> isLarge, Func<T, CancellationToken, Task<BackupError?>> work)
{
    private Lanes? lanes;
    private BackupError? fatal;

    /// <summary>Runs until everything that was fed is worked on.</summary>
    /// <param name="feed">Hands each item, one at a time, to what it is given, which waits while that item's lane is full.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">What a worker said ends everything.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task RunAsync(Func<Func<T, CancellationToken, ValueTask>, CancellationToken, Task> feed, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await feed((item, token) => WriteAsync(item, stop, token), stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (fatal is not null)
        {
            // A worker met what ends everything; it is thrown below.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            lanes?.Small.Writer.TryComplete();
            lanes?.Large.Writer.TryComplete();
            await Workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (fatal is not null)
            throw new BackupException(fatal);
        await Workers.ConfigureAwait(false);
    }

    private Task Workers => lanes?.Workers ?? Task.CompletedTask;

    private ValueTask WriteAsync(T item, CancellationTokenSource stop, CancellationToken cancellationToken)
    {
        // Not before the first item: most runs have none.
        lanes ??= Start(stop);
        return (isLarge(item) ? lanes.Large : lanes.Small).Writer.WriteAsync(item, cancellationToken);
    }

    private Lanes Start(CancellationTokenSource stop)
    {
        Channel<T> small = Channel.CreateBounded<T>(new BoundedChannelOptions(itemsAhead) { SingleWriter = true });
        Channel<T> large = Channel.CreateBounded<T>(new BoundedChannelOptions(itemsAhead) { SingleWriter = true });
        IEnumerable<Task> workers = Enumerable.Range(0, smallWorkers).Select(_ => WorkAsync(small.Reader, stop))
            .Concat(Enumerable.Range(0, largeWorkers).Select(_ => WorkAsync(large.Reader, stop)));
        return new Lanes(small, large, Task.WhenAll(workers.ToArray()));
    }

    private async Task WorkAsync(ChannelReader<T> queue, CancellationTokenSource stop)
    {
        await foreach (T item in queue.ReadAllAsync(stop.Token).ConfigureAwait(false))
        {
            if (await work(item, stop.Token).ConfigureAwait(false) is not { } error)
                continue;
            Interlocked.CompareExchange(ref fatal, error, null);
            await stop.CancelAsync().ConfigureAwait(false);
            return;
        }
    }

    private sealed record Lanes(Channel<T> Small, Channel<T> Large, Task Workers);
}
