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

    /// <summary>The requests that upload so many bytes.</summary>
    /// <param name="size">Bytes of the object.</param>
    /// <param name="usualPartSize">Bytes from which on it goes in parts, and of each part as long as S3 takes so many.</param>
    public void AddUpload(long size, long usualPartSize) =>
        AddPuts(size < usualPartSize ? 1 : PartSize.Count(size, PartSize.For(size, usualPartSize)) + 2);

    /// <summary>The requests that upload so many bytes in parts, of which some are copied from an object.</summary>
    /// <param name="size">Bytes of the object.</param>
    /// <param name="partSize">Bytes of each part but the last.</param>
    /// <param name="copiedParts">How many are copied; not zero, or the object would not be asked for.</param>
    public void AddUpload(long size, long partSize, int copiedParts)
    {
        AddHeads(1);
        AddPuts(PartSize.Count(size, partSize) - copiedParts + 2);
        AddCopies(copiedParts);
    }

    /// <summary>These, and those that were sent to find them out: what the run would send.</summary>
    public S3RequestCounts And(S3RequestCounts sent) => sent with
    {
        Put = sent.Put + Interlocked.Read(ref puts),
        Copy = sent.Copy + Interlocked.Read(ref copies),
        Head = sent.Head + Interlocked.Read(ref heads),
        Delete = sent.Delete + Interlocked.Read(ref deletes),
    };
}
