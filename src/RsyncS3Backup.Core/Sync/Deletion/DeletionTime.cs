namespace RsyncS3Backup.Sync.Deletion;

/// <summary>When an object is deleted that the mirror no longer has.</summary>
internal enum DeletionTime
{
    /// <summary>In this run.</summary>
    Now,

    /// <summary>In this run, which found it gone long enough ago and counted it then.</summary>
    Due,

    /// <summary>In a later run: from this one on it is known to be gone.</summary>
    Later,

    /// <summary>In a later run, as an earlier one has noted.</summary>
    Waits,
}

/// <summary>Decides that. Pure.</summary>
internal static class DeletionTimes
{
    /// <summary>When it is deleted.</summary>
    /// <param name="goneTime">Since when the mirror is known to be without it; null when this run found out.</param>
    /// <param name="deleteAfter">How long it is to stay from then on; zero: not at all.</param>
    /// <param name="now">When this run began.</param>
    public static DeletionTime Of(DateTimeOffset? goneTime, TimeSpan deleteAfter, DateTimeOffset now) =>
        goneTime is not { } gone ? deleteAfter > TimeSpan.Zero ? DeletionTime.Later : DeletionTime.Now
        // A clock that was set back makes nothing wait for longer than was asked for.
        : gone > now ? DeletionTime.Later
        : now - gone >= deleteAfter ? DeletionTime.Due
        : DeletionTime.Waits;
}
