using System.Diagnostics.CodeAnalysis;

namespace RsyncS3Backup.Pipeline;

/// <summary>Posts what takes memory until it is written: beyond so much the work waits for the pipeline.</summary>
/// <param name="pump">Brings it to the pipeline thread.</param>
[SuppressMessage(
    "Design", "CA1001", Justification = "Without its wait handle a semaphore holds nothing, and work that outlives its grace period may still use it.")]
internal sealed class BoundedPost(PipelinePump pump)
{
    /// <summary>How much may wait for the pipeline.</summary>
    internal const int MostAhead = 256;

    private readonly SemaphoreSlim room = new(MostAhead);

    /// <summary>Posts once there is room.</summary>
    internal async ValueTask PostAsync(Action write)
    {
        await room.WaitAsync().ConfigureAwait(false);
        PostInRoom(write);
    }

    /// <summary>Likewise for callers that cannot await. The thread waits.</summary>
    internal void Post(Action write)
    {
        room.Wait();
        PostInRoom(write);
    }

    private void PostInRoom(Action write)
    {
        // Every place is given back: by the write, or when the pump drops it because the pipeline has ended.
        if (!pump.TryPost(Written, dropped: () => room.Release()))
            room.Release();

        void Written()
        {
            write();
            room.Release();
        }
    }
}
