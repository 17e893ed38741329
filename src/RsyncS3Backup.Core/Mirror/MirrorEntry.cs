using RsyncS3Backup.Files;

namespace RsyncS3Backup.Mirror;

/// <summary>What an entry of the mirror is to stage 2.</summary>
internal enum MirrorEntryKind
{
    /// <summary>A regular file: its bytes become an object.</summary>
    File,

    /// <summary>A symbolic link: its target becomes the object's content.</summary>
    SymbolicLink,

    /// <summary>A folder that gets a marker, by default one with nothing in it: an object without content, whose key ends in a slash.</summary>
    Folder,

    /// <summary>
    /// Something is there, or may be, but it could not be read. It is not uploaded, and neither its key nor any key beneath it is deleted.
    /// </summary>
    Unreadable,
}

/// <summary>One entry of the mirror.</summary>
/// <param name="RelativeKey">The path below the mirror's root with <c>/</c> between parts; ends in <c>/</c> for a folder.</param>
/// <param name="Path">The path on this machine.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Attributes">Its attributes; all zero for an unreadable one.</param>
internal sealed record MirrorEntry(string RelativeKey, string Path, MirrorEntryKind Kind, FileAttributesSnapshot Attributes)
{
    /// <summary>Reads it without following a link; null for an entry that is in no mirror yet.</summary>
    public TreeReader? Tree { get; init; }

    /// <summary>True when only the size is known, because the entry would come from another machine. So it is in plans only.</summary>
    public bool IsElsewhere { get; init; }

    /// <summary>Bytes that the entry's object has. A folder's own size is none of its object's business.</summary>
    public long ContentLength => Kind is MirrorEntryKind.File or MirrorEntryKind.SymbolicLink ? Attributes.Size : 0;
}
