using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// Walks the mirror in the order of S3 keys, so that it can be merged with a listing. Holds the names of the folders on the way to the
/// current entry, never the tree. What cannot be read is reported, and handed out as <see cref="MirrorEntryKind.Unreadable"/>.
/// </summary>
/// <param name="root">The mirror's root folder.</param>
/// <param name="report">Hears of what cannot be read.</param>
/// <param name="excludes">What does not go to S3.</param>
/// <param name="markers">Which folders are handed out.</param>
/// <param name="wants">False for a key that nobody asks for, of a folder also for all beneath it: it is not even looked at. Null: all.</param>
/// <param name="plan">What the mirror would be; null: what it is, is handed out.</param>
internal sealed class MirrorWalker(
    string root, StageReport report, ExcludePatterns? excludes = null, S3DirectoryMarkers markers = S3DirectoryMarkers.Empty,
    Func<string, bool>? wants = null, IPlannedMirror? plan = null)
{
    private readonly ExcludePatterns excludes = excludes ?? ExcludePatterns.None;

    // .NET's default options skip hidden files and folders that may not be read; with deletion on, either would delete their objects.
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
        ReturnSpecialDirectories = false,
    };

    private readonly HashSet<string> realFolders = new(StringComparer.Ordinal);

    /// <summary>All entries that stage 2 must know of, in key order.</summary>
    public IEnumerable<MirrorEntry> Walk(CancellationToken cancellationToken)
    {
        Stack<FolderCursor> open = new();
        open.Push(ReadFolder(root, "") ?? throw MirrorErrors.MirrorUnreadable(root));
        while (Next(open, cancellationToken) is { } entry)
            yield return entry;
    }

    /// <summary>What is right in one folder in key order, every folder in it as one without content; nothing when there is no such folder.</summary>
    /// <param name="folder">The folder's relative key, with a slash at its end; empty for the root.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public IEnumerable<MirrorEntry> WalkLevel(string folder, CancellationToken cancellationToken)
    {
        if (!IsFolderOfMirror(folder) || ReadFolder(System.IO.Path.Join(root, folder), folder) is not { } cursor)
            yield break;
        while (cursor.TryNext(out string? keyPart))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ToEntry(keyPart, System.IO.Path.Join(cursor.Path, keyPart.TrimEnd('/')), folder + keyPart) is { } entry)
                yield return entry;
        }
    }

    /// <summary>The next entry; null at the end.</summary>
    // Apart from the iterator, on which the attribute has no effect: compiled well at once, because a walk is over before the compiler would
    // find out by itself that it is worth it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private MirrorEntry? Next(Stack<FolderCursor> open, CancellationToken cancellationToken)
    {
        while (open.TryPeek(out FolderCursor? folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!folder.TryNext(out string? keyPart))
            {
                open.Pop();
                continue;
            }

            bool isFolder = keyPart.EndsWith('/');
            string path = System.IO.Path.Join(folder.Path, keyPart.AsSpan(0, keyPart.Length - (isFolder ? 1 : 0)));
            string key = folder.KeyPrefix.Length == 0 ? keyPart : folder.KeyPrefix + keyPart;
            if (ToEntry(keyPart, path, key) is not { } entry)
                continue;
            if (!isFolder || !entry.Attributes.IsFolder)
                return entry;
            if (ReadFolder(path, key) is not { } inner)
                return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
            open.Push(inner);
            // "a/" comes before everything beneath it.
            if (HasMarker(inner))
                return entry;
        }

        return null;
    }

    /// <summary>True when the job's patterns keep a path from S3.</summary>
    /// <param name="relativePath">The path below the root, without a slash at its end.</param>
    public bool IsExcluded(string relativePath) => excludes.IsExcluded(relativePath) || excludes.IsExcluded(relativePath + "/");

    /// <summary>What lies at one path of the mirror now.</summary>
    /// <param name="relativePath">The path below the root, without a slash at its end.</param>
    public MirrorLook Look(string relativePath)
    {
        try
        {
            return LookAt(relativePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string path = System.IO.Path.Join(root, relativePath);
            report.ItemFailed(MirrorErrors.FileUnreadable(path, exception.Message));
            return new MirrorLook(new MirrorEntry(relativePath, path, MirrorEntryKind.Unreadable, default), IsFolder: false);
        }
    }

    private MirrorLook LookAt(string relativePath)
    {
        // A journal says what another machine may have had a hand in.
        if (relativePath.Contains('\0', StringComparison.Ordinal) || relativePath.Split('/').Any(part => part is "" or "." or ".."))
            throw new IOException("it is not a path below the mirror");
        int slash = relativePath.LastIndexOf('/');
        string folder = relativePath[..(slash + 1)];
        string name = relativePath[(slash + 1)..];
        if (!IsFolderOfMirror(folder) || MirrorExclusions.IsExcluded(folder, name))
            return default;
        string path = System.IO.Path.Join(root, relativePath);
        if (TryRead(relativePath, path) is not { } attributes)
            return default;
        string key = attributes.IsFolder ? relativePath + "/" : relativePath;
        if (excludes.IsExcludedItself(key))
            return default;
        if (!attributes.IsFolder)
            return new MirrorLook(ToEntry(name, path, key), IsFolder: false);
        FolderCursor? inner = ReadFolder(path, key);
        MirrorEntry? marker =
            inner is null ? new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default)
            : HasMarker(inner) ? new MirrorEntry(key, path, MirrorEntryKind.Folder, attributes)
            : null;
        return new MirrorLook(marker, IsFolder: true);
    }

    // The system follows a link in the middle of a path, so what was a folder and is a link now would still seem to have its entries.
    private bool IsFolderOfMirror(string folder)
    {
        if (folder.Length == 0 || realFolders.Contains(folder))
            return true;
        string inner = folder[..^1];
        int slash = inner.LastIndexOf('/');
        string parent = inner[..(slash + 1)];
        bool isReal = IsFolderOfMirror(parent)
            && !MirrorExclusions.IsExcluded(parent, inner.AsSpan(slash + 1))
            && !excludes.IsExcludedItself(folder)
            && TryRead(inner, System.IO.Path.Join(root, inner)) is { IsFolder: true };
        if (isReal)
            realFolders.Add(folder);
        return isReal;
    }

    private FileAttributesSnapshot? TryRead(string relativePath, string path) =>
        plan is null ? FileAttributesReader.TryRead(path) : plan.Look(relativePath)?.Attributes;

    private bool HasMarker(FolderCursor folder) =>
        markers == S3DirectoryMarkers.All || (markers == S3DirectoryMarkers.Empty && folder.IsEmpty);

    /// <param name="keyPart">The entry's name; a slash at its end says that it was a folder when its own folder was read.</param>
    /// <param name="path">Its path.</param>
    /// <param name="key">Its key.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private MirrorEntry? ToEntry(string keyPart, string path, string key)
    {
        try
        {
            PlannedEntry? planned = plan?.Look(key.TrimEnd('/'));
            if (plan is not null && planned is null)
                throw new FileNotFoundException();
            path = planned?.Path ?? path;
            FileAttributesSnapshot attributes = planned?.Attributes ?? FileAttributesReader.Read(path);
            if (attributes.IsFolder != keyPart.EndsWith('/'))
                return Vanished(path, key);
            if (attributes.IsRegularFile)
                return new MirrorEntry(key, path, MirrorEntryKind.File, attributes) { IsElsewhere = planned?.IsElsewhere == true };
            if (attributes.IsSymbolicLink)
                return new MirrorEntry(key, path, MirrorEntryKind.SymbolicLink, attributes) { IsElsewhere = planned?.IsElsewhere == true };
            if (attributes.IsFolder)
                return new MirrorEntry(key, path, MirrorEntryKind.Folder, attributes);
            report.Warning($"'{path}' is a device, a pipe or a socket; S3 cannot hold it, so it is only in the mirror.");
            return null;
        }
        catch (FileNotFoundException) when (keyPart.Contains('\uFFFD', StringComparison.Ordinal))
        {
            // .NET decodes a name that is not UTF-8 to U+FFFD, and what it encodes again is another name.
            report.ItemFailed(MirrorErrors.NameNotUtf8(path));
        }
        catch (FileNotFoundException)
        {
            return Vanished(path, key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(MirrorErrors.FileUnreadable(path, exception.Message));
        }

        return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
    }

    private MirrorEntry Vanished(string path, string key)
    {
        report.Warning($"'{path}' changed or vanished while the mirror was read; its copy in S3 stays as it is until the next run.");
        return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
    }

    private FolderCursor? ReadFolder(string path, string keyPrefix)
    {
        try
        {
            // Keys beneath a folder start with its name and a slash, so with that slash it sorts: "a.txt" before the folder "a/". Of strings
            // and not of a type of ours: for that one, the runtime would have to compile enumeration and sort first.
            List<string> sorted = plan is null ? ReadNames(path, keyPrefix) : plan.Names(keyPrefix, () => ReadNames(path, keyPrefix));
            if (!excludes.IsEmpty)
                sorted.RemoveAll(keyPart => excludes.IsExcludedItself(keyPrefix + keyPart));
            if (wants is not null)
                sorted.RemoveAll(keyPart => !wants(keyPrefix + keyPart));
            sorted.Sort(KeyOrder.Instance);
            RemoveTwins(path, sorted);
            if (keyPrefix.Length > 0 && sorted.BinarySearch(MirrorMarker.FileName, KeyOrder.Instance) >= 0 && NestedMirrors.IsMirror(path))
            {
                report.Warning($"'{path}' is the mirror of another job and is left alone: nothing in it is sent, and nothing beneath its key is deleted.");
                return null;
            }

            return new FolderCursor(path, keyPrefix, sorted);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(MirrorErrors.FolderUnreadable(path, exception.Message));
            return null;
        }
    }

    private static List<string> ReadNames(string path, string keyPrefix) => new(new FileSystemEnumerable<string>(path, KeyPart, Everything)
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) => !MirrorExclusions.IsExcluded(keyPrefix, entry.FileName),
    });

    // A link to a folder is a link here, whatever is behind it.
    private static string KeyPart(ref FileSystemEntry entry) =>
        entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0
            ? string.Concat(entry.FileName, "/")
            : entry.FileName.ToString();

    // Several names that are not UTF-8 decode to the same one, and to one that may really be there; S3 can have that one only.
    private void RemoveTwins(string path, List<string> sorted)
    {
        for (int i = sorted.Count - 1; i > 0; i--)
        {
            if (sorted[i] != sorted[i - 1])
                continue;
            report.ItemFailed(MirrorErrors.NameNotUtf8(System.IO.Path.Join(path, sorted[i])));
            sorted.RemoveAt(i);
        }
    }

    private sealed class FolderCursor(string path, string keyPrefix, List<string> keyParts)
    {
        private int next;

        public string Path => path;

        public string KeyPrefix => keyPrefix;

        public bool IsEmpty => keyParts.Count == 0;

        public bool TryNext([NotNullWhen(true)] out string? keyPart)
        {
            keyPart = next < keyParts.Count ? keyParts[next++] : null;
            return keyPart is not null;
        }
    }
}

/// <summary>What lies at one path of the mirror.</summary>
/// <param name="Entry">The entry that S3 should have; for a folder its marker. Null when S3 should have none by that name.</param>
/// <param name="IsFolder">True for a folder.</param>
internal readonly record struct MirrorLook(MirrorEntry? Entry, bool IsFolder);
