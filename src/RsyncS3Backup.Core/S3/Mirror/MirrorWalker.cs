using System.IO.Enumeration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Runs;
using RsyncS3Backup.S3.Planning;

namespace RsyncS3Backup.S3.Mirror;

/// <summary>
/// Walks the mirror in the order of S3 keys, so that it can be merged with a listing. Holds the names of the folders on the way to the
/// current entry, never the tree. What cannot be read is reported, and handed out as <see cref="MirrorEntryKind.Unreadable"/>.
/// </summary>
internal sealed class MirrorWalker(
    string root, StageReport report, ExcludePatterns? excludes = null, S3DirectoryMarkers markers = S3DirectoryMarkers.Empty)
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
        open.Push(ReadFolder(root, "") ?? throw S3Errors.MirrorUnreadable(root));
        while (open.TryPeek(out FolderCursor? folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!folder.TryNext(out Child child))
            {
                open.Pop();
                continue;
            }

            string path = System.IO.Path.Join(folder.Path, child.Name);
            string key = folder.KeyPrefix + child.KeyPart;
            if (ToEntry(child, path, key) is not { } entry)
                continue;
            if (!entry.Attributes.IsFolder)
            {
                yield return entry;
                continue;
            }

            FolderCursor? inner = ReadFolder(path, key);
            if (inner is null)
            {
                yield return new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default);
            }
            else
            {
                // "a/" comes before everything beneath it.
                if (HasMarker(inner))
                    yield return entry;
                open.Push(inner);
            }
        }
    }

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
            report.ItemFailed(S3Errors.FileUnreadable(path, exception.Message));
            return new MirrorLook(new MirrorEntry(relativePath, path, MirrorEntryKind.Unreadable, default), IsFolder: false);
        }
    }

    private MirrorLook LookAt(string relativePath)
    {
        int slash = relativePath.LastIndexOf('/');
        string folder = relativePath[..(slash + 1)];
        string name = relativePath[(slash + 1)..];
        if (!IsFolderOfMirror(folder) || MirrorExclusions.IsExcluded(folder, name))
            return default;
        string path = System.IO.Path.Join(root, relativePath);
        if (FileAttributesReader.TryRead(path) is not { } attributes)
            return default;
        string key = attributes.IsFolder ? relativePath + "/" : relativePath;
        if (excludes.IsExcludedItself(key))
            return default;
        if (!attributes.IsFolder)
            return new MirrorLook(ToEntry(new Child(name), path, key), IsFolder: false);
        FolderCursor? inner = ReadFolder(path, key);
        MirrorEntry? marker =
            inner is null ? new MirrorEntry(key, path, MirrorEntryKind.Unreadable, default)
            : HasMarker(inner) ? new MirrorEntry(key, path, MirrorEntryKind.EmptyFolder, attributes)
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
            && FileAttributesReader.TryRead(System.IO.Path.Join(root, inner)) is { IsFolder: true };
        if (isReal)
            realFolders.Add(folder);
        return isReal;
    }

    private bool HasMarker(FolderCursor folder) =>
        markers == S3DirectoryMarkers.All || (markers == S3DirectoryMarkers.Empty && folder.IsEmpty);

    private MirrorEntry? ToEntry(Child child, string path, string key)
    {
        try
        {
            FileAttributesSnapshot attributes = FileAttributesReader.Read(path);
            if (attributes.IsFolder != child.IsFolder)
                return Vanished(path, key);
            if (attributes.IsRegularFile)
                return new MirrorEntry(key, path, MirrorEntryKind.File, attributes);
            if (attributes.IsSymbolicLink)
                return new MirrorEntry(key, path, MirrorEntryKind.SymbolicLink, attributes);
            if (attributes.IsFolder)
                return new MirrorEntry(key, path, MirrorEntryKind.EmptyFolder, attributes);
            report.Warning($"'{path}' is a device, a pipe or a socket; S3 cannot hold it, so it is only in the mirror.");
            return null;
        }
        catch (FileNotFoundException) when (child.Name.Contains('\uFFFD', StringComparison.Ordinal))
        {
            // .NET decodes a name that is not UTF-8 to U+FFFD, and what it encodes again is another name.
            report.ItemFailed(S3Errors.NameNotUtf8(path));
        }
        catch (FileNotFoundException)
        {
            return Vanished(path, key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(S3Errors.FileUnreadable(path, exception.Message));
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
            FileSystemEnumerable<Child> children = new(
                path,
                // A link to a folder is a link here, whatever is behind it.
                (ref FileSystemEntry entry) => new Child(
                    entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0
                        ? $"{entry.FileName}/"
                        : entry.FileName.ToString()),
                Everything)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) => !MirrorExclusions.IsExcluded(keyPrefix, entry.FileName),
            };
            List<Child> sorted = [.. children];
            if (!excludes.IsEmpty)
                sorted.RemoveAll(child => excludes.IsExcludedItself(keyPrefix + child.KeyPart));
            sorted.Sort(Child.InKeyOrder);
            return new FolderCursor(path, keyPrefix, sorted);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(S3Errors.FolderUnreadable(path, exception.Message));
            return null;
        }
    }

    // Keys beneath a folder start with its name and a slash, so with that slash it sorts: "a.txt" before the folder "a/".
    private readonly record struct Child(string KeyPart)
    {
        public bool IsFolder => KeyPart.EndsWith('/');

        public string Name => IsFolder ? KeyPart[..^1] : KeyPart;

        public static int InKeyOrder(Child left, Child right) => KeyOrder.Compare(left.KeyPart, right.KeyPart);
    }

    private sealed class FolderCursor(string path, string keyPrefix, List<Child> children)
    {
        private int next;

        public string Path => path;

        public string KeyPrefix => keyPrefix;

        public bool IsEmpty => children.Count == 0;

        public bool TryNext(out Child child)
        {
            bool found = next < children.Count;
            child = found ? children[next++] : default;
            return found;
        }
    }
}

/// <summary>What lies at one path of the mirror.</summary>
/// <param name="Entry">The entry that S3 should have; for a folder its marker. Null when S3 should have none by that name.</param>
/// <param name="IsFolder">True for a folder.</param>
internal readonly record struct MirrorLook(MirrorEntry? Entry, bool IsFolder);
