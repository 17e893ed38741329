using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>
/// Writes files that are for this user only, also in folders that others may write to: under a name that nobody can guess, made anew, and never
/// through a link that somebody put there. Source: open(2), O_EXCL.
/// </summary>
internal static class OwnFile
{
    private const uint OwnerOnly = 0x180;
    private const uint ReadableByAll = 0x1A4;
    private const UnixFileMode OwnerOnlyMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a new file; what has the name is removed, be it a link.</summary>
    public static FileStream Create(string path, FileOptions options = FileOptions.None)
    {
        const int tries = 3;
        for (int attempt = 1; ; attempt++)
        {
            // Removes a link itself.
            File.Delete(path);
            try
            {
                return CreateNew(path, options);
            }
            catch (IOException) when (attempt < tries && FileAttributesReader.TryRead(path) is not null)
            {
                // Somebody was as quick.
            }
        }
    }

    /// <summary>Writes a file whole: the old one or the new one is there at any moment, also after a crash.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content) => Replace(path, content, OwnerOnly);

    /// <summary>The same, for a file that everybody may read, whatever the process's umask takes away.</summary>
    public static void ReplaceForAll(string path, ReadOnlySpan<byte> content) => Replace(path, content, ReadableByAll);

    private static void Replace(string path, ReadOnlySpan<byte> content, uint mode)
    {
        string folder = Path.GetDirectoryName(path)!;
        string name = Path.GetFileName(path);
        string temporary = $"{name}.{Convert.ToHexString(RandomNumberGenerator.GetBytes(8)).ToLowerInvariant()}.tmp";
        if (OperatingSystem.IsWindows())
            ReplaceOnWindows(path, Path.Combine(folder, temporary), content);
        else
            Replace(RealPath.Of(folder), name, temporary, content, mode);
    }

    /// <summary>Demands that what is at a path, if anything is, is a file and no link: what is opened by name next is then what it seems to be.</summary>
    /// <remarks>For folders that only this user may write to; something older than that may lie in them.</remarks>
    /// <exception cref="IOException">It is something else.</exception>
    public static void RequirePlain(string path)
    {
        if (FileAttributesReader.TryRead(path) is { } found && (!found.IsRegularFile || found.LinkCount > 1))
            throw new BlockedException();
    }

    private static FileStream CreateNew(string path, FileOptions options)
    {
        FileStreamOptions open = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = options,
        };
        if (!OperatingSystem.IsWindows())
            open.UnixCreateMode = OwnerOnlyMode;
        return new FileStream(path, open);
    }

    // In the open folder, which stays the same one whatever becomes of its path.
    private static void Replace(string folder, string name, string temporary, ReadOnlySpan<byte> content, uint mode)
    {
        using FolderHandle parent = UnixCalls.OpenRoot(folder);
        using SafeFileHandle file = UnixCalls.CreateFile(parent, temporary, OwnerOnly);
        try
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
            if (mode != OwnerOnly)
                UnixCalls.TryChangeMode(file, mode);
            UnixCalls.Rename(parent, temporary, name);
        }
        catch
        {
            UnixCalls.Remove(parent, temporary);
            throw;
        }
    }

    private static void ReplaceOnWindows(string path, string temporary, ReadOnlySpan<byte> content)
    {
        try
        {
            using (FileStream file = CreateNew(temporary, FileOptions.None))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            InUse.Replace(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
