using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Recovery;

/// <summary>What a copy of a backup holds, as objects.</summary>
internal static class BackupItems
{
    /// <summary>Looks into a copy. Entries come in the order of S3's keys, each as soon as it is known. Nothing is changed.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="observer">Hears of entries of the mirror that cannot be read, after all others.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">
    /// There is no such copy, it does not know the time, or its listing did not arrive whole. Nothing of a name that was asked for as it is.
    /// </exception>
    public static async IAsyncEnumerable<BackupItem> ListAsync(
        BackupItemRequest request, IRunObserver observer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool isAny = false;
        IAsyncEnumerable<BackupItem> items = request.EffectiveCopy == BackupCopy.Local
            ? FromMirrorAsync(request, observer, cancellationToken)
            : FromS3Async(request, cancellationToken);
        await foreach (BackupItem item in items.ConfigureAwait(false))
        {
            isAny = true;
            yield return item;
        }

        if (!isAny && request.LiteralPaths.Concat(request.Paths.Where(path => !ItemFilter.HasWildcards(path))).FirstOrDefault() is { } missing)
            throw CopyErrors.NoItem(missing);
    }

    private static async IAsyncEnumerable<BackupItem> FromMirrorAsync(
        BackupItemRequest request, IRunObserver observer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.MirrorPath is not { } root)
            throw CopyErrors.NoMirror();
        if (request.AsOf is not null || request.Snapshot is not null || request.Versions || request.Deleted)
            throw CopyErrors.MirrorHasNoPast(root);
        StageReport report = new(context: null);
        MirrorCopy mirror = new(root, report);
        IEnumerable<MirrorEntry> entries = request.Recurse
            ? mirror.Walk(ItemFilter.Parse(request.Paths, request.LiteralPaths), cancellationToken)
            : Levels.Of(request.Paths, request.LiteralPaths).SelectMany(level => level.Walk(folder => mirror.WalkLevel(folder, cancellationToken), entry => entry.RelativeKey));
        // Reading folders blocks; the caller's thread has other things to do.
        await Task.Yield();
        foreach (MirrorEntry entry in entries)
        {
            if (entry.Kind != MirrorEntryKind.Unreadable)
                yield return ToItem(entry, request.Name);
        }

        foreach (BackupError error in report.FailedItems())
            observer.ItemFailed(error);
        foreach (string warning in report.Warnings())
            observer.Warning(warning);
    }

    private static async IAsyncEnumerable<BackupItem> FromS3Async(
        BackupItemRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.S3 is not { } s3)
            throw CopyErrors.NoBucket(request.Name ?? "");
        if (request.Deleted && (request.AsOf is not null || request.Snapshot is not null || request.Versions))
            throw CopyErrors.DeletedIsOfNow();
        DateTimeOffset? asOf = request.Versions ? null : request.AsOf;
        using S3Copy copy = await S3Copy.OpenAsync(
            s3, request.Name, request.MirrorPath, request.Snapshot, asOf, cancellationToken).ConfigureAwait(false);
        using CatalogView? catalog = request.Name is { } job
            ? CatalogView.TryOpen(job, copy.Store.BucketName, copy.KeyPrefix, copy.Snapshot is not null)
            : null;
        using RecordedObjects? recorded = request.Deleted
            ? RecordedObjects.TryOpen(request.Name!, copy) ?? throw CopyErrors.DeletedUnknown(request.Name!)
            : null;
        ItemFilter filter = ItemFilter.Parse(request.Paths, request.LiteralPaths);
        IAsyncEnumerable<StoredObject> objects = request switch
        {
            { Versions: true } => VersionsUntilAsync(copy.ListVersionsAsync(filter, cancellationToken), request.AsOf, cancellationToken),
            { Deleted: true } => DeletedAsync(copy.ListAsync(filter, cancellationToken), recorded!, cancellationToken),
            { Recurse: true } => WithFoldersAsync(copy.ListAsync(filter, cancellationToken), filter, cancellationToken),
            _ => LevelsAsync(request, copy, cancellationToken),
        };
        await foreach (StoredObject item in objects.ConfigureAwait(false))
            yield return ToItem(item, request.Name, copy, catalog);
    }

    private static async IAsyncEnumerable<StoredObject> LevelsAsync(
        BackupItemRequest request, S3Copy copy, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (Levels level in Levels.Of(request.Paths, request.LiteralPaths))
        {
            IAsyncEnumerable<StoredObject> found = level.WalkAsync(folder => copy.ListLevelAsync(folder, cancellationToken), item => item.RelativeKey);
            await foreach (StoredObject item in found.ConfigureAwait(false))
                yield return item;
        }
    }

    private static async IAsyncEnumerable<StoredObject> DeletedAsync(
        IAsyncEnumerable<StoredObject> objects, RecordedObjects recorded, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject item in objects.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (recorded.IsDeleted(item))
                yield return item;
        }
    }

    private static async IAsyncEnumerable<StoredObject> VersionsUntilAsync(
        IAsyncEnumerable<StoredObject> versions, DateTimeOffset? time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject version in versions.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (time is null || version.LastModified <= time)
                yield return version;
        }
    }

    /// <summary>S3 knows no folders: those that keys pass through are put before what is in them.</summary>
    internal static async IAsyncEnumerable<StoredObject> WithFoldersAsync(
        IAsyncEnumerable<StoredObject> objects, ItemFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string previous = "";
        await foreach (StoredObject item in objects.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            string key = item.RelativeKey;
            for (int slash = key.IndexOf('/', StringComparison.Ordinal); slash >= 0 && slash < key.Length - 1; slash = key.IndexOf('/', slash + 1))
            {
                string folder = key[..(slash + 1)];
                // All keys beneath a folder follow each other.
                if (!previous.StartsWith(folder, StringComparison.Ordinal) && filter.Matches(folder))
                    yield return StoredObject.Folder(folder);
            }

            previous = key;
            yield return item;
        }
    }

    private static BackupItem ToItem(MirrorEntry entry, string? name) => new()
    {
        Name = name,
        Path = entry.RelativeKey.TrimEnd('/'),
        Kind = entry.Kind switch
        {
            MirrorEntryKind.Folder => BackupEntryType.Folder,
            MirrorEntryKind.SymbolicLink => BackupEntryType.SymbolicLink,
            _ => BackupEntryType.File,
        },
        Length = entry.ContentLength,
        ModifiedTime = Time(entry.Attributes.ModifiedNanoseconds),
        Copy = BackupCopy.Local,
        FullName = entry.Path,
        UnixMode = OperatingSystem.IsWindows() ? null : FileModeText.Of(entry.Attributes.Mode),
        UserId = OperatingSystem.IsWindows() ? null : entry.Attributes.UserId,
        GroupId = OperatingSystem.IsWindows() ? null : entry.Attributes.GroupId,
    };

    private static BackupItem ToItem(StoredObject item, string? name, S3Copy copy, CatalogView? catalog)
    {
        // The row is right about this object when the store says the same of it.
        CatalogEntry? row = item.HasObject && !item.IsDeleteMarker ? catalog?.Find(item.RelativeKey) : null;
        if (row is not { IsOurs: true } || row.ETag != item.ETag || row.Size != item.Size || row.ModifiedNanoseconds == long.MinValue
            || (row.VersionId is not null && item.VersionId is not null && row.VersionId != item.VersionId))
        {
            row = null;
        }

        FileAttributesSnapshot recorded = new() { Mode = row?.Mode ?? 0 };
        return new BackupItem
        {
            Name = name,
            Path = item.RelativeKey.TrimEnd('/'),
            Kind = item.IsFolder ? BackupEntryType.Folder : recorded.IsSymbolicLink ? BackupEntryType.SymbolicLink : BackupEntryType.File,
            Length = item.IsFolder ? 0 : item.Size,
            ModifiedTime = row is null ? null : Time(row.ModifiedNanoseconds),
            Copy = BackupCopy.S3,
            UnixMode = row is null ? null : FileModeText.Of(row.Mode),
            UserId = row?.UserId,
            GroupId = row?.GroupId,
            BucketName = copy.Store.BucketName,
            KeyPrefix = copy.KeyPrefix,
            Snapshot = copy.Snapshot?.Time,
            Key = item.HasObject ? copy.Key(item.RelativeKey) : null,
            VersionId = item.VersionId,
            ETag = item.ETag.Length > 0 ? item.ETag : null,
            StorageClass = item.StorageClass.Length > 0 ? item.StorageClass : null,
            LastModified = item.HasObject ? item.LastModified : null,
            IsLatest = item.IsLatest,
            IsDeleteMarker = item.IsDeleteMarker,
            GoneTime = row?.GoneTime?.ToLocalTime(),
        };
    }

    private static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}
