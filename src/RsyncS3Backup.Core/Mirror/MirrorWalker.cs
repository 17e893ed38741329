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
    // Open at a time, of folders that lie in one another.
    private const int MostFoldersOpen = 64;

    // PATH_MAX of Linux. No key of S3 is as long, and what is deeper is there to cost memory.
    private const int LongestPath = 4096;

    private readonly ExcludePatterns excludes = excludes ?? ExcludePatterns.None;
    private readonly TreeReader tree = new(root) { ReadsStoredStat = MirrorMarker.TellsStoredStat(root) };

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
        try
        {
            open.Push(ReadFolder(null, root, "") ?? throw MirrorErrors.MirrorUnreadable(root));
            while (Next(open, cancellationToken) is { } entry)
                yield return entry;
        }
        finally
        {
            foreach (FolderCursor folder in open)
                folder.Dispose();
        }
    }

    /// <summary>What is right in one folder in key order, every folder in it as one without content; nothing when there is no such folder.</summary>
    /// <param name="folder">The folder's relative key, with a slash at its end; empty for the root.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public IEnumerable<MirrorEntry> WalkLevel(string folder, CancellationToken cancellationToken)
    {
        if (!IsFolderOfMirror(folder) || ReadFolder(null, WindowsPath.Below(root, folder), folder) is not { } cursor)
            yield break;
        using FolderCursor opened = cursor;
        while (cursor.TryNext(out string? keyPart))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ToEntry(cursor, keyPart, System.IO.Path.Join(cursor.Path, keyPart.TrimEnd('/')), folder + keyPart) is { } entry)
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
                open.Pop().Dispose();
                continue;
            }

            bool isFolder = keyPart.EndsWith('/');
            string path = System.IO.Path.Join(folder.Path, keyPart.AsSpan(0, keyPart.Length - (isFolder ? 1 : 0)));
            string key = folder.KeyPrefix.Length == 0 ? keyPart : folder.KeyPrefix + keyPart;
            if (ToEntry(folder, keyPart, path, key) is not { } entry)
                continue;
            if (!isFolder || !entry.Attributes.IsFolder)
                return entry;
            if (ReadFolder(folder, path, key) is not { } inner)
                return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
            open.Push(inner);
            if (open.Count > MostFoldersOpen)
                open.ElementAt(MostFoldersOpen).Close();
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
            string path = WindowsPath.Below(root, relativePath);
            report.ItemFailed(MirrorErrors.FileUnreadable(path, exception));
            return new MirrorLook(new MirrorEntry(relativePath, path, MirrorEntryKind.Unreadable, default), IsFolder: false);
        }
    }

    /// <summary>What has the place in the mirror of a key that the mirror does not have.</summary>
    /// <param name="relativeKey">The key; ends in a slash for a folder's marker.</param>
    public MirrorPlace PlaceOf(string relativeKey) => MirrorPlaces.Of(relativeKey, IsFolderOfMirror, HasFile);

    private bool HasFile(string path)
    {
        int slash = path.LastIndexOf('/');
        return !MirrorExclusions.IsExcluded(path[..(slash + 1)], path.AsSpan(slash + 1)) && !excludes.IsExcludedItself(path)
            && TryRead(path) is { IsFolder: false };
    }

    private MirrorLook LookAt(string relativePath)
    {
        // A journal says what another machine may have had a hand in.
        if (!MirrorPlaces.IsPath(relativePath))
            throw new IOException("it is not a path below the mirror");
        int slash = relativePath.LastIndexOf('/');
        string folder = relativePath[..(slash + 1)];
        string name = relativePath[(slash + 1)..];
        if (!IsFolderOfMirror(folder) || MirrorExclusions.IsExcluded(folder, name))
            return default;
        string path = WindowsPath.Below(root, relativePath);
        if (TryRead(relativePath) is not { } attributes)
            return default;
        string key = attributes.IsFolder ? relativePath + "/" : relativePath;
        if (excludes.IsExcludedItself(key))
            return default;
        if (!attributes.IsFolder)
            return new MirrorLook(ToEntry(null, name, path, key), IsFolder: false);
        using FolderCursor? inner = ReadFolder(null, path, key);
        MirrorEntry? marker =
            inner is null ? new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default)
            : HasMarker(inner) ? new MirrorEntry(key, path, MirrorEntryKind.Folder, attributes) { Tree = Tree }
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
            && TryRead(inner) is { IsFolder: true };
        if (isReal)
            realFolders.Add(folder);
        return isReal;
    }

    private FileAttributesSnapshot? TryRead(string relativePath) =>
        plan is null ? tree.TryLook(relativePath) : plan.Look(relativePath)?.Attributes;

    private bool HasMarker(FolderCursor folder) =>
        markers == S3DirectoryMarkers.All || (markers == S3DirectoryMarkers.Empty && folder.IsEmpty);

    /// <param name="folder">Its folder; null to find that by the key.</param>
    /// <param name="keyPart">The entry's name; a slash at its end says that it was a folder when its own folder was read.</param>
    /// <param name="path">Its path.</param>
    /// <param name="key">Its key.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private MirrorEntry? ToEntry(FolderCursor? folder, string keyPart, string path, string key)
    {
        try
        {
            PlannedEntry? planned = plan?.Look(key.TrimEnd('/'));
            if (plan is not null && planned is null)
                throw new FileNotFoundException();
            path = planned?.Path ?? path;
            FileAttributesSnapshot attributes = planned?.Attributes ?? Read(folder, keyPart, key);
            if (attributes.IsFolder != keyPart.EndsWith('/'))
                return Vanished(path, key);
            if (attributes.IsRegularFile)
                return new MirrorEntry(key, path, MirrorEntryKind.File, attributes) { Tree = Tree, IsElsewhere = planned?.IsElsewhere == true };
            if (attributes.IsSymbolicLink)
                return new MirrorEntry(key, path, MirrorEntryKind.SymbolicLink, attributes) { Tree = Tree, IsElsewhere = planned?.IsElsewhere == true };
            if (attributes.IsFolder)
                return new MirrorEntry(key, path, MirrorEntryKind.Folder, attributes) { Tree = Tree };
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
            report.ItemFailed(MirrorErrors.FileUnreadable(path, exception));
        }

        return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
    }

    private MirrorEntry Vanished(string path, string key)
    {
        report.Warning($"'{path}' changed or vanished while the mirror was read; its copy in S3 stays as it is until the next run.");
        return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
    }

    // What would be there has its content elsewhere.
    private TreeReader? Tree => plan is null ? tree : null;

    private FileAttributesSnapshot Read(FolderCursor? folder, string keyPart, string key)
    {
        string name = keyPart.EndsWith('/') ? keyPart[..^1] : keyPart;
        FileAttributesSnapshot? found = folder?.Handle is { } handle ? tree.TryLook(handle, name) : tree.TryLook(key.TrimEnd('/'));
        return found ?? throw new FileNotFoundException("It is not there any more.");
    }

    private FolderHandle? Open(FolderCursor? parent, string keyPrefix)
    {
        if (OperatingSystem.IsWindows())
            return null;
        if (parent?.Handle is not { } handle)
            return tree.OpenFolder(keyPrefix);
        string name = keyPrefix[parent.KeyPrefix.Length..^1];
        return UnixCalls.TryOpenFolder(handle, name) ?? throw new FileNotFoundException("It is not there any more.");
    }

    /// <param name="parent">The folder that it is in, to open it from there; null to open it from the root.</param>
    /// <param name="path">Its path.</param>
    /// <param name="keyPrefix">Its key.</param>
    private FolderCursor? ReadFolder(FolderCursor? parent, string path, string keyPrefix)
    {
        FolderHandle? handle = null;
        try
        {
            if (keyPrefix.Length >= LongestPath)
                throw new PathTooLongException("its path is longer than the system takes");
            // A link that is put in the folder's place from here on leads nowhere.
            handle = plan is null ? Open(parent, keyPrefix) : null;
            // Keys beneath a folder start with its name and a slash, so with that slash it sorts: "a.txt" before the folder "a/". Of strings
            // and not of a type of ours: for that one, the runtime would have to compile enumeration and sort first.
            List<string> sorted = plan is null ? ReadNames(handle, path, keyPrefix) : plan.Names(keyPrefix, () => ReadNames(path, keyPrefix));
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

            FolderCursor cursor = new(tree, handle, path, keyPrefix, sorted);
            handle = null;
            return cursor;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(MirrorErrors.FolderUnreadable(path, exception));
            return null;
        }
        finally
        {
            handle?.Dispose();
        }
    }

    private List<string> ReadNames(string path, string keyPrefix)
    {
        using FolderHandle? handle = Open(null, keyPrefix);
        return ReadNames(handle, path, keyPrefix);
    }

    private static List<string> ReadNames(FolderHandle? handle, string path, string keyPrefix) => new(new FileSystemEnumerable<string>(
        TreeReader.ToEnumerate(handle, path), KeyPart, Everything)
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

    private sealed class FolderCursor(TreeReader tree, FolderHandle? handle, string path, string keyPrefix, List<string> keyParts) : IDisposable
    {
        private readonly bool hasHandle = handle is not null;
        private FolderHandle? handle = handle;
        private int next;

        /// <summary>The open folder; null on Windows and in a plan.</summary>
        /// <exception cref="IOException">It was closed, and is not there any more.</exception>
        public FolderHandle? Handle => hasHandle ? handle ??= tree.OpenFolder(keyPrefix) : null;

        public string Path => path;

        public string KeyPrefix => keyPrefix;

        public bool IsEmpty => keyParts.Count == 0;

        public bool TryNext([NotNullWhen(true)] out string? keyPart)
        {
            keyPart = next < keyParts.Count ? keyParts[next++] : null;
            return keyPart is not null;
        }

        /// <summary>Closes it until it is needed again.</summary>
        public void Close()
        {
            handle?.Dispose();
            handle = null;
        }

        public void Dispose() => Close();
    }
}

/// <summary>What lies at one path of the mirror.</summary>
/// <param name="Entry">The entry that S3 should have; for a folder its marker. Null when S3 should have none by that name.</param>
/// <param name="IsFolder">True for a folder.</param>
internal readonly record struct MirrorLook(MirrorEntry? Entry, bool IsFolder);
