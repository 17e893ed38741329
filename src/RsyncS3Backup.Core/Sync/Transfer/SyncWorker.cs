using System.Collections.Concurrent;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Carries out one decision about one entry of the mirror, in the cheapest way that S3 allows: nothing, a copy inside S3, an upload. What S3
/// confirmed goes into the catalog, and nothing else does.
/// </summary>
/// <param name="scope">The run's.</param>
/// <param name="sender">Sends content.</param>
/// <param name="limiter">Says when a request may be sent.</param>
/// <param name="catalog">What S3 holds; null where that is not kept.</param>
/// <param name="snapshot">The dated snapshot, where there is one.</param>
/// <param name="same">Finds content that S3 has under another name; null: the mirror's is sent, whatever S3 has.</param>
internal sealed class SyncWorker(
    SyncScope scope, IEntrySender sender, TransferLimiter limiter, ICatalog? catalog, SnapshotRun? snapshot,
    SameContent? same = null)
{
    private const int LongestKey = 1024;

    private readonly IObjectStore store = scope.Store;
    private readonly EntryHeaders headers = new(scope.Request);
    private readonly SyncCounters counters = scope.Counters;
    private readonly StageReport report = scope.Report;
    private readonly StorageChange storage = scope.Storage;

    // What is written over at this moment: that something else is there than its row says contradicts nothing.
    private readonly ConcurrentDictionary<string, bool> replaced = new();

    /// <summary>Brings S3 to what the entry is.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="place">The entry's place among the names of its file; null when it has one name.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="FileNotFoundException">The entry vanished.</exception>
    public async Task CarryOutAsync(SyncAction action, LinkPlace? place, CancellationToken cancellationToken)
    {
        MirrorEntry local = action.Local!;
        if (Refuse(local) is { } error)
        {
            report.ItemFailed(error);
            return;
        }

        counters.Entry = local.RelativeKey;
        if (action.IsInS3)
            replaced[local.RelativeKey] = true;
        try
        {
            if (place is null)
                await CarryOutAsync(action, local, twin: null, cancellationToken).ConfigureAwait(false);
            else
                await place.RunAsync(twin => CarryOutAsync(action, local, twin, cancellationToken), cancellationToken)
                    .ConfigureAwait(false);
        }
        finally
        {
            // What is there now is in the catalog by now.
            replaced.TryRemove(local.RelativeKey, out _);
        }
    }

    /// <summary>What S3 holds of the entry afterwards; null when that is not known.</summary>
    private async Task<CatalogEntry?> CarryOutAsync(SyncAction action, MirrorEntry local, CatalogEntry? twin, CancellationToken cancellationToken)
    {
        switch (action.Kind)
        {
            case SyncActionKind.Metadata:
                return await ReplaceMetadataAsync(action, action.Row!, cancellationToken).ConfigureAwait(false);
            case SyncActionKind.Compare when await IsSameAsync(local, action.Row!, twin, cancellationToken).ConfigureAwait(false):
                return await KeepContentAsync(action, action.Row!, cancellationToken).ConfigureAwait(false);
            case SyncActionKind.Examine when await FindAsync(action.Local!, store.KeyPrefix, cancellationToken).ConfigureAwait(false) is { } found:
                return await KeepContentAsync(action, found, cancellationToken).ConfigureAwait(false);
            default:
                return await SendAsync(action, twin, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The content is in S3 and the row is right about it; the attributes may be others now.</summary>
    private async Task<CatalogEntry?> KeepContentAsync(SyncAction action, CatalogEntry row, CancellationToken cancellationToken)
    {
        MirrorEntry local = action.Local!;
        if (!EntryDecision.HasSameMetadata(local.Attributes, row))
            return await ReplaceMetadataAsync(action, row, cancellationToken).ConfigureAwait(false);
        counters.EntryUnchanged(local);
        // The change time is new, or the row is: the next run need not look again.
        return Record(row.Returned() with { ChangedNanoseconds = local.Attributes.ChangedNanoseconds });
    }

    private async Task<CatalogEntry?> ReplaceMetadataAsync(SyncAction action, CatalogEntry row, CancellationToken cancellationToken)
    {
        MirrorEntry local = action.Local!;
        bool isArchived = S3StorageClasses.IsArchive(row.StorageClass);
        CatalogEntry? stored = null;
        if (!isArchived || !KeepsAttributes)
            (stored, isArchived) = await TryCopyAsync(local, row, cancellationToken).ConfigureAwait(false);
        if (stored is null)
        {
            return isArchived && KeepsAttributes
                ? KeepAttributes(local, row)
                : await SendAsync(action, null, cancellationToken).ConfigureAwait(false);
        }

        counters.EntryMetadataChanged(local);
        NoteReplaced(action, row, stored.VersionId);
        await TellAsync(BackupActionKind.Metadata, local).ConfigureAwait(false);
        return stored;
    }

    // Without a catalog they would be lost.
    private bool KeepsAttributes => scope.Request.Options.ArchivedAttributes == ArchivedAttributes.Keep && catalog is not null;

    /// <summary>S3 changes attributes by a copy, and copies nothing that is in an archive: the next restore takes them from the catalog.</summary>
    private CatalogEntry KeepAttributes(MirrorEntry local, CatalogEntry row)
    {
        counters.EntryPending(local);
        return Record(Row(local, local.Attributes) with
        {
            ETag = row.ETag,
            VersionId = row.VersionId,
            StoredTime = row.StoredTime,
            Crc32 = row.Crc32,
            Hash = row.Hash,
            StorageClass = row.StorageClass,
            Retention = row.Retention,
            HasPendingAttributes = true,
        });
    }

    private async Task<CatalogEntry?> SendAsync(SyncAction action, CatalogEntry? twin, CancellationToken cancellationToken)
    {
        MirrorEntry local = action.Local!;
        bool isNew = action.Kind == SyncActionKind.Create;
        if (await TryCopyContentAsync(local, twin, cancellationToken).ConfigureAwait(false) is { } copied)
        {
            counters.EntryCopied(local, isNew);
            NoteReplaced(action, action.Row, copied.VersionId);
            await TellAsync(BackupActionKind.Copied, local).ConfigureAwait(false);
            return copied;
        }

        EarlierParts? earlier = FindEarlierParts(action, local);
        UploadedObject? uploaded;
        try
        {
            uploaded = await sender.UploadAsync(local, earlier, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (S3Errors.MayBeCarriedOut(exception))
        {
            catalog?.Put(CatalogEntry.Uncertain(local.RelativeKey));
            throw;
        }

        if (uploaded is null)
        {
            counters.TransferFailed();
            report.ItemFailed(SyncErrors.FileChanged(local.Path));
            return null;
        }

        if (isNew)
            counters.EntryCreated();
        else
            counters.EntryUpdated();
        CatalogEntry stored = Record(Row(local, uploaded.Attributes) with
        {
            // Of a link that was replaced meanwhile, not what its attributes say.
            Size = uploaded.Stored.Size,
            ETag = uploaded.Stored.ETag,
            VersionId = uploaded.Stored.VersionId,
            StoredTime = uploaded.Stored.LastModified,
            Crc32 = uploaded.Crc32,
            Hash = uploaded.Hash,
            PartHashes = uploaded.PartHashes,
            StorageClass = uploaded.Stored.StorageClass,
            Retention = uploaded.Stored.Retention,
        });
        storage.Stored(stored.StorageClass, stored.Size, stored.VersionId);
        if (uploaded.CopiedBytes > 0)
            storage.Copied(earlier!.Row.StorageClass, uploaded.CopiedBytes);
        NoteReplaced(action, action.Row, stored.VersionId);
        await TellAsync(isNew ? BackupActionKind.Created : BackupActionKind.Updated, local).ConfigureAwait(false);
        return stored;
    }

    /// <summary>What was there before is not paid for any more, unless the bucket keeps it as a version.</summary>
    /// <param name="action">What was done.</param>
    /// <param name="row">What is known of the object that was there; null for nothing.</param>
    /// <param name="newVersionId">The version that took its place; a plan does not know it.</param>
    private void NoteReplaced(SyncAction action, CatalogEntry? row, string? newVersionId)
    {
        if (row is { StorageClass.Length: > 0 })
            storage.Gone(row.StorageClass, row.Size, row.StoredTime ?? action.Remote?.LastModified, newVersionId ?? row.VersionId);
        else if (action.Remote is { } remote)
            storage.Gone(remote.StorageClass, remote.Size, remote.LastModified, newVersionId);
    }

    private ValueTask TellAsync(BackupActionKind kind, MirrorEntry local) =>
        report.ActedAsync(kind, local.RelativeKey, store.Key(local.RelativeKey), local.ContentLength);

    /// <summary>Copies the entry's content inside S3 from wherever it is there already.</summary>
    /// <returns>Null when it has to be uploaded.</returns>
    private async Task<CatalogEntry?> TryCopyContentAsync(
        MirrorEntry local, CatalogEntry? twin, CancellationToken cancellationToken)
    {
        twin ??= await FindTwinAsync(local, cancellationToken).ConfigureAwait(false);
        if (twin is not null && IsSameFile(local, twin)
            && (await TryCopyAsync(local, twin, cancellationToken).ConfigureAwait(false)).Stored is { } copied)
            return copied;
        EntryContent? content = same?.Look(local);
        if (content is not null)
        {
            foreach (CatalogEntry row in same!.Find(content, cancellationToken))
            {
                if ((await TryCopyAsync(local, row, cancellationToken).ConfigureAwait(false)).Stored is { } renamed)
                    return renamed;
            }

            CatalogEntry? lost = await same
                .FindUnknownAsync(content, (key, token) => LookAsync(store.Key(key), token), cancellationToken).ConfigureAwait(false);
            if (lost is not null && (await TryCopyAsync(local, lost, cancellationToken).ConfigureAwait(false)).Stored is { } found)
                return found;
        }

        return await TryCopyEarlierAsync(local, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies inside S3 what a row says is there, with the entry's attributes.</summary>
    /// <returns>Null when it cannot be copied; and whether that is because it is in an archive.</returns>
    private async Task<(CatalogEntry? Stored, bool IsArchived)> TryCopyAsync(
        MirrorEntry local, CatalogEntry source, CancellationToken cancellationToken)
    {
        try
        {
            // Onto itself the hashes of the parts stay what is recorded.
            bool isOntoItself = source.RelativeKey == local.RelativeKey;
            IReadOnlyList<UInt128>? parts = catalog is null || isOntoItself ? null : SameContent.Parts(catalog, source);
            CatalogEntry copied = await CopyAsync(local, store.Key(source.RelativeKey), source, parts, cancellationToken)
                .ConfigureAwait(false);
            return (copied, false);
        }
        catch (Exception exception) when (exception is not CopySourceException && S3Errors.MayBeCarriedOut(exception))
        {
            // Onto itself only the attributes can be others now: the bytes need not be sent again.
            bool isSameObject = source.RelativeKey == local.RelativeKey;
            catalog?.Put(isSameObject
                ? source with { ModifiedNanoseconds = long.MinValue, ChangedNanoseconds = 0 }
                : CatalogEntry.Uncertain(local.RelativeKey));
            throw;
        }
        catch (CopySourceException exception)
        {
            // What this run wrote over or deleted itself meanwhile contradicts nothing.
            bool isOurs = source.RelativeKey != local.RelativeKey && replaced.ContainsKey(source.RelativeKey);
            bool isStillBelieved = !isOurs && catalog?.Find(source.RelativeKey)?.ETag == source.ETag;
            if (exception.Problem is CopySourceProblem.Gone or CopySourceProblem.Changed && isStillBelieved)
                catalog?.Contradict($"'{source.RelativeKey}': {exception.Message}");
            return (null, exception.Problem == CopySourceProblem.Archived);
        }
    }

    /// <summary>Copies the content from an earlier snapshot.</summary>
    /// <returns>Null when none has it.</returns>
    private async Task<CatalogEntry?> TryCopyEarlierAsync(
        MirrorEntry local, EntryContent? content, CancellationToken cancellationToken)
    {
        foreach (SnapshotSource source in snapshot?.Sources ?? [])
        {
            // Nor is a file hashed to find out what could be copied.
            if (!store.Abilities.CanCopy)
                return null;
            if (await FindEarlierAsync(source, local, content, cancellationToken).ConfigureAwait(false) is not { } row)
                continue;
            try
            {
                return await CopyAsync(
                    local, source.KeyPrefix + row.RelativeKey, row, source.Parts(row), cancellationToken).ConfigureAwait(false);
            }
            catch (CopySourceException)
            {
                // Somebody deleted or replaced it; another snapshot may have it, and the mirror does.
            }
            catch (Exception exception) when (S3Errors.MayBeCarriedOut(exception))
            {
                catalog?.Put(CatalogEntry.Uncertain(local.RelativeKey));
                throw;
            }
        }

        return null;
    }

    private async Task<CatalogEntry?> FindEarlierAsync(
        SnapshotSource source, MirrorEntry local, EntryContent? content, CancellationToken cancellationToken)
    {
        if (!source.HasCatalog)
        {
            CatalogEntry? found = await FindAsync(local, source.KeyPrefix, cancellationToken).ConfigureAwait(false);
            return found is null || S3StorageClasses.IsArchive(found.StorageClass) ? null : found;
        }

        foreach ((CatalogEntry row, bool isSure) in source.Candidates(local))
        {
            if (isSure || await IsSameAsync(local, row, null, cancellationToken).ConfigureAwait(false))
                return row;
        }

        return content is null ? null : source.FindSame(content, cancellationToken);
    }

    /// <summary>
    /// The object of the file from before it changed; null where it is not known well enough, or in the way that copies of parts
    /// need.
    /// </summary>
    private EarlierParts? FindEarlierParts(SyncAction action, MirrorEntry local)
    {
        if (same is null || local.Kind != MirrorEntryKind.File || local.ContentLength < scope.Request.UploadPartSize
            || !store.Abilities.CanCopyParts)
            return null;
        if (catalog is not null && action is { Row: { } row, IsRowRefuted: false }
            && Of(row, store.KeyPrefix, SameContent.Parts(catalog, row)) is { } own)
            return own;
        foreach (SnapshotSource source in snapshot?.Sources ?? [])
        {
            if (source.Find(local.RelativeKey) is { } before && Of(before, source.KeyPrefix, source.Parts(before)) is { } earlier)
                return earlier;
        }

        return null;

        EarlierParts? Of(CatalogEntry known, string keyPrefix, IReadOnlyList<UInt128>? hashes) =>
            hashes is null || !SameContent.CanBeCopied(store, known.StorageClass) ? null : new EarlierParts
            {
                SourceKey = keyPrefix + known.RelativeKey,
                Row = known,
                Hashes = hashes,
                Prices = storage.Prices,
                Refused = reason => scope.Context.Verbose(
                    $"'{local.RelativeKey}': its unchanged parts are uploaded and not copied inside S3, because {reason}."),
                Refuted = reason =>
                {
                    // Another snapshot's objects are nothing that this catalog speaks of.
                    if (keyPrefix == store.KeyPrefix)
                        catalog?.Contradict($"'{known.RelativeKey}': {reason}");
                },
            };
    }

    private async Task<CatalogEntry> CopyAsync(
        MirrorEntry local, string sourceKey, CatalogEntry source, IReadOnlyList<UInt128>? parts,
        CancellationToken cancellationToken)
    {
        ObjectHeaders copy = headers.For(local, local.Attributes);
        using TransferSlots.Slot slot = await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false);
        StoredObject stored = await store
            .CopyAsync(sourceKey, source.ETag, source.Size, local.RelativeKey, copy, cancellationToken).ConfigureAwait(false);
        await DemandSourceAsync(local, sourceKey, source, stored, cancellationToken).ConfigureAwait(false);
        storage.Copied(source.StorageClass, source.Size);
        storage.Stored(copy.StorageClass, source.Size, stored.VersionId);
        return Record(Row(local, local.Attributes) with
        {
            ETag = stored.ETag,
            VersionId = stored.VersionId,
            StoredTime = stored.LastModified,
            Crc32 = source.Crc32,
            Hash = source.Hash,
            PartHashes = parts,
            StorageClass = copy.StorageClass,
            Retention = stored.Retention,
        });
    }

    /// <summary>
    /// Demands that an object of this job was still the one that was meant when it was copied under another name. A store may take no notice of the
    /// condition (Ceph 16), and the run itself may have written over it meanwhile.
    /// </summary>
    /// <exception cref="CopySourceException">It is another one.</exception>
    private async Task DemandSourceAsync(
        MirrorEntry local, string sourceKey, CatalogEntry source, StoredObject copied, CancellationToken cancellationToken)
    {
        // The tag of a copy in one piece is the content's, if it is not encrypted by KMS; and of a snapshot nothing is written over.
        bool isProven = copied.ETag == source.ETag;
        if (isProven || source.RelativeKey == local.RelativeKey || sourceKey != store.Key(source.RelativeKey))
            return;
        StoredObject? now = await store.HeadAsync(new ObjectQuery(sourceKey), cancellationToken).ConfigureAwait(false);
        // What was written over does not get its tag back.
        if (now?.ETag == source.ETag)
            return;
        // Under the new name is something else now, with this entry's size and time, by which it would be believed if nothing replaces it. So it is
        // on record as what its content has to be compared with.
        catalog?.Put(Row(local, local.Attributes) with
        {
            ModifiedNanoseconds = long.MinValue,
            ChangedNanoseconds = 0,
            ETag = copied.ETag,
            VersionId = copied.VersionId,
            StoredTime = copied.LastModified,
            StorageClass = copied.StorageClass,
        });
        throw new CopySourceException(now is null ? CopySourceProblem.Gone : CopySourceProblem.Changed, sourceKey);
    }

    /// <summary>What S3 holds by that name below a prefix, when it is the entry's content.</summary>
    private async Task<CatalogEntry?> FindAsync(MirrorEntry local, string keyPrefix, CancellationToken cancellationToken)
    {
        if (await LookAsync(keyPrefix + local.RelativeKey, cancellationToken).ConfigureAwait(false) is not { } head
            || head.Size != local.ContentLength)
            return null;
        bool isOurs = ObjectMetadata.TryParse(head.Metadata, out StoredAttributes attributes);
        CatalogEntry found = new()
        {
            RelativeKey = local.RelativeKey,
            Size = head.Size,
            ModifiedNanoseconds = attributes.ModifiedNanoseconds ?? 0,
            Mode = ModeOf(local, head, attributes.Mode),
            UserId = attributes.UserId ?? 0,
            GroupId = attributes.GroupId ?? 0,
            LinkGroup = attributes.LinkGroup ?? 0,
            ETag = head.ETag,
            Crc32 = head.ChecksumBy("crc32"),
            StorageClass = head.StorageClass,
            VersionId = head.VersionId,
            Retention = head.Retention,
            ConfirmedTime = DateTimeOffset.UtcNow,
        };
        // As rsync does: size and time, to the nanosecond, speak for the content that they were recorded with.
        bool isSameVersion = isOurs
            && attributes.ModifiedNanoseconds == local.Attributes.ModifiedNanoseconds
            && (attributes.Mode is { } || local.Attributes.LacksPermissions
                ? FileAttributesSnapshot.HaveSameType(found.Mode, local.Attributes.Mode)
                : local.Kind == MirrorEntryKind.File);
        bool isSame = isSameVersion
            || await ContentComparer.IsSameAsync(
                local, new KnownContent(head.Size, head.ETag, found.Crc32, head.ChecksumBy("sha256")) { Stored = head }, cancellationToken)
                .ConfigureAwait(false);
        return isSame ? found : null;
    }

    /// <summary>The mode that an object was written with, as far as it can be known here.</summary>
    private static uint ModeOf(MirrorEntry local, StoredObject stored, uint? mode)
    {
        // What a system without permissions wrote has no mode, and its type stands elsewhere.
        if (!local.Attributes.LacksPermissions || FileAttributesSnapshot.TypeOf(mode ?? 0) != 0)
            return mode ?? 0;
        uint type = local.RelativeKey.EndsWith('/') ? FileAttributesSnapshot.FolderType
            : stored.ContentType == EntryHeaders.LinkType ? FileAttributesSnapshot.LinkType
            : FileAttributesSnapshot.RegularType;
        return (mode ?? 0) | type;
    }

    /// <summary>What S3 knows of an object; null also where these credentials may not see it, because an upload needs no right to.</summary>
    private async Task<StoredObject?> LookAsync(string key, CancellationToken cancellationToken)
    {
        if (!store.Abilities.MayRead)
            return null;
        using TransferSlots.Slot slot = await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false);
        try
        {
            return await store.HeadAsync(new ObjectQuery(key), cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (StoreRefusals.IsDenied(exception))
        {
            store.Abilities.NoteDenied();
            return null;
        }
    }

    private static async Task<bool> IsSameAsync(
        MirrorEntry local, CatalogEntry row, CatalogEntry? twin, CancellationToken cancellationToken)
    {
        if (twin is not null && IsSameFile(local, twin) && twin.ETag == row.ETag)
            return true;
        // One reading, as the tag would take, and quicker than its MD5s; proof also where the tag is none of the content (SSE-KMS).
        if (row.Hash is { } hash && local is { Kind: MirrorEntryKind.File, Tree: not null })
            return local.ContentLength == row.Size && new EntryContent(local).Hash(hash.PartSize, cancellationToken) == hash;
        KnownContent known = new(row.Size, row.ETag, row.Crc32, null);
        return await ContentComparer.IsSameAsync(local, known, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Another name of the same file whose content is in S3 already.</summary>
    private async Task<CatalogEntry?> FindTwinAsync(MirrorEntry local, CancellationToken cancellationToken)
    {
        ulong linkGroup = EntryDecision.LinkGroup(local.Attributes);
        if (linkGroup == 0 || catalog is null || local.ContentLength == 0 || !store.Abilities.CanCopy)
            return null;
        CatalogEntry? other;
        try
        {
            other = catalog.FindLinkGroup(linkGroup).FirstOrDefault(row => row.RelativeKey != local.RelativeKey && IsSameFile(local, row));
        }
        catch (SqliteException)
        {
            // Then the content is uploaded, which is never wrong; it is not the file that cannot be read.
            return null;
        }

        if (other is null)
            return null;
        bool isSame = other.ChangedNanoseconds == local.Attributes.ChangedNanoseconds
            || await IsSameAsync(local, other, null, cancellationToken).ConfigureAwait(false);
        return isSame ? other : null;
    }

    private static bool IsSameFile(MirrorEntry local, CatalogEntry row) =>
        row.Size == local.ContentLength && row.ModifiedNanoseconds == local.Attributes.ModifiedNanoseconds;

    private static CatalogEntry Row(MirrorEntry local, FileAttributesSnapshot attributes) => new()
    {
        RelativeKey = local.RelativeKey,
        Size = local.Kind == MirrorEntryKind.Folder ? 0 : attributes.Size,
        ModifiedNanoseconds = attributes.ModifiedNanoseconds,
        ChangedNanoseconds = attributes.ChangedNanoseconds,
        Mode = attributes.Mode,
        UserId = attributes.UserId,
        GroupId = attributes.GroupId,
        LinkGroup = EntryDecision.LinkGroup(attributes),
        ETag = "",
        StorageClass = "",
        ConfirmedTime = DateTimeOffset.UtcNow,
    };

    private CatalogEntry Record(CatalogEntry row)
    {
        catalog?.Put(row);
        return row;
    }

    private BackupError? Refuse(MirrorEntry local)
    {
        int keyLength = System.Text.Encoding.UTF8.GetByteCount(store.Key(local.RelativeKey));
        if (keyLength > LongestKey)
            return SyncErrors.KeyTooLong(local.Path, keyLength);
        return local.Attributes.Size > PartSize.LargestObject ? SyncErrors.FileTooLarge(local.Path, local.Attributes.Size) : null;
    }
}
