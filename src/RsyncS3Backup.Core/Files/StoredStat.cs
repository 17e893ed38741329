using System.Buffers.Text;

namespace RsyncS3Backup.Files;

/// <summary>
/// What rsync's <c>--fake-super</c> writes down of an entry that this user, or this drive, could not give its owner, its mode or its type. Source:
/// rsync's xattrs.c, set_stat_xattr: <c>mode major,minor uid:gid</c> in the attribute <c>user.rsync.%stat</c>, the mode octal and with its type.
/// </summary>
internal static class StoredStat
{
    /// <summary>The attribute's name.</summary>
    public const string Attribute = "user.rsync.%stat";

    private const uint SetId = 0xC00;
    private const uint OthersMayWrite = 0x12;
    private const uint TypeBits = 0xF000;

    /// <summary>What an entry stands for: itself where nothing is written down. Pure.</summary>
    /// <param name="found">The entry itself.</param>
    /// <param name="stored">The attribute; empty for none.</param>
    /// <param name="user">The user of this process.</param>
    /// <remarks>
    /// Who owns a file may write its attributes, so only what this user or root owns counts; and what others may write too never gets a bit by which
    /// it runs as somebody else. A folder is a folder: whatever is in it is there.
    /// </remarks>
    public static FileAttributesSnapshot Read(FileAttributesSnapshot found, ReadOnlySpan<byte> stored, uint user)
    {
        if (stored.IsEmpty || (found.UserId != user && found.UserId != 0) || !TryParse(stored, out uint mode, out uint owner, out uint group))
            return found;
        if (found.IsFolder || (mode & TypeBits) == 0x4000)
            mode = (mode & ~TypeBits) | (found.Mode & TypeBits);
        if ((found.Mode & OthersMayWrite) != 0)
            mode &= ~SetId;
        return found with { Mode = mode, UserId = owner, GroupId = group };
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out uint mode, out uint owner, out uint group)
    {
        mode = owner = group = 0;
        int at = 0;
        while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'7' && at < 7)
            mode = (mode << 3) | (uint)(text[at++] - '0');
        int space = text.LastIndexOf((byte)' ');
        ReadOnlySpan<byte> ids = text[(space + 1)..].TrimEnd((byte)0);
        int colon = ids.IndexOf((byte)':');
        return at > 0 && at < text.Length && text[at] == ' ' && space > at && colon > 0
            && Utf8Parser.TryParse(ids[..colon], out owner, out int ownerLength) && ownerLength == colon
            && Utf8Parser.TryParse(ids[(colon + 1)..], out group, out int groupLength) && groupLength == ids.Length - colon - 1;
    }
}
