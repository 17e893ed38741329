using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>
/// Reads attributes that .NET does not give: nanosecond times, owner, group, inode. One system call a file, links not followed.
/// </summary>
internal static partial class FileAttributesReader
{
    /// <summary>The attributes of a path.</summary>
    /// <exception cref="FileNotFoundException">There is nothing by that name (any more).</exception>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FileAttributesSnapshot Read(string path)
    {
        if (OperatingSystem.IsLinux())
            return Linux.Read(path);
        if (OperatingSystem.IsMacOS())
            return MacOS.Read(path);
        return OperatingSystem.IsWindows() ? OnWindows(path) : ReadPortable(path);
    }

    /// <summary>The attributes of a path; null when there is nothing by that name.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    public static FileAttributesSnapshot? TryRead(string path)
    {
        try
        {
            return Read(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The attributes of an entry of an open folder; null when there is nothing by that name. Not on Windows.</summary>
    /// <param name="folder">The folder's descriptor.</param>
    /// <param name="name">The entry's name.</param>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    public static FileAttributesSnapshot? TryReadAt(int folder, string name)
    {
        try
        {
            return OperatingSystem.IsLinux() ? Linux.Read(name, folder)
                : OperatingSystem.IsMacOS() ? MacOS.ReadAt(folder, name)
                : throw new PlatformNotSupportedException();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The attributes of an open file or, except on Windows, folder.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    public static FileAttributesSnapshot Read(SafeHandle file)
    {
        bool isReferenced = false;
        try
        {
            file.DangerousAddRef(ref isReferenced);
            int descriptor = (int)file.DangerousGetHandle();
            return OperatingSystem.IsLinux() ? Linux.Read("", descriptor)
                : OperatingSystem.IsMacOS() ? MacOS.Read(descriptor)
                : OperatingSystem.IsWindows() ? WindowsCalls.Read((SafeFileHandle)file)
                : throw new PlatformNotSupportedException();
        }
        finally
        {
            if (isReferenced)
                file.DangerousRelease();
        }
    }

    /// <summary>The target of a symbolic link. Its bytes on disk, for they need not be UTF-8; on Windows in UTF-8.</summary>
    /// <exception cref="FileNotFoundException">There is no link by that name (any more).</exception>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    public static byte[] LinkTarget(string path)
    {
        const int isNoLink = 22;
        if (OperatingSystem.IsWindows())
            return LinkTargetOnWindows(WindowsPath.Exact(path)) ?? throw new FileNotFoundException("It is not a link any more.", path);
        // PATH_MAX of Linux, which no target exceeds; that of macOS is smaller.
        byte[] target = new byte[4096];
        nint length = ReadLink(path, target, target.Length);
        if (length < 0 && Marshal.GetLastPInvokeError() == isNoLink)
            throw new FileNotFoundException("It is not a link any more.", path);
        return length < 0 ? throw ErrorFor(path, Marshal.GetLastPInvokeError()) : target[..(int)length];
    }

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLink(string path, [Out] byte[] target, nint size);

    [SupportedOSPlatform("windows")]
    private static byte[]? LinkTargetOnWindows(string path) =>
        new FileInfo(path).LinkTarget is { } target ? Encoding.UTF8.GetBytes(target) : WindowsCalls.TryReadLinuxLink(path);

    [SupportedOSPlatform("windows")]
    private static FileAttributesSnapshot OnWindows(string path)
    {
        string exact = WindowsPath.Exact(path);
        try
        {
            return WindowsCalls.Read(exact);
        }
        catch (UnauthorizedAccessException)
        {
            // Its folder still tells of it.
            return ReadPortable(exact);
        }
    }

    // What .NET knows everywhere: neither mode nor owner, nor what a file is beside its name; its ticks are 100 ns.
    private static FileAttributesSnapshot ReadPortable(string path)
    {
        FileSystemInfo info = new FileInfo(path);
        if (!info.Exists)
            info = new DirectoryInfo(path);
        if (!info.Exists && info.LinkTarget is null)
            throw new FileNotFoundException("The file does not exist.", path);
        uint type = info.LinkTarget is not null ? FileAttributesSnapshot.LinkType
            : info is DirectoryInfo ? FileAttributesSnapshot.FolderType
            : FileAttributesSnapshot.RegularType;
        return new FileAttributesSnapshot
        {
            Size = info.LinkTarget is { } target ? Encoding.UTF8.GetByteCount(target)
                : info is FileInfo file && file.Exists ? file.Length : 0,
            ModifiedNanoseconds = (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
            Mode = type,
            LacksPermissions = true,
            LinkCount = 1,
        };
    }

    // The number is asked for by the caller: before this method runs for the first time, assemblies are loaded, which changes it.
    private static Exception ErrorFor(string path, int error)
    {
        const int noSuchEntry = 2;
        const int notAFolder = 20;
        const int accessDenied = 13;
        string reason = new Win32Exception(error).Message;
        return error switch
        {
            noSuchEntry or notAFolder => new FileNotFoundException(reason, path),
            accessDenied => new UnauthorizedAccessException(reason),
            _ => new IOException(reason),
        };
    }

    [SupportedOSPlatform("linux")]
    private static unsafe partial class Linux
    {
        private const int CurrentFolder = -100;
        private const int DoNotFollowLinks = 0x100;
        private const int HandleItself = 0x1000;
        private const uint BasicStats = 0x7FF;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static FileAttributesSnapshot Read(string path, int folder = CurrentFolder)
        {
            Statx result;
            if (statx(folder, path, path.Length == 0 ? HandleItself : DoNotFollowLinks, BasicStats, &result) != 0)
                throw ErrorFor(path, Marshal.GetLastPInvokeError());
            return new FileAttributesSnapshot
            {
                Size = (long)result.Size,
                ModifiedNanoseconds = (result.ModifiedSeconds * 1_000_000_000) + result.ModifiedNanoseconds,
                ChangedNanoseconds = (result.ChangedSeconds * 1_000_000_000) + result.ChangedNanoseconds,
                Mode = result.Mode,
                UserId = result.UserId,
                GroupId = result.GroupId,
                Inode = result.Inode,
                LinkCount = result.LinkCount,
                Device = ((ulong)result.DeviceMajor << 32) | result.DeviceMinor,
            };
        }

        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int statx(int folder, string path, int flags, uint mask, Statx* result);

        // struct statx has one layout on every architecture: statx(2), linux/stat.h.
        [StructLayout(LayoutKind.Explicit, Size = 256)]
        private struct Statx
        {
            [FieldOffset(16)] public uint LinkCount;
            [FieldOffset(20)] public uint UserId;
            [FieldOffset(24)] public uint GroupId;
            [FieldOffset(28)] public ushort Mode;
            [FieldOffset(32)] public ulong Inode;
            [FieldOffset(40)] public ulong Size;
            [FieldOffset(96)] public long ChangedSeconds;
            [FieldOffset(104)] public uint ChangedNanoseconds;
            [FieldOffset(112)] public long ModifiedSeconds;
            [FieldOffset(120)] public uint ModifiedNanoseconds;
            [FieldOffset(136)] public uint DeviceMajor;
            [FieldOffset(140)] public uint DeviceMinor;
        }
    }

    [SupportedOSPlatform("macos")]
    private static unsafe partial class MacOS
    {
        public static FileAttributesSnapshot Read(string path)
        {
            Stat result;
            int outcome = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? Lstat64(path, &result) : Lstat(path, &result);
            return outcome == 0 ? From(result) : throw ErrorFor(path, Marshal.GetLastPInvokeError());
        }

        public static FileAttributesSnapshot ReadAt(int folder, string name)
        {
            const int doNotFollowLinks = 0x20;
            Stat result;
            int outcome = RuntimeInformation.ProcessArchitecture == Architecture.X64
                ? FstatAt64(folder, name, &result, doNotFollowLinks)
                : FstatAt(folder, name, &result, doNotFollowLinks);
            return outcome == 0 ? From(result) : throw ErrorFor(name, Marshal.GetLastPInvokeError());
        }

        public static FileAttributesSnapshot Read(int file)
        {
            Stat result;
            int outcome = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? Fstat64(file, &result) : Fstat(file, &result);
            return outcome == 0 ? From(result) : throw ErrorFor("", Marshal.GetLastPInvokeError());
        }

        private static FileAttributesSnapshot From(Stat result)
        {
            return new FileAttributesSnapshot
            {
                Size = result.Size,
                ModifiedNanoseconds = (result.ModifiedSeconds * 1_000_000_000) + result.ModifiedNanoseconds,
                ChangedNanoseconds = (result.ChangedSeconds * 1_000_000_000) + result.ChangedNanoseconds,
                Mode = result.Mode,
                UserId = result.UserId,
                GroupId = result.GroupId,
                Inode = result.Inode,
                LinkCount = result.LinkCount,
                Device = (uint)result.Device,
            };
        }

        [LibraryImport("libc", EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Lstat(string path, Stat* result);

        // On x64 the plain name is the structure of before 2007; stat(2) of macOS.
        [LibraryImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Lstat64(string path, Stat* result);

        [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
        private static partial int Fstat(int file, Stat* result);

        [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
        private static partial int Fstat64(int file, Stat* result);

        [LibraryImport("libc", EntryPoint = "fstatat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int FstatAt(int folder, string name, Stat* result, int flags);

        [LibraryImport("libc", EntryPoint = "fstatat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int FstatAt64(int folder, string name, Stat* result, int flags);

        // struct stat with 64-bit inodes: sys/stat.h of macOS.
        [StructLayout(LayoutKind.Explicit, Size = 144)]
        private struct Stat
        {
            [FieldOffset(0)] public int Device;
            [FieldOffset(4)] public ushort Mode;
            [FieldOffset(6)] public ushort LinkCount;
            [FieldOffset(8)] public ulong Inode;
            [FieldOffset(16)] public uint UserId;
            [FieldOffset(20)] public uint GroupId;
            [FieldOffset(48)] public long ModifiedSeconds;
            [FieldOffset(56)] public long ModifiedNanoseconds;
            [FieldOffset(64)] public long ChangedSeconds;
            [FieldOffset(72)] public long ChangedNanoseconds;
            [FieldOffset(96)] public long Size;
        }
    }
}
