using System.Globalization;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// Whether a snapshot can be what its manifest says. Whoever may write to the bucket can write a manifest too, and a snapshot that counts
/// decides which others go: five small objects that said 2099 would be the newest five.
/// </summary>
internal static class SnapshotDoubt
{
    // What clocks and a changed time zone may be apart.
    private static readonly TimeSpan Tolerance = TimeSpan.FromDays(1);
    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private const int PageSize = 1000;

    /// <summary>Why its times cannot be true; null when they can. Pure.</summary>
    /// <param name="dated">The prefix with its date tokens.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="now">The time.</param>
    /// <param name="zone">The zone in which the tokens show it.</param>
    public static string? OfTimes(DatedPrefix dated, Snapshot snapshot, DateTimeOffset now, TimeZoneInfo zone)
    {
        DateTimeOffset written = snapshot.Manifest.Time;
        DateTime latest = TimeZoneInfo.ConvertTime(now, zone).DateTime + Tolerance;
        if (snapshot.Manifest.ContentTime is var last && last > now + Tolerance)
            return string.Create(CultureInfo.InvariantCulture, $"its manifest says that it was written on {last:yyyy-MM-dd}, which is yet to come");
        if (snapshot.Time > latest)
            return "its date is yet to come";
        // The mark of one that is being pruned has that day's time.
        if (!snapshot.Manifest.IsComplete)
            return null;
        bool isOfItsDate = written > Earliest
            && dated.Truncate(TimeZoneInfo.ConvertTime(written - Tolerance, zone).DateTime) <= snapshot.Time
            && dated.Truncate(TimeZoneInfo.ConvertTime(written + Tolerance, zone).DateTime) >= snapshot.Time;
        return isOfItsDate
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"its manifest says that it is of {written:yyyy-MM-dd}, which is not its date");
    }

    /// <summary>Why its objects are not those that its manifest tells of; null when they may be. One request, which sees a page of them.</summary>
    public static async Task<string?> OfObjectsAsync(IObjectStore store, Snapshot snapshot, CancellationToken cancellationToken)
    {
        long expected = Math.Min(snapshot.Manifest.Objects, PageSize - 1);
        long found = 0;
        if (expected == 0)
            return null;
        using IObjectStore at = store.At(snapshot.KeyPrefix);
        await foreach (StoredObject item in at.ListAsync(KeyRange.Everything, cancellationToken).ConfigureAwait(false))
        {
            if (item.RelativeKey is not (SnapshotManifest.RelativeKey or MirrorMarker.FileName) && ++found == expected)
                return null;
        }

        return $"its manifest tells of {snapshot.Manifest.Objects} objects, and there are {found}";
    }
}
