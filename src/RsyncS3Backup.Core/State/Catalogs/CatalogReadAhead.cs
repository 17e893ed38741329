using System.Runtime.ExceptionServices;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>
/// Reads rows on a thread of its own, a few thousand ahead, because who reads all of them walks the mirror meanwhile. An error comes after the
/// rows before it, but for the last few hundred.
/// </summary>
internal sealed class CatalogReadAhead : IDisposable
{
    private const int RowsPerBatch = 512;
    private const int MostBatches = 8;

    private readonly object gate = new();
    private readonly Queue<CatalogEntry[]> batches = new();
    private readonly Thread thread;
    private ExceptionDispatchInfo? failure;
    private bool isAtEnd;
    private bool isStopped;

    /// <summary>Starts to read.</summary>
    /// <param name="next">Gives the next row, null after the last one. Called from one thread.</param>
    public CatalogReadAhead(Func<CatalogEntry?> next)
    {
        thread = new Thread(() => Read(next)) { IsBackground = true, Name = "Catalog reader" };
        thread.Start();
    }

    /// <summary>The next rows; null after the last one.</summary>
    public CatalogEntry[]? NextBatch()
    {
        lock (gate)
        {
            while (batches.Count == 0 && !isAtEnd)
                Monitor.Wait(gate);
            if (batches.TryDequeue(out CatalogEntry[]? batch))
            {
                Monitor.PulseAll(gate);
                return batch;
            }
        }

        failure?.Throw();
        return null;
    }

    /// <summary>Stops reading; when it returns, the thread has ended.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isStopped = true;
            Monitor.PulseAll(gate);
        }

        thread.Join();
    }

    private void Read(Func<CatalogEntry?> next)
    {
        try
        {
            CatalogEntry[] batch;
            do
            {
                batch = ReadBatch(next);
            }
            while (Add(batch) && batch.Length == RowsPerBatch);
        }
        catch (Exception exception)
        {
            failure = ExceptionDispatchInfo.Capture(exception);
        }

        lock (gate)
        {
            isAtEnd = true;
            Monitor.PulseAll(gate);
        }
    }

    private static CatalogEntry[] ReadBatch(Func<CatalogEntry?> next)
    {
        CatalogEntry[] batch = new CatalogEntry[RowsPerBatch];
        for (int i = 0; i < batch.Length; i++)
        {
            if (next() is not { } row)
                return batch[..i];
            batch[i] = row;
        }

        return batch;
    }

    /// <summary>Waits for room; false when nobody wants more.</summary>
    private bool Add(CatalogEntry[] batch)
    {
        lock (gate)
        {
            while (batches.Count == MostBatches && !isStopped)
                Monitor.Wait(gate);
            if (batch.Length > 0)
                batches.Enqueue(batch);
            Monitor.PulseAll(gate);
            return !isStopped;
        }
    }
}
