using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// A destination on Linux and macOS. A folder is reached part by part from the handle of the one above it, links not followed, so there is no
/// moment in which a link put in the way could lead elsewhere.
/// </summary>
internal sealed class UnixTree : DestinationTree
{
    // Entries come folder by folder; the rest is for a few long files in earlier ones.
    private const int FoldersKeptOpen = 128;

    private readonly object gate = new();
    private readonly FolderHandle root;
    private readonly ulong rootDevice;
    private readonly IReadOnlyList<FileAttributesSnapshot> forbidden;
    private readonly Dictionary<string, LinkedListNode<(string Folder, FolderHandle Handle)>> open = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Folder, FolderHandle Handle)> byUse = new();
    private readonly ConcurrentDictionary<string, uint> madeWritable = new(StringComparer.Ordinal);

    private UnixTree(FolderHandle root, IReadOnlyList<FileAttributesSnapshot> forbidden)
    {
        this.root = root;
        rootDevice = UnixCalls.Look(root).Device;
        this.forbidden = forbidden;
    }

    /// <summary>Opens the destination; its path is real.</summary>
    public static UnixTree OpenRoot(string path, IReadOnlyList<string> forbidden)
    {
        FolderHandle root = UnixCalls.OpenRoot(path);
        return new UnixTree(root, [.. forbidden.Select(FileAttributesReader.TryRead).OfType<FileAttributesSnapshot>()]) { Path = path };
    }

    /// <inheritdoc/>
    public override DestinationFolder Open(string folder)
    {
        lock (gate)
        {
            FolderHandle found = Find(folder);
            // A drive may be mounted beneath the destination.
            return new UnixFolder(this, folder, found, OperatingSystem.IsLinux() && (found == root || found.Device == rootDevice));
        }
    }

    /// <inheritdoc/>
    public override bool TryLock() => UnixCalls.TryLock(root);

    /// <inheritdoc/>
    public override void WriteBack() => UnixCalls.WriteBack(root);

    /// <inheritdoc/>
    public override void PutBack()
    {
        foreach ((string folder, uint mode) in madeWritable)
        {
            try
            {
                lock (gate)
                    UnixCalls.TryChangeMode(Find(folder), mode);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is not there any more, or nobody may reach it: then nobody can set it either.
            }
        }

        madeWritable.Clear();
    }

    /// <inheritdoc/>
    protected override FileSystemTraits Probe() => FileSystemProbe.Look(root, TemporaryName.Probe);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        PutBack();
        foreach ((_, FolderHandle handle) in byUse)
            handle.Dispose();
        UnixCalls.Unlock(root);
        root.Dispose();
    }

    private FolderHandle Find(string folder)
    {
        if (folder.Length == 0)
            return root;
        if (open.TryGetValue(folder, out LinkedListNode<(string Folder, FolderHandle Handle)>? known))
        {
            byUse.Remove(known);
            byUse.AddFirst(known);
            return known.Value.Handle;
        }

        int slash = folder.LastIndexOf('/');
        FolderHandle found = OpenIn(Find(slash < 0 ? "" : folder[..slash]), folder, folder[(slash + 1)..]);
        open[folder] = byUse.AddFirst((folder, found));
        if (byUse.Count > FoldersKeptOpen)
        {
            // Who still uses it has a reference of its own.
            (string oldest, FolderHandle handle) = byUse.Last!.Value;
            byUse.RemoveLast();
            open.Remove(oldest);
            handle.Dispose();
        }

        return found;
    }

    private FolderHandle OpenIn(FolderHandle parent, string folder, string name)
    {
        try
        {
            FolderHandle? found = UnixCalls.TryOpenFolder(parent, name);
            if (found is null)
            {
                // Nothing of its own in the backup says who may look into it, and what is in it may have been behind a closed door.
                const uint ownerOnly = 0x1C0;
                string above = folder.Length > name.Length ? folder[..^(name.Length + 1)] : "";
                Write(parent, above, () => UnixCalls.MakeFolder(parent, name, ownerOnly));
                found = UnixCalls.TryOpenFolder(parent, name) ?? throw new FileNotFoundException("It was removed as soon as it was made.", folder);
            }

            FileAttributesSnapshot attributes = UnixCalls.Look(found);
            found.Device = attributes.Device;
            if (!forbidden.Any(other => other.Inode == attributes.Inode && other.Device == attributes.Device))
                return found;
            found.Dispose();
            throw new PathBlockedException(folder);
        }
        catch (BlockedException)
        {
            throw new PathBlockedException(folder);
        }
    }

    /// <summary>Writes to a folder, which an earlier restore may have given back to its owner without the right to write to it.</summary>
    private T Write<T>(FolderHandle folder, string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (UnauthorizedAccessException) when (TryMakeWritable(folder, path))
        {
            return write();
        }
    }

    // As rsync does it (generator.c, need_retouch_dir_perms). Only its owner may, so nobody gets what they could not take.
    private bool TryMakeWritable(FolderHandle folder, string path)
    {
        const uint ownerMayWrite = 0x80;
        const uint permissions = 0xFFF;
        uint mode = UnixCalls.Look(folder).Mode & permissions;
        // Another thread may have done it meanwhile.
        if ((mode & ownerMayWrite) != 0)
            return madeWritable.ContainsKey(path);
        if (!UnixCalls.TryChangeMode(folder, mode | ownerMayWrite))
            return false;
        madeWritable.TryAdd(path, mode);
        return true;
    }

    private sealed class UnixFolder : DestinationFolder
    {
        private const uint OwnerOnly = 0x180;
        private const uint OwnerOnlyFolder = 0x1C0;
        private const uint SetId = 0xC00;

        private readonly UnixTree tree;
        private readonly string path;
        private readonly FolderHandle handle;
        private bool isReferenced;

        public UnixFolder(UnixTree tree, string path, FolderHandle handle, bool isWrittenBackWithTree)
        {
            this.tree = tree;
            this.path = path;
            IsWrittenBackWithTree = isWrittenBackWithTree;
            handle.DangerousAddRef(ref isReferenced);
            this.handle = handle;
        }

        public override bool IsWrittenBackWithTree { get; }

        public override FileAttributesSnapshot? Look(string name) => UnixCalls.TryLook(handle, name);

        public override byte[] ReadLink(string name) => UnixCalls.ReadLink(handle, name);

        public override SafeFileHandle CreateTemporary(string name)
        {
            return Write(() =>
            {
                UnixCalls.Remove(handle, name);
                return UnixCalls.CreateFile(handle, name, OwnerOnly);
            });
        }

        public override SafeFileHandle? TryOpen(string name, bool toWrite)
        {
            SafeFileHandle? file = UnixCalls.TryOpenFile(handle, name, toWrite);
            // No link is followed here, so it is the same file; a pipe opens too, and nothing good comes of reading it.
            if (file is null || FileAttributesReader.Read(file).IsRegularFile)
                return file;
            file.Dispose();
            throw new BlockedException();
        }

        public override SafeFileHandle? TryResume(string name)
        {
            const uint othersBits = 0x3F;
            SafeFileHandle? file = UnixCalls.TryOpenFile(handle, name, toWrite: true);
            if (file is null)
                return null;
            FileAttributesSnapshot found = FileAttributesReader.Read(file);
            bool isOurs = found is { IsRegularFile: true, LinkCount: 1 } && found.UserId == UnixCalls.User && (found.Mode & othersBits) == 0;
            if (isOurs)
                return file;
            file.Dispose();
            return null;
        }

        public override bool SetAttributes(SafeFileHandle file, EntryAttributes attributes, uint? defaultMode) =>
            Set(file, attributes, defaultMode);

        public override bool MakeLink(string name, byte[] target, EntryAttributes attributes)
        {
            Write(() =>
            {
                UnixCalls.Remove(handle, name);
                UnixCalls.MakeLink(handle, name, target);
                return true;
            });
            bool isOwned = attributes is { UserId: null, GroupId: null }
                || UnixCalls.TryChangeOwner(handle, name, attributes.UserId, attributes.GroupId);
            if (attributes.ModifiedNanoseconds is { } modified)
                UnixCalls.ChangeTime(handle, name, modified);
            return isOwned;
        }

        public override void AddName(DestinationFolder folder, string existing, string name)
        {
            Write(() =>
            {
                UnixCalls.Remove(handle, name);
                UnixCalls.AddName(((UnixFolder)folder).handle, existing, handle, name);
                return true;
            });
        }

        public override void Rename(string from, string to)
        {
            Write(() =>
            {
                UnixCalls.Rename(handle, from, to);
                // Two names of one file stay both: rename(2) then does nothing.
                UnixCalls.Remove(handle, from);
                return true;
            });
        }

        public override void Remove(string name) => Write(() =>
        {
            UnixCalls.Remove(handle, name);
            return true;
        });

        public override bool MakeFolder(string name)
        {
            bool isNew = Write(() => UnixCalls.MakeFolder(handle, name, OwnerOnlyFolder));
            return Look(name) is { IsFolder: true } ? isNew : throw new BlockedException();
        }

        public override FileAttributesSnapshot LookAtItself() => UnixCalls.Look(handle);

        public override bool SetOwnAttributes(EntryAttributes attributes) => Set(handle, attributes, defaultMode: null);

        protected override void Dispose(bool disposing)
        {
            if (disposing && isReferenced)
            {
                isReferenced = false;
                handle.DangerousRelease();
            }
        }

        private T Write<T>(Func<T> write) => tree.Write(handle, path, write);

        // The owner first: changing it takes the bits away by which a file runs as its owner. And those are given only to the right one.
        private bool Set(System.Runtime.InteropServices.SafeHandle entry, EntryAttributes attributes, uint? defaultMode)
        {
            bool isOwned = true;
            uint mode = attributes.Mode ?? defaultMode ?? 0;
            if (attributes is not { UserId: null, GroupId: null })
            {
                isOwned = UnixCalls.TryChangeOwner(entry, attributes.UserId, attributes.GroupId);
                // A group of one's own may be set without being the superuser.
                if (!isOwned)
                    UnixCalls.TryChangeOwner(entry, null, attributes.GroupId);
            }

            // What the system says, and not what it was asked for: some file systems have no owners and take every one.
            bool isSafe = (mode & SetId) == 0 || BelongsTo(FileAttributesReader.Read(entry), attributes);
            if (!isSafe)
                mode &= ~SetId;
            bool isPermitted = (attributes.Mode ?? defaultMode) is null || (UnixCalls.TryChangeMode(entry, mode) && isSafe);
            if (attributes.ModifiedNanoseconds is { } modified)
                UnixCalls.ChangeTime(entry, modified);
            // Some drives take every change and make none.
            return isOwned && isPermitted && (tree.Traits is { KeepsOwners: true, KeepsPermissions: true } || Took(FileAttributesReader.Read(entry), attributes));
        }

        private static bool Took(FileAttributesSnapshot found, EntryAttributes wanted) =>
            (wanted.UserId ?? found.UserId) == found.UserId && (wanted.GroupId ?? found.GroupId) == found.GroupId && wanted.HasMode(found.Mode);

        private static bool BelongsTo(FileAttributesSnapshot found, EntryAttributes wanted) =>
            wanted.UserId == found.UserId && wanted.GroupId == found.GroupId;
    }
}
