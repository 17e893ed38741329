using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>Reads what an entry of the mirror holds.</summary>
internal static class MirrorFile
{
    /// <summary>Opens a regular file for reading; others may write to it, rename and delete it.</summary>
    public static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

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
    /// <exception cref="FileNotFoundException">It is no link any more.</exception>
    public static byte[] LinkTarget(MirrorEntry link) => FileAttributesReader.LinkTarget(link.Path);
}
