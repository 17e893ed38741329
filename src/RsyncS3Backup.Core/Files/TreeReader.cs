using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>
/// Reads what lies beneath a folder whose entries others may swap at any moment. No link beneath the root is followed, in whatever part of a path,
/// and what is opened is what the handle says that it is. Thread-safe; holds nothing open.
/// </summary>
/// <remarks>
/// Paths are below the root with <c>/</c> between parts, no part empty, <c>.</c> or <c>..</c>. On Windows, which has no such calls here, a path is
/// looked at before it is opened.
/// </remarks>
internal sealed class TreeReader
{
    private const string HandlesOfThisProcess = "/proc/self/fd";

    // A folder is read by its handle where the system names handles as paths.
    private static readonly bool HasNamedHandles = OperatingSystem.IsLinux() && Directory.Exists(HandlesOfThisProcess);

    private readonly bool isOneCall;

    /// <summary>A reader.</summary>
    /// <param name="root">The folder; links on the way to it are followed now, once and for all.</param>
    /// <param name="isOneCall">False to open part by part also where the system does it in one call.</param>
    public TreeReader(string root, bool isOneCall = true)
    {
        Root = RealPath.Of(root);
        this.isOneCall = isOneCall && OperatingSystem.IsLinux();
    }

    /// <summary>True for a tree whose entries stand for what <see cref="StoredStat"/> says of them. Not on Windows.</summary>
    public bool ReadsStoredStat { get; init; }

    /// <summary>The root's real path.</summary>
    public string Root { get; }

    /// <summary>Opens a regular file to read.</summary>
    /// <param name="relativePath">The file.</param>
    /// <param name="found">What the open file is.</param>
    /// <exception cref="FileNotFoundException">There is nothing by that name (any more).</exception>
    /// <exception cref="BlockedException">A link is there or on the way, or something that is no file.</exception>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    public SafeFileHandle OpenFile(string relativePath, out FileAttributesSnapshot found)
    {
        if (OperatingSystem.IsWindows())
            return OpenOnWindows(WindowsPath.Below(Root, relativePath), out found);
        if (isOneCall && UnixCalls.TryOpenBeneath(Full(relativePath), isFolder: false, out int descriptor))
            return OfTree(new SafeFileHandle(descriptor, ownsHandle: true), out found);
        using FolderHandle folder = OpenFolder(Split(relativePath, out string name));
        return OfTree(UnixCalls.TryOpenFile(folder, name, toWrite: false) ?? throw Missing(relativePath), out found);
    }

    /// <summary>Opens a file that is in no tree of ours, and never waits for the other end of a pipe.</summary>
    /// <param name="path">The path.</param>
    /// <param name="found">What the open file is.</param>
    /// <param name="followsLink">False to refuse a link in the last part of the path.</param>
    public static SafeFileHandle OpenAnywhere(string path, out FileAttributesSnapshot found, bool followsLink = false)
    {
        string real = followsLink ? RealPath.Of(path) : path;
        return OperatingSystem.IsWindows() ? OpenOnWindows(real, out found) : Checked(UnixCalls.TryOpenFile(real) ?? throw Missing(path), out found);
    }

    /// <summary>The attributes of an entry; null when there is none of that name.</summary>
    public FileAttributesSnapshot? TryLook(string relativePath)
    {
        if (OperatingSystem.IsWindows())
            return FileAttributesReader.TryRead(WindowsPath.Below(Root, relativePath));
        try
        {
            using FolderHandle folder = OpenFolder(Split(relativePath, out string name));
            return TryLook(folder, name);
        }
        catch (Exception exception) when (exception is FileNotFoundException or BlockedException)
        {
            // Beneath a link there is nothing of this tree.
            return null;
        }
    }

    /// <summary>The attributes of an entry of an open folder; null when there is none of that name. Not on Windows.</summary>
    public FileAttributesSnapshot? TryLook(FolderHandle folder, string name)
    {
        FileAttributesSnapshot? found = UnixCalls.TryLook(folder, name);
        if (!ReadsStoredStat || found is not { } entry || !(entry.IsRegularFile || entry.IsFolder))
            return found;
        using SafeHandle? opened = entry.IsFolder ? UnixCalls.TryOpenFolder(folder, name) : UnixCalls.TryOpenFile(folder, name, toWrite: false);
        return opened is null ? null : Stored(opened, FileAttributesReader.Read(opened));
    }

    /// <summary>The target of a link, byte for byte.</summary>
    /// <exception cref="FileNotFoundException">There is no link by that name (any more).</exception>
    public byte[] ReadLink(string relativePath)
    {
        if (OperatingSystem.IsWindows())
            return FileAttributesReader.LinkTarget(WindowsPath.Below(Root, relativePath));
        using FolderHandle folder = OpenFolder(Split(relativePath, out string name));
        if (UnixCalls.TryLook(folder, name) is { IsSymbolicLink: true })
            return UnixCalls.ReadLink(folder, name);
        return ReadsStoredStat ? ReadStoredLink(relativePath) : throw Missing(relativePath);
    }

    /// <summary>Opens a folder; not on Windows.</summary>
    /// <param name="relativePath">The folder, also with a slash at its end; empty for the root.</param>
    /// <exception cref="FileNotFoundException">There is nothing by that name (any more).</exception>
    /// <exception cref="BlockedException">A link is there or on the way, or something that is no folder.</exception>
    public FolderHandle OpenFolder(string relativePath)
    {
        string path = relativePath.TrimEnd('/');
        if (path.Length == 0)
            return UnixCalls.OpenRoot(Root);
        if (isOneCall && UnixCalls.TryOpenBeneath(Full(path), isFolder: true, out int descriptor))
            return new FolderHandle(descriptor);
        // Also the way for a path that is longer than the system takes.
        FolderHandle folder = UnixCalls.OpenRoot(Root);
        foreach (string part in path.Split('/'))
        {
            using FolderHandle parent = folder;
            folder = UnixCalls.TryOpenFolder(parent, part) ?? throw Missing(relativePath);
        }

        return folder;
    }

    /// <summary>A path by which an open folder, and nothing else, is enumerated; where the system has none, the path by which it was opened.</summary>
    /// <param name="folder">The folder; null on Windows.</param>
    /// <param name="path">Its path.</param>
    public static string ToEnumerate(FolderHandle? folder, string path) =>
        folder is not null && HasNamedHandles ? $"{HandlesOfThisProcess}/{folder.Descriptor}" : WindowsPath.Exact(path);

    private FileAttributesSnapshot Stored(SafeHandle opened, FileAttributesSnapshot found) => ReadsStoredStat
        ? StoredStat.Read(found, UnixCalls.ReadAttribute(opened, StoredStat.Attribute), UnixCalls.User)
        : found;

    // Where a link can have no attribute, rsync writes its target to a file.
    private byte[] ReadStoredLink(string relativePath)
    {
        const int longestTarget = 4096;
        using SafeFileHandle file = OpenFile(relativePath, out FileAttributesSnapshot found);
        if (!found.IsSymbolicLink || found.Size > longestTarget)
            throw Missing(relativePath);
        byte[] target = new byte[found.Size];
        return target[..RandomAccess.Read(file, target, 0)];
    }

    private string Full(string relativePath) => Root.EndsWith('/') ? Root + relativePath : $"{Root}/{relativePath}";

    private static string Split(string relativePath, out string name)
    {
        int slash = relativePath.LastIndexOf('/');
        name = relativePath[(slash + 1)..];
        return slash < 0 ? "" : relativePath[..slash];
    }

    private SafeFileHandle OfTree(SafeFileHandle file, out FileAttributesSnapshot found)
    {
        SafeFileHandle regular = Checked(file, out found);
        found = Stored(regular, found);
        return regular;
    }

    private static SafeFileHandle Checked(SafeFileHandle file, out FileAttributesSnapshot found)
    {
        try
        {
            found = FileAttributesReader.Read(file);
            return found.IsRegularFile ? file : throw new BlockedException();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenOnWindows(string path, out FileAttributesSnapshot found)
    {
        found = FileAttributesReader.Read(path);
        if (!found.IsRegularFile)
            throw new BlockedException();
        return File.OpenHandle(WindowsPath.Exact(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    private static FileNotFoundException Missing(string path) => new("It is not there any more.", path);
}
