namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>
/// Bounds the bytes that transfers hold in memory. First come, first served: a large part waits its turn, and nobody passes it, so neither
/// small files nor large ones starve.
/// </summary>
internal sealed class MemoryBudget
{
    private readonly long capacity;
    private readonly object gate = new();
    private readonly Queue<Waiter> waiting = new();
    private long available;

    /// <summary>A budget of that many bytes.</summary>
    public MemoryBudget(long capacity) => this.capacity = available = capacity;

    /// <summary>Waits until <paramref name="bytes"/> are free; dispose the answer to give them back.</summary>
    public async ValueTask<Lease> AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        // More than there is in all would wait for ever.
        long share = Math.Min(bytes, capacity);
        Waiter? waiter = null;
        lock (gate)
        {
            if (waiting.Count == 0 && available >= share)
                available -= share;
            else
                waiting.Enqueue(waiter = new Waiter(share));
        }

        if (waiter is null)
            return new Lease(this, share);
        using CancellationTokenRegistration registration = cancellationToken.Register(() => GiveUp(waiter, cancellationToken));
        await waiter.Granted.Task.ConfigureAwait(false);
        return new Lease(this, share);
    }

    private void GiveUp(Waiter waiter, CancellationToken cancellationToken)
    {
        // The waiter stays in the queue and is passed over when its turn comes.
        if (waiter.Granted.TrySetCanceled(cancellationToken))
            Release(0);
    }

    private void Release(long bytes)
    {
        lock (gate)
        {
            available += bytes;
            while (waiting.TryPeek(out Waiter? first))
            {
                if (first.Granted.Task.IsCanceled)
                {
                    waiting.Dequeue();
                    continue;
                }

                if (available < first.Bytes)
                    return;
                waiting.Dequeue();
                available -= first.Bytes;
                if (!first.Granted.TrySetResult())
                    available += first.Bytes;
            }
        }
    }

    private sealed class Waiter(long bytes)
    {
        public long Bytes => bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Bytes that are taken until this is disposed.</summary>
    internal readonly struct Lease(MemoryBudget budget, long bytes) : IDisposable
    {
        public void Dispose() => budget?.Release(bytes);
    }
}
