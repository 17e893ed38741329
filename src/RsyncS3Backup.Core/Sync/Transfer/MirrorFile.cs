using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>Reads what an entry of the mirror holds.</summary>
internal static class MirrorFile
{
    /// <summary>Opens the file of an entry for reading; others may write to it, rename and delete it.</summary>
    /// <exception cref="FileNotFoundException">The file that was looked at is not there any more.</exception>
    /// <exception cref="IOException">A link is there or on the way, or something that is no file; or the system refused.</exception>
    public static SafeFileHandle Open(MirrorEntry entry) =>
        TryOpen(entry, entry.Attributes) ?? throw new FileNotFoundException("It changed since it was looked at.", entry.Path);

    /// <summary>The same; null when the file is not the version that is wanted.</summary>
    /// <remarks>
    /// Whoever may write to a folder of the mirror may swap what is in it at any moment, and this process may be allowed to read more than they
    /// are. So the open file must be the one that the walk saw, by all that nobody can forge.
    /// </remarks>
    public static SafeFileHandle? TryOpen(MirrorEntry entry, FileAttributesSnapshot version)
    {
        // What is not in the mirror yet has the attributes that it would have there.
        if (entry.Tree is null)
            return TreeReader.OpenAnywhere(entry.Path, out _);
        SafeFileHandle file = entry.Tree.OpenFile(entry.RelativeKey, out FileAttributesSnapshot found);
        if (found.IsUntouchedSince(version))
            return file;
        file.Dispose();
        return null;
    }

    /// <summary>What an entry is now, links not followed.</summary>
    /// <exception cref="FileNotFoundException">There is nothing by that name any more.</exception>
    public static FileAttributesSnapshot Look(MirrorEntry entry) => entry.Tree is null
        ? FileAttributesReader.Read(entry.Path)
        : entry.Tree.TryLook(entry.RelativeKey.TrimEnd('/')) ?? throw new FileNotFoundException("It is not there any more.", entry.Path);

    /// <summary>Fills the buffer from the file, from <paramref name="offset"/>.</summary>
    /// <returns>Bytes read; fewer than asked for when the file ends earlier.</returns>
    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            int read = RandomAccess.Read(file, buffer[total..], offset + total);
            if (read == 0)
                break;
            total += read;
        }

        return total;
    }

    /// <summary>The target of a symbolic link, byte for byte; that is what its object holds.</summary>
    /// <exception cref="FileNotFoundException">It is not a link any more.</exception>
    public static byte[] LinkTarget(MirrorEntry link) =>
        link.Tree is null ? FileAttributesReader.LinkTarget(link.Path) : link.Tree.ReadLink(link.RelativeKey);
}
