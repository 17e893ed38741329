using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>Which files at the destination a restore would replace. Nothing is written, no folder made.</summary>
internal static class RestorePreview
{
    private const int Connections = 8;

    // What file systems keep times in: a time without anything below a step may have been cut down to it.
    private static readonly long[] Steps = [2_000_000_000, 1_000_000_000, 1000, 100];

    /// <summary>Every file that would be replaced, in key order.</summary>
    /// <exception cref="BackupException">The copy cannot be read, or it is not said where the files go.</exception>
    public static async IAsyncEnumerable<ReplacedFile> ListAsync(RestoreRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (string Folder, string Destination)[] places = [.. RestoreTargets.Places(request)];
        if (request.Overwrite == RestoreOverwrite.Never)
            yield break;
        bool isMirror = RestoreSource.Choose(request).Copy == BackupCopy.Local;
        using S3Copy? found = isMirror ? null : await OpenAsync(request, cancellationToken).ConfigureAwait(false);
        found?.Store.Connect();
        using RecordedObjects? recorded = found is null || request.Configuration is null ? null : RecordedObjects.TryOpen(request.Name, found);
        IContentSource contents = found is null
            ? new MirrorContents(_ => { })
            : new ObjectContents(found.Store, new TransferLimiter(found.Store.Traffic, Connections, TimeProvider.System), _ => { }, _ => { })
            {
                Recorded = recorded,
            };
        StageReport report = new(context: null);
        (string Folder, bool IsReal) last = ("", true);
        await foreach (RestoreItem item in RestoreItems.ListAsync(request, found, recorded, report, () => { }, cancellationToken).ConfigureAwait(false))
        {
            if (PlaceOf(item.RelativeKey, places, request.RenameInvalid) is not { } at)
                continue;
            string path = WindowsPath.Below(at.Root, at.Path.Full);
            string folder = Path.GetDirectoryName(path)!;
            if (folder != last.Folder)
                last = (folder, IsReal(at.Root, at.Path.Folder));
            if (!last.IsReal || FileAttributesReader.TryRead(path) is not { } there || there.IsFolder)
                continue;
            EntryFacts facts = await contents.AskAsync(item, cancellationToken).ConfigureAwait(false);
            long? copy = facts.Attributes.ModifiedNanoseconds;
            bool isSameTime = copy is { } time && IsSameTime(there.ModifiedNanoseconds, time);
            bool isSame = isSameTime && request.Overwrite == RestoreOverwrite.IfDifferent && there.Size == facts.Size
                && there.IsSymbolicLink == facts.Attributes.IsSymbolicLink;
            if (!isSame)
            {
                bool isNewer = there.IsRegularFile && !isSameTime && there.ModifiedNanoseconds > copy;
                yield return new ReplacedFile(path, there.ModifiedNanoseconds, copy, isNewer);
            }
        }
    }

    /// <summary>What is in an archive, by class, as the listing tells: nothing for the mirror. Nothing is asked for.</summary>
    /// <exception cref="BackupException">The copy cannot be read.</exception>
    public static async Task<IReadOnlyList<ArchivedObjects>> FindArchivedAsync(RestoreRequest request, CancellationToken cancellationToken)
    {
        if (RestoreSource.Choose(request).Copy == BackupCopy.Local)
            return [];
        using S3Copy found = await OpenAsync(request, cancellationToken).ConfigureAwait(false);
        found.Store.Connect();
        using RecordedObjects? recorded = request.Configuration is null ? null : RecordedObjects.TryOpen(request.Name, found);
        SortedDictionary<string, ArchivedObjects> classes = new(StringComparer.Ordinal);
        StageReport report = new(context: null);
        await foreach (RestoreItem item in RestoreItems.ListAsync(request, found, recorded, report, () => { }, cancellationToken).ConfigureAwait(false))
        {
            if (item is ObjectItem { Stored: { } stored } && S3StorageClasses.IsArchive(stored.StorageClass))
                ArchivedObjects.Count(classes, stored);
        }

        return [.. classes.Values];
    }

    /// <summary>The copy in S3 that a restore is from.</summary>
    /// <exception cref="BackupException">It cannot be had.</exception>
    internal static async Task<S3Copy> OpenAsync(RestoreRequest request, CancellationToken cancellationToken)
    {
        request.S3!.RequireValid();
        return await S3Copy.OpenAsync(
            request.S3, request.Configuration?.Name, request.MirrorPath, request.Snapshot, request.AsOf, cancellationToken).ConfigureAwait(false);
    }

    // As RestoreTargets.Resolve, without opening anything.
    private static (string Root, EntryPath Path)? PlaceOf(string relativeKey, (string Folder, string Destination)[] places, bool renamesInvalid)
    {
        HeldNames held = HeldNames.Of(new FileSystemTraits());
        foreach ((string folder, string destination) in places)
        {
            if (folder.Length > 0 && !relativeKey.StartsWith(folder + "/", StringComparison.Ordinal))
                continue;
            string rest = folder.Length == 0 ? relativeKey : relativeKey[(folder.Length + 1)..];
            if (rest.Length == 0 || EntryPath.Parse(rest, forWindows: false, out EntryPath path) is not null || path.IsFolder)
                return null;
            if (held.Problem(path.Full) is null)
                return (destination, path);
            return renamesInvalid ? (destination, path.At(held.Rename(path.Full))) : null;
        }

        return null;
    }

    // Nothing is restored through a link.
    private static bool IsReal(string root, string folder)
    {
        string path = root;
        foreach (string part in folder.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, part);
            if (FileAttributesReader.TryRead(path) is not { IsFolder: true, IsSymbolicLink: false })
                return false;
        }

        return true;
    }

    // What the destination's file system keeps of a time is only known by writing there.
    private static bool IsSameTime(long there, long copy)
    {
        long step = Steps.FirstOrDefault(step => there % step == 0, 1);
        return Math.Abs((decimal)there - copy) < step;
    }
}
