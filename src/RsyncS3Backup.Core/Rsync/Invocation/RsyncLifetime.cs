using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>Sees to it that no rsync outlives this process unnoticed, also when this process is killed.</summary>
/// <remarks>
/// <para>
/// Two means, because neither is enough. The kernel sends rsync a SIGTERM when we die (<c>PR_SET_PDEATHSIG</c>, prctl(2)); rsync then ends its
/// own children and puts partial files away. It must be asked for between fork and exec, which .NET cannot do, so util-linux's <c>setpriv</c>
/// does it, and becomes rsync; Debian, Ubuntu, Fedora and RHEL always have it. SIGPIPE alone does not end an rsync that prints nothing, and
/// rsync's <c>--timeout</c> does not end one whose other side still sends keep-alives, and does end a healthy one on a drive that is slow to
/// wake up. A watchdog process could itself be killed, or miss an rsync that has just been started.
/// </para>
/// <para>
/// What still outlives us (no <c>setpriv</c>, macOS, a wrapper script, a drive that hangs in the kernel) is at least seen: rsync and its
/// children inherit the open file of the change journal, and with it the lock on it (flock(2): a lock belongs to the open file and is
/// there until the last copy of it is closed). As long as it is held, the next run does not start and no stage 2 takes the journal for ended.
/// </para>
/// <para>
/// On Windows rsync is in a job that the system ends with this process ("Job Objects" of the Win32 documentation), and inherits the journal's
/// handle, which shares the file with nobody who wants it alone. What an rsync starts in the moment before it is in the job is not; it lasts less
/// than Cygwin takes to load.
/// </para>
/// </remarks>
internal static partial class RsyncLifetime
{
    private static readonly Lazy<string?> SetPriv = new(FindSetPriv);
    private static readonly Lazy<BlockingCollection<Action>> Starts = new(StartThread);

    /// <summary>The program and the arguments that start rsync bound to this process's life, where the system can do that.</summary>
    public static (string Program, IReadOnlyList<string> Arguments) Bind(string program, IReadOnlyList<string> arguments) =>
        SetPriv.Value is { } setPriv ? (setPriv, ["--pdeathsig", "TERM", "--", program, .. arguments]) : (program, arguments);

    /// <summary>Starts a process that inherits an open file.</summary>
    /// <remarks>
    /// For the kernel the parent that dies is not the process but the <em>thread</em> that forked (prctl(2)), and .NET ends threads of its pool
    /// that have been idle for some seconds. So one thread that never ends starts every rsync. That also keeps the rsync of one job from
    /// inheriting another job's file.
    /// </remarks>
    /// <param name="start">Starts it, on the calling thread.</param>
    /// <param name="inherited">The file; null: none.</param>
    public static Task<T> StartAsync<T>(Func<T> start, SafeFileHandle? inherited)
    {
        TaskCompletionSource<T> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ExecutionContext? context = ExecutionContext.Capture();
        Starts.Value.Add(() =>
        {
            if (context is null)
                Start();
            else
                ExecutionContext.Run(context, _ => Start(), null);
        });
        return started.Task;

        void Start()
        {
            // .NET opens every file so that no child inherits it; a duplicate is inherited (dup(2)).
            int duplicate = inherited is null || OperatingSystem.IsWindows() ? -1 : Duplicate(inherited);
            if (inherited is not null && OperatingSystem.IsWindows())
                WindowsChild.SetInherited(inherited, true);
            try
            {
                started.SetResult(start());
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
            finally
            {
                if (duplicate >= 0)
                    _ = Close(duplicate);
                if (inherited is not null && OperatingSystem.IsWindows())
                    WindowsChild.SetInherited(inherited, false);
            }
        }
    }

    private static BlockingCollection<Action> StartThread()
    {
        BlockingCollection<Action> starts = [];
        Thread thread = new(() =>
        {
            foreach (Action start in starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "Starts rsync" };
        thread.UnsafeStart();
        return starts;
    }

    /// <summary>A setpriv that can do this; BusyBox has one that cannot.</summary>
    private static string? FindSetPriv()
    {
        if (!OperatingSystem.IsLinux() || ProgramFinder.Find("setpriv") is not { } path)
            return null;
        try
        {
            ProcessStartInfo start = new(path, ["--pdeathsig", "TERM", "--", path, "--version"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = ProgramFinder.SafeFolder,
            };
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExit();
            return process.ExitCode == 0 ? path : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Duplicate(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);
}
