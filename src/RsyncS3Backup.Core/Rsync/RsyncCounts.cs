using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync;

/// <summary>What the passes of one stage 1 did so far.</summary>
internal sealed class RsyncCounts
{
    /// <summary>Entries that are new in the mirror.</summary>
    public long Created { get; private set; }

    /// <summary>Entries with new content.</summary>
    public long Updated { get; private set; }

    /// <summary>Entries with new attributes only.</summary>
    public long MetadataChanged { get; private set; }

    /// <summary>Entries that are gone from the mirror.</summary>
    public long Deleted { get; private set; }

    /// <summary>Source files that were gone when rsync came to read them.</summary>
    public long Vanished { get; set; }

    /// <summary>Lines of output that were not understood, each of which may have been a change.</summary>
    public long Malformed { get; set; }

    /// <summary>Bytes of the files that were transferred.</summary>
    public long TransferredBytes { get; set; }

    /// <summary>The last rsync's exit code; null while none has ended.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Counts one change.</summary>
    public void Add(RsyncChange change)
    {
        switch (change)
        {
            case RsyncChange.Created:
                Created++;
                break;
            case RsyncChange.Updated:
                Updated++;
                break;
            case RsyncChange.Metadata:
                MetadataChanged++;
                break;
            case RsyncChange.Deleted:
                Deleted++;
                break;
        }
    }
}
