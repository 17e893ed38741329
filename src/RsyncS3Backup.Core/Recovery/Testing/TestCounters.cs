namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What a test has found so far. Thread-safe.</summary>
internal sealed class TestCounters
{
    private readonly long[] kinds = new long[(int)Enum.GetValues<BackupDifferenceKind>().Max() + 1];
    private long total;
    private long totalBytes;
    private long seen;
    private long seenBytes;
    private long downloadedBytes;
    private long archived;
    private long planned;
    private long plannedBytes;
    private long ended;
    private long notCompared;

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
        ChangedOutside = Of(BackupDifferenceKind.ChangedOutside),
    };

    public long Archived => Interlocked.Read(ref archived);

    /// <summary>Objects that were downloaded and could be compared with nothing.</summary>
    public long Unverified => Interlocked.Read(ref notCompared);

    /// <summary>Entries that nothing more is done about.</summary>
    public long Done => Total - Interlocked.Read(ref planned) + Interlocked.Read(ref ended);

    /// <summary>Bytes of the entries whose content is compared.</summary>
    public long PlannedBytes => Interlocked.Read(ref plannedBytes);

    /// <summary>True when every entry was seen.</summary>
    public bool IsTotalKnown { get; set; }

    /// <summary>An entry's content is to be compared.</summary>
    public void ContentPlanned(long bytes)
    {
        Interlocked.Increment(ref planned);
        Interlocked.Add(ref plannedBytes, bytes);
    }

    /// <summary>An entry's content was compared, or could not be.</summary>
    public void ContentEnded() => Interlocked.Increment(ref ended);

    public void Seen(long bytes)
    {
        Interlocked.Increment(ref total);
        Interlocked.Add(ref totalBytes, bytes);
    }

    public void ContentChecked() => Interlocked.Increment(ref seen);

    public void Read(long bytes) => Interlocked.Add(ref seenBytes, bytes);

    public void Downloaded(long bytes) => Interlocked.Add(ref downloadedBytes, bytes);

    public void NotCompared() => Interlocked.Increment(ref notCompared);

    public void WasArchived() => Interlocked.Increment(ref archived);

    public void Differs(BackupDifferenceKind kind) => Interlocked.Increment(ref kinds[(int)kind]);

    private long Of(BackupDifferenceKind kind) => Interlocked.Read(ref kinds[(int)kind]);
}
