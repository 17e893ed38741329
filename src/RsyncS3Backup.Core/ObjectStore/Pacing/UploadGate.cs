using RsyncS3Backup.Calendar;
using RsyncS3Backup.State;

namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>
/// Says before each upload, and before each part of one, whether it may still begin: until the run's time is up, and while the day's bytes
/// are not used up. What has begun ends; what was refused once makes the run one that pauses, and nothing begins after it. Thread-safe.
/// </summary>
/// <param name="limits">The job's.</param>
/// <param name="ledger">What went out on this day before.</param>
/// <param name="traffic">What goes out now, also what is sent again.</param>
/// <param name="clock">The wall clock: one of running time stands still while a laptop sleeps.</param>
internal sealed class UploadGate(PauseLimits limits, UploadLedger ledger, Traffic traffic, TimeProvider clock)
{
    // A run that is killed has told so much too little at most.
    private static readonly TimeSpan KeptEvery = TimeSpan.FromSeconds(10);

    // With less than this share of the day's bytes gone, as by what is around the uploads, as good as nothing was sent.
    private const int NothingYet = 10;

    private readonly object gate = new();
    private DateOnly? day;
    private DateTimeOffset kept;
    private long before;
    private long sentThen;
    private long begun;

    /// <summary>Why something was refused; null while nothing was.</summary>
    public PauseCause? Cause { get; private set; }

    /// <summary>True when nothing may begin any more. Whoever asks has something to begin.</summary>
    public bool Refuses()
    {
        lock (gate)
            return Cause is not null || (IsTimeUp && Refuse(PauseCause.StopAt));
    }

    /// <summary>Demands that an upload may begin, and counts its bytes.</summary>
    /// <exception cref="UploadPausedException">It may not.</exception>
    public void Demand(long bytes)
    {
        if (!TryBegin(bytes))
            throw new UploadPausedException(bytes);
    }

    /// <summary>True when an upload, or a part of one, may begin; its bytes are counted then.</summary>
    public bool TryBegin(long bytes) => TryBegin(bytes, isCounted: true);

    /// <summary>True when one could begin now; else the run is one that pauses.</summary>
    public bool HasRoomFor(long bytes) => TryBegin(bytes, isCounted: false);

    /// <summary>
    /// True when what is in S3 may go for something that takes its place: all of that can still come today, as far as is known by what has begun, or
    /// is more than any day has, so that it comes over several days whatever is done. Else the run is one that pauses.
    /// </summary>
    /// <param name="bytes">Measures what takes its place; asked only where it matters.</param>
    public bool MayReplace(Func<long> bytes)
    {
        if (Refuses())
            return false;
        if (limits.MaxUpload is not { } most)
            return true;
        long needed = bytes();
        return needed > most || HasRoomFor(needed);
    }

    /// <summary>Writes down what went out on this day. Nothing that can go wrong here stops a run.</summary>
    /// <returns>Why it could not be written; null when it was.</returns>
    public Exception? Keep()
    {
        lock (gate)
            return day is { } today ? Write(today) : null;
    }

    private bool IsTimeUp => limits.StopTime is { } stop && clock.GetUtcNow() >= stop;

    private bool TryBegin(long bytes, bool isCounted)
    {
        lock (gate)
        {
            if (Refuses())
                return false;
            if (limits.MaxUpload is not { } most)
                return true;
            DateTimeOffset now = clock.GetUtcNow();
            DateOnly today = Turn(now);
            if (!Fits(before + Math.Max(traffic.SentBytes - sentThen, begun), bytes, most))
                return !Refuse(PauseCause.MaxUpload);
            if (isCounted)
                begun += bytes;
            if (now - kept >= KeptEvery)
            {
                kept = now;
                _ = Write(today);
            }

            return true;
        }
    }

    /// <summary>True when so many bytes may still go out on a day.</summary>
    /// <param name="used">What went out.</param>
    /// <param name="bytes">What is to go out; more than a whole day's bytes go out on a day of their own, or they never would.</param>
    /// <param name="most">The day's.</param>
    internal static bool Fits(long used, long bytes, long most) => bytes > most ? used < most / NothingYet : bytes <= most - used;

    private bool Refuse(PauseCause cause)
    {
        Cause = cause;
        return true;
    }

    private DateOnly Turn(DateTimeOffset now)
    {
        DateOnly today = DateOnly.FromDateTime(limits.Zone.At(now.UtcDateTime).DateTime);
        if (today == day)
            return today;
        (day, before, sentThen, begun, kept) = (today, ledger.Read(today), day is null ? 0 : traffic.SentBytes, 0, now);
        return today;
    }

    private Exception? Write(DateOnly today)
    {
        try
        {
            ledger.Write(today, before + traffic.SentBytes - sentThen);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception;
        }
    }
}

/// <summary>How long a run may begin uploads.</summary>
internal sealed record PauseLimits
{
    /// <summary>Bytes that may go out on one day; null: no limit.</summary>
    public long? MaxUpload { get; init; }

    /// <summary>When the run ends; null: when it is done.</summary>
    public DateTimeOffset? StopTime { get; init; }

    /// <summary>Whose days they are.</summary>
    public required ScheduleZone Zone { get; init; }
}

/// <summary>Why a run pauses.</summary>
internal enum PauseCause
{
    /// <summary>The day's bytes are used up.</summary>
    MaxUpload,

    /// <summary>Its time is up.</summary>
    StopAt,
}

/// <summary>An upload, or the rest of one, is left to the next run. Nothing was asked of S3.</summary>
/// <param name="bytes">Bytes of it that S3 does not have.</param>
internal sealed class UploadPausedException(long bytes) : Exception("The upload is left to the next run.")
{
    /// <summary>Bytes of it that S3 does not have.</summary>
    public long Bytes { get; } = bytes;
}
