using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>Binds a program to this process on Windows, and asks it to stop there.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsChild
{
    // Nobody closes it: the system does when this process ends, however it ends, and then kills all that is in the job.
    private static readonly Lazy<SafeFileHandle?> Job = new(MakeJob);

    // Of .NET 10; this module runs on older ones too.
    private static readonly PropertyInfo? NewGroup = typeof(ProcessStartInfo).GetProperty("CreateNewProcessGroup");

    /// <summary>
    /// True where a program can be asked to stop without a helper program: it shares this process's console, and has a group of its own there.
    /// </summary>
    public static bool CanBeInterrupted => NewGroup is not null && GetConsoleProcessList([0], 1) > 0;

    /// <summary>Has a program started so that <see cref="Interrupt"/> reaches it, and Ctrl+C at the prompt does not.</summary>
    public static void MakeInterruptible(ProcessStartInfo start)
    {
        start.CreateNoWindow = false;
        NewGroup!.SetValue(start, true);
    }

    /// <summary>Asks a program to stop, as Ctrl+Break does; to Cygwin and MSYS2 that is SIGINT. Where that fails, it is killed after its grace.</summary>
    /// <param name="processId">A program that was started by <see cref="MakeInterruptible"/>.</param>
    public static void Interrupt(int processId)
    {
        const uint ctrlBreak = 1;
        _ = GenerateConsoleCtrlEvent(ctrlBreak, (uint)processId);
    }

    /// <summary>Has the system kill a program, and all that it starts from now on, when this process ends.</summary>
    public static void Bind(int processId)
    {
        if (Job.Value is not { } job)
            return;
        try
        {
            using Process process = Process.GetProcessById(processId);
            // In a job that allows no further one (Windows before 8) what rsync holds open still tells that it lives: see RsyncLifetime.
            _ = AssignProcessToJobObject(job, process.SafeHandle);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>Says whether the programs that are started from now on get a handle.</summary>
    public static void SetInherited(SafeFileHandle file, bool isInherited)
    {
        const uint inherit = 1;
        _ = SetHandleInformation(file, inherit, isInherited ? inherit : 0);
    }

    private static SafeFileHandle? MakeJob()
    {
        const int extendedLimits = 9;
        const uint killOnClose = 0x2000;
        SafeFileHandle job = CreateJobObject(0, null);
        ExtendedLimits limits = new() { LimitFlags = killOnClose };
        if (!job.IsInvalid && SetInformationJobObject(job, extendedLimits, limits, (uint)Marshal.SizeOf<ExtendedLimits>()))
            return job;
        job.Dispose();
        return null;
    }

    [LibraryImport("kernel32", EntryPoint = "CreateJobObjectW", StringMarshalling = StringMarshalling.Utf16, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial SafeFileHandle CreateJobObject(nint security, string? name);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetInformationJobObject(SafeFileHandle job, int kind, in ExtendedLimits limits, uint length);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool AssignProcessToJobObject(SafeFileHandle job, SafeProcessHandle process);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetHandleInformation(SafeFileHandle file, uint mask, uint flags);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint GetConsoleProcessList([Out] uint[] processes, uint count);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GenerateConsoleCtrlEvent(uint signal, uint group);

    // JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct ExtendedLimits
    {
        public long ProcessTime;
        public long JobTime;
        public uint LimitFlags;
        public nuint SmallestWorkingSet;
        public nuint LargestWorkingSet;
        public uint ActiveProcesses;
        public nuint Affinity;
        public uint Priority;
        public uint Scheduling;
        public ulong ReadOperations, WriteOperations, OtherOperations, ReadBytes, WriteBytes, OtherBytes;
        public nuint ProcessMemory;
        public nuint JobMemory;
        public nuint PeakProcessMemory;
        public nuint PeakJobMemory;
    }
}
