using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>
/// The system calls that name an entry by the open folder that it is in, so that no link anywhere in a path can lead a write elsewhere. Names
/// are single parts, never paths. Flags are those of Linux (fcntl.h, asm-generic and arm) and macOS (sys/fcntl.h).
/// </summary>
internal static unsafe partial class UnixCalls
{
    private const int NoSuchEntry = 2;
    private const int AlreadyExists = 17;
    private const int NotAFolder = 20;
    private const int IsAFolder = 21;

    private static readonly bool IsMac = OperatingSystem.IsMacOS();

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private static readonly int ReadWrite = 2;
    private static readonly int Append = IsMac ? 0x8 : 0x400;
    private static readonly int Create = IsMac ? 0x200 : 0x40;
    private static readonly int Exclusive = IsMac ? 0x800 : 0x80;
    private static readonly int FolderOnly = IsMac ? 0x100000 : IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsMac ? 0x100 : IsArm ? 0x8000 : 0x20000;
    private static readonly int NonBlocking = IsMac ? 0x4 : 0x800;
    private static readonly int CloseOnExec = IsMac ? 0x1000000 : 0x80000;
    private static readonly int LinkItself = IsMac ? 0x20 : 0x100;
    private static readonly int TooManyLinks = IsMac ? 62 : 40;
    private static readonly int WouldBlock = IsMac ? 35 : 11;
    private static readonly int NoDevice = 6;

    // Older systems do not have it, and older sandboxes answer what they do not know with "not permitted".
    private static readonly bool HasOneCall = OperatingSystem.IsLinux() && IsAnswered();

    /// <summary>Opens the folder that everything else is relative to. Links on the way to it are followed, the folder itself must be one.</summary>
    public static FolderHandle OpenRoot(string path) =>
        new(Checked(Open(CurrentFolder, path, ReadOnly | FolderOnly | NoFollow | CloseOnExec, 0), path));

    /// <summary>Opens a folder in a folder; null when there is none of that name.</summary>
    /// <exception cref="BlockedException">Something else is there: a link, for one.</exception>
    public static FolderHandle? TryOpenFolder(FolderHandle parent, string name)
    {
        int folder = Open(parent.Descriptor, name, ReadOnly | FolderOnly | NoFollow | CloseOnExec, 0);
        if (folder >= 0)
            return new FolderHandle(folder);
        int error = Marshal.GetLastPInvokeError();
        if (error == NoSuchEntry)
            return null;
        throw error == NotAFolder || error == TooManyLinks ? new BlockedException() : ErrorFor(error);
    }

    /// <summary>Makes a folder. One that is there already is as good.</summary>
    /// <returns>False when it was there already.</returns>
    public static bool MakeFolder(FolderHandle parent, string name, uint mode)
    {
        if (mkdirat(parent.Descriptor, name, mode) == 0)
            return true;
        return Marshal.GetLastPInvokeError() is var error and not AlreadyExists ? throw ErrorFor(error) : false;
    }

    /// <summary>Creates a file to read and write, which must not be there.</summary>
    public static SafeFileHandle CreateFile(FolderHandle folder, string name, uint mode) =>
        new(Checked(Open(folder.Descriptor, name, ReadWrite | Create | Exclusive | NoFollow | CloseOnExec, mode), name), ownsHandle: true);

    /// <summary>True when a file could not be created because there is something by its name.</summary>
    public static bool IsTaken(IOException exception) => exception.HResult == AlreadyExists;

    /// <summary>Opens a file to write at its end, or makes one for this user only. A link in its place is not followed.</summary>
    public static SafeFileHandle OpenToAppend(string path)
    {
        const uint ownerOnly = 0x180;
        int file = Open(CurrentFolder, path, WriteOnly | Append | Create | NoFollow | NonBlocking | CloseOnExec, ownerOnly);
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true) : throw BlockedOr(Marshal.GetLastPInvokeError());
    }

    /// <summary>Opens a regular file to read, or to read and write; null when there is none of that name.</summary>
    public static SafeFileHandle? TryOpenFile(FolderHandle folder, string name, bool toWrite)
    {
        // Without NonBlocking, a pipe of that name would hold us until somebody opens its other end.
        int file = Open(folder.Descriptor, name, (toWrite ? ReadWrite : ReadOnly) | NoFollow | NonBlocking | CloseOnExec, 0);
        if (file >= 0)
            return new SafeFileHandle(file, ownsHandle: true);
        int error = Marshal.GetLastPInvokeError();
        return error == NoSuchEntry ? null : throw BlockedOr(error);
    }

    /// <summary>Opens a file by its path, the last part of which must be no link; null when there is none of that name.</summary>
    public static SafeFileHandle? TryOpenFile(string path)
    {
        int file = Open(CurrentFolder, path, ReadOnly | NoFollow | NonBlocking | CloseOnExec, 0);
        if (file >= 0)
            return new SafeFileHandle(file, ownsHandle: true);
        int error = Marshal.GetLastPInvokeError();
        return error is NoSuchEntry or NotAFolder ? null : throw BlockedOr(error);
    }

    /// <summary>
    /// Opens a file or folder to read by an absolute path without any link in it, in one call: openat2(2) of Linux 5.6. Source: openat2(2),
    /// RESOLVE_NO_SYMLINKS; it has one number on all architectures.
    /// </summary>
    /// <returns>False where the system does not have the call, or the path is longer than it takes.</returns>
    /// <exception cref="FileNotFoundException">There is nothing by that name.</exception>
    /// <exception cref="BlockedException">A link is there or on the way.</exception>
    public static bool TryOpenBeneath(string path, bool isFolder, out int descriptor)
    {
        const int nameTooLong = 36;
        descriptor = -1;
        if (!HasOneCall)
            return false;
        descriptor = OpenInOneCall(path, isFolder);
        if (descriptor >= 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        if (error == nameTooLong)
            return false;
        throw error == NotAFolder && !isFolder ? new FileNotFoundException("It is not there any more.", path) : BlockedOr(error);
    }

    private static bool IsAnswered()
    {
        int root = OpenInOneCall("/", isFolder: true);
        return root >= 0 && close(root) == 0;
    }

    private static int OpenInOneCall(string path, bool isFolder)
    {
        const nint openat2 = 437;
        const ulong noSymbolicLinks = 4;
        OpenHow how = new()
        {
            Flags = (ulong)(uint)(ReadOnly | NoFollow | NonBlocking | CloseOnExec | (isFolder ? FolderOnly : 0)),
            Resolve = noSymbolicLinks,
        };
        return (int)syscall_open(openat2, CurrentFolder, path, &how, sizeof(OpenHow));
    }

    /// <summary>The attributes of an entry; null when there is none of that name.</summary>
    public static FileAttributesSnapshot? TryLook(FolderHandle folder, string name) =>
        FileAttributesReader.TryReadAt(folder.Descriptor, name);

    /// <summary>The attributes of an open folder.</summary>
    public static FileAttributesSnapshot Look(FolderHandle folder) => FileAttributesReader.TryReadAt(folder.Descriptor, ".")!.Value;

    /// <summary>The target of a link, byte for byte.</summary>
    public static byte[] ReadLink(FolderHandle folder, string name)
    {
        byte[] target = new byte[4096];
        fixed (byte* bytes = target)
        {
            nint length = readlinkat(folder.Descriptor, name, bytes, target.Length);
            return length < 0 ? throw ErrorFor(Marshal.GetLastPInvokeError()) : target[..(int)length];
        }
    }

    /// <summary>Makes a symbolic link.</summary>
    public static void MakeLink(FolderHandle folder, string name, ReadOnlySpan<byte> target)
    {
        byte[] text = [.. target, 0];
        fixed (byte* bytes = text)
            Checked(symlinkat(bytes, folder.Descriptor, name), name);
    }

    /// <summary>Gives a file a second name. A link is not followed.</summary>
    public static void AddName(FolderHandle fromFolder, string from, FolderHandle toFolder, string to) =>
        Checked(linkat(fromFolder.Descriptor, from, toFolder.Descriptor, to, 0), to);

    /// <summary>Renames within a folder; what has the new name is replaced in one step.</summary>
    public static void Rename(FolderHandle folder, string from, string to)
    {
        if (renameat(folder.Descriptor, from, folder.Descriptor, to) == 0)
            return;
        int error = Marshal.GetLastPInvokeError();
        throw error is IsAFolder or AlreadyExists ? new BlockedException() : ErrorFor(error);
    }

    /// <summary>Removes a file or link; none of that name is as good.</summary>
    public static void Remove(FolderHandle folder, string name)
    {
        if (unlinkat(folder.Descriptor, name, 0) != 0 && Marshal.GetLastPInvokeError() is var error and not NoSuchEntry)
            throw ErrorFor(error);
    }

    /// <summary>Sets an open file's or folder's owner and group; null leaves one as it is.</summary>
    /// <returns>False when this user may not.</returns>
    public static bool TryChangeOwner(SafeHandle file, uint? user, uint? group) =>
        IsAllowed(fchown(Descriptor(file), user ?? uint.MaxValue, group ?? uint.MaxValue));

    /// <summary>The same for an entry that cannot be opened: a link.</summary>
    public static bool TryChangeOwner(FolderHandle folder, string name, uint? user, uint? group) =>
        IsAllowed(fchownat(folder.Descriptor, name, user ?? uint.MaxValue, group ?? uint.MaxValue, LinkItself));

    /// <summary>Sets an open file's or folder's permissions.</summary>
    /// <returns>False when this user may not, or the file system has none.</returns>
    public static bool TryChangeMode(SafeHandle file, uint mode) => IsAllowed(fchmod(Descriptor(file), mode));

    /// <summary>Sets an open file's or folder's modification time.</summary>
    public static void ChangeTime(SafeHandle file, long nanoseconds)
    {
        TimeSpecification* times = stackalloc TimeSpecification[2];
        Fill(times, nanoseconds);
        Checked(futimens(Descriptor(file), times), null);
    }

    /// <summary>Sets an entry's own modification time. A link is not followed.</summary>
    public static void ChangeTime(FolderHandle folder, string name, long nanoseconds)
    {
        TimeSpecification* times = stackalloc TimeSpecification[2];
        Fill(times, nanoseconds);
        Checked(utimensat(folder.Descriptor, name, times, LinkItself), name);
    }

    /// <summary>Makes a pipe.</summary>
    /// <remarks>macOS has the call since 13 only, and no file system without pipes that it could tell of.</remarks>
    public static void MakePipe(FolderHandle folder, string name)
    {
        const uint ownerOnly = 0x180;
        if (IsMac)
            CreateFile(folder, name, ownerOnly).Dispose();
        else
            Checked(mkfifoat(folder.Descriptor, name, ownerOnly), name);
    }

    /// <summary>True when a file keeps an extended attribute of the user's own.</summary>
    public static bool TakesExtendedAttributes(SafeFileHandle file)
    {
        const string name = "user.rsyncs3backup.probe";
        byte value = 1;
        return (IsMac ? fsetxattr_mac(Descriptor(file), name, &value, 1, 0, 0) : fsetxattr(Descriptor(file), name, &value, 1, 0)) == 0;
    }

    /// <summary>An extended attribute of an open file or folder; empty where there is none.</summary>
    public static byte[] ReadAttribute(SafeHandle file, string name)
    {
        const int longest = 128;
        byte* value = stackalloc byte[longest];
        nint length = IsMac
            ? fgetxattr_mac(Descriptor(file), name, value, longest, 0, 0)
            : fgetxattr(Descriptor(file), name, value, longest);
        return length <= 0 ? [] : new ReadOnlySpan<byte>(value, (int)length).ToArray();
    }

    /// <summary>The groups of this user.</summary>
    public static IReadOnlyList<uint> Groups()
    {
        uint[] groups = new uint[Math.Max(0, getgroups(0, null))];
        fixed (uint* first = groups)
        {
            int count = groups.Length == 0 ? 0 : getgroups(groups.Length, first);
            return [.. groups.Take(Math.Max(0, count)).Append(getegid()).Distinct()];
        }
    }

    /// <summary>Has the system write everything of a folder's file system to the disk, where it can tell one from another.</summary>
    public static void WriteBack(FolderHandle folder)
    {
        if (OperatingSystem.IsLinux())
            Checked(syncfs(folder.Descriptor), null);
        else
            sync();
    }

    /// <summary>
    /// Has the system begin to bring bytes of a file to the disk, where it can; nothing waits for them, and nothing is promised of them.
    /// </summary>
    public static void BeginWriteBack(SafeFileHandle file, long offset, long length)
    {
        const uint write = 2;
        if (OperatingSystem.IsLinux())
            _ = sync_file_range(file, offset, length, write);
    }

    /// <summary>Takes the lock on a folder for as long as it is open; file systems without locks grant it to everybody.</summary>
    public static bool TryLock(FolderHandle folder)
    {
        const int exclusively = 2;
        const int withoutWaiting = 4;
        return flock(folder.Descriptor, exclusively | withoutWaiting) == 0 || Marshal.GetLastPInvokeError() != WouldBlock;
    }

    /// <summary>The same of an open file.</summary>
    public static bool TryLock(SafeFileHandle file)
    {
        const int exclusively = 2;
        const int withoutWaiting = 4;
        return flock(Descriptor(file), exclusively | withoutWaiting) == 0 || Marshal.GetLastPInvokeError() != WouldBlock;
    }

    /// <summary>Gives up the lock on a folder.</summary>
    /// <remarks>
    /// To close the folder is not enough: a process that is being started beside us has a copy of the open folder between its fork(2) and its
    /// execve(2), and the lock belongs to both.
    /// </remarks>
    public static void Unlock(FolderHandle folder)
    {
        const int unlock = 8;
        _ = flock(folder.Descriptor, unlock);
    }

    /// <summary>Gives up the lock on a file.</summary>
    public static void Unlock(SafeFileHandle file)
    {
        const int unlock = 8;
        _ = flock(Descriptor(file), unlock);
    }

    /// <summary>The user that this process acts as.</summary>
    public static uint User => geteuid();

    private static int CurrentFolder => IsMac ? -2 : -100;

    private static int Descriptor(SafeHandle handle) => (int)handle.DangerousGetHandle();

    private static int Open(int folder, string name, int flags, uint mode) =>
        // The mode is a variadic argument, which on Apple's arm64 lies on the stack: behind eight others, of which six are nobody's.
        // Source: "Writing ARM64 code for Apple platforms", "Update code that passes arguments to variadic functions".
        IsMac && IsArm ? openat_variadic(folder, name, flags, 0, 0, 0, 0, 0, (nint)mode) : openat(folder, name, flags, mode);

    private static void Fill(TimeSpecification* times, long nanoseconds)
    {
        // Both times: file systems that are made with libfuse 2 ignore a call that leaves one of them out (UTIME_OMIT).
        times[0] = Specification((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);
        times[1] = Specification(nanoseconds);
    }

    private static TimeSpecification Specification(long nanoseconds)
    {
        const long perSecond = 1_000_000_000;
        long seconds = Math.DivRem(nanoseconds, perSecond, out long rest);
        if (rest < 0)
        {
            seconds--;
            rest += perSecond;
        }

        return new TimeSpecification { Seconds = (nint)seconds, Nanoseconds = (nint)rest };
    }

    private static bool IsAllowed(int outcome)
    {
        const int notPermitted = 1;
        const int invalid = 22;
        const int notSupported = 95;
        const int notSupportedOnMac = 45;
        const int notImplemented = 38;
        if (outcome == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        // Some file systems have no owners, and user namespaces do not have all numbers.
        return error is notPermitted or invalid or notSupported or notSupportedOnMac || (error == notImplemented && !IsMac) ? false : throw ErrorFor(error);
    }

    private static int Checked(int outcome, string? name) => outcome >= 0 ? outcome : throw ErrorFor(Marshal.GetLastPInvokeError(), name);

    // A socket is no device that can be opened.
    private static Exception BlockedOr(int error) =>
        error == TooManyLinks || error == NoDevice || error == NotAFolder ? new BlockedException() : ErrorFor(error);

    private static Exception ErrorFor(int error, string? name = null)
    {
        const int accessDenied = 13;
        string reason = new Win32Exception(error).Message;
        return error switch
        {
            NoSuchEntry => new FileNotFoundException(reason, name),
            accessDenied => new UnauthorizedAccessException(reason),
            // .NET's own errors of the file system carry the system's number there too.
            _ => new IOException(reason, error),
        };
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpecification
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

#pragma warning disable SA1300, IDE1006 // the system's own names
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int folder, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat_variadic(int folder, string name, int flags, nint _3, nint _4, nint _5, nint _6, nint _7, nint mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall_open(nint number, nint folder, string path, OpenHow* how, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkdirat(int folder, string name, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint readlinkat(int folder, string name, byte* target, nint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int symlinkat(byte* target, int folder, string name);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat(int fromFolder, string from, int toFolder, string to, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat(int fromFolder, string from, int toFolder, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(int folder, string name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(int file, uint user, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fchownat(int folder, string name, uint user, uint group, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int file, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int futimens(int file, TimeSpecification* times);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int utimensat(int folder, string name, TimeSpecification* times, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifoat(int folder, string name, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fsetxattr(int file, string name, byte* value, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fsetxattr_mac(int file, string name, byte* value, nint size, uint position, int options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint fgetxattr(int file, string name, byte* value, nint size);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint fgetxattr_mac(int file, string name, byte* value, nint size, uint position, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getgroups(int count, uint* groups);

    [LibraryImport("libc")]
    private static partial uint getegid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int file);

    [LibraryImport("libc")]
    private static partial int sync_file_range(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc")]
    private static partial void sync();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int file, int operation);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    internal static partial int close(int file);
#pragma warning restore SA1300, IDE1006
}

/// <summary>An open folder.</summary>
internal sealed class FolderHandle : SafeHandleMinusOneIsInvalid
{
    public FolderHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The system's number of it; good while the handle is referenced.</summary>
    public int Descriptor => (int)handle;

    /// <summary>The number of its file system, once somebody has looked.</summary>
    public ulong Device { get; set; }

    protected override bool ReleaseHandle() => UnixCalls.close((int)handle) == 0;
}

/// <summary>Something of another kind is where a folder or a file must be.</summary>
internal sealed class BlockedException() : IOException("Something of another kind is there.");
