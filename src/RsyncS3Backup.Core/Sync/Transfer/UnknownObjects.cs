using Amazon.S3;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Objects that a listing shows, that the mirror does not have, and of which nothing is known any more, because the catalog was
/// lost: a file that was renamed since can be copied from one of them. So new files wait until the listing is read to its end. S3
/// is asked about such an object when there is a new file of its size; the file is copied from it when its time is the file's and
/// its entity tag, or a SHA-256, proves the content. A CRC is no proof.
/// </summary>
/// <param name="scope">The run's.</param>
internal sealed class UnknownObjects(SyncScope scope) : IDisposable
{
    // They are held in memory. Beyond that, what was renamed is sent.
    private const int Most = 50_000;
    private const int MostOfOneSize = 1000;
    private const int KeysAtATime = 1000;

    private readonly KeySpool waiting = new("new", scope.State.SpoolFolder);
    private readonly Dictionary<long, List<Unknown>> bySize = [];
    private int count;
    private volatile bool isRead;

    /// <summary>True when new files wait.</summary>
    public bool IsOn { get; set; }

    /// <summary>An object that the mirror does not have.</summary>
    public void Meet(SyncAction action)
    {
        bool isUnknown = action.Row is not { IsOurs: true } || action.IsRowRefuted;
        if (!IsOn || count == Most || !isUnknown || action.Remote is not { } remote || remote.Size < scope.Request.SmallestCopy
            || S3StorageClasses.IsArchive(remote.StorageClass))
            return;
        if (!bySize.TryGetValue(remote.Size, out List<Unknown>? alike))
            bySize[remote.Size] = alike = [];
        if (alike.Count == MostOfOneSize)
            return;
        alike.Add(new Unknown(remote));
        count++;
    }

    /// <summary>True when the entry must wait; <see cref="Release"/> hands its key out.</summary>
    public bool Waits(SyncAction action)
    {
        bool waits = IsOn && action is { Kind: SyncActionKind.Create, Local: { Kind: MirrorEntryKind.File } local }
            && local.ContentLength >= scope.Request.SmallestCopy && scope.Store.Abilities.CanCopy;
        if (waits)
            waiting.Add(action.RelativeKey, action.Local!.ContentLength);
        return waits;
    }

    /// <summary>What waited, once the listing is read.</summary>
    public IEnumerable<string> Release()
    {
        isRead = true;
        return waiting.Batches(KeysAtATime).SelectMany(batch => batch.Select(item => item.RelativeKey));
    }

    /// <summary>The object that holds an entry's content; null where none is known to.</summary>
    /// <param name="local">The entry.</param>
    /// <param name="ask">Asks S3 about a key.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<CatalogEntry?> FindAsync(
        MirrorEntry local, Func<string, CancellationToken, Task<StoredObject?>> ask, CancellationToken cancellationToken)
    {
        // Before, the listing still adds to them.
        if (!isRead || !bySize.TryGetValue(local.ContentLength, out List<Unknown>? alike))
            return null;
        foreach (Unknown unknown in alike)
        {
            StoredObject? head;
            try
            {
                head = await unknown.AskAsync(ask, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is AmazonS3Exception or BackupException)
            {
                // Somebody else's object must not keep a file from being sent.
                continue;
            }

            if (head is null || head.ETag != unknown.Listed.ETag || !HasTime(head, local))
                continue;
            if (await ContentComparer.IsSameAsync(local, Proof(head), cancellationToken).ConfigureAwait(false))
                return Row(head);
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => waiting.Dispose();

    private static bool HasTime(StoredObject head, MirrorEntry local) =>
        ObjectMetadata.IsOurs(head.Metadata)
        && ObjectMetadata.TryParse(head.Metadata, out StoredAttributes attributes)
        && attributes.ModifiedNanoseconds == local.Attributes.ModifiedNanoseconds;

    private static KnownContent Proof(StoredObject head) => new(head.Size, head.ETag, null, head.ChecksumBy("sha256"))
    {
        Stored = head with { Checksums = [], PartChecksums = [.. head.PartChecksums.Where(item => item.Key == "sha256")] },
    };

    private static CatalogEntry Row(StoredObject head) => CatalogEntry.Uncertain(head.RelativeKey) with
    {
        Size = head.Size,
        ETag = head.ETag,
        Crc32 = head.ChecksumBy("crc32"),
        StorageClass = head.StorageClass,
        VersionId = head.VersionId,
    };

    /// <summary>One object, about which S3 is asked once.</summary>
    private sealed class Unknown(StoredObject listed)
    {
        private readonly object gate = new();
        private Task<StoredObject?>? asked;

        public StoredObject Listed => listed;

        public Task<StoredObject?> AskAsync(
            Func<string, CancellationToken, Task<StoredObject?>> ask, CancellationToken cancellationToken)
        {
            lock (gate)
                return asked ??= ask(listed.RelativeKey, cancellationToken);
        }
    }
}
