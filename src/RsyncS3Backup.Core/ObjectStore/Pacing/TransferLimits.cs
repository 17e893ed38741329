using RsyncS3Backup.Calendar;

namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>How fast a run may send and receive, and how long it waits when nothing moves.</summary>
internal sealed record TransferLimits
{
    /// <summary>The timeout of a run that names none.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestRequestPatience = TimeSpan.FromMinutes(2);

    /// <summary>Bytes a second that are sent, all requests together; null for as fast as it goes.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>A limit that changes with the time of the day, in place of <see cref="BytesPerSecond"/>; null: none does.</summary>
    public BandwidthHours? Hours { get; init; }

    /// <summary>Bytes a second that answers bring, all requests together; null for as fast as it goes.</summary>
    public long? ReceivedBytesPerSecond { get; init; }

    /// <summary>A limit that other jobs share; null: none.</summary>
    public BandwidthLimit? Shared { get; init; }

    /// <summary>A run ends when nothing at all has moved for so long.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>One request is given up, and tried again, when nothing of it has moved for so long.</summary>
    public TimeSpan RequestPatience => Timeout / 3 < LongestRequestPatience ? Timeout / 3 : LongestRequestPatience;
}
