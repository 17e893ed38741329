namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// Folders get their attributes last, the deepest first: everything that is made in a folder changes its time, and a folder without write
/// permission could not be filled. Thread-safe.
/// </summary>
internal sealed class FolderList
{
    private readonly List<(DestinationTree Tree, EntryPath Path, EntryAttributes Attributes)> folders = [];

    /// <summary>Remembers a folder.</summary>
    public void Add(DestinationTree tree, EntryPath path, EntryAttributes attributes)
    {
        lock (folders)
            folders.Add((tree, path, attributes));
    }

    /// <summary>The folders, each after all that are in it.</summary>
    public IEnumerable<(DestinationTree Tree, EntryPath Path, EntryAttributes Attributes)> DeepestFirst()
    {
        lock (folders)
        {
            // What starts with a path sorts behind it.
            folders.Sort((left, right) => string.CompareOrdinal(right.Path.Full, left.Path.Full));
            return folders;
        }
    }
}
