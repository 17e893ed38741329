using System.Collections.Concurrent;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Protection;

/// <summary>
/// What a job's <c>protection</c> demands of the bucket: whether it can do it, which is asked with whose the prefix is, before a run's first change
/// there; and how objects are locked. Thread-safe.
/// </summary>
/// <param name="store">Is asked.</param>
/// <param name="options">What is demanded.</param>
/// <param name="clock">This machine's.</param>
internal sealed class BucketProtection(IObjectStore store, ProtectionOptions options, TimeProvider clock)
{
    private readonly ConcurrentDictionary<LockedBy, Lazy<Task<bool>>> lockedBy = new();

    /// <summary>True when an object was made of an upload that an earlier run began, whose lock is not known.</summary>
    public bool HasUnknownLocks { get; set; }

    /// <summary>The time now, which S3 has put right where this machine's clock is wrong.</summary>
    public DateTimeOffset Now => clock.GetUtcNow() + store.ClockCorrection;

    /// <summary>What the run's options demand; null for nothing.</summary>
    public static BucketProtection? Of(SyncScope scope) =>
        scope.Request.Options.Protection is { } demanded ? new BucketProtection(scope.Store, demanded, scope.Request.Clock) : null;

    /// <summary>The store that writes as is demanded. One that only counts what would be written is as good.</summary>
    public IObjectStore Guard(IObjectStore unlocked) =>
        options.ObjectLock is { } wanted && unlocked is not PlannedStore ? new LockedStore(unlocked, wanted, this) : unlocked;

    /// <summary>To be awaited before anything in the bucket is changed.</summary>
    /// <exception cref="BackupException">The bucket cannot do it, or does not say: <c>ProtectionMissing</c>.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        // A bucket with Object Lock keeps versions, and nobody can make it stop.
        if (options.ObjectLock is not null)
        {
            if (await store.HasObjectLockAsync(cancellationToken).ConfigureAwait(false) is not true and var hasLock)
                throw SyncErrors.NoObjectLock(store.BucketName, isKnown: hasLock is not null);
        }
        else if (options.RequireVersioning
            && await store.KeepsVersionsAsync(cancellationToken).ConfigureAwait(false) is not true and var keepsVersions)
        {
            throw SyncErrors.NoVersioning(store.BucketName, isKnown: keepsVersions is not null);
        }
    }

    /// <summary>Whether requests of a kind lock what they make: the first one that was made is asked about.</summary>
    /// <param name="way">The kind.</param>
    /// <param name="look">Looks at an object that such a request made.</param>
    public Task<bool> IsLockedByAsync(LockedBy way, Func<Task<bool>> look)
    {
        Lazy<Task<bool>> known = lockedBy.GetOrAdd(way, _ => new Lazy<Task<bool>>(look));
        if (!known.Value.IsFaulted && !known.Value.IsCanceled)
            return known.Value;
        // A question that was cut off is asked again.
        lockedBy.TryUpdate(way, new Lazy<Task<bool>>(look), known);
        return lockedBy[way].Value;
    }
}

/// <summary>The kinds of request that make objects.</summary>
internal enum LockedBy
{
    /// <summary>An upload in one.</summary>
    Put,

    /// <summary>A copy inside S3.</summary>
    Copy,

    /// <summary>An upload in parts.</summary>
    Parts,
}
