namespace RsyncS3Backup.ObjectStore;

/// <summary>Counts the requests that a plan leaves out, because they would change something. Thread-safe.</summary>
internal sealed class PlannedRequests
{
    private long puts;
    private long copies;
    private long heads;
    private long deletes;

    public void AddPuts(long count) => Interlocked.Add(ref puts, count);

    public void AddCopies(long count) => Interlocked.Add(ref copies, count);

    public void AddHeads(long count) => Interlocked.Add(ref heads, count);

    public void AddDeletes(long count) => Interlocked.Add(ref deletes, count);

    /// <summary>The requests that upload so many bytes at once.</summary>
    /// <param name="size">Bytes of the object.</param>
    /// <param name="isFile">False for what goes in one request whatever its size.</param>
    public void AddUpload(long size, bool isFile) => AddPuts(isFile ? PartSize.WriteRequests(size) : 1);

    /// <summary>These, and those that were sent to find them out: what the run would send.</summary>
    public S3RequestCounts And(S3RequestCounts sent) => sent with
    {
        Put = sent.Put + Interlocked.Read(ref puts),
        Copy = sent.Copy + Interlocked.Read(ref copies),
        Head = sent.Head + Interlocked.Read(ref heads),
        Delete = sent.Delete + Interlocked.Read(ref deletes),
    };
}
