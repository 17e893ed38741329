using System.Diagnostics.CodeAnalysis;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>Changes of rows that wait to be written, and the thread that has them written, many together. Thread-safe.</summary>
/// <param name="commit">Has what waits written: calls <see cref="Write"/> under the writer's gate.</param>
/// <param name="health">After a failure nothing more is taken.</param>
internal sealed class CatalogQueue(Action commit, CatalogHealth health)
{
    /// <summary>So many changes are written together.</summary>
    internal const int BatchSize = 1000;

    /// <summary>So many may wait for the disk. Beyond that the caller waits too, so that a slow disk costs no memory.</summary>
    internal const int MostPending = 50_000;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    // Taken inside the writer's gate, never the other way round.
    private readonly object gate = new();

    // Null stands for a removed row. The last word on a key counts, so their order needs no keeping.
    private Dictionary<string, CatalogEntry?> pending = [];
    private Dictionary<string, CatalogEntry?> committing = [];
    private Thread? thread;
    private bool isStopping;

    /// <summary>Takes a change.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="entry">The row; null when it goes.</param>
    public void Add(string key, CatalogEntry? entry)
    {
        lock (gate)
        {
            if (health.Failure is not null)
                return;
            if (pending.Count >= MostPending && !WaitForRoom())
                return;
            pending[key] = entry;
            if (thread is null)
            {
                thread = new Thread(CommitInBatches) { IsBackground = true, Name = "Catalog" };
                thread.Start();
            }

            if (pending.Count is 1 or BatchSize)
                Monitor.PulseAll(gate);
        }
    }

    /// <summary>True when a change of the row waits; it is null when the row goes.</summary>
    public bool TryFind(string key, [MaybeNullWhen(false)] out CatalogEntry? entry)
    {
        lock (gate)
            return pending.TryGetValue(key, out entry) || committing.TryGetValue(key, out entry);
    }

    /// <summary>All that waits.</summary>
    public Dictionary<string, CatalogEntry?> Waiting()
    {
        Dictionary<string, CatalogEntry?> unwritten = [];
        lock (gate)
        {
            foreach ((string key, CatalogEntry? entry) in committing.Concat(pending))
                unwritten[key] = entry;
        }

        return unwritten;
    }

    /// <summary>Writes what waits; false when nothing did. For one caller at a time: the writer's gate is held.</summary>
    public bool Write(Action<Dictionary<string, CatalogEntry?>> write)
    {
        lock (gate)
        {
            if (pending.Count == 0)
                return false;
            (committing, pending) = (pending, committing);
        }

        write(committing);
        lock (gate)
        {
            // Only now: until the commit is seen by others, these rows are found here.
            committing.Clear();
            Monitor.PulseAll(gate);
        }

        return true;
    }

    /// <summary>Ends the thread. What waits then is written by nobody.</summary>
    public void Stop()
    {
        lock (gate)
        {
            isStopping = true;
            Monitor.PulseAll(gate);
        }

        thread?.Join();
    }

    private bool WaitForRoom()
    {
        while (pending.Count >= MostPending && health.Failure is null)
        {
            if (!Monitor.Wait(gate, LongestWait))
                health.Fail("The disk of the state folder does not keep up.");
        }

        return health.Failure is null;
    }

    private void CommitInBatches()
    {
        while (true)
        {
            lock (gate)
            {
                while (pending.Count == 0 && !isStopping)
                    Monitor.Wait(gate);
                if (isStopping)
                    return;
                if (pending.Count < BatchSize)
                    Monitor.Wait(gate, LongestDelay);
            }

            commit();
        }
    }
}
