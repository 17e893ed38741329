using System.Text;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.Rsync;

/// <summary>
/// The mirror as a stage 1 would leave it: what a dry run of rsync says would change, over what is there. What would be copied from a source
/// on this machine is read there. Thread-safe.
/// </summary>
/// <remarks>
/// The changes are in a temporary database, because a first run changes every entry: memory holds its page cache, and the rest is in an
/// unnamed file of the system's temporary folder.
/// </remarks>
/// <param name="root">The mirror's root folder.</param>
/// <param name="keepsHardLinks">True when the names of one file in a source are names of one file in the mirror.</param>
internal sealed class PlannedMirror(string root, bool keepsHardLinks) : IRsyncChanges, IPlannedMirror, IDisposable
{
    // Numbers of files on other file systems may be those of files of the mirror, which in practice never have the highest bit.
    private const ulong OfSource = 1UL << 63;
    private const long UnknownTime = -1;
    private const int BatchSize = 10_000;

    private readonly object gate = new();
    private readonly SqliteDatabase database = Open();
    private SqliteStatement? find;
    private SqliteStatement? insert;
    private SqliteStatement? insertMissing;
    private SqliteStatement? findDropped;
    private bool hasDropped;

    /// <inheritdoc/>
    public long Count { get; private set; }

    /// <inheritdoc/>
    public bool TryAdd(RsyncLeg leg, in RsyncItem item)
    {
        byte[] prefix = leg.Name is null ? [] : Encoding.UTF8.GetBytes(leg.Name);
        byte[] path = Join(prefix, item.NameBytes);
        byte[] target = item.IsHardLink ? Join(prefix, item.LinkTargetBytes) : item.LinkTargetBytes.ToArray();
        BackupChangeKind kind = item.Change switch
        {
            RsyncChange.Deleted => BackupChangeKind.Deleted,
            _ when item.IsHardLink => BackupChangeKind.HardLinked,
            RsyncChange.Created => BackupChangeKind.Created,
            RsyncChange.Updated => BackupChangeKind.Updated,
            _ => BackupChangeKind.Metadata,
        };
        string? source = leg.Remote is null ? Path.Join(leg.Source, Encoding.UTF8.GetString(item.NameBytes)) : null;
        lock (gate)
        {
            // Of names that are names of one file already a dry run prints this, whether or not that file would be replaced and the names be
            // linked anew (seen with rsync 3.5.0). The name that is copied comes first.
            if (kind == BackupChangeKind.HardLinked && target.Length == 0 && !IsReplaced(path))
                return false;
            if (kind == BackupChangeKind.Updated)
                NoteLinked(path, "replaced");
            Count++;
            Put(insert ??= database.Prepare("INSERT OR REPLACE INTO change VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
                path, kind, item.EntryType, item.Size, source, target);
            if (kind == BackupChangeKind.Deleted)
                NoteLinked(path, "dropped");
            else if (target.Length > 0 && item.IsHardLink && leg.Remote is null && keepsHardLinks)
                // The other name gets one more, of which rsync says nothing.
                Put(insertMissing ??= database.Prepare("INSERT OR IGNORE INTO change VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
                    target, BackupChangeKind.Metadata, item.EntryType, item.Size,
                    Path.Join(leg.Source, Encoding.UTF8.GetString(item.LinkTargetBytes)), target);
            if (Count % BatchSize == 0)
                database.Execute("COMMIT; BEGIN");
            return true;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<BackupChange> Changes()
    {
        List<BackupChange> batch = [];
        byte[] lastFolder = [];
        byte[] lastName = [];
        do
        {
            batch.Clear();
            lock (gate)
            {
                using SqliteStatement select = database.Prepare(
                    $"SELECT folder, name, kind, type, size, path, target FROM change WHERE (folder, name) > (?, ?) ORDER BY folder, name LIMIT {BatchSize}");
                select.Bind(1, lastFolder).Bind(2, lastName);
                while (select.Step())
                {
                    (lastFolder, lastName) = (select.Blob(0).ToArray(), select.Blob(1).ToArray());
                    batch.Add(new BackupChange(
                        (BackupChangeKind)select.Int64(2), (BackupEntryType)select.Int64(3), select.Int64(4),
                        select.Blob(5).ToArray(), select.Blob(6).ToArray()));
                }
            }

            foreach (BackupChange change in batch)
                yield return change;
        }
        while (batch.Count == BatchSize);
    }

    /// <inheritdoc/>
    public List<string> Names(string folderKey, Func<List<string>> readNow)
    {
        bool isThere = Directory.Exists(folderKey.Length == 0 ? root : Path.Join(root, folderKey))
            && (folderKey.Length == 0 || Find(folderKey[..^1]) is not { Kind: BackupChangeKind.Created });
        HashSet<string> names = isThere ? [.. readNow()] : [];
        lock (gate)
        {
            using SqliteStatement select = database.Prepare("SELECT name, kind, type FROM change WHERE folder = ?");
            select.Bind(1, Encoding.UTF8.GetBytes(folderKey));
            while (select.Step())
            {
                string name = Encoding.UTF8.GetString(select.Blob(0));
                if (MirrorExclusions.IsExcluded(folderKey, name))
                    continue;
                names.Remove(name);
                names.Remove(name + "/");
                if ((BackupChangeKind)select.Int64(1) != BackupChangeKind.Deleted)
                    names.Add((BackupEntryType)select.Int64(2) == BackupEntryType.Folder ? name + "/" : name);
            }
        }

        return [.. names];
    }

    /// <inheritdoc/>
    public PlannedEntry? Look(string relativePath)
    {
        string path = WindowsPath.Below(root, relativePath);
        Change? change = Find(relativePath);
        switch (change)
        {
            case { Kind: BackupChangeKind.Deleted }:
                return null;
            case null:
                return FileAttributesReader.TryRead(path) is { } now ? new PlannedEntry(path, WithoutDropped(now), IsElsewhere: false) : null;
            case { Kind: BackupChangeKind.Metadata } when FileAttributesReader.TryRead(path) is { } before:
                return new PlannedEntry(path, WithMetadata(WithoutDropped(before), change), IsElsewhere: false);
            case { Source: { } source }:
                return FileAttributesReader.TryRead(source) is { } content ? new PlannedEntry(source, AsCopy(content, change), IsElsewhere: false) : null;
            default:
                return new PlannedEntry(path, Foretold(change), IsElsewhere: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (SqliteStatement? statement in new[] { find, insert, insertMissing, findDropped })
                statement?.Dispose();
            database.Dispose();
        }
    }

    private static SqliteDatabase Open()
    {
        SqliteDatabase database = SqliteDatabase.OpenTemporary();
        database.Execute("""
            PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
            CREATE TABLE change(folder BLOB NOT NULL, name BLOB NOT NULL, kind INTEGER NOT NULL, type INTEGER NOT NULL, size INTEGER NOT NULL,
                source BLOB, path BLOB NOT NULL, target BLOB NOT NULL, PRIMARY KEY(folder, name)) WITHOUT ROWID;
            CREATE TABLE dropped(inode INTEGER PRIMARY KEY, names INTEGER NOT NULL);
            CREATE TABLE replaced(inode INTEGER PRIMARY KEY, names INTEGER NOT NULL);
            BEGIN
            """);
        return database;
    }

    private static byte[] Join(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> path) =>
        prefix.IsEmpty ? path.ToArray() : path.IsEmpty ? prefix.ToArray() : [.. prefix, (byte)'/', .. path];

    private static (byte[] Folder, byte[] Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return (Encoding.UTF8.GetBytes(path[..(slash + 1)]), Encoding.UTF8.GetBytes(path[(slash + 1)..]));
    }

    private static void Put(
        SqliteStatement statement, byte[] path, BackupChangeKind kind, RsyncEntryType type, long size, string? source, byte[] target)
    {
        if (path.Length == 0)
            return;
        BackupEntryType entryType = type switch
        {
            RsyncEntryType.Folder => BackupEntryType.Folder,
            RsyncEntryType.SymbolicLink => BackupEntryType.SymbolicLink,
            RsyncEntryType.Device => BackupEntryType.Device,
            RsyncEntryType.Special => BackupEntryType.Special,
            _ => BackupEntryType.File,
        };
        (byte[] folder, byte[] name) = Split(Encoding.UTF8.GetString(path));
        statement.Bind(1, folder).Bind(2, name).Bind(3, (long)kind).Bind(4, (long)entryType).Bind(5, size);
        _ = source is null ? statement.BindNull(6) : statement.Bind(6, Encoding.UTF8.GetBytes(source));
        statement.Bind(7, path).Bind(8, target).Run();
    }

    private Change? Find(string relativePath)
    {
        (byte[] folder, byte[] name) = Split(relativePath);
        lock (gate)
        {
            find ??= database.Prepare("SELECT kind, type, size, source, target FROM change WHERE folder = ? AND name = ?");
            try
            {
                find.Bind(1, folder).Bind(2, name);
                return !find.Step() ? null : new Change(
                    (BackupChangeKind)find.Int64(0), (BackupEntryType)find.Int64(1), find.Int64(2),
                    find.Blob(3) is { Length: > 0 } source ? Encoding.UTF8.GetString(source) : null, Encoding.UTF8.GetString(find.Blob(4)));
            }
            finally
            {
                find.Reset();
            }
        }
    }

    // A name that goes is one name less for the others, of which rsync says nothing.
    private void NoteLinked(byte[] path, string table)
    {
        if (LinkedInode(path) is not { } inode)
            return;
        hasDropped |= table == "dropped";
        using SqliteStatement note = database.Prepare($"INSERT INTO {table} VALUES(?, 1) ON CONFLICT(inode) DO UPDATE SET names = names + 1");
        note.Bind(1, inode).Run();
    }

    private bool IsReplaced(byte[] path)
    {
        using SqliteStatement select = database.Prepare("SELECT 1 FROM replaced WHERE inode = ?");
        return LinkedInode(path) is { } inode && select.Bind(1, inode).Step();
    }

    private long? LinkedInode(byte[] path) =>
        FileAttributesReader.TryRead(Path.Join(root, Encoding.UTF8.GetString(path))) is { IsRegularFile: true, LinkCount: > 1 } attributes
            ? unchecked((long)attributes.Inode)
            : null;

    private FileAttributesSnapshot WithoutDropped(FileAttributesSnapshot attributes)
    {
        if (!hasDropped || attributes is not { IsRegularFile: true, LinkCount: > 1 })
            return attributes;
        lock (gate)
        {
            findDropped ??= database.Prepare("SELECT names FROM dropped WHERE inode = ?");
            try
            {
                findDropped.Bind(1, unchecked((long)attributes.Inode));
                if (!findDropped.Step())
                    return attributes;
                return attributes with { LinkCount = (uint)Math.Max(1, attributes.LinkCount - findDropped.Int64(0)), ChangedNanoseconds = 0 };
            }
            finally
            {
                findDropped.Reset();
            }
        }
    }

    // Whatever rsync does to a file moves its change time to one that nobody knows yet; 0 is none that was ever recorded.
    private static FileAttributesSnapshot WithMetadata(FileAttributesSnapshot now, Change change)
    {
        if (change.Source is null || FileAttributesReader.TryRead(change.Source) is not { } source)
            return now with { ModifiedNanoseconds = UnknownTime, ChangedNanoseconds = 0 };
        bool isNewName = change.Target.Length > 0 && source.LinkCount > now.LinkCount;
        return now with
        {
            Mode = source.Mode,
            ModifiedNanoseconds = source.ModifiedNanoseconds,
            ChangedNanoseconds = 0,
            UserId = Environment.IsPrivilegedProcess ? source.UserId : now.UserId,
            GroupId = Environment.IsPrivilegedProcess ? source.GroupId : now.GroupId,
            LinkCount = isNewName ? source.LinkCount : now.LinkCount,
        };
    }

    private FileAttributesSnapshot AsCopy(FileAttributesSnapshot source, Change change)
    {
        ulong inode = source.Inode | OfSource;
        // A new name of a file that is in the mirror already, and stays.
        if (change.Kind == BackupChangeKind.HardLinked && Find(change.Target) is null or { Kind: BackupChangeKind.Metadata }
            && change.Target.Length > 0 && FileAttributesReader.TryRead(Path.Join(root, change.Target)) is { } other)
            inode = other.Inode;
        return source with { ChangedNanoseconds = 0, Inode = inode, LinkCount = keepsHardLinks ? source.LinkCount : 1 };
    }

    private static FileAttributesSnapshot Foretold(Change change) => new()
    {
        Size = change.Size,
        ModifiedNanoseconds = UnknownTime,
        Mode = change.Type switch
        {
            BackupEntryType.Folder => 0x41EDu,
            BackupEntryType.SymbolicLink => 0xA1FFu,
            BackupEntryType.File => 0x81A4u,
            _ => 0x1000u,
        },
        LinkCount = 1,
    };

    private sealed record Change(BackupChangeKind Kind, BackupEntryType Type, long Size, string? Source, string Target);
}
