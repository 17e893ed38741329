using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>Calls of Windows that .NET does not have.</summary>
internal static unsafe partial class WindowsCalls
{
    private const uint ReadAttributes = 0x80;
    private const uint WriteAttributes = 0x100;
    private const uint GenericRead = 0x80000000;
    private const uint GenericWrite = 0x40000000;
    private const uint AppendData = 0x4;
    private const uint Synchronize = 0x100000;
    private const uint ShareAll = 0x7;
    private const uint OpenExisting = 3;
    private const uint OpenAlways = 4;
    // Also folders; and a link itself.
    private const uint AsItIs = 0x02000000 | 0x00200000;

    private const uint SymbolicLink = 0xA000000C;
    private const uint MountPoint = 0xA0000003;
    // What Cygwin makes for a symbolic link where it may not make one of Windows.
    private const uint LinuxLink = 0xA000001D;

    /// <summary>The attributes of a path. A link is not followed.</summary>
    /// <exception cref="FileNotFoundException">There is nothing by that name.</exception>
    /// <exception cref="UnauthorizedAccessException">Not even its attributes may be read.</exception>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static FileAttributesSnapshot Read(string path)
    {
        using SafeFileHandle file = Open(path, ReadAttributes, OpenExisting, AsItIs);
        return Read(file, path);
    }

    /// <summary>The attributes of an open file.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static FileAttributesSnapshot Read(SafeFileHandle file) => Read(file, path: null);

    /// <summary>Keeps the machine from going to sleep as long as the calling thread lives.</summary>
    [SupportedOSPlatform("windows")]
    public static void KeepAwakeByThread()
    {
        const uint continuous = 0x80000000;
        const uint systemRequired = 0x1;
        _ = SetThreadExecutionState(continuous | systemRequired);
    }

    /// <summary>The target of a link that Cygwin made; null for any other entry.</summary>
    [SupportedOSPlatform("windows")]
    public static byte[]? TryReadLinuxLink(string path)
    {
        using SafeFileHandle file = Open(path, ReadAttributes, OpenExisting, AsItIs);
        return Tag(file) == LinuxLink ? LinuxLinkTarget(file) : null;
    }

    /// <summary>Sets the modification time of a link itself.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static void SetTimeOfLink(string path, DateTime modified)
    {
        using SafeFileHandle link = Open(path, WriteAttributes, OpenExisting, AsItIs);
        File.SetLastWriteTimeUtc(link, modified);
    }

    /// <summary>Opens a file to read or write its content, and to set its attributes.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static SafeFileHandle OpenFile(string path, bool toWrite) =>
        // Without following what stands for a file's content, as deduplication leaves it behind, there would be none to read.
        Open(path, GenericRead | WriteAttributes | (toWrite ? GenericWrite : 0), OpenExisting, 0);

    /// <summary>Opens a file, or makes it, so that each write goes to its end, wherever that is by then.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static SafeFileHandle OpenToAppend(string path) => Open(path, AppendData | Synchronize | ReadAttributes, OpenAlways, 0);

    /// <summary>The folder where the volume of a path is mounted, with a separator at its end; null where the system does not say.</summary>
    [SupportedOSPlatform("windows")]
    public static string? VolumeOf(string path)
    {
        char[] root = new char[path.Length + 4];
        return GetVolumePathName(path, root, (uint)root.Length) ? new string(root, 0, Array.IndexOf(root, '\0')) : null;
    }

    /// <summary>Nanoseconds since 1970 of a time of Windows, in 100 ns since 1601; as near as they can be had. Pure.</summary>
    internal static long Nanoseconds(long fileTime)
    {
        const long of1970 = 116_444_736_000_000_000;
        return (long)Int128.Clamp(((Int128)fileTime - of1970) * 100, long.MinValue + 1, long.MaxValue);
    }

    /// <summary>The target in the data of a link that Cygwin or WSL made: a version, and then UTF-8. Pure.</summary>
    /// <param name="data">All of the reparse point, with its tag.</param>
    internal static byte[]? LinuxLinkTarget(ReadOnlySpan<byte> data)
    {
        const int head = 8;
        const int version = 4;
        if (data.Length < head + version || BinaryPrimitives.ReadUInt32LittleEndian(data) != LinuxLink)
            return null;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(data[4..]) - version;
        return length > 0 && BinaryPrimitives.ReadUInt32LittleEndian(data[head..]) == 2 && data.Length >= head + version + length
            ? data.Slice(head + version, length).ToArray()
            : null;
    }

    [SupportedOSPlatform("windows")]
    private static FileAttributesSnapshot Read(SafeFileHandle file, string? path)
    {
        const int basicInformation = 0;
        BasicInformation basic;
        ByHandle about;
        if (!GetFileInformationByHandleEx(file, basicInformation, &basic, (uint)sizeof(BasicInformation)) || !GetFileInformationByHandle(file, out about))
            throw ErrorFor(path, Marshal.GetLastPInvokeError());
        (uint type, long size) = TypeOf(file, path, about);
        return new FileAttributesSnapshot
        {
            Size = size,
            ModifiedNanoseconds = Nanoseconds(basic.LastWriteTime),
            // Of FAT there is none.
            ChangedNanoseconds = basic.ChangeTime <= 0 ? 0 : Nanoseconds(basic.ChangeTime),
            Mode = type,
            LacksPermissions = true,
            // On FAT a file gets another number when it is renamed, and no file there has two names.
            Inode = about.Links > 1 ? ((ulong)about.IndexHigh << 32) | about.IndexLow : 0,
            LinkCount = Math.Max(about.Links, 1),
            Device = about.Volume,
        };
    }

    [SupportedOSPlatform("windows")]
    private static (uint Type, long Size) TypeOf(SafeFileHandle file, string? path, in ByHandle about)
    {
        uint tag = (about.Attributes & (uint)FileAttributes.ReparsePoint) != 0 ? Tag(file) : 0;
        if (tag == LinuxLink)
            return (FileAttributesSnapshot.LinkType, LinuxLinkTarget(file)?.Length ?? 0);
        if (tag is SymbolicLink or MountPoint && path is not null && new FileInfo(path).LinkTarget is { } target)
            return (FileAttributesSnapshot.LinkType, Encoding.UTF8.GetByteCount(target));
        bool isFolder = (about.Attributes & (uint)FileAttributes.Directory) != 0;
        return isFolder ? (FileAttributesSnapshot.FolderType, 0)
            : (FileAttributesSnapshot.RegularType, ((long)about.SizeHigh << 32) | about.SizeLow);
    }

    [SupportedOSPlatform("windows")]
    private static uint Tag(SafeFileHandle file)
    {
        const int attributeTag = 9;
        TagInformation found;
        return GetFileInformationByHandleEx(file, attributeTag, &found, (uint)sizeof(TagInformation)) ? found.Tag : 0;
    }

    [SupportedOSPlatform("windows")]
    private static byte[]? LinuxLinkTarget(SafeFileHandle file)
    {
        const uint getReparsePoint = 0x900A8;
        const int largest = 16 * 1024;
        byte[] data = new byte[largest];
        fixed (byte* start = data)
        {
            return DeviceIoControl(file, getReparsePoint, null, 0, start, largest, out uint length, null)
                ? LinuxLinkTarget(data.AsSpan(0, (int)length))
                : null;
        }
    }

    [SupportedOSPlatform("windows")]
    private static SafeFileHandle Open(string path, uint access, uint disposition, uint flags)
    {
        SafeFileHandle file = CreateFile(path, access, ShareAll, 0, disposition, flags, 0);
        int error = Marshal.GetLastPInvokeError();
        if (!file.IsInvalid)
            return file;
        file.Dispose();
        throw ErrorFor(path, error);
    }

    // The number is asked for by the caller: before this method runs for the first time, assemblies are loaded, which changes it.
    private static Exception ErrorFor(string? path, int error)
    {
        const int noSuchFile = 2;
        const int noSuchFolder = 3;
        const int accessDenied = 5;
        string reason = new Win32Exception(error).Message;
        return error switch
        {
            noSuchFile or noSuchFolder => new FileNotFoundException(reason, path),
            accessDenied => new UnauthorizedAccessException(reason),
            _ => new IOException(reason, unchecked((int)0x80070000) | error),
        };
    }

    // Windows forgets the wish when the thread ends.
    [LibraryImport("kernel32", EntryPoint = "SetThreadExecutionState")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint SetThreadExecutionState(uint state);

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial SafeFileHandle CreateFile(
        string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandle(SafeFileHandle file, out ByHandle about);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandleEx(SafeFileHandle file, int kind, void* about, uint length);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeviceIoControl(
        SafeFileHandle file, uint code, void* input, uint inputLength, void* output, uint outputLength, out uint length, void* overlapped);

    [LibraryImport("kernel32", EntryPoint = "GetVolumePathNameW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetVolumePathName(string path, [Out] char[] root, uint length);

    // FILE_BASIC_INFO, BY_HANDLE_FILE_INFORMATION and FILE_ATTRIBUTE_TAG_INFO of winbase.h and fileapi.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct BasicInformation
    {
        public long CreationTime;
        public long LastAccessTime;
        public long LastWriteTime;
        public long ChangeTime;
        public uint Attributes;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ByHandle
    {
        public uint Attributes;
        public uint CreationLow, CreationHigh;
        public uint AccessLow, AccessHigh;
        public uint WriteLow, WriteHigh;
        public uint Volume;
        public uint SizeHigh, SizeLow;
        public uint Links;
        public uint IndexHigh, IndexLow;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TagInformation
    {
        public uint Attributes;
        public uint Tag;
    }
}
