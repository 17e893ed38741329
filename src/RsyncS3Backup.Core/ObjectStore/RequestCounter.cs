namespace RsyncS3Backup.ObjectStore;

/// <summary>Counts what really goes over the wire to S3, retries included, by the type that S3 bills it as.</summary>
internal sealed class RequestCounter(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private long put;
    private long copy;
    private long list;
    private long get;
    private long head;
    private long delete;

    /// <summary>The counts so far.</summary>
    public S3RequestCounts Snapshot() => new()
    {
        Put = Interlocked.Read(ref put),
        Copy = Interlocked.Read(ref copy),
        List = Interlocked.Read(ref list),
        Get = Interlocked.Read(ref get),
        Head = Interlocked.Read(ref head),
        Delete = Interlocked.Read(ref delete),
    };

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref CounterFor(request));
        return base.SendAsync(request, cancellationToken);
    }

    private ref long CounterFor(HttpRequestMessage request)
    {
        if (request.Method == HttpMethod.Put)
            return ref request.Headers.Contains("x-amz-copy-source") ? ref copy : ref put;
        string query = request.RequestUri?.Query ?? "";
        if (request.Method == HttpMethod.Post)
            return ref HasParameter(query, "delete") ? ref delete : ref put;
        if (request.Method == HttpMethod.Head)
            return ref head;
        if (request.Method == HttpMethod.Delete)
            return ref delete;
        bool isListing = HasParameter(query, "list-type") || HasParameter(query, "uploads") || HasParameter(query, "versions");
        return ref isListing ? ref list : ref get;
    }

    private static bool HasParameter(string query, string name)
    {
        foreach (string part in query.TrimStart('?').Split('&'))
        {
            if (part.AsSpan().StartsWith(name, StringComparison.Ordinal) && (part.Length == name.Length || part[name.Length] == '='))
                return true;
        }

        return false;
    }
}
