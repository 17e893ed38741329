using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>The folder that a restore writes to. Whatever is asked of it, nothing outside of it is written. Thread-safe.</summary>
internal abstract class DestinationTree : IDisposable
{
    /// <summary>The folder's real path.</summary>
    public required string Path { get; init; }

    /// <summary>What the file system does with what it is given.</summary>
    public FileSystemTraits Traits { get; private set; } = new();

    /// <summary>Opens a destination; it is made when it is missing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="forbidden">Folders that must not be written to, wherever they are met: the mirror.</param>
    /// <exception cref="BackupException">It cannot be made or opened, or it is a link of somebody else's.</exception>
    public static DestinationTree Open(string path, IReadOnlyList<string> forbidden)
    {
        try
        {
            string real = RealFolder(path);
            DestinationTree tree = OperatingSystem.IsWindows() ? new PortableTree { Path = real } : UnixTree.OpenRoot(real, forbidden);
            try
            {
                tree.Traits = tree.Probe();
                return tree;
            }
            catch
            {
                tree.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw RestoreErrors.DestinationUnusable(path, exception.Message);
        }
    }

    /// <summary>Opens a folder beneath, and makes what of it is missing.</summary>
    /// <param name="folder">Its path below the destination with <c>/</c> between parts; empty for the destination itself.</param>
    /// <exception cref="PathBlockedException">A part of the path is a link or a file.</exception>
    public abstract DestinationFolder Open(string folder);

    /// <summary>True when no other restore writes to the destination; nobody else's may begin until this is disposed.</summary>
    public abstract bool TryLock();

    /// <summary>Has the system write to the disk what does not wait there for itself.</summary>
    public abstract void WriteBack();

    /// <summary>Gives folders that were made writable for the time their permissions back. Ends with this what is written.</summary>
    public abstract void PutBack();

    /// <summary>True when the file system cannot tell the two times apart.</summary>
    public bool IsSameTime(long left, long right) => Traits.IsSameTime(left, right);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Asks the file system what it does.</summary>
    protected abstract FileSystemTraits Probe();

    /// <summary>Closes what is open.</summary>
    protected abstract void Dispose(bool disposing);

    private static string RealFolder(string path)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        // In a folder that everybody may write to, such as /tmp, somebody else could have put a link to a place of ours there.
        if (RealPath.ForeignLink(full) is { } link)
            throw RestoreErrors.DestinationIsForeignLink(link);

        string real = RealPath.Of(full);
        // As the folders in it that are made because something is in them.
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(real);
        else
            Directory.CreateDirectory(real, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return real;
    }
}

/// <summary>An open folder of a destination. Names are single parts. Not for two threads at a time.</summary>
internal abstract class DestinationFolder : IDisposable
{
    /// <summary>True when <see cref="DestinationTree.WriteBack"/> has the content of files here written to the disk too.</summary>
    public abstract bool IsWrittenBackWithTree { get; }

    /// <summary>The attributes of an entry; null when there is none of that name. A link is not followed.</summary>
    public abstract FileAttributesSnapshot? Look(string name);

    /// <summary>The target of a link.</summary>
    public abstract byte[] ReadLink(string name);

    /// <summary>True when a link leads to a target.</summary>
    public virtual bool LeadsTo(string name, byte[] target) => ReadLink(name).AsSpan().SequenceEqual(target);

    /// <summary>Creates a file for content that is on its way. What a crash left there by that name is removed.</summary>
    public abstract SafeFileHandle CreateTemporary(string name);

    /// <summary>Opens a regular file; null when there is none of that name.</summary>
    public abstract SafeFileHandle? TryOpen(string name, bool toWrite);

    /// <summary>
    /// Opens what an earlier restore of this user left behind, to go on with it; null when there is none. In a folder of somebody else it could be a
    /// file of theirs, which they would go on reading, or a further name of another file.
    /// </summary>
    public abstract SafeFileHandle? TryResume(string name);

    /// <summary>Sets owner, permissions and time of an open file. What the backup does not know is left, the mode is set to <paramref name="defaultMode"/>.</summary>
    /// <returns>False when this user may not set the owner.</returns>
    public abstract bool SetAttributes(SafeFileHandle file, EntryAttributes attributes, uint? defaultMode);

    /// <summary>Makes a symbolic link with its own owner and time.</summary>
    /// <returns>False when this user may not set the owner.</returns>
    public abstract bool MakeLink(string name, byte[] target, EntryAttributes attributes);

    /// <summary>Gives a file of another folder, or of this one, a further name here.</summary>
    public abstract void AddName(DestinationFolder folder, string existing, string name);

    /// <summary>Gives an entry its name; what has it is replaced in one step.</summary>
    /// <exception cref="BlockedException">A folder has it.</exception>
    public abstract void Rename(string from, string to);

    /// <summary>Removes a file or link; none of that name is as good.</summary>
    public abstract void Remove(string name);

    /// <summary>Makes a folder, which only its owner may look into until it gets its attributes.</summary>
    /// <returns>False when it is there already.</returns>
    /// <exception cref="BlockedException">Something else is there.</exception>
    public abstract bool MakeFolder(string name);

    /// <summary>This folder's own attributes.</summary>
    public abstract FileAttributesSnapshot LookAtItself();

    /// <summary>Sets this folder's own owner, permissions and time.</summary>
    /// <returns>False when this user may not set the owner.</returns>
    public abstract bool SetOwnAttributes(EntryAttributes attributes);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the folder back.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>A part of a path is no folder, so that nothing can be beneath it.</summary>
/// <param name="path">The path to that part, below the destination.</param>
internal sealed class PathBlockedException(string path) : IOException($"'{path}' is not a folder.")
{
    /// <summary>The path to that part, below the destination.</summary>
    public string Path => path;
}
