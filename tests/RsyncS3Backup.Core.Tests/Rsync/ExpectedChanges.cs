using System.Text;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>
/// What the journal of a run must say, from the mirror before it and the source: <c>Created</c> what was not there or was another type of
/// entry (nothing is said of what was in its place); <c>Updated</c> a file of another size or time, a link with another target, a FIFO that
/// was a socket and the other way round; <c>Metadata</c> any other attribute, and any attribute of a folder; <c>Deleted</c> what the source
/// does not have.
/// </summary>
/// <remarks>
/// Of a file with several names rsync says <c>Created</c>, <c>Updated</c> or <c>Metadata</c> for the name it handles first, and
/// <c>HardLinked</c> for the others. When only attributes changed and the mirror's names are linked already, it names just one of them:
/// setting the attributes of one sets them for all.
/// </remarks>
internal static class ExpectedChanges
{
    /// <summary>What is wrong with the changes; nothing when they are right.</summary>
    public static IEnumerable<string> Problems(
        Dictionary<string, RawEntry> before, Dictionary<string, RawEntry> source, IReadOnlyList<BackupChange> changes)
    {
        Dictionary<string, BackupChange> byPath = [];
        foreach (BackupChange change in changes)
        {
            if (!byPath.TryAdd(Encoding.Latin1.GetString(change.GetPathBytes()), change))
                yield return $"twice: {change}";
        }

        foreach ((string path, RawEntry entry) in source)
        {
            byPath.Remove(path, out BackupChange? change);
            BackupChangeKind? expected = Kind(before.GetValueOrDefault(path), entry);
            if (!Allows(path, entry, expected, change, before, source))
                yield return $"'{path}' {entry}: expected {expected}, the journal has {change?.Kind}; before: {before.GetValueOrDefault(path)}";
            else if (change is not null)
            {
                foreach (string problem in Details(path, entry, change, source))
                    yield return problem;
            }
        }

        foreach (string path in before.Keys.Where(path => !source.ContainsKey(path)))
        {
            byPath.Remove(path, out BackupChange? change);
            bool isFolder = before[path].IsFolder;
            if (change is not { Kind: BackupChangeKind.Deleted } || (change.EntryType == BackupEntryType.Folder) != isFolder)
                yield return $"'{path}' is gone, the journal has {change}";
        }

        foreach (BackupChange other in byPath.Values)
            yield return $"neither before nor after: {other}";
    }

    private static BackupChangeKind? Kind(RawEntry? before, RawEntry now)
    {
        if (before is null || (before.Type != now.Type && !(IsSpecial(before) && IsSpecial(now))))
            return BackupChangeKind.Created;
        bool isUpdated = now switch
        {
            { IsFile: true } => (before.Size, before.Modified) != (now.Size, now.Modified),
            { IsLink: true } => before.Content != now.Content,
            _ => before.Type != now.Type,
        };
        return isUpdated ? BackupChangeKind.Updated
            : (before.Mode, before.Modified) != (now.Mode, now.Modified) ? BackupChangeKind.Metadata
            : null;
    }

    private static bool Allows(
        string path,
        RawEntry entry,
        BackupChangeKind? expected,
        BackupChange? change,
        Dictionary<string, RawEntry> before,
        Dictionary<string, RawEntry> source)
    {
        if (entry.Links == 1 || change?.Kind != BackupChangeKind.HardLinked)
        {
            bool isSaidOnce = expected == BackupChangeKind.Metadata && change is null && entry.Links > 1
                && source.Any(other => other.Key != path && other.Value.Inode == entry.Inode
                    && before.TryGetValue(other.Key, out RawEntry? otherBefore) && otherBefore.Inode == before[path].Inode);
            return change?.Kind == expected || isSaidOnce;
        }

        // A further name: new, changed with the file, or no change of its own but not yet linked to the others.
        return expected is not null || source.Any(other => other.Value.Inode == entry.Inode
            && before.GetValueOrDefault(other.Key)?.Inode != before[path].Inode);
    }

    private static IEnumerable<string> Details(string path, RawEntry entry, BackupChange change, Dictionary<string, RawEntry> source)
    {
        BackupEntryType type = entry switch
        {
            { IsFile: true } => BackupEntryType.File,
            { IsFolder: true } => BackupEntryType.Folder,
            { IsLink: true } => BackupEntryType.SymbolicLink,
            _ => BackupEntryType.Special,
        };
        string target = Encoding.Latin1.GetString(change.GetLinkTargetBytes());
        if (change.EntryType != type)
            yield return $"'{path}' is a {type}, the journal says {change.EntryType}";
        if (entry.IsFile && change.Size != entry.Size)
            yield return $"'{path}' has {entry.Size} bytes, the journal says {change.Size}";
        if (entry.IsLink && target != entry.Content)
            yield return $"'{path}' points to '{entry.Content}', the journal says '{target}'";
        if (change.Kind == BackupChangeKind.HardLinked && source.GetValueOrDefault(target)?.Inode != entry.Inode)
            yield return $"'{path}' is no other name of '{target}'";
    }

    private static bool IsSpecial(RawEntry entry) => entry.Type is 0x1000 or 0xC000;
}
