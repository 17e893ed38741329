using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Protection;

/// <summary>Decides when the lock of an object is renewed.</summary>
internal static class LockRenewals
{
    /// <summary>
    /// When less than half of the days is left of an object's lock, so that it is renewed; null for what is not locked: what S3 may not have, and
    /// what others put there. What the mirror has no more is renewed as long as the bucket shows it.
    /// </summary>
    /// <param name="row">The object.</param>
    /// <param name="options">The job's lock.</param>
    public static DateTimeOffset? DueTime(CatalogEntry row, ObjectLockOptions options)
    {
        if (row.ETag.Length == 0 || row.IsForeign)
            return null;
        return row.Retention is { } retention ? retention.Until - TimeSpan.FromDays(options.Days) / 2 : DateTimeOffset.MinValue;
    }

    /// <summary>
    /// The lock that it gets: not before the one that it has ends, and in that one's mode while it lasts, because S3 lets nobody make a lock
    /// weaker, nor one in governance mode stronger without <c>s3:BypassGovernanceRetention</c>.
    /// </summary>
    /// <param name="row">The object.</param>
    /// <param name="options">The job's lock.</param>
    /// <param name="now">The time now.</param>
    public static ObjectRetention Renewed(CatalogEntry row, ObjectLockOptions options, DateTimeOffset now)
    {
        ObjectRetention renewed = ObjectRetention.From(options, now);
        if (row.Retention is not { } held || held.Until <= now)
            return renewed;
        return new ObjectRetention(held.Mode, held.Until > renewed.Until ? held.Until : renewed.Until);
    }
}
