using System.Collections.Concurrent;

namespace S3Server;

/// <summary>Counts requests by S3 operation name (<c>PutObject</c>, <c>ListObjectsV2</c>, …). Safe for threads.</summary>
public sealed class RequestCounter
{
    private readonly ConcurrentDictionary<string, Cell> cells = new(StringComparer.Ordinal);

    /// <summary>How often an operation was asked for, refused requests included.</summary>
    public long this[string operation] => cells.TryGetValue(operation, out var cell) ? Volatile.Read(ref cell.Count) : 0;

    public long Total => cells.Values.Sum(cell => Volatile.Read(ref cell.Count));

    /// <summary>The operations asked for at least once, by name.</summary>
    public IReadOnlyDictionary<string, long> ByOperation => new SortedDictionary<string, long>(
        cells.Where(pair => pair.Value.Count > 0).ToDictionary(pair => pair.Key, pair => Volatile.Read(ref pair.Value.Count)),
        StringComparer.Ordinal);

    public void Reset()
    {
        foreach (var cell in cells.Values)
            Interlocked.Exchange(ref cell.Count, 0);
    }

    internal void Add(string operation) => Interlocked.Increment(ref cells.GetOrAdd(operation, static _ => new Cell()).Count);

    private sealed class Cell
    {
        public long Count;
    }
}

/// <summary>One request as the server saw it.</summary>
public sealed record LoggedRequest(string Operation, string Method, string Target, string? Bucket, string? Key, int Status,
    string? ExpectedBucketOwner);
