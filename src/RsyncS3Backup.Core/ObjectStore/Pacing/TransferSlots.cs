namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>What a request carries: those of one kind must not starve those of the other.</summary>
internal enum TransferLane
{
    /// <summary>A whole object, or no content at all.</summary>
    Objects,

    /// <summary>A part of a large object.</summary>
    Parts,
}

/// <summary>
/// Bounds the requests under way. A lane may use every slot while the other has nothing to do; when both wait, a free slot goes to the one
/// that has fewer. Within a lane first come is first served. Thread-safe.
/// </summary>
internal sealed class TransferSlots(int limit)
{
    private const int Lanes = 2;

    private readonly object gate = new();
    private readonly Queue<TaskCompletionSource>[] waiting = [new(), new()];
    private readonly int[] inFlight = new int[Lanes];
    private int lastServed;
    private bool wasSaturated;

    /// <summary>How many requests may be under way. A smaller limit holds for new ones.</summary>
    public int Limit
    {
        get
        {
            lock (gate)
                return limit;
        }

        set
        {
            lock (gate)
            {
                limit = value;
                Grant();
            }
        }
    }

    /// <summary>Waits for a slot; dispose the answer to give it back.</summary>
    public async ValueTask<Slot> EnterAsync(TransferLane lane, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (gate)
        {
            if (Total < limit && waiting[0].Count + waiting[1].Count == 0)
            {
                Take((int)lane);
                return new Slot(this, lane);
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting[(int)lane].Enqueue(turn);
        }

        // The one that gave up stays in the queue and is passed over when its turn comes.
        using CancellationTokenRegistration registration = cancellationToken.Register(() => turn.TrySetCanceled(cancellationToken));
        await turn.Task.ConfigureAwait(false);
        return new Slot(this, lane);
    }

    /// <summary>True when all slots were in use at some moment since the last call.</summary>
    public bool TakeSaturation()
    {
        lock (gate)
        {
            bool answer = wasSaturated;
            wasSaturated = Total >= limit;
            return answer;
        }
    }

    private int Total => inFlight[0] + inFlight[1];

    private void Take(int lane)
    {
        inFlight[lane]++;
        lastServed = lane;
        wasSaturated |= Total >= limit;
    }

    private void Leave(TransferLane lane)
    {
        lock (gate)
        {
            inFlight[(int)lane]--;
            Grant();
        }
    }

    private void Grant()
    {
        while (Total < limit && NextLane() is { } lane)
        {
            // Counted before the waiter hears of it: its continuation may run at once, on another thread.
            if (waiting[lane].Dequeue().TrySetResult())
                Take(lane);
        }
    }

    private int? NextLane()
    {
        if (waiting[0].Count == 0 || waiting[1].Count == 0)
            return waiting[0].Count > 0 ? 0 : waiting[1].Count > 0 ? 1 : null;
        return inFlight[0] == inFlight[1] ? 1 - lastServed : inFlight[0] < inFlight[1] ? 0 : 1;
    }

    /// <summary>One request that may be under way until this is disposed.</summary>
    internal readonly struct Slot(TransferSlots slots, TransferLane lane) : IDisposable
    {
        public void Dispose() => slots?.Leave(lane);
    }
}
