namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What a test has found so far. Thread-safe.</summary>
internal sealed class TestCounters
{
    private readonly long[] kinds = new long[(int)BackupDifferenceKind.S3Corrupted + 1];
    private long total;
    private long totalBytes;
    private long seen;
    private long seenBytes;
    private long downloadedBytes;
    private long archived;

    public long Total => Interlocked.Read(ref total);

    public long TotalBytes => Interlocked.Read(ref totalBytes);

    public long Checked => Interlocked.Read(ref seen);

    public long CheckedBytes => Interlocked.Read(ref seenBytes);

    public long DownloadedBytes => Interlocked.Read(ref downloadedBytes);

    public long Differences => kinds.Select((_, kind) => Of((BackupDifferenceKind)kind)).Sum() - Of(BackupDifferenceKind.NotYetSent);

    public BackupDifferenceCounts DifferenceCounts => new()
    {
        NotYetSent = Of(BackupDifferenceKind.NotYetSent),
        MissingInS3 = Of(BackupDifferenceKind.MissingInS3),
        MissingInMirror = Of(BackupDifferenceKind.MissingInMirror),
        ContentDiffers = Of(BackupDifferenceKind.ContentDiffers),
        MetadataDiffers = Of(BackupDifferenceKind.MetadataDiffers),
        MirrorCorrupted = Of(BackupDifferenceKind.MirrorCorrupted),
        S3Corrupted = Of(BackupDifferenceKind.S3Corrupted),
    };

    public long Archived => Interlocked.Read(ref archived);

    public void Seen(long bytes)
    {
        Interlocked.Increment(ref total);
        Interlocked.Add(ref totalBytes, bytes);
    }

    public void ContentChecked() => Interlocked.Increment(ref seen);

    public void Read(long bytes) => Interlocked.Add(ref seenBytes, bytes);

    public void Downloaded(long bytes) => Interlocked.Add(ref downloadedBytes, bytes);

    public void WasArchived() => Interlocked.Increment(ref archived);

    public void Differs(BackupDifferenceKind kind) => Interlocked.Increment(ref kinds[(int)kind]);

    private long Of(BackupDifferenceKind kind) => Interlocked.Read(ref kinds[(int)kind]);
}
